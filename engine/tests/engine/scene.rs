//! An engine inside the test: a store, two sources, rules over them, and a clock that is moved by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use watchfire_alerts::{Change, FirstRun, Hold, Missing, Mode, NoData, OnError, Repeat, Rule, SeveritySource};
use watchfire_engine::clock::TestClock;
use watchfire_engine::{AcceptedTimes, Definitions, Engine, EngineParts, RuleDefinition};
use watchfire_model::{
    ChangeKind, Fingerprint, Keep, ProjectName, QuerySpec, RuleKind, RuleName, RuleUid, Severity, SourceFormat,
    SourceKind, SourceSpec, Timestamp,
};
use watchfire_scheduler::{Cadence, CatchUp, Schedule, WindowSpec};
use watchfire_storage::{Storage, StorageOptions};
use watchfire_store::{RunFilter, RunRow, Store, StoreTarget};
use watchfire_telemetry::{Limits, Telemetry};

/// How long anything may take before the test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// 2026-11-20T06:00:00Z, a whole hour.
pub const START: Timestamp = Timestamp::from_seconds(1_795_154_400);

/// A running engine, and what belongs to it.
pub struct Scene {
    /// Moved by hand.
    pub clock: TestClock,
    /// What it did.
    pub store: Store,
    /// The engine itself.
    pub engine: Arc<Engine>,
    folder: tempfile::TempDir,
}

impl Scene {
    /// Starts an engine at [`START`] over the source `levels` (one row, level 1) with these rules.
    pub async fn start(rules: Vec<RuleDefinition>) -> Self {
        Self::start_at(START, "", rules).await
    }

    /// Starts an engine at an instant, also over the source `calls` with these lines of JSON, whose time is `at`.
    pub async fn start_at(now: Timestamp, calls: &str, rules: Vec<RuleDefinition>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("levels.ndjson"), "{\"level\": 1}\n").unwrap();
        std::fs::write(folder.path().join("calls.ndjson"), calls).unwrap();
        Self::over(folder, now, rules).await
    }

    /// Stops the engine, and starts another over the same store at an instant.
    pub async fn restart_at(self, now: Timestamp, rules: Vec<RuleDefinition>) -> Self {
        self.engine.stop().await;
        let Self { clock: _, store, engine, folder } = self;
        drop((store, engine));
        Self::over(folder, now, rules).await
    }

    /// Puts other lines into the source `calls`.
    pub fn write_calls(&self, calls: &str) {
        std::fs::write(self.folder.path().join("calls.ndjson"), calls).unwrap();
    }

    async fn over(folder: tempfile::TempDir, now: Timestamp, rules: Vec<RuleDefinition>) -> Self {
        let definitions = definitions(rules, folder.path());
        let store = Store::open(&StoreTarget::Sqlite { folder: folder.path().join("data") }).await.unwrap();
        let clock = TestClock::at(now);
        let engine = engine_over(definitions, store.clone(), kept_nowhere(), clock.clone()).await;
        Self { clock, store, engine, folder }
    }

    /// Takes over these rules instead.
    pub async fn redefine(&self, rules: Vec<RuleDefinition>) {
        self.engine.replace_definitions(definitions(rules, self.folder.path())).await.unwrap();
    }

    /// Waits until the stored runs are as wanted, newest first, and returns them.
    pub async fn runs_when(&self, what: &str, wanted: impl Fn(&[RunRow]) -> bool) -> Vec<RunRow> {
        let mut commits = self.engine.commits();
        let filter = RunFilter { limit: 10_000, ..RunFilter::default() };
        let found = async {
            loop {
                commits.borrow_and_update();
                let runs = self.store.runs(&filter).await.unwrap();
                if wanted(&runs) {
                    return runs;
                }
                commits.changed().await.unwrap();
            }
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(runs) => runs,
            Err(_) => panic!("{what}: {:#?}", self.store.runs(&filter).await),
        }
    }
}

/// Telemetry that nobody sends.
pub fn kept_nowhere() -> Storage {
    Storage::in_memory(StorageOptions::default())
}

/// An engine over these.
pub async fn engine_over(definitions: Definitions, store: Store, storage: Storage, clock: TestClock) -> Arc<Engine> {
    let telemetry = Telemetry::new(Limits::default(), &definitions.sources, storage.clone()).unwrap();
    let request_timeout = Duration::from_secs(15);
    let (clock, accepted) = (Arc::new(clock), AcceptedTimes::default());
    let parts = EngineParts { store, telemetry, definitions, storage, clock, accepted, request_timeout };
    Engine::start(parts).await.unwrap()
}

/// The sources `levels`, a table, and `calls`, a stream.
pub fn sources(folder: &Path) -> Vec<SourceSpec> {
    let source = |name: &str, time_column: Option<&str>| SourceSpec {
        name: name.into(),
        project: ProjectName::new("default"),
        kind: SourceKind::Files { format: SourceFormat::Ndjson, path: folder.join(format!("{name}.ndjson")) },
        time_column: time_column.map(Into::into),
    };
    vec![source("levels", None), source("calls", Some("at"))]
}

fn definitions(rules: Vec<RuleDefinition>, folder: &Path) -> Definitions {
    Definitions { rules, channels: Vec::new(), sources: sources(folder), ..Definitions::default() }
}

/// A rule over the source `levels`, due every minute.
pub fn minutely(name: &str, catch_up: CatchUp) -> RuleDefinition {
    let minute = Duration::from_secs(60);
    let schedule = Schedule {
        cadence: Cadence::every(minute, Duration::ZERO).unwrap(),
        window: WindowSpec::None,
        delay: Duration::ZERO,
        zone: chrono_tz::UTC,
        catch_up,
    };
    let query = QuerySpec {
        sql: "SELECT level FROM levels".into(),
        when: Some("level > 0".into()),
        recover_when: None,
        severity: Vec::new(),
        window_on: None,
        environments: None,
        timeout: Duration::from_secs(30),
        keep: Keep::Shown(10),
        asks_without_data: false,
    };
    RuleDefinition {
        rule: rule(name, minute),
        schedule,
        query,
        enabled: true,
        presentation: Default::default(),
        report: None,
    }
}

fn rule(name: &str, interval: Duration) -> Rule {
    let project = ProjectName::new("default");
    Rule {
        uid: RuleUid::derive(&project, name),
        name: RuleName::new(name),
        project,
        kind: RuleKind::Alert,
        description: None,
        labels: BTreeMap::new(),
        runbook: None,
        query: "SELECT level FROM levels".into(),
        per: Vec::new(),
        has_when: true,
        notify_when: Mode::Transitions,
        hold_for: Hold::Time(Duration::ZERO),
        keep_firing_for: Hold::Time(Duration::ZERO),
        missing: Missing::Recovers,
        no_data: NoData::Keep,
        on_error: OnError::Keep,
        repeat: Repeat::Never,
        severity: SeveritySource::Fixed(Severity::Warning),
        tell_lowered_severity: false,
        change: Change {
            ignore: BTreeSet::new(),
            report: BTreeSet::from([ChangeKind::Added]),
            first_run: FirstRun::Silent,
            max_rows: 50,
            tolerance: None,
        },
        notify: Vec::new(),
        owner_channel: None,
        fallback_channel: None,
        max_instances: 500,
        max_rows: 1000,
        interval,
        semantic_hash: Fingerprint::builder("test").finish(),
    }
}
