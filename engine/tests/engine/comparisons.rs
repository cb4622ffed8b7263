//! `compare: previous_window` as `watchfire run` asks it: nothing is stored.

use watchfire_engine::{ReportSpec, RunReport, run_once};
use watchfire_scheduler::WindowSpec;
use watchfire_telemetry::{Limits, Telemetry};

use crate::report::{HOUR, at, hourly_calls, report, shown};
use crate::scene::{kept_nowhere, sources};

/// A run on 20 November at nine in Berlin of a report that compares.
async fn run(window: WindowSpec, sql: &str, calls: &str) -> RunReport {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("calls.ndjson"), calls).unwrap();
    let telemetry = Telemetry::new(Limits::default(), &sources(folder.path()), kept_nowhere()).unwrap();
    let mut definition = report("daily", "0 9 * * *", window, sql);
    definition.report = Some(ReportSpec { compares: true, kept_for: HOUR });
    run_once(&definition, &telemetry, None, None, at("2026-11-20T08:00:00Z")).await
}

fn rows(report: &RunReport) -> String {
    let names: Vec<&str> = report.columns.iter().map(|column| column.name.as_str()).collect();
    let rows: Vec<String> = report.rows.iter().map(|row| row.iter().map(shown).collect::<Vec<_>>().join(" ")).collect();
    format!("{}: {}", names.join(" "), rows.join(", "))
}

fn november() -> String {
    hourly_calls("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")
}

#[tokio::test]
async fn a_run_by_hand_shows_the_comparison_and_what_would_be_sent() {
    let found =
        run(WindowSpec::PreviousDay, "SELECT model, count(*) AS n FROM calls GROUP BY model", &november()).await;
    assert_eq!(rows(&found), "model n n_prev n_change: \"opus\" 24 24 0");
    assert_eq!((found.verdict.as_str(), found.row_count), ("matched", 1));
    let told: Vec<(&str, &str)> =
        found.would_notify.iter().map(|would| (would.kind.as_str(), would.reason.as_str())).collect();
    assert_eq!(told, [("report.ready", "report")]);
}

#[tokio::test]
async fn in_the_earlier_window_now_is_as_far_behind_its_end() {
    let sql = "SELECT extract(epoch FROM now() - $window_end) AS late, extract(epoch FROM $window_start) AS began FROM calls LIMIT 1";
    for (window, late, apart) in [(WindowSpec::PreviousDay, "32400", 86_400.0), (WindowSpec::Span(HOUR), "0", 3_600.0)]
    {
        let found = run(window, sql, &november()).await;
        assert_eq!(found.failure, None);
        let row: Vec<f64> = found.rows[0].iter().map(|value| value.as_f64().unwrap()).collect();
        let late: f64 = late.parse().unwrap();
        // late began late_prev late_change began_prev began_change
        assert_eq!((row[0], row[2], row[3], row[5]), (late, late, 0.0, apart), "{window:?}");
    }
}

#[tokio::test]
async fn without_earlier_data_there_is_nothing_to_compare_with_and_that_is_no_failure() {
    let calls = hourly_calls("2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z");
    let found = run(WindowSpec::PreviousDay, "SELECT model, count(*) AS n FROM calls GROUP BY model", &calls).await;
    assert_eq!(rows(&found), "model n n_prev n_change: \"opus\" 23 null null");
    assert_eq!(found.failure, None);
}

#[tokio::test]
async fn an_earlier_window_that_fails_fails_the_run_and_is_named() {
    let sql = "SELECT 1 / (CASE WHEN $window_start < TIMESTAMP '2026-11-18T12:00:00Z' THEN 0 ELSE 1 END) AS n FROM calls LIMIT 1";
    let failure = run(WindowSpec::PreviousDay, sql, &november()).await.failure.unwrap();
    let text = failure.to_string();
    let names = "execution: `compare: previous_window`: the query over the window before, 2026-11-17T23:00:00Z to 2026-11-18T23:00:00Z, failed: ";
    assert!(text.starts_with(names), "{text}");
}

#[tokio::test]
async fn a_name_that_the_comparison_needs_fails_the_run_and_is_named() {
    let failure = run(WindowSpec::PreviousDay, "SELECT 1 AS n, 2 AS n_prev FROM calls LIMIT 1", &november()).await;
    let text = failure.failure.unwrap().to_string();
    assert!(text.contains("adds a column `n_prev` for `n`") && text.contains("AS"), "{text}");
    assert_eq!(failure.would_notify.len(), 1);
}
