//! Takes changed definitions over while the server runs: whole, or not at all.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tracing::{error, info, warn};
use watchfire_config::ProblemSeverity;
use watchfire_engine::Engine;

use crate::definitions;
use crate::trouble::sentence;

/// Editors and deployments write several files; they are read once it has been quiet for so long.
const QUIET: Duration = Duration::from_millis(300);

/// How long to wait for the store before changed definitions are tried again.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Watches the folder for as long as the returned guard lives.
pub(crate) struct Watching {
    _watcher: Option<RecommendedWatcher>,
}

/// Starts to watch; changes are taken over by a task that ends with the guard.
pub(crate) fn watch(dir: PathBuf, engine: Arc<Engine>) -> (Watching, impl Future<Output = Infallible>) {
    let (changed, changes) = mpsc::channel(1);
    let watcher = watcher(&dir, changed);
    if let Err(trouble) = &watcher {
        warn!(error = %trouble, "Changes of definitions are not noticed; restart to take them over");
    }
    (Watching { _watcher: watcher.ok() }, take_over_changes(dir, engine, changes))
}

fn watcher(dir: &Path, changed: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let matters = event.is_ok_and(|event| {
            event.need_rescan() || !event.kind.is_access() && event.paths.iter().any(|path| may_define(path))
        });
        if matters {
            // A full queue means that a change is noted already.
            let _ = changed.try_send(());
        }
    })?;
    watcher.watch(dir, RecursiveMode::Recursive)?;
    Ok(watcher)
}

/// Definitions, and whole folders that come and go. A Kubernetes ConfigMap changes by renaming the link `..data`.
fn may_define(path: &Path) -> bool {
    let is_link_of_config_map = path.file_name().is_some_and(|name| name == "..data");
    is_link_of_config_map || path.extension().is_none_or(|extension| extension == "yaml" || extension == "yml")
}

async fn take_over_changes(dir: PathBuf, engine: Arc<Engine>, mut changes: mpsc::Receiver<()>) -> Infallible {
    while changes.recv().await.is_some() {
        while let Ok(Some(())) = tokio::time::timeout(QUIET, changes.recv()).await {}
        // A database that is away must not leave the old definitions in force for ever.
        while take_over(&dir, &engine).await == Takeover::TryAgain {
            let _changed_again = tokio::time::timeout(TRY_AGAIN_AFTER, changes.recv()).await;
        }
    }
    // Nothing watches any more; the server goes on with what it has.
    std::future::pending().await
}

/// What became of a change.
#[derive(Debug, PartialEq, Eq)]
enum Takeover {
    /// In force, or refused until somebody changes it.
    Settled,
    /// The store could not take it now.
    TryAgain,
}

async fn take_over(dir: &Path, engine: &Engine) -> Takeover {
    let mut loaded = match definitions::load(dir) {
        Ok(loaded) => loaded,
        Err(trouble) => {
            engine.definitions_refused(vec![sentence(&trouble)]);
            error!(error = sentence(&trouble), "Changed definitions cannot be read; the old ones stay");
            return Takeover::Settled;
        }
    };
    match definitions::telemetry(&loaded, definitions::nothing_kept()) {
        Ok(telemetry) => definitions::check_sql(&mut loaded, &telemetry).await,
        Err(trouble) => warn!(error = %trouble, "The SQL of changed definitions could not be checked"),
    }
    if loaded.has_errors() {
        let errors: Vec<_> =
            loaded.problems.iter().filter(|problem| problem.severity == ProblemSeverity::Error).collect();
        engine.definitions_refused(errors.iter().map(|problem| loaded.render(problem)).collect());
        for problem in errors {
            let place = format!("{}:{}:{}", problem.place.file.display(), problem.place.line, problem.place.column);
            error!(
                place,
                help = problem.help,
                "Changed definitions are refused, the old ones stay: {}",
                problem.message
            );
        }
        return Takeover::Settled;
    }
    match engine.replace_definitions(definitions::engine_definitions(&loaded.definitions)).await {
        Ok(()) => {
            info!(rules = loaded.definitions.rules.len(), "Changed definitions are in force");
            Takeover::Settled
        }
        Err(trouble) if trouble.is_transient() => {
            engine.definitions_refused(vec![trouble.to_string()]);
            warn!(error = %trouble, "Changed definitions cannot be taken over now; the old ones stay until they can");
            Takeover::TryAgain
        }
        Err(trouble) => {
            engine.definitions_refused(vec![trouble.to_string()]);
            error!(error = %trouble, "Changed definitions could not be taken over; the old ones stay");
            Takeover::Settled
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_beside_the_definitions_is_no_change_of_them() {
        for path in ["rules.yaml", "team/rules.yml", "team", "..data"] {
            assert!(may_define(Path::new(path)), "{path}");
        }
        for path in ["levels.ndjson", "rules.yaml~", "..data_tmp.x"] {
            assert!(!may_define(Path::new(path)), "{path}");
        }
    }
}
