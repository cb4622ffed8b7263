//! `watchfire migrate`: brings the store's tables up to date. `serve` does the same at its start.

use anyhow::Context;
use serde_json::{Value as Json, json};
use watchfire_store::Store;

use crate::arguments::{Migrate, Output};
use crate::exit::Exit;
use crate::output;
use crate::place;

pub(crate) async fn run(options: Migrate, form: Output) -> anyhow::Result<Exit> {
    let target = place::store_target(&options.storage, None)?;
    let applied = Store::migrate(&target).await.with_context(|| format!("the store, {target}, cannot be migrated"))?;
    match form {
        Output::Json => {
            let list = applied.iter().map(|one| json!({"version": one.version, "name": one.name}));
            output::json(&list.collect::<Json>())?;
        }
        Output::Text if applied.is_empty() => output::line("up to date")?,
        Output::Text => {
            for one in applied {
                output::line(&format!("applied {:04} {}", one.version, one.name))?;
            }
        }
    }
    Ok(Exit::Fine)
}
