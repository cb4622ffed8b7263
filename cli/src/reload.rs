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

/// Editors and deployments write several files; they are read once it has been quiet for so long.
const QUIET: Duration = Duration::from_millis(300);

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
        let matters = event.is_ok_and(|event| !event.kind.is_access() && event.paths.iter().any(|path| is_yaml(path)));
        if matters {
            // A full queue means that a change is noted already.
            let _ = changed.try_send(());
        }
    })?;
    watcher.watch(dir, RecursiveMode::Recursive)?;
    Ok(watcher)
}

/// Definitions, and whole folders that come and go.
fn is_yaml(path: &Path) -> bool {
    path.extension().is_none_or(|extension| extension == "yaml" || extension == "yml")
}

async fn take_over_changes(dir: PathBuf, engine: Arc<Engine>, mut changes: mpsc::Receiver<()>) -> Infallible {
    while changes.recv().await.is_some() {
        while let Ok(Some(())) = tokio::time::timeout(QUIET, changes.recv()).await {}
        take_over(&dir, &engine).await;
    }
    // Nothing watches any more; the server goes on with what it has.
    std::future::pending().await
}

async fn take_over(dir: &Path, engine: &Engine) {
    let mut loaded = match definitions::load(dir) {
        Ok(loaded) => loaded,
        Err(trouble) => {
            engine.definitions_refused(vec![trouble.to_string()]);
            error!(error = %trouble, "Changed definitions cannot be read; the old ones stay");
            return;
        }
    };
    match definitions::telemetry(&loaded) {
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
        return;
    }
    match engine.replace_definitions(definitions::engine_definitions(&loaded.definitions)).await {
        Ok(()) => info!(rules = loaded.definitions.rules.len(), "Changed definitions are in force"),
        Err(trouble) => {
            engine.definitions_refused(vec![trouble.to_string()]);
            error!(error = %trouble, "Changed definitions could not be taken over; the old ones stay");
        }
    }
}
