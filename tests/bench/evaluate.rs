//! Many distinct alerts on a short cadence, over telemetry in memory.
//!
//! Until there is a door for OTLP the telemetry is put into the engine of this very process, so the figure
//! holds the cost of the feed too, which is small.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use serde_json::{Value as Json, json};
use watchfire_engine::clock::{Clock, SystemClock};
use watchfire_engine::{AcceptedTimes, Definitions, Engine, EngineParts, RuleDefinition};
use watchfire_ingest::table::Table;
use watchfire_ingest::{Origin, Record, RecordKind, batch};
use watchfire_model::{ProjectName, Timestamp};
use watchfire_storage::{Rows, Storage, StorageOptions};
use watchfire_store::{Store, StoreTarget};
use watchfire_telemetry::{Limits, Telemetry};

use crate::measured::{Histogram, megabytes, used};

/// How much is evaluated.
#[derive(Debug, Args)]
pub struct Shape {
    /// Distinct alerts
    #[arg(long, default_value_t = 10_000)]
    alerts: usize,
    /// Services that the telemetry comes from
    #[arg(long, default_value_t = 1_000)]
    services: usize,
    /// Seconds between two evaluations of an alert
    #[arg(long, default_value_t = 10)]
    every: u64,
    /// Whether the alerts are spread over the interval
    #[arg(long)]
    spread: bool,
    /// Seconds that are measured, after one interval to warm up
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// How far each evaluation looks back.
const WINDOW: Duration = Duration::from_secs(300);
/// Each service reports so often.
const REPORT_EVERY: Duration = Duration::from_secs(10);
/// The feed of a running server comes in steps.
const FEED_EVERY: Duration = Duration::from_millis(500);

/// Measures CPU per evaluation and the time from slot to commit.
///
/// # Errors
/// When the alerts are not evaluated, or an evaluation fails.
pub async fn measure(_binary: &Path, shape: &Shape) -> anyhow::Result<Json> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("alerts.yaml"), definitions(shape))?;
    let loaded = watchfire_config::load(folder.path(), &|_| None)?;
    ensure!(!loaded.has_errors(), "{}", loaded.problems.iter().map(|one| one.message.clone()).collect::<String>());
    let storage = Storage::in_memory(StorageOptions::default());
    let telemetry = Telemetry::new(Limits::default(), &[], storage.clone())?;
    let feed = Feed::new(shape.services);
    let clock = SystemClock;
    storage.append(rows(&feed.between(clock.now().minus(WINDOW), clock.now()))).await?;
    let mut fed_until = clock.now();
    let target = StoreTarget::Sqlite { folder: folder.path().join("data") };
    let engine = Engine::start(EngineParts {
        store: Store::open(&target).await?,
        storage: storage.clone(),
        telemetry,
        definitions: engine_definitions(loaded.definitions),
        clock: Arc::new(clock),
        accepted: AcceptedTimes::default(),
        request_timeout: Duration::from_secs(15),
    })
    .await?;
    let pid = std::process::id();
    let mut feed_on = async |seconds: u64| -> anyhow::Result<()> {
        let end = tokio::time::Instant::now() + Duration::from_secs(seconds);
        while tokio::time::Instant::now() < end {
            tokio::time::sleep(FEED_EVERY).await;
            let now = SystemClock.now();
            storage.append(rows(&feed.between(fed_until, now))).await?;
            fed_until = now;
        }
        Ok(())
    };
    feed_on(2 * shape.every).await?;
    let (before, from) = (Figures::read(&engine).await, used(pid)?);
    feed_on(shape.seconds).await?;
    let (after, to) = (Figures::read(&engine).await, used(pid)?);
    engine.stop().await;
    let late = after.slot_to_commit.since(&before.slot_to_commit);
    ensure!(late.count() > 0, "nothing was evaluated");
    ensure!(after.failed == before.failed, "{} evaluations failed", after.failed - before.failed);
    Ok(json!({
        "measured": "evaluate",
        "alerts": shape.alerts,
        "services": shape.services,
        "every_seconds": shape.every,
        "spread": shape.spread,
        "evaluations": late.count(),
        "evaluations_due": shape.alerts as u64 * shape.seconds / shape.every,
        "cpu_microseconds_per_evaluation": ((to.cpu - from.cpu).as_secs_f64() * 1e6 / late.count() as f64).round(),
        "slot_to_commit_p50_seconds": late.percentile(0.5),
        "slot_to_commit_p99_seconds": late.percentile(0.99),
        "resident_megabytes": megabytes(to.resident_bytes),
        "peak_megabytes": megabytes(to.peak_bytes),
    }))
}

fn rows(records: &[Record]) -> Vec<Rows> {
    let records: Vec<&Record> = records.iter().collect();
    vec![Rows { project: ProjectName::new("default"), table: Table::Records, batch: batch(&records) }]
}

struct Figures {
    slot_to_commit: Histogram,
    failed: u64,
}

impl Figures {
    async fn read(engine: &Engine) -> Self {
        let page = engine.metrics().await;
        let failed =
            page.lines().find_map(|line| line.strip_prefix("watchfire_evaluations_total{outcome=\"failed\"} "));
        Self {
            slot_to_commit: Histogram::read(&page, "watchfire_slot_to_commit_seconds"),
            failed: failed.and_then(|count| count.parse().ok()).unwrap_or_default(),
        }
    }
}

/// Distinct alerts: each asks for one service and has a threshold of its own. A few of them fire.
fn definitions(shape: &Shape) -> String {
    let mut text = "version: 1\nalerts:\n".to_owned();
    for alert in 0..shape.alerts {
        let service = alert % shape.services;
        let threshold = 0.02 + (alert / shape.services) as f64 * 0.01;
        let _ = write!(
            text,
            "  - name: errors-{alert}\n    query: SELECT count(*) AS requests, count(*) FILTER (WHERE is_exception) * 1.0 / count(*) AS error_rate \
             FROM records WHERE service_name = 'service-{service:04}'\n    every: {}s\n    window: 5m\n    spread: {}\n    \
             when: requests >= 10 AND error_rate > {threshold:.3}\n    notify_when: transitions\n",
            shape.every, shape.spread
        );
    }
    text
}

fn engine_definitions(definitions: watchfire_config::Definitions) -> Definitions {
    let rule = |rule: watchfire_config::RuleDefinition| RuleDefinition {
        rule: rule.rule,
        schedule: rule.schedule,
        query: rule.query,
        enabled: rule.enabled,
        presentation: Arc::new(rule.presentation),
        report: None,
    };
    Definitions { rules: definitions.rules.into_iter().map(rule).collect(), ..Definitions::default() }
}

/// One record per service and interval; one in a hundred is an exception.
struct Feed {
    origins: Vec<Arc<Origin>>,
}

impl Feed {
    fn new(services: usize) -> Self {
        let origin = |service: usize| {
            Arc::new(Origin {
                project_id: ProjectName::new("default"),
                otel_scope_name: Some("shop".into()),
                otel_scope_version: None,
                otel_scope_attributes: None,
                otel_resource_attributes: None,
                service_name: Some(format!("service-{service:04}").into()),
                service_version: Some("1.0.0".into()),
                service_instance_id: None,
                service_namespace: None,
                deployment_environment: Some("production".into()),
                process_pid: None,
                telemetry_sdk_name: None,
                telemetry_sdk_language: None,
                telemetry_sdk_version: None,
            })
        };
        Self { origins: (0..services).map(origin).collect() }
    }

    /// The records of `[from, to)`.
    fn between(&self, from: Timestamp, to: Timestamp) -> Vec<Record> {
        let interval = i64::try_from(REPORT_EVERY.as_micros()).unwrap_or(i64::MAX);
        let services = i64::try_from(self.origins.len()).unwrap_or(i64::MAX);
        let mut records = Vec::new();
        for (service, origin) in self.origins.iter().enumerate() {
            let offset = interval * i64::try_from(service).unwrap_or_default() / services;
            let mut at = (from.as_micros() - offset).div_euclid(interval) * interval + offset;
            while at < to.as_micros() {
                if at >= from.as_micros() {
                    records.push(record(origin, Timestamp::from_micros(at)));
                }
                at += interval;
            }
        }
        records
    }
}

fn record(origin: &Arc<Origin>, at: Timestamp) -> Record {
    let number = at.as_micros();
    Record {
        start_timestamp: at,
        end_timestamp: at.plus(Duration::from_millis(12)),
        duration: Some(0.012),
        trace_id: format!("{number:032x}"),
        span_id: format!("{number:016x}"),
        parent_span_id: None,
        span_name: "GET /cart".to_owned(),
        message: "GET /cart".to_owned(),
        kind: RecordKind::Span,
        level: 9,
        tags: Vec::new(),
        attributes: r#"{"http.request.method":"GET","cart.items":3}"#.to_owned(),
        is_exception: number / 1_000 % 100 == 0,
        exception_type: None,
        exception_message: None,
        exception_stacktrace: None,
        otel_status_code: None,
        otel_status_message: None,
        otel_events: None,
        otel_links: None,
        http_response_status_code: Some(200),
        url_full: None,
        http_route: Some("/cart".to_owned()),
        http_method: Some("GET".to_owned()),
        url_path: None,
        url_query: None,
        log_body: None,
        created_at: at,
        origin: Arc::clone(origin),
    }
}
