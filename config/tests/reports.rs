//! Reports, templates and formats: what valid files mean.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::time::Duration;

use watchfire_alerts::{Mode, OnError, Patience, SeveritySource};
use watchfire_channels::Format;
use watchfire_config::{Loaded, ReportSpec, RuleDefinition, load};
use watchfire_model::{ChannelName, Keep, Reason, RuleKind, Severity};
use watchfire_scheduler::{CatchUp, WindowSpec};

const CHANNELS: &str = "version: 1
channels:
  - {name: chat, type: slack, url: '${URL}'}
  - {name: mail, type: email, smtp: {host: localhost, tls: none}, from: a@example.com, to: b@example.com}
";
const DAY: Duration = Duration::from_secs(86_400);

fn loaded(text: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("channels.yaml"), CHANNELS).unwrap();
    fs::write(folder.path().join("records.ndjson"), "").unwrap();
    fs::write(folder.path().join("rules.yaml"), format!("version: 1\n{text}")).unwrap();
    load(folder.path(), &|name| (name == "URL").then(|| "https://example.com/hook".to_owned())).unwrap()
}

fn whole(text: &str) -> Loaded {
    let loaded = loaded(text);
    let rendered: String = loaded.problems.iter().map(|problem| loaded.render(problem)).collect();
    assert!(loaded.problems.is_empty(), "{rendered}");
    loaded
}

fn report(body: &str) -> RuleDefinition {
    whole(&format!("reports:\n  - name: daily\n    notify: chat\n{body}")).definitions.rules[0].clone()
}

#[test]
fn a_report_has_no_state_and_is_always_sent_unless_it_says_otherwise() {
    let RuleDefinition { rule, schedule, query, enabled, presentation, report: spec } =
        report("    query: SELECT 1\n    cron: 0 9 * * *\n    timezone: Europe/Berlin\n");
    assert_eq!(
        (rule.kind, rule.notify_when, rule.on_error),
        (RuleKind::Report, Mode::Always, OnError::Alert(Patience::Runs(1)))
    );
    assert_eq!(rule.severity, SeveritySource::Fixed(Severity::Info));
    assert_eq!((rule.per.len(), rule.has_when, rule.max_rows, rule.uid.as_str()), (0, false, 1000, "default/daily"));
    assert_eq!((schedule.window, schedule.catch_up), (WindowSpec::SincePreviousSlot, CatchUp::LatestWithin(DAY / 2)));
    assert_eq!((query.keep, query.timeout, enabled), (Keep::All, Duration::from_secs(30), true));
    assert_eq!(spec, Some(ReportSpec { compares: false, kept_for: 90 * DAY }));
    assert_eq!(presentation.cadence.as_deref(), Some("cron 0 9 * * * Europe/Berlin"));
    assert_eq!((presentation.timezone, presentation.condition), (chrono_tz::Tz::Europe__Berlin, None));
    let often = report("    query: SELECT 1\n    every: 10m\n");
    assert_eq!(
        (often.schedule.window, often.rule.on_error),
        (WindowSpec::Span(DAY / 144), OnError::Alert(Patience::Runs(3)))
    );
}

#[test]
fn every_field_arrives_in_the_report() {
    let RuleDefinition { rule, schedule, query, enabled, presentation, report: spec } = report(
        "    id: stable
    description: What models cost
    owner: chat
    labels: {team: ml}
    query: SELECT model, cost FROM t
    every: 1d
    timezone: Asia/Tokyo
    window: since_last_run
    delay: 5m
    notify_when: any_results
    compare: previous_window
    on_error: keep
    catch_up: all within 3d
    severity: warning
    message: {title: 'LLM cost', body: below, runbook: 'https://wiki.example.com/cost'}
    retention: 2w
    window_on: created_at
    project: default
    timeout: 5s
    max_rows: 8
    spread: true
    enabled: false
",
    );
    assert_eq!((rule.uid.as_str(), rule.description.as_deref()), ("default/stable", Some("What models cost")));
    assert_eq!((rule.labels["team"].as_str(), rule.owner_channel.unwrap().as_str()), ("ml", "chat"));
    assert_eq!((rule.notify_when, rule.on_error, rule.max_rows), (Mode::AnyResults, OnError::Keep, 8));
    assert_eq!(rule.severity, SeveritySource::Fixed(Severity::Warning));
    assert_eq!(rule.runbook.as_deref(), Some("https://wiki.example.com/cost"));
    assert_eq!((schedule.window, schedule.delay), (WindowSpec::SinceLastRun, Duration::from_secs(300)));
    assert_eq!(schedule.catch_up, CatchUp::AllWithin(3 * DAY));
    assert_eq!((query.window_on.as_deref(), query.timeout), (Some("created_at"), Duration::from_secs(5)));
    assert_eq!((spec, enabled), (Some(ReportSpec { compares: true, kept_for: 14 * DAY }), false));
    assert_eq!(presentation.title.unwrap().text(), "LLM cost");
    assert_eq!(presentation.body.unwrap().text(), "below");
    assert_eq!((presentation.owner.as_deref(), presentation.timezone), (Some("chat"), chrono_tz::Tz::Asia__Tokyo));
}

#[test]
fn calendar_windows_and_their_comparison_go_together() {
    for (word, window) in [
        ("previous_day", WindowSpec::PreviousDay),
        ("previous_week", WindowSpec::PreviousWeek),
        ("previous_month", WindowSpec::PreviousMonth),
        ("2d", WindowSpec::Span(2 * DAY)),
    ] {
        let made =
            report(&format!("    query: SELECT 1\n    every: 1d\n    window: {word}\n    compare: previous_window\n"));
        assert_eq!((made.schedule.window, made.report.unwrap().compares), (window, true), "{word}");
    }
    assert_eq!(report("    query: SELECT 1\n    every: 1d\n    window: none\n").schedule.window, WindowSpec::None);
}

#[test]
fn each_channel_may_have_a_look_of_its_own() {
    let loaded = whole(
        "reports:
  - name: daily
    query: SELECT model, count(*) AS calls, sum(cost) AS cost FROM t GROUP BY model
    every: 1d
    compare: previous_window
    notify:
      - {channel: chat, on: [report], format: {table: {max_rows: 15, total: [calls, cost_prev]}, chart: bar}}
      - {channel: mail, format: {attach: csv}}
",
    );
    let RuleDefinition { rule, presentation, .. } = &loaded.definitions.rules[0];
    let look = |name: &str| presentation.formats.get(&ChannelName::new(name)).cloned();
    assert_eq!(
        look("chat"),
        Some(Format {
            max_rows: Some(15),
            total: vec!["calls".to_owned(), "cost_prev".to_owned()],
            has_bars: true,
            attaches_csv: false
        })
    );
    assert_eq!(look("mail"), Some(Format { attaches_csv: true, ..Format::default() }));
    assert_eq!(rule.notify[0].on, Some([Reason::Report].into()));
    // Whether there is such a comparison is decided where columns have types.
    assert!(loaded.checks[0].compares && loaded.checks[0].keys.iter().all(|key| key.is_summed));
    let keys: Vec<_> =
        loaded.checks[0].keys.iter().map(|key| (key.name.as_str(), key.place.line, key.place.column)).collect();
    assert_eq!(keys, [("calls", 8, 78), ("cost_prev", 8, 85)]);
}

#[test]
fn an_alert_says_its_messages_too() {
    let loaded = whole(
        "alerts:
  - name: errors
    query: SELECT service, n FROM t
    per: [service]
    when: n > 1
    every: 90s
    owner: platform
    notify: [{channel: chat, format: {table: {total: [n]}}}]
    message:
      title: errors
      body: |-
        two
        lines
",
    );
    let RuleDefinition { presentation, report, .. } = &loaded.definitions.rules[0];
    assert_eq!(presentation.title.as_ref().unwrap().text(), "errors");
    assert_eq!(presentation.body.as_ref().unwrap().text(), "two\nlines");
    assert_eq!(presentation.cadence.as_deref(), Some("every 1m30s"));
    assert_eq!((presentation.condition.as_deref(), presentation.owner.as_deref()), (Some("n > 1"), Some("platform")));
    assert_eq!(*report, None);
    let keys: Vec<_> = loaded.checks[0].keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(keys, ["service", "n"]);
}

#[test]
fn reports_stand_behind_the_alerts_of_their_file_and_count_as_rules() {
    let loaded = whole(
        "reports:\n  - {name: b, query: SELECT 1, every: 1d, notify: chat}\n\
         alerts:\n  - {name: a, query: SELECT 1 AS n, when: n > 1, notify: chat}\n",
    );
    let kinds: Vec<_> = loaded.definitions.rules.iter().map(|made| (made.rule.name.as_str(), made.rule.kind)).collect();
    assert_eq!(kinds, [("a", RuleKind::Alert), ("b", RuleKind::Report)]);
    let checks: Vec<_> = loaded.checks.iter().map(|check| check.kind).collect();
    assert_eq!((checks, loaded.rules), (vec![RuleKind::Alert, RuleKind::Report], 2));
}

#[test]
fn the_example_of_the_page_about_reports_is_whole() {
    let page = fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reports.md")).unwrap();
    let example = page.split("```yaml\nversion: 1\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let example = example.replace("slack-ml", "chat").replace("finance-mail", "mail");
    assert_eq!(whole(&example).definitions.rules.len(), 1);
}
