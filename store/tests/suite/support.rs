//! A fresh database per test, and short ways to say what is stored in it.

use std::collections::BTreeMap;

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use watchfire_alerts::{RuleState, StateChanges};
use watchfire_model::{
    ChannelName, Notification, NotificationId, NotificationKind, ProjectName, Reason, RuleName, RuleUid, Timestamp,
};
use watchfire_store::{
    ClaimedRule, EvaluationCommit, OutboxNotice, OutboxReceiver, RuleRow, RunRecord, RunStatus, Store, StoreTarget,
};

/// Writes one test and runs it on both databases.
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($db:ident: TestDatabase) $body:block) => {
        mod $name {
            use super::*;

            async fn check($db: $crate::support::TestDatabase) $body

            #[tokio::test]
            async fn sqlite() {
                check($crate::support::TestDatabase::sqlite()).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(db) = $crate::support::TestDatabase::postgres().await {
                    let name = db.name();
                    check(db).await;
                    $crate::support::drop_database(&name).await;
                }
            }
        }
    };
}
pub(crate) use on_both;

const SERVER: &str = "WATCHFIRE_TEST_POSTGRES";

/// A database that nobody else uses; the folders go when it is dropped.
pub struct TestDatabase {
    pub target: StoreTarget,
    folder: TempDir,
}

impl TestDatabase {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { target: StoreTarget::Sqlite { folder: folder.path().join("data") }, folder }
    }

    /// A new database on the server that the environment names.
    pub async fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var(SERVER) else {
            println!("skipped: {SERVER} is not set");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let unique = folder.path().file_name().unwrap().to_string_lossy().to_lowercase();
        let name: String = unique.chars().filter(char::is_ascii_alphanumeric).collect();
        let name = format!("wf_{name}_{}", std::process::id());
        let mut connection = PgConnection::connect(&server).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(create).execute(&mut connection).await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        let target = StoreTarget::Postgres { url: format!("{base}/{name}"), folder: folder.path().join("data") };
        Some(Self { target, folder })
    }

    /// The name of a PostgreSQL database; of a SQLite one, which needs none, its file.
    pub fn name(&self) -> String {
        match &self.target {
            StoreTarget::Sqlite { folder } => folder.display().to_string(),
            StoreTarget::Postgres { url, .. } => url.rsplit_once('/').unwrap().1.to_owned(),
        }
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.target).await.unwrap()
    }

    /// The same database from another machine: only PostgreSQL has that.
    pub fn elsewhere(&self, machine: &str) -> StoreTarget {
        match &self.target {
            StoreTarget::Sqlite { .. } => panic!("a SQLite file has one owner"),
            StoreTarget::Postgres { url, .. } => {
                StoreTarget::Postgres { url: url.clone(), folder: self.folder.path().join(machine) }
            }
        }
    }

    /// Does something behind the store's back; what the database said.
    pub async fn sql(&self, statement: &str) -> Result<u64, sqlx::Error> {
        let sql = sqlx::AssertSqlSafe(statement.to_owned());
        match &self.target {
            StoreTarget::Sqlite { folder } => {
                let options = sqlx::sqlite::SqliteConnectOptions::new()
                    .filename(folder.join("watchfire.sqlite"))
                    .foreign_keys(true);
                let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
                Ok(sqlx::query(sql).execute(&mut connection).await?.rows_affected())
            }
            StoreTarget::Postgres { url, .. } => {
                let mut connection = PgConnection::connect(url).await?;
                Ok(sqlx::query(sql).execute(&mut connection).await?.rows_affected())
            }
        }
    }
}

/// Removes a database of [`TestDatabase::postgres`]; that of a failed test stays to be looked at.
pub async fn drop_database(name: &str) {
    let mut connection = PgConnection::connect(&std::env::var(SERVER).unwrap()).await.unwrap();
    let sql = sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
}

/// Second `n` after the epoch.
pub fn at(n: i64) -> Timestamp {
    Timestamp::from_seconds(n)
}

pub fn uid(name: &str) -> RuleUid {
    RuleUid::derive(&ProjectName::new("default"), name)
}

pub fn channel(name: &str) -> ChannelName {
    ChannelName::new(name)
}

/// A rule that is due at second 60 and decided up to second 0.
pub fn rule(name: &str) -> RuleRow {
    RuleRow {
        uid: uid(name),
        project: ProjectName::new("default"),
        name: RuleName::new(name),
        incarnation: 1,
        semantic_hash: "s1".into(),
        per_hash: "p1".into(),
        enabled: true,
        next_at: Some(at(60)),
        decided_through: at(0),
        last_window_end: None,
        epoch: 0,
    }
}

pub async fn save(store: &Store, names: &[&str]) {
    let rows: Vec<RuleRow> = names.iter().map(|name| rule(name)).collect();
    store.save_rules(&rows, &[], at(0)).await.unwrap();
}

/// Claims everything that is due by second `due_by`.
pub async fn claim(store: &Store, due_by: i64) -> Vec<ClaimedRule> {
    store.claim_rules(at(due_by), 1000).await.unwrap()
}

pub fn run_at(slot: i64, outcome: &str, notified: u64) -> RunRecord {
    RunRecord {
        scheduled_for: at(slot),
        window: None,
        status: RunStatus::Ran,
        outcome: outcome.into(),
        row_count: 0,
        notified,
        error: None,
        started_at: at(slot),
        finished_at: at(slot + 1),
    }
}

/// An uneventful evaluation of this claim at second `slot`; the next slot is a minute later.
pub fn decided(claimed: &ClaimedRule, slot: i64) -> EvaluationCommit {
    EvaluationCommit {
        uid: claimed.row.uid.clone(),
        incarnation: claimed.row.incarnation,
        epoch: claimed.epoch,
        decided_through: at(slot),
        next_at: Some(at(slot + 60)),
        release: true,
        last_window_end: None,
        run: Some(run_at(slot, "clear", 0)),
        result: None,
        skipped: Vec::new(),
        state: RuleState {
            incarnation: claimed.row.incarnation,
            last_success_at: Some(at(slot)),
            ..RuleState::default()
        },
        changes: StateChanges::default(),
        notices: Vec::new(),
    }
}

/// A notice `name`, decided at second 0, to these channels, in lane `lane` of each.
pub fn notice(name: &str, channels: &[&str], lane: &str) -> OutboxNotice {
    OutboxNotice {
        notification: notification(name),
        rule_uid: None,
        receivers: channels.iter().map(|name| OutboxReceiver { channel: channel(name), lane: lane.into() }).collect(),
        created_at: at(0),
        expires_at: at(100_000),
    }
}

pub fn notification(name: &str) -> Notification {
    Notification {
        id: NotificationId::of_event(name),
        kind: NotificationKind::Test,
        occurred_at: at(0),
        project: ProjectName::new("default"),
        rule: None,
        instance: None,
        episode: None,
        seq: None,
        thread: None,
        state: None,
        severity: None,
        since: None,
        value: None,
        last_value: None,
        peak: None,
        scheduled_for: None,
        window: None,
        reason: Reason::Test,
        rule_end: None,
        columns: Vec::new(),
        rows: Vec::new(),
        row_count: 0,
        truncated: false,
        totals: BTreeMap::new(),
        changes: Vec::new(),
        change_count: 0,
        error: None,
        query: Some(name.into()),
        links: BTreeMap::new(),
    }
}
