//! What a pager is told: goldens of each kind, and a desk that enforces every limit.

#![expect(clippy::unwrap_used, reason = "tests")]

mod paging;

use std::time::Duration;

use harness::receiver::opsgenie::{Opsgenie, Treatment, alert_problems, note_problems};
use insta::assert_snapshot;
use paging::Case;
use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::Value as Json;
use watchfire_channels::message::{ChangeLine, Changes, Fact, Link, Table, Tone};
use watchfire_channels::{
    Answer, Form, Message, OpsgenieSpec, Presentation, RenderError, Scope, SendOutcome, Sender, Telling, Wire,
    WireRequest, opsgenie,
};
use watchfire_model::{ChangeKind, NotificationKind, Reason, Severity};

const KEY: &str = "k3y-0f-the-integration";

/// Longer than any answer of a local desk takes.
const TIMEOUT: Duration = Duration::from_secs(10);

fn spec(base_url: &str) -> OpsgenieSpec {
    OpsgenieSpec { auth_key: KEY.into(), base_url: base_url.to_owned(), teams: vec!["payments".to_owned()] }
}

fn rendered(base_url: &str, case: &Case, root: Option<&str>, form: Form) -> Result<Wire, RenderError> {
    let presentation = Presentation::default();
    let telling = Telling { form, ..case.telling(&presentation, root) };
    opsgenie::render(&spec(base_url), &case.message, &telling)
}

fn request(case: &Case, root: Option<&str>, form: Form) -> WireRequest {
    match rendered("https://api.opsgenie.com", case, root, form).unwrap() {
        Wire::Http(request) => request,
        other => panic!("a pager speaks HTTP: {other:?}"),
    }
}

/// Method, path and body, as a reader compares it with the vendor's pages.
fn shown(case: &Case, root: Option<&str>, form: Form) -> String {
    let request = request(case, root, form);
    let body: Json = serde_json::from_slice(&request.body).unwrap();
    let problems = if request.url.expose_secret().ends_with("/v2/alerts") { alert_problems } else { note_problems };
    assert_eq!(problems(&body), []);
    format!("{} {}\n{body:#}", request.method, request.url.expose_secret())
}

#[test]
fn a_start_opens_an_alert() {
    assert_snapshot!(shown(&paging::firing(), None, Form::Native), @r##"
    POST https://api.opsgenie.com/v2/alerts
    {
      "message": "[critical] error-rate: checkout",
      "alias": "th_d446147005cb5c0de1a0d17dd7fd5e0e",
      "description": "<b>FIRING (critical)</b><br>3 rows over the limit (err_pct &gt; 5 %) for 5 m<br>Value: <b>7.41 (limit err_pct &gt; 5)</b><br>Firing since: <b>05:55 UTC (5 m)</b><pre>service   route       err_pct     req\n--------  ----------  -------  ------\ncheckout  POST /pay      7.41  18,204\ncheckout  POST /cart     6.02   9,771\ngateway   GET /quote     5.38  44,120</pre><br><a href=\"https://alerts.example.com/alerts/error-rate\">Open alert</a> · <a href=\"https://wiki.example.com/rb/err-rate\">Runbook</a><br><i>error-rate · every 1m · window 05:45–06:00 UTC</i>",
      "priority": "P1",
      "source": "watchfire",
      "entity": "checkout",
      "tags": [
        "rule:error-rate",
        "env:prod",
        "team:payments"
      ],
      "details": {
        "rule": "error-rate",
        "project": "default",
        "reason": "started_firing",
        "notification": "nt_1f97135003dbe770da1ae3a69d938823",
        "severity": "critical",
        "value": "7.41",
        "url": "https://alerts.example.com/alerts/error-rate",
        "runbook": "https://wiki.example.com/rb/err-rate",
        "service": "checkout",
        "Value": "7.41 (limit err_pct > 5)",
        "Firing since": "05:55 UTC (5 m)",
        "rows_total": "3",
        "row_1": "checkout | POST /pay | 7.41 | 18,204",
        "row_2": "checkout | POST /cart | 6.02 | 9,771",
        "row_3": "gateway | GET /quote | 5.38 | 44,120"
      },
      "responders": [
        {
          "type": "team",
          "name": "payments"
        }
      ]
    }
    "##);
}

#[test]
fn an_end_closes_it_under_the_same_alias() {
    assert_snapshot!(shown(&paging::resolved(), Some("43a29c5c"), Form::Native), @r##"
    POST https://api.opsgenie.com/v2/alerts/th_d446147005cb5c0de1a0d17dd7fd5e0e/close?identifierType=alias
    {
      "source": "watchfire",
      "user": "watchfire",
      "note": "RESOLVED after 23 m: error-rate: checkout\nPeak 9.80, last value 1.12 (limit err_pct > 5)\n\nOpen alert: https://alerts.example.com/alerts/error-rate\nRunbook: https://wiki.example.com/rb/err-rate\n\nerror-rate · every 1m · window 05:45–06:00 UTC"
    }
    "##);
}

#[test]
fn what_follows_a_start_is_a_note_for_the_open_alert() {
    assert_snapshot!(shown(&paging::repeated(), Some("43a29c5c"), Form::Native), @r##"
    POST https://api.opsgenie.com/v2/alerts/th_d446147005cb5c0de1a0d17dd7fd5e0e/notes?identifierType=alias
    {
      "source": "watchfire",
      "user": "watchfire",
      "note": "STILL FIRING (critical): error-rate: checkout\n3 rows over the limit (err_pct > 5 %) for 5 m\n\nValue: 7.41 (limit err_pct > 5)\nFiring since: 05:55 UTC (5 m)\n\nservice   route       err_pct     req\n--------  ----------  -------  ------\ncheckout  POST /pay      7.41  18,204\ncheckout  POST /cart     6.02   9,771\ngateway   GET /quote     5.38  44,120\n\nOpen alert: https://alerts.example.com/alerts/error-rate\nRunbook: https://wiki.example.com/rb/err-rate\n\nerror-rate · every 1m · window 05:45–06:00 UTC"
    }
    "##);
}

#[test]
fn changed_rows_stand_alone() {
    assert_snapshot!(shown(&paging::rows_changed(), None, Form::Native), @r##"
    POST https://api.opsgenie.com/v2/alerts
    {
      "message": "[warning] error-rate",
      "alias": "nt_6e0232331ee1d6e79dacd8a55cf09bf2",
      "description": "<b>CHANGED (warning)</b><br>2 added, 1 removed, 2 changed (now 4 rows, was 3)<pre>+ gateway · POST /order 8.90\n- checkout · POST /cart 6.02\n~ search · GET /q · err_pct: 5.77 → 6.10\nshowing 3 of 5 changes</pre><br><a href=\"https://alerts.example.com/alerts/error-rate\">Open alert</a> · <a href=\"https://wiki.example.com/rb/err-rate\">Runbook</a><br><i>error-rate · every 1m · window 05:45–06:00 UTC</i>",
      "priority": "P3",
      "source": "watchfire",
      "entity": "rule/error-rate",
      "tags": [
        "rule:error-rate",
        "env:prod",
        "team:payments"
      ],
      "details": {
        "rule": "error-rate",
        "project": "default",
        "reason": "rows_changed",
        "notification": "nt_6e0232331ee1d6e79dacd8a55cf09bf2",
        "severity": "warning",
        "url": "https://alerts.example.com/alerts/error-rate",
        "runbook": "https://wiki.example.com/rb/err-rate"
      },
      "responders": [
        {
          "type": "team",
          "name": "payments"
        }
      ]
    }
    "##);
}

#[test]
fn an_engine_that_cannot_see_opens_an_alert_of_its_own() {
    assert_snapshot!(shown(&paging::trouble(), None, Form::Native), @r##"
    POST https://api.opsgenie.com/v2/alerts
    {
      "message": "[engine] error-rate cannot be evaluated",
      "alias": "th_2cf371fbd9d014d266ce4718f7339988",
      "description": "<b>CANNOT EVALUATE</b><br>3 runs failed since 05:52 UTC. State UNKNOWN, not OK.<pre>resources exhausted: the query needs 3.1 GB, more than the 2.0 GB that it may use</pre><br><a href=\"https://alerts.example.com/alerts/error-rate\">Open alert</a> · <a href=\"https://wiki.example.com/rb/err-rate\">Runbook</a><br><i>error-rate · every 1m · window 05:45–06:00 UTC</i>",
      "priority": "P2",
      "source": "watchfire",
      "entity": "rule/error-rate",
      "tags": [
        "rule:error-rate",
        "kind:engine",
        "env:prod",
        "team:payments"
      ],
      "details": {
        "rule": "error-rate",
        "project": "default",
        "reason": "query_failed",
        "notification": "nt_1ac347b9a0a850a6cded2d22e2445149",
        "error_code": "resources_exhausted",
        "failed_runs": "3",
        "url": "https://alerts.example.com/alerts/error-rate",
        "runbook": "https://wiki.example.com/rb/err-rate"
      },
      "responders": [
        {
          "type": "team",
          "name": "payments"
        }
      ]
    }
    "##);
}

#[test]
fn an_engine_that_sees_again_closes_it() {
    assert_snapshot!(shown(&paging::recovered(), Some("43a29c5c"), Form::Native), @r##"
    POST https://api.opsgenie.com/v2/alerts/th_2cf371fbd9d014d266ce4718f7339988/close?identifierType=alias
    {
      "source": "watchfire",
      "user": "watchfire",
      "note": "RECOVERED: error-rate can be evaluated again\nIt failed for 9 m\n\nOpen alert: https://alerts.example.com/alerts/error-rate\nRunbook: https://wiki.example.com/rb/err-rate\n\nerror-rate · every 1m · window 05:45–06:00 UTC"
    }
    "##);
}

#[test]
fn missing_data_opens_an_alert_and_data_that_is_back_closes_it() {
    assert_snapshot!(shown(&paging::no_data(), None, Form::Native), @r##"
    POST https://api.opsgenie.com/v2/alerts
    {
      "message": "[no data] error-rate",
      "alias": "th_46ec9ab1c1a99eef6ee95c12fceaa87c",
      "description": "<b>NO DATA (warning)</b><br>records holds no row between 05:45 and 06:00 UTC<br><a href=\"https://alerts.example.com/alerts/error-rate\">Open alert</a> · <a href=\"https://wiki.example.com/rb/err-rate\">Runbook</a><br><i>error-rate · every 1m · window 05:45–06:00 UTC</i>",
      "priority": "P3",
      "source": "watchfire",
      "entity": "rule/error-rate",
      "tags": [
        "rule:error-rate",
        "kind:no_data",
        "env:prod",
        "team:payments"
      ],
      "details": {
        "rule": "error-rate",
        "project": "default",
        "reason": "no_data",
        "notification": "nt_9fea10ba6edade93df623aa09f8c4fdc",
        "severity": "warning",
        "url": "https://alerts.example.com/alerts/error-rate",
        "runbook": "https://wiki.example.com/rb/err-rate"
      },
      "responders": [
        {
          "type": "team",
          "name": "payments"
        }
      ]
    }
    "##);
    let back = request(&paging::data_back(), Some("43a29c5c"), Form::Native);
    assert!(back.url.expose_secret().ends_with("/close?identifierType=alias"));
}

#[test]
fn a_test_is_an_alert_that_wakes_nobody() {
    assert_snapshot!(shown(&paging::test(), None, Form::Native), @r##"
    POST https://api.opsgenie.com/v2/alerts
    {
      "message": "[test] Test message from Watchfire",
      "alias": "nt_0c7fc81e870eef2442de74b31a3c9a84",
      "description": "<b>TEST</b><br>Nothing is wrong. The channel works.<br><i>Watchfire</i>",
      "priority": "P5",
      "source": "watchfire",
      "entity": "watchfire",
      "tags": [
        "kind:test"
      ],
      "details": {
        "project": "default",
        "reason": "test",
        "notification": "nt_0c7fc81e870eef2442de74b31a3c9a84"
      },
      "responders": [
        {
          "type": "team",
          "name": "payments"
        }
      ]
    }
    "##);
}

#[test]
fn the_plain_form_has_only_what_opens_and_closes_an_alert() {
    assert_snapshot!(shown(&paging::firing(), None, Form::Plain), @r##"
    POST https://api.opsgenie.com/v2/alerts
    {
      "message": "[critical] error-rate: checkout",
      "alias": "th_d446147005cb5c0de1a0d17dd7fd5e0e",
      "description": "FIRING (critical) 3 rows over the limit (err_pct &gt; 5 %) for 5 m",
      "priority": "P1",
      "source": "watchfire"
    }
    "##);
}

#[test]
fn what_is_over_or_is_a_report_pages_nobody() {
    for (case, reason) in [
        (paging::report(), "a report pages nobody"),
        (paging::summary(), "it was over before it could be told, which pages nobody"),
    ] {
        let wire = rendered("https://api.opsgenie.com", &case, None, Form::Native).unwrap();
        assert!(matches!(&wire, Wire::Nothing { why } if why == reason), "{wire:?}");
    }
}

#[test]
fn whatever_a_pager_hears_first_opens_an_alert_also_a_raise() {
    let mut raised = paging::firing();
    raised.notification.kind = NotificationKind::AlertUpdated;
    raised.notification.reason = Reason::SeverityRaised;
    let path = |root| request(&raised, root, Form::Native).url.expose_secret().to_owned();
    assert!(path(None).ends_with("/v2/alerts"));
    assert!(path(Some("43a29c5c")).ends_with("/notes?identifierType=alias"));
}

#[test]
fn the_priority_follows_the_severity() {
    for (severity, priority) in
        [(Severity::Critical, "P1"), (Severity::Error, "P2"), (Severity::Warning, "P3"), (Severity::Info, "P5")]
    {
        let mut case = paging::firing();
        case.notification.severity = Some(severity);
        let body: Json = serde_json::from_slice(&request(&case, None, Form::Native).body).unwrap();
        assert_eq!(body["priority"], priority);
    }
}

#[test]
fn a_key_that_no_header_may_hold_is_a_mistake_of_the_definition_and_is_never_shown() {
    let broken = OpsgenieSpec { auth_key: "a\nSECRET".into(), ..spec("https://api.opsgenie.com") };
    let (case, presentation) = (paging::firing(), Presentation::default());
    let error = opsgenie::render(&broken, &case.message, &case.telling(&presentation, None)).unwrap_err();
    assert_eq!(error.outcome(), SendOutcome::Config);
    assert!(!format!("{error} {error:?}").contains("SECRET"));
    let request = request(&case, None, Form::Native);
    assert!(!format!("{request:?}").contains(KEY) && request.masked_headers().contains(&("authorization", "***")));
}

/// Sends a case to a desk. What came of it is asked at once, so that no test waits.
async fn sent(desk: &Opsgenie, case: &Case, root: Option<&str>) -> Answer {
    let sender = Sender::new(TIMEOUT).unwrap().with_status_after(Duration::ZERO);
    sender.send(&rendered(&desk.base_url(), case, root, Form::Native).unwrap()).await
}

fn remote(answer: &Answer) -> Option<&str> {
    match &answer.outcome {
        SendOutcome::Sent { remote } => remote.as_deref(),
        _ => None,
    }
}

#[tokio::test]
async fn an_alert_lives_from_its_start_to_its_end() {
    let desk = Opsgenie::start(KEY).await;
    let started = sent(&desk, &paging::firing(), None).await;
    let root = remote(&started).unwrap();
    let alias = paging::firing().notification.thread.unwrap();
    assert_eq!(desk.open_alert(alias.as_str()).unwrap().body["message"], "[critical] error-rate: checkout");
    for case in [paging::repeated(), paging::resolved()] {
        let answer = sent(&desk, &case, Some(root)).await;
        assert_eq!((answer.outcome, answer.status), (SendOutcome::Sent { remote: None }, Some(202)));
    }
    let [alert] = &desk.alerts()[..] else { panic!("one alert: {:?}", desk.alerts()) };
    assert_eq!((alert.count, alert.is_open, alert.notes.len()), (1, false, 2));
    assert!(desk.calls().iter().all(|call| call.authorization == format!("GenieKey {KEY}")));
    assert_eq!(desk.calls().iter().filter(|call| call.method == "GET").count(), 3);
}

#[tokio::test]
async fn an_attempt_that_is_made_twice_pages_once() {
    let desk = Opsgenie::start(KEY).await;
    for _ in 0..2 {
        assert!(remote(&sent(&desk, &paging::firing(), None).await).is_some());
    }
    assert_eq!(desk.alerts().iter().map(|alert| alert.count).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn each_answer_has_its_outcome() {
    let throttled =
        |seconds| SendOutcome::Throttled { after: Some(Duration::from_secs(seconds)), scope: Scope::Channel };
    for (treatment, outcome, status) in [
        (Treatment::Throttled(30), throttled(30), 429),
        (Treatment::Status(422, "not processable"), SendOutcome::Payload, 422),
        (Treatment::Status(400, "no"), SendOutcome::Payload, 400),
        (Treatment::Status(401, "no"), SendOutcome::Config, 401),
        (Treatment::Status(403, "no"), SendOutcome::Config, 403),
        (Treatment::Status(503, "busy"), SendOutcome::Transient, 503),
        (Treatment::FailsLater("Alert message is not valid"), SendOutcome::Payload, 202),
        (Treatment::FailsLater("Internal error, try again"), SendOutcome::Transient, 202),
    ] {
        let desk = Opsgenie::start(KEY).await;
        desk.script([treatment.clone()]);
        let answer = sent(&desk, &paging::firing(), None).await;
        assert_eq!((answer.outcome, answer.status), (outcome, Some(status)), "{treatment:?}");
        assert!(!answer.detail.is_empty() && !answer.detail.contains(KEY), "{}", answer.detail);
    }
}

#[tokio::test]
async fn what_nobody_can_say_counts_as_accepted() {
    let desk = Opsgenie::start(KEY).await;
    desk.script([Treatment::Forgotten]);
    assert!(remote(&sent(&desk, &paging::firing(), None).await).is_some());
}

#[tokio::test]
async fn a_close_of_what_somebody_closed_by_hand_is_done() {
    let desk = Opsgenie::start(KEY).await;
    let answer = sent(&desk, &paging::resolved(), Some("43a29c5c")).await;
    assert_eq!(answer.outcome, SendOutcome::Sent { remote: None });
    assert!(answer.detail.contains("Alert does not exist"), "{}", answer.detail);
}

#[tokio::test]
async fn a_desk_that_falls_silent_is_unknown_and_one_that_is_not_there_is_transient() {
    let desk = Opsgenie::start(KEY).await;
    desk.script([Treatment::Close]);
    assert_eq!(sent(&desk, &paging::firing(), None).await.outcome, SendOutcome::Unknown);
    desk.script([Treatment::Hang]);
    let sender = Sender::new(Duration::from_millis(500)).unwrap();
    let wire = rendered(&desk.base_url(), &paging::firing(), None, Form::Native).unwrap();
    assert_eq!(sender.send(&wire).await.outcome, SendOutcome::Unknown);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let wire = rendered(&format!("http://{nobody}"), &paging::firing(), None, Form::Native).unwrap();
    assert_eq!(sender.send(&wire).await.outcome, SendOutcome::Transient);
}

fn any_text() -> impl Strategy<Value = String> {
    let nasty =
        (proptest::sample::select(&paging::NASTY[..]), 1_usize..300).prop_map(|(text, times)| text.repeat(times));
    prop_oneof![any::<String>(), nasty]
}

fn any_table() -> impl Strategy<Value = Table> {
    (1_usize..60, 0_usize..60, any_text()).prop_map(|(columns, rows, text)| {
        let names: Vec<&str> = vec![text.as_str(); columns];
        let cells = vec![text.as_str(); columns];
        paging::table(&names, &vec![&cells[..]; rows], 431)
    })
}

fn any_message() -> impl Strategy<Value = Message> {
    let texts = (any_text(), any_text(), any_text(), any_text(), any_text());
    (texts, proptest::option::of(any_table()), 0_usize..60).prop_map(
        |((state, title, text, error, url), table, many)| Message {
            tone: Tone::Firing,
            severity: None,
            state,
            title,
            summary: text.clone(),
            facts: vec![Fact { name: text.clone(), value: error.clone(), at: None }; many],
            table,
            changes: Some(Changes {
                lines: vec![ChangeLine { kind: ChangeKind::Added, text: text.clone() }; many],
                total: 1_000,
            }),
            error: Some(error),
            links: vec![Link { label: text.clone(), url: format!("https://{url}") }; many],
            footer: vec![text; many],
            at: paging::at("2026-11-20T06:00:00Z"),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_message_keeps_within_every_limit(message in any_message(), name in any_text(), many in 0_usize..60) {
        for case in paging::all() {
            let mut notification = case.notification.clone();
            if let Some(rule) = &mut notification.rule {
                rule.labels = (0..many).map(|number| (format!("{number}{name}"), name.clone())).collect();
            }
            notification.links = (0..many).map(|number| (format!("{number}{name}"), name.clone())).collect();
            let case = Case { notification, message: message.clone() };
            for form in Form::ALL {
                for root in [None, Some("43a29c5c")] {
                    let wire = rendered("https://api.opsgenie.com", &case, root, form).unwrap();
                    let Wire::Http(request) = wire else { continue };
                    let body: Json = serde_json::from_slice(&request.body).unwrap();
                    let opens = request.url.expose_secret().ends_with("/v2/alerts");
                    let problems = if opens { alert_problems(&body) } else { note_problems(&body) };
                    prop_assert_eq!(problems, []);
                    let html = body["description"].as_str().unwrap_or_default();
                    prop_assert!(!html.contains("<script"), "{}", html);
                    prop_assert_eq!(html.matches("<pre>").count(), html.matches("</pre>").count());
                }
            }
        }
    }
}
