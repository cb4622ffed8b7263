//! What Discord gets, and what its answers make of it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod told;

use std::time::Duration;

use harness::receiver::discord::{faults, seen};
use harness::{ChatAnswer, ChatReceiver};
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::Value as Json;
use told::{Attempt, shaped};
use watchfire_channels::discord::{body, render};
use watchfire_channels::{DiscordSpec, Form, Message, Scope, SendOutcome, Sender, Telling, Wire};
use watchfire_model::NotificationKind;

/// What keeps backticks of others apart.
const INVISIBLE_SPACE: char = '\u{200B}';

fn native(message: &Message) -> String {
    shaped(&body(message, Form::Native)).replace("\\n", "\n").replace(INVISIBLE_SPACE, "{invisible}")
}

#[test]
fn a_firing_alert() {
    assert_snapshot!(native(&told::firing()), @r#"
    {
     username: "Watchfire"
     allowed_mentions: {"parse":[]}
     embeds: [
      {
       title: "🔴 FIRING (critical) — Error rate above 5% — 3 rows"
       url: "https://alerts.example.com/alerts/a1-9f2c41d07be3"
       color: 14232864
       timestamp: "2026-11-20T06:00:00Z"
       description: "Checkout fails. See https://wiki.example.com/checkout_errors, then call \\*payments\\*.
    ```
    service   route       err_pct     req
    --------  ----------  -------  ------
    checkout  POST /pay      7.41  18,204
    checkout  POST /cart     6.02   9,771
    gateway                  5.38  44,120
    ```"
       fields: [
        {"name":"Worst value","value":"7.41 %  (limit > 5 %)","inline":true}
        {"name":"Firing for","value":"5 m (since 06:00 UTC) · <t:1795154400:R>","inline":true}
        {"name":"Owner","value":"payments","inline":true}
        {
         name: "Links"
         value: "[Query](https://alerts.example.com/alerts/a1-9f2c41d07be3/query?from=1&to=2) · [Runbook](https://wiki.example.com/rb/err-rate)"
         inline: false
        }
       ]
       footer: {"text":"rule error_rate · every 1m · 3 of 3 rows"}
      }
     ]
    }
    "#);
}

#[test]
fn a_resolved_alert() {
    assert_snapshot!(native(&told::resolved()), @r#"
    {
     username: "Watchfire"
     allowed_mentions: {"parse":[]}
     embeds: [
      {
       title: "✅ RESOLVED after 23 m — Error rate above 5%"
       url: "https://alerts.example.com/alerts/a1-9f2c41d07be3"
       color: 1226602
       timestamp: "2026-11-20T06:23:00.250Z"
       fields: [
        {"name":"Was firing","value":"06:00 → 06:23 UTC (23 m)","inline":true}
        {"name":"Peak","value":"9.80 % at 06:11","inline":true}
        {"name":"Last value","value":"1.12 %","inline":true}
        {
         name: "Links"
         value: "[Query](https://alerts.example.com/alerts/a1-9f2c41d07be3/query?from=1&to=2) · [Runbook](https://wiki.example.com/rb/err-rate)"
         inline: false
        }
       ]
       footer: {"text":"rule error_rate"}
      }
     ]
    }
    "#);
}

#[test]
fn changed_rows() {
    assert_snapshot!(native(&told::rows_changed()), @r#"
    {
     username: "Watchfire"
     allowed_mentions: {"parse":[]}
     embeds: [
      {
       title: "🔶 CHANGED — Rows changed: 2 added, 1 removed, 1 changed"
       url: "https://alerts.example.com/alerts/a1-9f2c41d07be3"
       color: 16224265
       timestamp: "2026-11-20T06:00:00Z"
       description: "```diff
    + gateway   POST /order  8.90  3,310
    + search    GET /q       5.77  71,002
    - checkout  POST /cart   6.02  9,771
    ~ flag dark-mode · enabled: true → false
    … 4 of 12 changes
    ```"
       fields: [
        {
         name: "Links"
         value: "[Query](https://alerts.example.com/alerts/a1-9f2c41d07be3/query?from=1&to=2) · [Runbook](https://wiki.example.com/rb/err-rate)"
         inline: false
        }
       ]
       footer: {"text":"rule error_rate · every 1m · 3 of 3 rows"}
      }
     ]
    }
    "#);
}

#[test]
fn a_report() {
    assert_snapshot!(native(&told::report()), @r#"
    {
     username: "Watchfire"
     allowed_mentions: {"parse":[]}
     embeds: [
      {
       title: "📊 REPORT — LLM cost, Thu 19 Nov 2026: $3,439.00 (+9.6 % vs Wed)"
       url: "https://alerts.example.com/reports/llm-cost/2026-11-19"
       color: 3051770
       timestamp: "2026-11-20T06:00:00Z"
       description: "```
    model               calls       usd  vs_prev
    --------------  ---------  --------  -------
    chat-xlarge        41,210  1,218.60  +12%
    reason-xlarge       9,120    960.40  -3%
    vision-large       18,004    512.50  +44%
    chat-small        210,331    380.44  +1%
    reason-small-2     98,120    245.11  -8%
    open-medium        55,012     78.16  +0%
    embed-v4          801,223     22.04  +5%
    speech-v3           1,204     13.65  -21%
    rerank-2           60,110      6.20  +2%
    tts-2                 310      1.90  new
    Total           1,294,644  3,439.00
    ```
    showing 10 of 431 rows"
       fields: [{"name":"Total","value":"$3,439.00","inline":true},{"name":"Calls","value":"1,294,644","inline":true}]
       footer: {"text":"report llm-cost-daily · window 2026-11-19 00:00–24:00 UTC"}
      }
     ]
    }
    "#);
}

#[test]
fn a_query_that_fails() {
    assert_snapshot!(native(&told::engine_trouble()), @r#"
    {
     username: "Watchfire"
     allowed_mentions: {"parse":[]}
     embeds: [
      {
       title: "⚠️ QUERY FAILS — Rule error\\_rate failed 3 times in a row — state is UNKNOWN, not OK"
       url: "https://alerts.example.com/rules/error-rate"
       color: 6713477
       timestamp: "2026-11-20T06:00:00Z"
       description: "```
    query error: \"resources\" exhausted
    `{invisible}`{invisible}`would use 2.02 GiB, maximum 2.00 GiB`{invisible}`{invisible}`
    ```"
       fields: [
        {"name":"Failing since","value":"05:52 UTC (3 runs, 8 m)","inline":true}
        {"name":"Last good run","value":"05:51 UTC","inline":true}
       ]
       footer: {"text":"rule error_rate · every 1m · 3 of 3 rows"}
      }
     ]
    }
    "#);
}

#[test]
fn no_data() {
    assert_snapshot!(native(&told::no_data()), @r#"
    {
     username: "Watchfire"
     allowed_mentions: {"parse":[]}
     embeds: [
      {
       title: "⚠️ NO DATA (warning) — error\\_rate: nothing arrived in the last 15 m"
       url: "https://alerts.example.com/alerts/a1-9f2c41d07be3"
       color: 6713477
       timestamp: "2026-11-20T06:00:00Z"
       description: "The rule cannot tell whether it would fire."
       fields: [
        {"name":"Last row","value":"05:44 UTC","inline":true}
        {
         name: "Links"
         value: "[Query](https://alerts.example.com/alerts/a1-9f2c41d07be3/query?from=1&to=2) · [Runbook](https://wiki.example.com/rb/err-rate)"
         inline: false
        }
       ]
       footer: {"text":"rule error_rate · every 1m · 3 of 3 rows"}
      }
     ]
    }
    "#);
}

#[test]
fn a_test_message() {
    assert_snapshot!(native(&told::test()), @r#"
    {
     username: "Watchfire"
     allowed_mentions: {"parse":[]}
     embeds: [
      {
       title: "🧪 TEST — Somebody tries this channel"
       color: 6713477
       timestamp: "2026-11-20T06:00:00Z"
       footer: {"text":"project default"}
      }
     ]
    }
    "#);
}

#[test]
fn the_plainest_form_is_content_alone() {
    assert_snapshot!(shaped(&body(&told::firing(), Form::Plain)).replace("\\n", "\n"), @r#"
    {
     username: "Watchfire"
     allowed_mentions: {"parse":[]}
     content: "🔴 **FIRING (critical)** Error rate above 5% — 3 rows
    Checkout fails. See https://wiki.example.com/checkout_errors, then call \\*payments\\*.
    ```
    service   route       err_pct     req
    --------  ----------  -------  ------
    checkout  POST /pay      7.41  18,204
    checkout  POST /cart     6.02   9,771
    gateway                  5.38  44,120
    ```
    Worst value: 7.41 %  (limit > 5 %)
    Firing for: 5 m (since 06:00 UTC) · <t:1795154400:R>
    Owner: payments
    [Open alert](https://alerts.example.com/alerts/a1-9f2c41d07be3) · [Query](https://alerts.example.com/alerts/a1-9f2c41d07be3/query?from=1&to=2) · [Runbook](https://wiki.example.com/rb/err-rate)
    rule error\\_rate · every 1m · 3 of 3 rows"
     flags: 4
    }
    "#);
}

#[test]
fn every_kind_in_every_form_is_taken_and_names_its_rule() {
    for (kind, message) in told::all() {
        for form in Form::ALL {
            let body = body(&message, form);
            assert_eq!(faults(&body), [], "{kind} {form:?}");
            let shown = seen(&body);
            for words in &message.footer {
                assert!(shown.contains(words.as_str()), "{kind} {form:?} lacks `{words}`:\n{shown}");
            }
        }
    }
}

#[test]
fn every_composed_kind_in_every_form_is_taken_and_names_its_rule() {
    for kind in NotificationKind::ALL {
        let message = told::composed(*kind);
        for form in Form::ALL {
            let body = body(&message, form);
            assert_eq!(faults(&body), [], "{kind} {form:?}");
            let has_no_rule = matches!(kind, NotificationKind::Test | NotificationKind::ChannelBroken);
            let shown = seen(&body);
            let names_it = ["TEST error-rate", "TEST llm-cost", "TEST issues"].iter().any(|name| shown.contains(name));
            assert_ne!(
                names_it, has_no_rule,
                "{kind} {form:?}:
{shown}"
            );
        }
    }
}

#[test]
fn composed_messages_read_well() {
    let read = |kind| seen(&body(&told::composed(kind), Form::Native));
    assert_snapshot!(read(NotificationKind::AlertStarted), @r#"
    🔴 FIRING (warning) — TEST error-rate: checkout
    This is a test with made-up data: nothing is wrong.
    It started to fire: 1 row matches.
    ```
    service   err_pct     req
    --------  -------  ------
    checkout     7.41  18,204
    ```
    Value: 7.41
    Firing for: 5 m (since 05:55 UTC) · <t:1795154100:R>
    Instance: service=checkout
    Labels: team=payments
    rule TEST error-rate · window 05:45–06:00 UTC · 1 row
    "#);
    assert_snapshot!(read(NotificationKind::AlertResolved), @r#"
    ✅ RESOLVED after 23 m — TEST error-rate: checkout
    This is a test with made-up data: nothing is wrong.
    It is over: no row matches any more.
    ```
    service   err_pct     req
    --------  -------  ------
    checkout     1.12  17,950
    ```
    Was firing: 05:37 → 06:00 UTC (23 m) · <t:1795153020:R>
    Peak: 9.8
    Last value: 1.12
    Last breach: 7.41
    Instance: service=checkout
    Labels: team=payments
    rule TEST error-rate · window 05:45–06:00 UTC · 1 row
    "#);
    assert_snapshot!(read(NotificationKind::AlertChanged), @r#"
    🔶 ROWS CHANGED — TEST error-rate: 1 added, 1 removed, 1 changed
    This is a test with made-up data: nothing is wrong.
    Against the last successful run: 1 added, 1 removed, 1 changed.
    ```diff
    + flag new-cart · enabled: true
    - flag old-cart · enabled: true
    ~ flag dark-mode · enabled: true → false
    ```
    Labels: team=payments
    rule TEST error-rate · window 05:45–06:00 UTC
    "#);
    assert_snapshot!(read(NotificationKind::ReportReady), @r#"
    📊 REPORT — TEST llm-cost: cost_usd 2,180.90, 2026-11-20 05:45–06:00 UTC
    This is a test with made-up data: nothing is wrong.
    3 rows in this report.
    ```
    model           calls  cost_usd
    -------------  ------  --------
    chat-xlarge    41,210  1,218.60
    reason-xlarge   9,120    960.40
    tts-2             310      1.90
    ```
    Total calls: 50,640
    Total cost_usd: 2,180.90
    Labels: team=payments
    report TEST llm-cost · window 05:45–06:00 UTC · 3 rows
    "#);
    assert_snapshot!(read(NotificationKind::AlertFailed), @r#"
    ⚠️ QUERY FAILS: state is UNKNOWN, not OK — TEST error-rate: failed 3 times in a row
    This is a test with made-up data: nothing is wrong.
    The query cannot be evaluated; what it watches is unknown until it can.
    ```
    the query needs more than 2.00 GiB of memory
    ```
    Failing since: 05:52 UTC (3 runs, 8 m) · <t:1795153920:R>
    Last good run: 05:51 UTC · <t:1795153860:R>
    Next try: 06:04 UTC · <t:1795154640:R>
    Error: too_much_memory
    Labels: team=payments
    rule TEST error-rate · window 05:45–06:00 UTC
    "#);
    assert_snapshot!(read(NotificationKind::AlertNoData), @r#"
    ⚠️ NO DATA: state is UNKNOWN, not OK — TEST error-rate
    This is a test with made-up data: nothing is wrong.
    The query has nothing to read: its input is empty. This is not an OK.
    Since: 05:52 UTC (8 m) · <t:1795153920:R>
    Labels: team=payments
    rule TEST error-rate · window 05:45–06:00 UTC
    "#);
    assert_snapshot!(read(NotificationKind::Test), @r#"
    🧪 TEST — Test message from Watchfire
    Somebody tries this channel. If you can read this, it works.
    "#);
}

#[test]
fn rows_that_are_left_out_are_counted() {
    for form in Form::ALL {
        let shown = seen(&body(&told::report(), form));
        assert!(shown.contains("showing 10 of 431 rows"), "{form:?}:\n{shown}");
        let shown = seen(&body(&told::enormous(5), form));
        assert!(shown.contains(" of 4,310 rows"), "{form:?}:\n{shown}");
    }
}

#[test]
fn the_largest_message_is_within_every_limit() {
    for columns in [1, 2, 20, 21, 60] {
        let message = told::enormous(columns);
        for form in Form::ALL {
            assert_eq!(faults(&body(&message, form)), [], "{columns} columns, {form:?}");
        }
    }
}

/// What Discord counts over all texts of the embeds.
fn embed_chars(body: &Json) -> usize {
    let count = |json: &Json| json.as_str().map_or(0, |text| text.chars().count());
    let embed = &body["embeds"][0];
    let fields = embed["fields"].as_array().into_iter().flatten();
    let fields: usize = fields.map(|field| count(&field["name"]) + count(&field["value"])).sum();
    count(&embed["title"]) + count(&embed["description"]) + count(&embed["footer"]["text"]) + fields
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_message_in_any_form_is_within_every_limit(message in told::any_message()) {
        for form in Form::ALL {
            let body = body(&message, form);
            prop_assert_eq!(faults(&body), []);
            prop_assert!(embed_chars(&body) <= 5_880, "{} characters", embed_chars(&body));
            prop_assert!(body["content"].as_str().unwrap_or_default().chars().count() <= 1_960);
        }
    }
}

/// Sends a message to a receiver, in one form.
async fn sent(chat: &ChatReceiver, message: &Message, form: Form, timeout: Duration) -> SendOutcome {
    let spec = DiscordSpec { url: chat.url().into(), thread_id: Some("42".to_owned()) };
    let attempt = Attempt::new();
    let wire: Wire = render(&spec, message, &Telling { form, ..attempt.telling() }).unwrap();
    Sender::new(timeout).unwrap().send(&wire).await.outcome
}

const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_message_arrives_in_every_form_and_has_a_name() {
    let chat = ChatReceiver::discord().await;
    for form in Form::ALL {
        let outcome = sent(&chat, &told::firing(), form, LONG).await;
        let id = chat.arrivals().pop().unwrap().id;
        assert!(id.is_some());
        assert_eq!(outcome, SendOutcome::Sent { remote: id });
    }
    assert_eq!(chat.arrivals()[0].query, "wait=true&thread_id=42");
    assert!(chat.arrivals()[0].headers["user-agent"].starts_with("Watchfire/"));
}

#[tokio::test]
async fn each_answer_means_what_it_says() {
    let chat = ChatReceiver::discord().await;
    chat.script([
        ChatAnswer::discord_throttled(0.376, false),
        ChatAnswer::discord_throttled(64.57, true),
        ChatAnswer::discord_unknown_webhook(),
        ChatAnswer::discord_invalid_token(),
        ChatAnswer::discord_invalid_form(),
        ChatAnswer::says(400, r#"{"embeds":["0"]}"#),
        ChatAnswer::says(204, ""),
        ChatAnswer::says(502, "<html>"),
        ChatAnswer::Close,
    ]);
    for outcome in [
        SendOutcome::Throttled { after: Some(Duration::from_millis(376)), scope: Scope::Channel },
        SendOutcome::Throttled { after: Some(Duration::from_millis(64_570)), scope: Scope::Channel },
        SendOutcome::Gone,
        SendOutcome::Config,
        SendOutcome::Payload,
        SendOutcome::Payload,
        SendOutcome::Sent { remote: None },
        SendOutcome::Transient,
        SendOutcome::Unknown,
    ] {
        assert_eq!(sent(&chat, &told::test(), Form::Native, LONG).await, outcome);
    }
}
