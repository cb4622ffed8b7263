//! The cases of the example payloads, as plain text: what people read, before any receiver's dialect.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use insta::assert_snapshot;
use watchfire_model::{
    ChangeKind, ChannelName, Column, ColumnType, Notification, NotificationKind, ProjectName, Reason,
};

use super::cases::{at, changed, firing, links, presentation, report, resolved, text, trouble};
use super::compose;
use crate::message::Message;
use crate::presentation::{Format, Presentation};
use crate::template::Template;
use crate::test_message::{sample_notification, test_notification};

fn channel() -> ChannelName {
    ChannelName::new("chat")
}

/// One line per part, as a reader goes through it.
fn dump(message: &Message) -> String {
    let mut text = format!("{} {} | {}\n", message.tone.symbol(), message.state, message.title);
    for line in message.summary.lines() {
        text += &format!("  {line}\n");
    }
    for fact in &message.facts {
        let at = fact.at.map_or_else(String::new, |at| format!(" @{at}"));
        text += &format!("* {}: {}{at}\n", fact.name, fact.value);
    }
    if let Some(table) = &message.table {
        let mono = table.mono(70, 20);
        text += &format!("{}\n", mono.text);
        if (mono.shown_rows as u64) < table.row_count {
            text += &format!("({})\n", table.count_line(mono.shown_rows));
        }
    }
    for line in message.changes.iter().flat_map(|changes| &changes.lines) {
        let sign = match line.kind {
            ChangeKind::Added => '+',
            ChangeKind::Removed => '-',
            ChangeKind::Changed => '~',
        };
        text += &format!("{sign} {}\n", line.text);
    }
    if let Some(error) = &message.error {
        text += &format!("! {error}\n");
    }
    for link in &message.links {
        text += &format!("> {}: {}\n", link.label, link.url);
    }
    text + &format!("-- {}\n", message.footer.join(" · "))
}

fn told(notification: &Notification, presentation: &Presentation) -> String {
    dump(&compose(notification, presentation, &channel()))
}

#[test]
fn a_start_shows_value_limit_rows_and_links() {
    assert_snapshot!(told(&firing(), &presentation()), @r"
    🔴 FIRING (critical) | error-rate: 3 rows
      Error rate above 5 %
      It started to fire: 3 rows match err_pct > 5.
    * Value: 7.41 (limit: err_pct > 5)
    * Firing for: 5 m (since 05:55 UTC) @2026-11-20T05:55:00Z
    * service: checkout, gateway
    * Owner: payments
    * Labels: env=prod, team=payments
    service   route       err_pct     req
    --------  ----------  -------  ------
    checkout  POST /pay      7.41  18,204
    checkout  POST /cart     6.02   9,771
    gateway   GET /quote     5.38  44,120
    > Open alert: https://alerts.example.com/alerts/error-rate
    > Runbook: https://wiki.example.com/rb/err-rate
    > Silence: https://alerts.example.com/alerts/error-rate/silence
    -- rule error-rate · every 1m · window 05:45–06:00 UTC · 3 rows
    ");
}

#[test]
fn an_instance_stands_in_the_title_and_its_end_says_how_long_and_how_bad() {
    assert_snapshot!(told(&resolved(), &presentation()), @r"
    ✅ RESOLVED after 23 m | error-rate: checkout, null
      Error rate above 5 %
      It is over: err_pct > 5 no longer holds.
    * Was firing: 06:00 → 06:23 UTC (23 m) @2026-11-20T06:00:00Z
    * Peak: 9.8
    * Last value: 1.12 (limit: err_pct > 5)
    * Last breach: 6.02
    * Instance: service=checkout, region=null
    * Owner: payments
    * Labels: env=prod, team=payments
    > Open alert: https://alerts.example.com/alerts/error-rate
    > Runbook: https://wiki.example.com/rb/err-rate
    > Silence: https://alerts.example.com/alerts/error-rate/silence
    -- rule error-rate · every 1m · window 06:08–06:23 UTC
    ");
}

#[test]
fn a_report_begins_with_its_totals_and_how_they_moved() {
    let format =
        Format { max_rows: Some(3), total: vec!["calls".into(), "usd".into()], has_bars: true, attaches_csv: false };
    let presentation = Presentation {
        timezone: Tz::Europe__Berlin,
        cadence: Some("cron 0 9 * * *".into()),
        formats: BTreeMap::from([(channel(), format)]),
        ..Presentation::default()
    };
    assert_snapshot!(told(&report(), &presentation), @r"
    📊 REPORT | llm-cost-daily: usd 3,439.00 (+9.6 %), 2026-11-19 Europe/Berlin (CET)
      What the models cost
      10 rows in this report.
    * Total calls: 1,294,644
    * Total usd: 3,439.00 (+9.6 %)
    * Biggest rise: vision-large +44 %
    model              calls       usd  usd_prev  usd_change  calls (bar)
    -------------  ---------  --------  --------  ----------  -----------
    chat-xlarge       41,210  1,218.60  1,088.04     +130.56  ██████████
    reason-xlarge      9,120    960.40    990.10      -29.70  ██▎
    vision-large      18,004    512.50    355.90     +156.60  ████▍
    Total          1,294,644  3,439.00  3,137.80     +301.20
    (showing 3 of 10 rows)
    > Open report: https://alerts.example.com/reports/llm-cost-daily
    > CSV: https://alerts.example.com/reports/llm-cost-daily.csv
    -- report llm-cost-daily · cron 0 9 * * * · window 2026-11-19 Europe/Berlin (CET) · 3 of 10 rows
    ");
}

#[test]
fn trouble_is_unknown_and_not_ok() {
    assert_snapshot!(told(&trouble(), &presentation()), @r"
    ⚠️ QUERY FAILS: state is UNKNOWN, not OK | error-rate: failed 3 times in a row
      Error rate above 5 %
      The query cannot be evaluated; what it watches is unknown until it can.
    * Failing since: 05:52 UTC (3 runs, 8 m) @2026-11-20T05:52:00Z
    * Last good run: 2026-11-19 23:51 UTC @2026-11-19T23:51:00Z
    * Next try: 06:04 UTC @2026-11-20T06:04:00Z
    * Error: resources_exhausted
    * Owner: payments
    * Labels: env=prod, team=payments
    ! resources exhausted
    memory limit for one query exceeded: would use 2.02 GiB, maximum 2.00 GiB
    > Open alert: https://alerts.example.com/alerts/error-rate
    > Runbook: https://wiki.example.com/rb/err-rate
    > Silence: https://alerts.example.com/alerts/error-rate/silence
    -- rule error-rate · every 1m · window 05:45–06:00 UTC
    ");
    let recovered =
        Notification { kind: NotificationKind::AlertRecovered, reason: Reason::QueryRecovered, ..trouble() };
    assert_snapshot!(told(&recovered, &presentation()), @r"
    ✅ QUERY WORKS AGAIN after 8 m | error-rate
      Error rate above 5 %
      The query is evaluated again; its state is known.
    * Was failing: 05:52 → 06:00 UTC (3 runs, 8 m) @2026-11-20T05:52:00Z
    * Error: resources_exhausted
    * Owner: payments
    * Labels: env=prod, team=payments
    > Open alert: https://alerts.example.com/alerts/error-rate
    > Runbook: https://wiki.example.com/rb/err-rate
    > Silence: https://alerts.example.com/alerts/error-rate/silence
    -- rule error-rate · every 1m · window 05:45–06:00 UTC
    ");
}

#[test]
fn changed_rows_are_listed_with_their_keys() {
    assert_snapshot!(told(&changed(), &presentation()), @r"
    🔶 ROWS CHANGED | error-rate: 2 added, 1 removed, 1 changed
      Error rate above 5 %
      Against the last successful run: 2 added, 1 removed, 1 changed.
    * Owner: payments
    * Labels: env=prod, team=payments
    + service gateway · route POST /order · err_pct: 8.9 · req: 3,310
    + service search · route GET /q · err_pct: 5.77 · req: 71,002
    - service checkout · route POST /cart · err_pct: 6.02 · req: 9,771
    ~ flag dark-mode · enabled: true → null
    > Open alert: https://alerts.example.com/alerts/error-rate
    > Runbook: https://wiki.example.com/rb/err-rate
    > Silence: https://alerts.example.com/alerts/error-rate/silence
    -- rule error-rate · every 1m · window 05:45–06:00 UTC
    ");
}

#[test]
fn of_many_changes_the_number_is_told() {
    let many = Notification { change_count: 812, ..changed() };
    let message = compose(&many, &presentation(), &channel());
    assert_eq!(message.title, "error-rate: 812 changes");
    assert!(message.summary.ends_with("812 changes. Showing 4 of 812 changes."), "{}", message.summary);
    assert_eq!(message.changes.unwrap().total, 812);
}

#[test]
fn each_reason_has_words_of_its_own() {
    let lines: Vec<String> = Reason::ALL
        .iter()
        .map(|reason| {
            let kind = match reason {
                Reason::NoData | Reason::DataBack | Reason::Missing => NotificationKind::AlertNoData,
                Reason::Resolved | Reason::SomeResolved | Reason::AllResolved => NotificationKind::AlertResolved,
                Reason::QueryFailed => NotificationKind::AlertFailed,
                Reason::QueryRecovered => NotificationKind::AlertRecovered,
                Reason::RowsChanged => NotificationKind::AlertChanged,
                Reason::Matches => NotificationKind::AlertMatches,
                Reason::Repeat => NotificationKind::AlertRepeated,
                Reason::CaughtUp => NotificationKind::AlertSummary,
                Reason::Report => NotificationKind::ReportReady,
                Reason::Test => NotificationKind::Test,
                Reason::ChannelTrouble => NotificationKind::ChannelBroken,
                Reason::StartedFiring | Reason::FirstFiring | Reason::NewInstances => NotificationKind::AlertStarted,
                _ => NotificationKind::AlertUpdated,
            };
            let mut notification = Notification { kind, reason: *reason, ..firing() };
            notification.rule.as_mut().unwrap().description = None;
            let message = compose(&notification, &presentation(), &channel());
            format!("{} {} | {}", message.tone.symbol(), message.state, message.summary)
        })
        .collect();
    assert_snapshot!(lines.join("\n"), @r"
    🔴 FIRING (critical) | It started to fire: 3 rows match err_pct > 5.
    ✅ RESOLVED after 5 m | It is over: err_pct > 5 no longer holds.
    🔴 RAISED to critical | It got worse: now critical.
    🔶 LOWERED to critical | It still fires, but got better: now critical.
    🔴 STILL FIRING (critical) for 5 m | It still fires: 3 rows match err_pct > 5.
    🔴 MATCHES (critical) | It matches: 3 rows match err_pct > 5.
    🔶 ROWS CHANGED (critical) | Against the last successful run: no change is kept.
    ⚠️ MISSING (critical) | It is no longer in the result: nobody can tell whether it is well.
    ⚠️ NO DATA: state is UNKNOWN, not OK | The query has nothing to read: its input is empty. This is not an OK.
    ✅ DATA IS BACK after 5 m | The query has something to read again.
    ⚠️ QUERY FAILS: state is UNKNOWN, not OK | The query cannot be evaluated; what it watches is unknown until it can.
    ✅ QUERY WORKS AGAIN after 5 m | The query is evaluated again; its state is known.
    🔴 FIRING (critical) | It started to fire: 3 rows match err_pct > 5.
    🔴 FIRING (critical) | More instances fire: 3 rows match err_pct > 5.
    ✅ RESOLVED in part | Some instances are over, others still fire.
    ✅ RESOLVED after 5 m | All instances are over: err_pct > 5 no longer holds.
    🔶 FLAPPING (critical) | It starts and stops too often to tell each time. The next message comes when it has been stable for a while.
    🔶 NO LONGER FLAPPING | It has been stable for a while; each change is told again.
    🔴 STILL FIRING (critical) for 5 m | Its silence ended while it still fires.
    🔶 TOO MANY INSTANCES (critical) | The result has more instances than the rule allows. Those beyond the cap are not evaluated.
    🔶 FIRED WHILE AWAY (critical) | It fired and was over while the server was away.
    📊 REPORT | 3 rows in this report.
    🧪 TEST | Somebody tries this channel. If you can read this, it works.
    ⚠️ CHANNEL BROKEN | Its messages wait, and are sent when it takes them again.
    ");
}

#[test]
fn the_test_message_needs_no_rule() {
    let test = test_notification(ProjectName::new("shop"), "t", at("2026-11-20T06:00:00Z"));
    assert_snapshot!(told(&test, &Presentation::default()), @r"
    🧪 TEST | Test message from Watchfire
      Somebody tries this channel. If you can read this, it works.
    -- project shop
    ");
    let broken = sample_notification(
        NotificationKind::ChannelBroken,
        ProjectName::new("default"),
        "t",
        at("2026-11-20T06:00:00Z"),
    );
    assert_snapshot!(told(&broken, &Presentation::default()), @r"
    ⚠️ CHANNEL BROKEN | A channel does not take messages
      Its messages wait, and are sent when it takes them again.
    * Failing since: 05:52 UTC (3 runs, 8 m) @2026-11-20T05:52:00Z
    * Last good run: 05:51 UTC @2026-11-20T05:51:00Z
    * Next try: 06:04 UTC @2026-11-20T06:04:00Z
    * Error: config
    ! TEST: the receiver answered 403 invalid_token
    --
    ");
}

#[test]
fn of_sixty_columns_some_are_shown_and_all_are_counted() {
    let mut wide = firing();
    wide.columns = (0..60).map(|n| Column { name: format!("column_{n}"), kind: ColumnType::String }).collect();
    wide.rows = vec![vec![text("👩‍👩‍👧‍👦"); 60]; 200];
    wide.row_count = 431;
    wide.truncated = true;
    let message = compose(&wide, &presentation(), &channel());
    assert!(message.footer.contains(&"200 of 431 rows".to_owned()), "{:?}", message.footer);
    assert!(message.footer.contains(&"20 of 60 columns".to_owned()), "{:?}", message.footer);
}

#[test]
fn a_link_that_a_receiver_would_refuse_is_left_out() {
    let mut notification = firing();
    notification.links = links(&[
        ("runbook", "javascript:alert(1)"),
        ("query", "https://alerts.example.com/q?a=b c"),
        ("silence", "https://"),
        ("grafana_board", "http://grafana.example.com/d/1"),
        ("alert", "https://alerts.example.com/a"),
    ]);
    notification.links.insert("long".into(), format!("https://a.example/{}", "x".repeat(3_000)));
    let message = compose(&notification, &presentation(), &channel());
    let shown: Vec<&str> = message.links.iter().map(|link| link.label.as_str()).collect();
    assert_eq!(shown, ["Open alert", "Grafana board"]);
}

fn templated(title: &str, body: Option<&str>) -> Presentation {
    let parse = |text: &str| Template::parse(text).unwrap();
    Presentation { title: Some(parse(title)), body: body.map(parse), ..presentation() }
}

#[test]
fn a_template_takes_the_place_of_the_built_in_title() {
    let presentation = templated("{{rule.name}} at {{num value}}", Some("{{row.req}} requests. {{link.query}}"));
    let message = compose(&firing(), &presentation, &channel());
    assert_eq!((message.title.as_str(), message.summary.as_str()), ("error-rate at 7.41", "18204 requests."));
    assert!(message.footer.contains(&"rule error-rate".to_owned()));
}

#[test]
fn a_template_about_one_instance_is_said_for_each_of_several() {
    let presentation = templated("{{instance.service}}: {{num row.err_pct}} %", None);
    let mut notification = firing();
    assert_eq!(
        compose(&notification, &presentation, &channel()).title,
        "checkout: 7.41 % · checkout: 6.02 % · gateway: 5.38 %"
    );
    notification.row_count = 5;
    assert!(compose(&notification, &presentation, &channel()).title.ends_with(" · and 2 more rows"));
    // A start without `per` that has a single row, and an end without rows.
    assert_eq!(compose(&resolved(), &presentation, &channel()).title, "error-rate: checkout, null");
    assert!(!dump(&compose(&resolved(), &presentation, &channel())).contains("failed"));
}

#[test]
fn a_template_that_fails_gives_way_and_says_so() {
    for (title, word) in [
        ("{{row.nope}}", "the title template failed: line 1, column 1: there is no `row.nope` in this message"),
        ("{{percent row.route}}", "the title template failed: line 1, column 1: `percent`: `POST /pay` is no number"),
    ] {
        let message = compose(&firing(), &templated(title, None), &channel());
        assert_eq!(message.title, "error-rate: 3 rows");
        assert_eq!(message.footer.last().unwrap(), word);
    }
    let empty = compose(&firing(), &templated("  {{instance.service}}{{#if false}}x{{/if}}\u{200B}", None), &channel());
    assert_eq!(empty.title, "checkout · checkout · gateway");
    assert_eq!(compose(&firing(), &templated(" {{! nothing }} ", None), &channel()).title, "error-rate: 3 rows");
}

#[test]
fn trouble_is_told_in_our_own_words_even_with_templates() {
    let message = compose(&trouble(), &templated("{{instance.service}}: {{percent row.err_pct}}", None), &channel());
    assert_eq!(message.title, "error-rate: failed 3 times in a row");
    assert!(!message.footer.iter().any(|part| part.contains("template")));
}

#[test]
fn there_is_a_sample_of_each_kind_and_it_says_that_it_is_a_test() {
    for kind in NotificationKind::ALL {
        let sample = sample_notification(*kind, ProjectName::new("default"), "x", at("2026-11-20T06:00:00Z"));
        assert_eq!(sample.kind, *kind);
        let shown = told(&sample, &Presentation::default());
        assert!(shown.contains("TEST"), "{shown}");
        assert!(!shown.contains("Unnamed"), "{shown}");
    }
}
