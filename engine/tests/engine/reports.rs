//! Reports over days: once per local day, once after downtime, without gaps after failures, with their results.

use watchfire_alerts::Mode;
use watchfire_engine::ReportSpec;
use watchfire_model::RuleName;
use watchfire_scheduler::WindowSpec;
use watchfire_store::{RunResult, RunRow, RunStatus};

use crate::report::{HOUR, at, hourly_calls, hours, report};
use crate::scene::Scene;

const NINE: &str = "0 9 * * *";
const COUNT: &str = "SELECT model, count(*) AS n, sum(cost) AS cost FROM calls GROUP BY model";

/// One daily report over the change of the clocks: slots, hours that they read, and what they found.
async fn over_the_change(from: &str, until: &str, start: &str, days: &[(&str, f64, &str)]) {
    let mut daily = report("daily", NINE, WindowSpec::PreviousDay, COUNT);
    daily.report = Some(ReportSpec { compares: true, ..daily.report.unwrap() });
    let scene = Scene::start_at(at(start), &hourly_calls(from, until), vec![daily]).await;
    for (slot, long, found) in days {
        let run = scene.decided("daily", slot).await;
        assert_eq!((hours(&run), run.outcome.as_deref(), run.notified), (*long, Some("matched"), Some(1)), "{slot}");
        assert_eq!(scene.result("daily", slot).await.as_deref(), Some(*found), "{slot}");
    }
    let runs = scene.runs_when("all days", |runs| runs.len() >= days.len()).await;
    assert_eq!(runs.len(), days.len(), "one run per local day: {runs:#?}");
    assert_eq!(scene.told("daily").await, vec!["report.ready"; days.len()]);
    scene.engine.stop().await;
}

const COLUMNS: &str = "model n cost n_prev n_change cost_prev cost_change";

#[tokio::test]
async fn a_daily_report_is_sent_once_per_local_day_when_a_day_has_23_hours() {
    let found = |row: &str| format!("{COLUMNS}: \"opus\" {row}");
    let days = [
        ("2025-03-29T08:00:00Z", 24.0, found("24 6.0 24 0 6.0 0.0")),
        ("2025-03-30T07:00:00Z", 24.0, found("24 6.0 24 0 6.0 0.0")),
        ("2025-03-31T07:00:00Z", 23.0, found("23 5.75 24 -1 6.0 -0.25")),
        ("2025-04-01T07:00:00Z", 24.0, found("24 6.0 23 1 5.75 0.25")),
    ];
    let days: Vec<(&str, f64, &str)> = days.iter().map(|(slot, long, found)| (*slot, *long, found.as_str())).collect();
    over_the_change("2025-03-20T00:00:00Z", "2025-04-05T00:00:00Z", "2025-03-28T12:00:00Z", &days).await;
}

#[tokio::test]
async fn a_daily_report_is_sent_once_per_local_day_when_a_day_has_25_hours() {
    let found = |row: &str| format!("{COLUMNS}: \"opus\" {row}");
    let days = [
        ("2025-10-26T08:00:00Z", 24.0, found("24 6.0 24 0 6.0 0.0")),
        ("2025-10-27T08:00:00Z", 25.0, found("25 6.25 24 1 6.0 0.25")),
        ("2025-10-28T08:00:00Z", 24.0, found("24 6.0 25 -1 6.25 -0.25")),
    ];
    let days: Vec<(&str, f64, &str)> = days.iter().map(|(slot, long, found)| (*slot, *long, found.as_str())).collect();
    over_the_change("2025-10-20T00:00:00Z", "2025-11-05T00:00:00Z", "2025-10-25T12:00:00Z", &days).await;
}

#[tokio::test]
async fn weeks_and_months_are_those_of_the_zone() {
    let weekly = report("weekly", "0 9 * * MON", WindowSpec::PreviousWeek, COUNT);
    let monthly = report("monthly", "0 9 1 * *", WindowSpec::PreviousMonth, COUNT);
    let calls = hourly_calls("2025-02-01T00:00:00Z", "2025-05-01T00:00:00Z");
    let scene = Scene::start_at(at("2025-03-30T12:00:00Z"), &calls, vec![weekly, monthly]).await;
    for (rule, slot, long) in [("weekly", "2025-03-31T07:00:00Z", 167.0), ("monthly", "2025-04-01T07:00:00Z", 743.0)] {
        let run = scene.decided(rule, slot).await;
        assert_eq!((hours(&run), run.row_count), (long, Some(1)), "{rule}");
        let found = scene.result(rule, slot).await.unwrap();
        assert!(found.starts_with(&format!("model n cost: \"opus\" {long} ")), "{found}");
    }
    scene.engine.stop().await;
}

/// The slots that ran, oldest first, and the reasons of those that were skipped.
fn history(runs: &[RunRow]) -> (Vec<String>, Vec<String>) {
    let ran = runs.iter().rev().filter(|run| run.status == RunStatus::Ran).map(|run| run.scheduled_for.to_string());
    let skipped = runs.iter().rev().filter_map(|run| run.range.as_ref().map(|range| range.reason.clone()));
    (ran.collect(), skipped.collect())
}

#[tokio::test]
async fn what_was_missed_while_nobody_ran_is_sent_once_at_the_start_and_not_when_it_is_old() {
    let rules = || vec![report("daily", NINE, WindowSpec::PreviousDay, COUNT)];
    let calls = hourly_calls("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
    let scene = Scene::start_at(at("2026-11-17T12:00:00Z"), &calls, rules()).await;
    // Back seven minutes late.
    let scene = scene.restart_at(at("2026-11-18T08:07:00Z"), rules()).await;
    scene.decided("daily", "2026-11-18T08:00:00Z").await;
    scene.clock.set(at("2026-11-18T08:07:00Z"));
    // Back again on the same day, and then only in the evening three days later.
    let scene = scene.restart_at(at("2026-11-18T08:30:00Z"), rules()).await;
    scene.decided("daily", "2026-11-19T08:00:00Z").await;
    let scene = scene.restart_at(at("2026-11-21T21:00:00Z"), rules()).await;
    scene.decided("daily", "2026-11-22T08:00:00Z").await;
    let runs = scene.runs_when("the last day", |runs| runs.len() >= 4).await;
    let (ran, skipped) = history(&runs);
    assert_eq!(ran, ["2026-11-18T08:00:00Z", "2026-11-19T08:00:00Z", "2026-11-22T08:00:00Z"]);
    assert!(!skipped.is_empty() && skipped.iter().all(|why| why == "too_old" || why == "superseded"), "{skipped:?}");
    assert_eq!(scene.told("daily").await, ["report.ready"; 3]);
    scene.engine.stop().await;
}

#[tokio::test]
async fn a_failed_run_is_told_and_over_and_leaves_no_gap_and_no_overlap_in_what_is_read() {
    let hourly = report("hourly", "0 * * * *", WindowSpec::SinceLastRun, "SELECT count(*) AS n FROM calls");
    let calls = hourly_calls("2026-11-20T00:30:00Z", "2026-11-21T00:00:00Z");
    let scene = Scene::start_at(at("2026-11-20T09:30:00Z"), &calls, vec![hourly]).await;
    scene.decided("hourly", "2026-11-20T10:00:00Z").await;
    scene.write_calls("this is no JSON\n");
    let failed = scene.decided("hourly", "2026-11-20T11:00:00Z").await;
    assert_eq!((failed.status, failed.result), (RunStatus::Failed, None));
    assert_eq!(scene.result("hourly", "2026-11-20T11:00:00Z").await, None);
    scene.write_calls(&calls);
    scene.decided("hourly", "2026-11-20T12:00:00Z").await;
    scene.decided("hourly", "2026-11-20T13:00:00Z").await;
    for (slot, found) in [("10", "1"), ("12", "2"), ("13", "1")] {
        let slot = format!("2026-11-20T{slot}:00:00Z");
        assert_eq!(scene.result("hourly", &slot).await, Some(format!("n: {found}")), "{slot}");
    }
    let results = scene.engine.report_results(&RuleName::new("hourly"), None, 10).await.unwrap();
    for (newer, older) in results.iter().zip(&results[1..]) {
        assert_eq!(newer.window.unwrap().start, older.window.unwrap().end);
    }
    assert_eq!(
        scene.told("hourly").await,
        ["report.ready", "alert.failed", "alert.recovered", "report.ready", "report.ready"]
    );
    scene.engine.stop().await;
}

#[tokio::test]
async fn an_empty_day_is_sent_always_or_not_at_all_and_kept_when_it_is_sent() {
    let nothing = "SELECT model, cost FROM calls WHERE cost > 100";
    let any = |mut definition: watchfire_engine::RuleDefinition| {
        definition.rule.notify_when = Mode::AnyResults;
        definition.query.asks_without_data = false;
        definition
    };
    let rules = vec![
        report("always", NINE, WindowSpec::PreviousDay, nothing),
        any(report("any", NINE, WindowSpec::PreviousDay, nothing)),
        report("always-without-data", NINE, WindowSpec::Span(HOUR), COUNT),
        any(report("any-without-data", NINE, WindowSpec::Span(HOUR), COUNT)),
    ];
    let calls = hourly_calls("2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z");
    let scene = Scene::start_at(at("2026-11-20T06:00:00Z"), &calls, rules).await;
    let slot = "2026-11-20T08:00:00Z";
    for (rule, outcome, told, kept) in [
        ("always", "clear", 1, Some("model cost: ")),
        ("any", "clear", 0, None),
        ("always-without-data", "clear", 1, Some("model n cost: ")),
        ("any-without-data", "clear", 0, None),
    ] {
        let run = scene.decided(rule, slot).await;
        assert_eq!(
            (run.outcome.as_deref(), run.row_count, run.notified),
            (Some(outcome), Some(0), Some(told)),
            "{rule}"
        );
        assert_eq!(scene.result(rule, slot).await.as_deref(), kept, "{rule}");
        assert_eq!(scene.told(rule).await.len(), usize::from(told > 0), "{rule}");
    }
    scene.engine.stop().await;
}

#[tokio::test]
async fn a_day_without_data_is_counted_and_compared_like_any_other() {
    let compared = |mut definition: watchfire_engine::RuleDefinition| {
        definition.report = Some(ReportSpec { compares: true, ..definition.report.unwrap() });
        definition
    };
    let rules = vec![
        report("count", NINE, WindowSpec::PreviousDay, "SELECT count(*) AS n FROM calls"),
        compared(report("compared", NINE, WindowSpec::PreviousDay, COUNT)),
        compared(report("count-compared", NINE, WindowSpec::PreviousDay, "SELECT count(*) AS n FROM calls")),
    ];
    // The night before the 20th in Berlin begins at 23:00 of the 18th in UTC.
    let calls = hourly_calls("2026-11-17T23:00:00Z", "2026-11-18T23:00:00Z");
    let scene = Scene::start_at(at("2026-11-20T06:00:00Z"), &calls, rules).await;
    let slot = "2026-11-20T08:00:00Z";
    for (rule, found) in
        [("count", "n: 0"), ("compared", &format!("{COLUMNS}: ")), ("count-compared", "n n_prev n_change: 0 24 -24")]
    {
        let run = scene.decided(rule, slot).await;
        assert_eq!((run.status, run.notified), (RunStatus::Ran, Some(1)), "{rule}");
        assert_eq!(scene.result(rule, slot).await.as_deref(), Some(found), "{rule}");
    }
    scene.engine.stop().await;
}

#[tokio::test]
async fn a_stored_result_is_listed_with_its_run_and_with_its_end() {
    let daily = report("daily", NINE, WindowSpec::PreviousDay, "SELECT at, cost FROM calls");
    let calls = hourly_calls("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
    let scene = Scene::start_at(at("2026-11-20T06:00:00Z"), &calls, vec![daily]).await;
    let run = scene.decided("daily", "2026-11-20T08:00:00Z").await;
    scene.decided("daily", "2026-11-21T08:00:00Z").await;
    let name = RuleName::new("daily");
    let results = scene.engine.report_results(&name, None, 10).await.unwrap();
    let slots: Vec<String> = results.iter().map(|result| result.scheduled_for.to_string()).collect();
    assert_eq!(slots, ["2026-11-21T08:00:00Z", "2026-11-20T08:00:00Z"]);
    let older = &results[1];
    assert_eq!((older.row_count, older.stored_rows, older.window), (24, 24, run.window));
    assert_eq!(run.result, Some(RunResult { rows: 24, bytes: older.size_bytes }));
    assert_eq!(older.expires_at, older.created_at.plus(HOUR * 24 * 90));
    let before = scene.engine.report_results(&name, Some(results[0].scheduled_for), 1).await.unwrap();
    assert_eq!(before, results[1..]);
    assert_eq!(scene.engine.report_results(&RuleName::new("none"), None, 10).await.unwrap(), []);
    scene.engine.stop().await;
}
