//! `watchfire repair`: makes the list of telemetry's files again from what the files say of themselves.

use anyhow::{Context, bail};
use serde_json::{Value as Json, json};
use watchfire_engine::{Repaired, has_telemetry, repair_telemetry};
use watchfire_store::Store;

use crate::arguments::{Output, Repair};
use crate::exit::Exit;
use crate::output;
use crate::place;

pub(crate) async fn run(options: Repair, form: Output) -> anyhow::Result<Exit> {
    let target = place::store_target(&options.storage, None)?;
    let folder = target.folder().to_owned();
    // Opening a store makes one: a wrong `--data` must not leave an empty one behind.
    if !has_telemetry(&folder) {
        bail!("there is no telemetry in {}; `--data DIR` names another folder", folder.display());
    }
    let store = Store::open(&target).await.with_context(|| format!("the store, {target}, cannot be repaired"))?;
    let repaired = repair_telemetry(&store, &folder).await;
    store.close().await;
    let repaired = repaired?;
    match form {
        Output::Json => output::json(&as_json(&repaired))?,
        Output::Text => tell(&repaired)?,
    }
    // Rows are missing that were there once.
    Ok(if repaired.damaged.is_empty() && repaired.lost.is_empty() { Exit::Fine } else { Exit::No })
}

fn as_json(repaired: &Repaired) -> Json {
    json!({
        "files": {"before": repaired.files.0, "after": repaired.files.1},
        "rows": {"before": repaired.rows.0, "after": repaired.rows.1},
        "superseded": repaired.superseded,
        "found": repaired.found,
        "lost": repaired.lost,
        "damaged": repaired.damaged.iter().map(|(path, reason)| json!({"path": path, "reason": reason})).collect::<Json>(),
    })
}

fn tell(repaired: &Repaired) -> anyhow::Result<()> {
    let (files, rows) = (repaired.files, repaired.rows);
    output::line(&format!("the list had {} file(s) with {} row(s)", files.0, rows.0))?;
    output::line(&format!("it has    {} file(s) with {} row(s) now", files.1, rows.1))?;
    if repaired.superseded > 0 {
        let count = repaired.superseded;
        output::line(&format!(
            "{count} more file(s) have rows that others or the log have too; the server deletes them"
        ))?;
    }
    for path in &repaired.lost {
        output::line(&format!("lost: {path} was in the list, and is not there"))?;
    }
    for (path, reason) in &repaired.damaged {
        output::line(&format!("damaged: {path}: {reason}; it is left where it is, and in no list"))?;
    }
    Ok(())
}
