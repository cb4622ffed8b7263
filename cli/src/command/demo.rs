//! `watchfire demo`: shows the main job, without an account or a server.

use crate::arguments::{Demo, Output};
use crate::demo;
use crate::exit::Exit;

pub(crate) async fn run(options: Demo, form: Output) -> anyhow::Result<Exit> {
    demo::run(options.records.as_deref(), options.stay, form).await
}
