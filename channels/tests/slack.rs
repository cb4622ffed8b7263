//! What Slack gets, and what its answers make of it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod told;

use std::time::Duration;

use harness::receiver::slack::{faults, seen};
use harness::{ChatAnswer, ChatReceiver};
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::Value as Json;
use told::{Attempt, shaped};
use watchfire_channels::slack::{body, render};
use watchfire_channels::{Form, Message, Scope, SendOutcome, Sender, SlackSpec, Telling, Wire};
use watchfire_model::NotificationKind;

/// What keeps backticks of others apart.
const INVISIBLE_SPACE: char = '\u{200B}';

fn native(message: &Message) -> String {
    shaped(&body(message, Form::Native, false))
}

#[test]
fn a_firing_alert() {
    assert_snapshot!(native(&told::firing()), @r##"
    {
     text: "🔴 *FIRING (critical)* Error rate above 5% — 3 rows"
     attachments: [
      {
       color: "#D92D20"
       fallback: "🔴 *FIRING (critical)* Error rate above 5% — 3 rows"
       blocks: [
        {
         type: "rich_text"
         elements: [
          {
           type: "rich_text_section"
           elements: [
            {"type":"text","text":"Checkout fails. See "}
            {"type":"link","url":"https://wiki.example.com/checkout_errors"}
            {"type":"text","text":", then call *payments*."}
           ]
          }
         ]
        }
        {
         type: "section"
         fields: [
          {"type":"mrkdwn","text":"*Worst value*\n7.41 %  (limit &gt; 5 %)","verbatim":true}
          {
           type: "mrkdwn"
           text: "*Firing for*\n5 m (since 06:00 UTC) · <!date^1795154400^{date_short_pretty} {time}|2026-11-20 06:00 UTC>"
           verbatim: true
          }
          {"type":"mrkdwn","text":"*Owner*\npayments","verbatim":true}
         ]
        }
        {
         type: "table"
         column_settings: [{"align":"left"},{"align":"left"},{"align":"right"},{"align":"right"}]
         rows: [
          [
           {
            type: "rich_text"
            elements: [{"type":"rich_text_section","elements":[{"type":"text","text":"service","style":{"bold":true}}]}]
           }
           {
            type: "rich_text"
            elements: [{"type":"rich_text_section","elements":[{"type":"text","text":"route","style":{"bold":true}}]}]
           }
           {
            type: "rich_text"
            elements: [{"type":"rich_text_section","elements":[{"type":"text","text":"err_pct","style":{"bold":true}}]}]
           }
           {
            type: "rich_text"
            elements: [{"type":"rich_text_section","elements":[{"type":"text","text":"req","style":{"bold":true}}]}]
           }
          ]
          [
           {"type":"raw_text","text":"checkout"}
           {"type":"raw_text","text":"POST /pay"}
           {"type":"raw_number","value":7.41,"text":"7.41"}
           {"type":"raw_number","value":18204,"text":"18,204"}
          ]
          [
           {"type":"raw_text","text":"checkout"}
           {"type":"raw_text","text":"POST /cart"}
           {"type":"raw_number","value":6.02,"text":"6.02"}
           {"type":"raw_number","value":9771,"text":"9,771"}
          ]
          [
           {"type":"raw_text","text":"gateway"}
           {"type":"raw_text","text":"-"}
           {"type":"raw_number","value":5.38,"text":"5.38"}
           {"type":"raw_number","value":44120,"text":"44,120"}
          ]
         ]
        }
        {
         type: "section"
         text: {
          type: "mrkdwn"
          text: "<https://alerts.example.com/alerts/a1-9f2c41d07be3|Open alert> · <https://alerts.example.com/alerts/a1-9f2c41d07be3/query?from=1&amp;to=2|Query> · <https://wiki.example.com/rb/err-rate|Runbook>"
          verbatim: true
         }
        }
        {
         type: "context"
         elements: [{"type":"mrkdwn","text":"rule error_rate · every 1m · 3 of 3 rows","verbatim":true}]
        }
       ]
      }
     ]
     unfurl_links: false
     unfurl_media: false
    }
    "##);
}

#[test]
fn a_resolved_alert() {
    assert_snapshot!(native(&told::resolved()), @r##"
    {
     text: "✅ *RESOLVED after 23 m* Error rate above 5%"
     attachments: [
      {
       color: "#12B76A"
       fallback: "✅ *RESOLVED after 23 m* Error rate above 5%"
       blocks: [
        {
         type: "section"
         fields: [
          {"type":"mrkdwn","text":"*Was firing*\n06:00 → 06:23 UTC (23 m)","verbatim":true}
          {"type":"mrkdwn","text":"*Peak*\n9.80 % at 06:11","verbatim":true}
          {"type":"mrkdwn","text":"*Last value*\n1.12 %","verbatim":true}
         ]
        }
        {
         type: "section"
         text: {
          type: "mrkdwn"
          text: "<https://alerts.example.com/alerts/a1-9f2c41d07be3|Open alert> · <https://alerts.example.com/alerts/a1-9f2c41d07be3/query?from=1&amp;to=2|Query> · <https://wiki.example.com/rb/err-rate|Runbook>"
          verbatim: true
         }
        }
        {"type":"context","elements":[{"type":"mrkdwn","text":"rule error_rate","verbatim":true}]}
       ]
      }
     ]
     unfurl_links: false
     unfurl_media: false
    }
    "##);
}

#[test]
fn changed_rows() {
    assert_snapshot!(native(&told::rows_changed()), @r##"
    {
     text: "🔶 *CHANGED* Rows changed: 2 added, 1 removed, 1 changed"
     attachments: [
      {
       color: "#F79009"
       fallback: "🔶 *CHANGED* Rows changed: 2 added, 1 removed, 1 changed"
       blocks: [
        {
         type: "rich_text"
         elements: [
          {
           type: "rich_text_preformatted"
           elements: [
            {
             type: "text"
             text: "+ gateway   POST /order  8.90  3,310\n+ search    GET /q       5.77  71,002\n- checkout  POST /cart   6.02  9,771\n~ flag dark-mode · enabled: true → false\n… 4 of 12 changes"
            }
           ]
          }
         ]
        }
        {
         type: "section"
         text: {
          type: "mrkdwn"
          text: "<https://alerts.example.com/alerts/a1-9f2c41d07be3|Open alert> · <https://alerts.example.com/alerts/a1-9f2c41d07be3/query?from=1&amp;to=2|Query> · <https://wiki.example.com/rb/err-rate|Runbook>"
          verbatim: true
         }
        }
        {
         type: "context"
         elements: [{"type":"mrkdwn","text":"rule error_rate · every 1m · 3 of 3 rows","verbatim":true}]
        }
       ]
      }
     ]
     unfurl_links: false
     unfurl_media: false
    }
    "##);
}

#[test]
fn a_report() {
    assert_snapshot!(native(&told::report()), @r##"
    {
     text: "📊 *REPORT* LLM cost, Thu 19 Nov 2026: $3,439.00 (+9.6 % vs Wed)"
     attachments: [
      {
       color: "#2E90FA"
       fallback: "📊 *REPORT* LLM cost, Thu 19 Nov 2026: $3,439.00 (+9.6 % vs Wed)"
       blocks: [
        {
         type: "section"
         fields: [
          {"type":"mrkdwn","text":"*Total*\n$3,439.00","verbatim":true}
          {"type":"mrkdwn","text":"*Calls*\n1,294,644","verbatim":true}
         ]
        }
        {
         type: "table"
         column_settings: [{"align":"left"},{"align":"right"},{"align":"right"},{"align":"left"}]
         rows: [
          [
           {
            type: "rich_text"
            elements: [{"type":"rich_text_section","elements":[{"type":"text","text":"model","style":{"bold":true}}]}]
           }
           {
            type: "rich_text"
            elements: [{"type":"rich_text_section","elements":[{"type":"text","text":"calls","style":{"bold":true}}]}]
           }
           {
            type: "rich_text"
            elements: [{"type":"rich_text_section","elements":[{"type":"text","text":"usd","style":{"bold":true}}]}]
           }
           {
            type: "rich_text"
            elements: [{"type":"rich_text_section","elements":[{"type":"text","text":"vs_prev","style":{"bold":true}}]}]
           }
          ]
          [
           {"type":"raw_text","text":"chat-xlarge"}
           {"type":"raw_number","value":41210,"text":"41,210"}
           {"type":"raw_number","value":1218.6,"text":"1,218.60"}
           {"type":"raw_text","text":"+12%"}
          ]
          [
           {"type":"raw_text","text":"reason-xlarge"}
           {"type":"raw_number","value":9120,"text":"9,120"}
           {"type":"raw_number","value":960.4,"text":"960.40"}
           {"type":"raw_text","text":"-3%"}
          ]
          [
           {"type":"raw_text","text":"vision-large"}
           {"type":"raw_number","value":18004,"text":"18,004"}
           {"type":"raw_number","value":512.5,"text":"512.50"}
           {"type":"raw_text","text":"+44%"}
          ]
          [
           {"type":"raw_text","text":"chat-small"}
           {"type":"raw_number","value":210331,"text":"210,331"}
           {"type":"raw_number","value":380.44,"text":"380.44"}
           {"type":"raw_text","text":"+1%"}
          ]
          [
           {"type":"raw_text","text":"reason-small-2"}
           {"type":"raw_number","value":98120,"text":"98,120"}
           {"type":"raw_number","value":245.11,"text":"245.11"}
           {"type":"raw_text","text":"-8%"}
          ]
          [
           {"type":"raw_text","text":"open-medium"}
           {"type":"raw_number","value":55012,"text":"55,012"}
           {"type":"raw_number","value":78.16,"text":"78.16"}
           {"type":"raw_text","text":"+0%"}
          ]
          [
           {"type":"raw_text","text":"embed-v4"}
           {"type":"raw_number","value":801223,"text":"801,223"}
           {"type":"raw_number","value":22.04,"text":"22.04"}
           {"type":"raw_text","text":"+5%"}
          ]
          [
           {"type":"raw_text","text":"speech-v3"}
           {"type":"raw_number","value":1204,"text":"1,204"}
           {"type":"raw_number","value":13.65,"text":"13.65"}
           {"type":"raw_text","text":"-21%"}
          ]
          [
           {"type":"raw_text","text":"rerank-2"}
           {"type":"raw_number","value":60110,"text":"60,110"}
           {"type":"raw_number","value":6.2,"text":"6.20"}
           {"type":"raw_text","text":"+2%"}
          ]
          [
           {"type":"raw_text","text":"tts-2"}
           {"type":"raw_number","value":310,"text":"310"}
           {"type":"raw_number","value":1.9,"text":"1.90"}
           {"type":"raw_text","text":"new"}
          ]
          [
           {"type":"raw_text","text":"Total"}
           {"type":"raw_number","value":1294644,"text":"1,294,644"}
           {"type":"raw_number","value":3439,"text":"3,439.00"}
           {"type":"raw_text","text":"-"}
          ]
         ]
        }
        {"type":"context","elements":[{"type":"mrkdwn","text":"showing 10 of 431 rows","verbatim":true}]}
        {
         type: "section"
         text: {"type":"mrkdwn","text":"<https://alerts.example.com/reports/llm-cost/2026-11-19|Report>","verbatim":true}
        }
        {
         type: "context"
         elements: [{"type":"mrkdwn","text":"report llm-cost-daily · window 2026-11-19 00:00–24:00 UTC","verbatim":true}]
        }
       ]
      }
     ]
     unfurl_links: false
     unfurl_media: false
    }
    "##);
}

#[test]
fn a_query_that_fails() {
    assert_snapshot!(native(&told::engine_trouble()), @r##"
    {
     text: "⚠️ *QUERY FAILS* Rule error_rate failed 3 times in a row — state is UNKNOWN, not OK"
     attachments: [
      {
       color: "#667085"
       fallback: "⚠️ *QUERY FAILS* Rule error_rate failed 3 times in a row — state is UNKNOWN, not OK"
       blocks: [
        {
         type: "section"
         fields: [
          {"type":"mrkdwn","text":"*Failing since*\n05:52 UTC (3 runs, 8 m)","verbatim":true}
          {"type":"mrkdwn","text":"*Last good run*\n05:51 UTC","verbatim":true}
         ]
        }
        {
         type: "rich_text"
         elements: [
          {
           type: "rich_text_preformatted"
           elements: [{"type":"text","text":"query error: \"resources\" exhausted\n```would use 2.02 GiB, maximum 2.00 GiB```"}]
          }
         ]
        }
        {
         type: "section"
         text: {"type":"mrkdwn","text":"<https://alerts.example.com/rules/error-rate|Rule>","verbatim":true}
        }
        {
         type: "context"
         elements: [{"type":"mrkdwn","text":"rule error_rate · every 1m · 3 of 3 rows","verbatim":true}]
        }
       ]
      }
     ]
     unfurl_links: false
     unfurl_media: false
    }
    "##);
}

#[test]
fn no_data() {
    assert_snapshot!(native(&told::no_data()), @r##"
    {
     text: "⚠️ *NO DATA (warning)* error_rate: nothing arrived in the last 15 m"
     attachments: [
      {
       color: "#667085"
       fallback: "⚠️ *NO DATA (warning)* error_rate: nothing arrived in the last 15 m"
       blocks: [
        {
         type: "rich_text"
         elements: [
          {"type":"rich_text_section","elements":[{"type":"text","text":"The rule cannot tell whether it would fire."}]}
         ]
        }
        {"type":"section","fields":[{"type":"mrkdwn","text":"*Last row*\n05:44 UTC","verbatim":true}]}
        {
         type: "section"
         text: {
          type: "mrkdwn"
          text: "<https://alerts.example.com/alerts/a1-9f2c41d07be3|Open alert> · <https://alerts.example.com/alerts/a1-9f2c41d07be3/query?from=1&amp;to=2|Query> · <https://wiki.example.com/rb/err-rate|Runbook>"
          verbatim: true
         }
        }
        {
         type: "context"
         elements: [{"type":"mrkdwn","text":"rule error_rate · every 1m · 3 of 3 rows","verbatim":true}]
        }
       ]
      }
     ]
     unfurl_links: false
     unfurl_media: false
    }
    "##);
}

#[test]
fn a_test_message() {
    assert_snapshot!(native(&told::test()), @r##"
    {
     text: "🧪 *TEST* Somebody tries this channel"
     attachments: [
      {
       color: "#667085"
       fallback: "🧪 *TEST* Somebody tries this channel"
       blocks: [{"type":"context","elements":[{"type":"mrkdwn","text":"project default","verbatim":true}]}]
      }
     ]
     unfurl_links: false
     unfurl_media: false
    }
    "##);
}

#[test]
fn a_plainer_form_has_its_table_as_text() {
    assert_snapshot!(seen(&body(&told::firing(), Form::Mono, false)), @r#"
    🔴 FIRING (critical) Error rate above 5% — 3 rows
    Checkout fails. See https://wiki.example.com/checkout_errors, then call *payments*.
    Worst value: 7.41 %  (limit > 5 %)
    Firing for: 5 m (since 06:00 UTC) · 2026-11-20 06:00 UTC
    Owner: payments
    service   route       err_pct     req
    --------  ----------  -------  ------
    checkout  POST /pay      7.41  18,204
    checkout  POST /cart     6.02   9,771
    gateway                  5.38  44,120
    Open alert (https://alerts.example.com/alerts/a1-9f2c41d07be3) · Query (https://alerts.example.com/alerts/a1-9f2c41d07be3/query?from=1&to=2) · Runbook (https://wiki.example.com/rb/err-rate)
    rule error_rate · every 1m · 3 of 3 rows
    "#);
}

#[test]
fn the_plainest_form_is_text_alone() {
    assert_snapshot!(shaped(&body(&told::firing(), Form::Plain, false)).replace("\\n", "\n"), @r#"
    {
     text: "🔴 *FIRING (critical)* Error rate above 5% — 3 rows
    Checkout fails. See https://wiki.example.com/checkout_errors, then call ∗payments∗.
    Worst value: 7.41 %  (limit &gt; 5 %)
    Firing for: 5 m (since 06:00 UTC) · <!date^1795154400^{date_short_pretty} {time}|2026-11-20 06:00 UTC>
    Owner: payments
    ```
    service   route       err_pct     req
    --------  ----------  -------  ------
    checkout  POST /pay      7.41  18,204
    checkout  POST /cart     6.02   9,771
    gateway                  5.38  44,120
    ```
    <https://alerts.example.com/alerts/a1-9f2c41d07be3|Open alert> · <https://alerts.example.com/alerts/a1-9f2c41d07be3/query?from=1&amp;to=2|Query> · <https://wiki.example.com/rb/err-rate|Runbook>
    rule error_rate · every 1m · 3 of 3 rows"
     unfurl_links: false
     unfurl_media: false
    }
    "#);
    let shown = seen(&body(&told::engine_trouble(), Form::Plain, false));
    assert_snapshot!(shown.replace(INVISIBLE_SPACE, "{invisible}"), @r#"
    ⚠️ QUERY FAILS Rule error_rate failed 3 times in a row — state is UNKNOWN, not OK
    Failing since: 05:52 UTC (3 runs, 8 m)
    Last good run: 05:51 UTC

    query error: "resources" exhausted
    {invisible}{invisible}would use 2.02 GiB, maximum 2.00 GiB{invisible}{invisible}

    Rule (https://alerts.example.com/rules/error-rate)
    rule error_rate · every 1m · 3 of 3 rows
    "#);
}

#[test]
fn plain_blocks_hold_the_headline_and_have_no_attachment() {
    let body = body(&told::resolved(), Form::Native, true);
    assert_eq!(body.get("attachments"), None);
    assert_eq!(body["blocks"][0]["text"]["text"], body["text"]);
    assert_eq!(faults(&body), []);
}

#[test]
fn every_kind_in_every_form_is_taken_and_names_its_rule() {
    for (kind, message) in told::all() {
        for form in Form::ALL {
            for has_plain_blocks in [false, true] {
                let body = body(&message, form, has_plain_blocks);
                assert_eq!(faults(&body), [], "{kind} {form:?}");
                let shown = seen(&body);
                for words in message.footer.iter().chain(message.links.iter().map(|link| &link.label)) {
                    assert!(shown.contains(words.as_str()), "{kind} {form:?} lacks `{words}`:\n{shown}");
                }
            }
        }
    }
}

#[test]
fn every_composed_kind_in_every_form_is_taken_and_names_its_rule() {
    for kind in NotificationKind::ALL {
        let message = told::composed(*kind);
        for form in Form::ALL {
            let body = body(&message, form, false);
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
    let read = |kind| seen(&body(&told::composed(kind), Form::Native, false));
    assert_snapshot!(read(NotificationKind::AlertStarted), @r#"
    🔴 FIRING (warning) TEST error-rate: checkout
    This is a test with made-up data: nothing is wrong.
    It started to fire: 1 row matches.
    Value: 7.41
    Firing for: 5 m (since 05:55 UTC) · 2026-11-20 05:55 UTC
    Instance: service=checkout
    Labels: team=payments
    service | err_pct | req
    checkout | 7.41 | 18,204
    rule TEST error-rate · window 05:45–06:00 UTC · 1 row
    "#);
    assert_snapshot!(read(NotificationKind::AlertResolved), @r#"
    ✅ RESOLVED after 23 m TEST error-rate: checkout
    This is a test with made-up data: nothing is wrong.
    It is over: no row matches any more.
    Was firing: 05:37 → 06:00 UTC (23 m) · 2026-11-20 05:37 UTC
    Peak: 9.8
    Last value: 1.12
    Last breach: 7.41
    Instance: service=checkout
    Labels: team=payments
    service | err_pct | req
    checkout | 1.12 | 17,950
    rule TEST error-rate · window 05:45–06:00 UTC · 1 row
    "#);
    assert_snapshot!(read(NotificationKind::AlertChanged), @r#"
    🔶 ROWS CHANGED TEST error-rate: 1 added, 1 removed, 1 changed
    This is a test with made-up data: nothing is wrong.
    Against the last successful run: 1 added, 1 removed, 1 changed.
    Labels: team=payments
    + flag new-cart · enabled: true
    - flag old-cart · enabled: true
    ~ flag dark-mode · enabled: true → false
    rule TEST error-rate · window 05:45–06:00 UTC
    "#);
    assert_snapshot!(read(NotificationKind::ReportReady), @r#"
    📊 REPORT TEST llm-cost: cost_usd 2,180.90, 2026-11-20 05:45–06:00 UTC
    This is a test with made-up data: nothing is wrong.
    3 rows in this report.
    Total calls: 50,640
    Total cost_usd: 2,180.90
    Labels: team=payments
    model | calls | cost_usd
    chat-xlarge | 41,210 | 1,218.60
    reason-xlarge | 9,120 | 960.40
    tts-2 | 310 | 1.90
    report TEST llm-cost · window 05:45–06:00 UTC · 3 rows
    "#);
    assert_snapshot!(read(NotificationKind::AlertFailed), @r#"
    ⚠️ QUERY FAILS: state is UNKNOWN, not OK TEST error-rate: failed 3 times in a row
    This is a test with made-up data: nothing is wrong.
    The query cannot be evaluated; what it watches is unknown until it can.
    Failing since: 05:52 UTC (3 runs, 8 m) · 2026-11-20 05:52 UTC
    Last good run: 05:51 UTC · 2026-11-20 05:51 UTC
    Next try: 06:04 UTC · 2026-11-20 06:04 UTC
    Error: too_much_memory
    Labels: team=payments
    the query needs more than 2.00 GiB of memory
    rule TEST error-rate · window 05:45–06:00 UTC
    "#);
    assert_snapshot!(read(NotificationKind::AlertNoData), @r#"
    ⚠️ NO DATA: state is UNKNOWN, not OK TEST error-rate
    This is a test with made-up data: nothing is wrong.
    The query has nothing to read: its input is empty. This is not an OK.
    Since: 05:52 UTC (8 m) · 2026-11-20 05:52 UTC
    Labels: team=payments
    rule TEST error-rate · window 05:45–06:00 UTC
    "#);
    assert_snapshot!(read(NotificationKind::Test), @r#"
    🧪 TEST Test message from Watchfire
    Somebody tries this channel. If you can read this, it works.
    "#);
}

#[test]
fn rows_that_are_left_out_are_counted() {
    for form in Form::ALL {
        let shown = seen(&body(&told::report(), form, false));
        assert!(shown.contains("showing 10 of 431 rows"), "{form:?}:\n{shown}");
        let shown = seen(&body(&told::enormous(5), form, false));
        assert!(shown.contains(" of 4,310 rows"), "{form:?}:\n{shown}");
    }
}

#[test]
fn the_largest_message_is_within_every_limit() {
    for columns in [1, 2, 20, 21, 60] {
        let message = told::enormous(columns);
        for form in Form::ALL {
            assert_eq!(faults(&body(&message, form, false)), [], "{columns} columns, {form:?}");
        }
    }
}

/// What the blocks of a body count together.
fn block_chars(body: &Json) -> usize {
    let attached = body["attachments"][0]["blocks"].as_array();
    attached.or(body["blocks"].as_array()).map_or(0, |blocks| Json::from(blocks.clone()).to_string().chars().count())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_message_in_any_form_is_within_every_limit(message in told::any_message(), has_plain_blocks: bool) {
        for form in Form::ALL {
            let body = body(&message, form, has_plain_blocks);
            prop_assert_eq!(faults(&body), []);
            prop_assert!(block_chars(&body) <= 12_000, "{} characters", block_chars(&body));
            if form == Form::Plain {
                prop_assert!(body["text"].as_str().unwrap().chars().count() <= 3_000);
            }
        }
    }
}

/// Sends a message to a receiver, in one form.
async fn sent(chat: &ChatReceiver, message: &Message, form: Form, timeout: Duration) -> SendOutcome {
    let spec = SlackSpec { url: chat.url().into(), plain_blocks: false };
    let attempt = Attempt::new();
    let wire: Wire = render(&spec, message, &Telling { form, ..attempt.telling() }).unwrap();
    Sender::new(timeout).unwrap().send(&wire).await.outcome
}

const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_message_arrives_in_every_form() {
    let chat = ChatReceiver::slack().await;
    for form in Form::ALL {
        assert_eq!(sent(&chat, &told::firing(), form, LONG).await, SendOutcome::Sent { remote: None });
    }
    assert_eq!(chat.seen().len(), 3);
    assert!(chat.arrivals()[0].headers["user-agent"].starts_with("Watchfire/"));
}

#[tokio::test]
async fn each_answer_means_what_it_says() {
    let chat = ChatReceiver::slack().await;
    chat.script([
        ChatAnswer::slack_throttled(3),
        ChatAnswer::slack_archived(),
        ChatAnswer::slack_no_service(),
        ChatAnswer::slack_invalid_blocks(),
        ChatAnswer::says(403, "invalid_token"),
        ChatAnswer::says(500, "rollup_error"),
        ChatAnswer::Close,
    ]);
    for outcome in [
        SendOutcome::Throttled { after: Some(Duration::from_secs(3)), scope: Scope::Channel },
        SendOutcome::Gone,
        SendOutcome::Gone,
        SendOutcome::Payload,
        SendOutcome::Config,
        SendOutcome::Transient,
        SendOutcome::Unknown,
    ] {
        assert_eq!(sent(&chat, &told::test(), Form::Native, LONG).await, outcome);
    }
    chat.script([ChatAnswer::Hang]);
    assert_eq!(sent(&chat, &told::test(), Form::Native, Duration::from_millis(300)).await, SendOutcome::Unknown);
    assert_eq!(chat.seen(), Vec::<String>::new());
}
