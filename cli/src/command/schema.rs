//! `watchfire schema`: the JSON Schema of the definitions, for editors.

use crate::exit::Exit;
use crate::output;

pub(crate) fn run() -> anyhow::Result<Exit> {
    output::json(&watchfire_config::json_schema())?;
    Ok(Exit::Fine)
}
