//! The receiver answers as its script says, and sees every way to break the contract.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::http::client;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn body() -> Value {
    json!({
        "version": 1, "id": "nt_1", "type": "alert.started", "occurred_at": "2026-11-20T06:00:00Z",
        "project": "default",
        "rule": {"name": "a", "kind": "alert", "description": null, "severity": "warning", "labels": {}},
        "instance": null, "episode": 1, "seq": 1, "state": "firing", "severity": "warning",
        "since": "2026-11-20T06:00:00Z", "value": 1, "last_value": null, "scheduled_for": "2026-11-20T06:00:00Z",
        "window": {"start": "2026-11-20T05:59:00Z", "end": "2026-11-20T06:00:00Z"}, "reason": "started_firing",
        "columns": [{"name": "level", "type": "int"}], "rows": [{"level": 1}], "row_count": 1, "truncated": false,
        "changes": [], "error": null, "query": "SELECT 1", "links": {},
    })
}

/// Sends a body as the product should.
async fn send(receiver: &Receiver, path: &str, body: &Value) -> reqwest::Result<u16> {
    let seconds = crate::now().as_micros() / 1_000_000;
    let text = body.to_string();
    let signature = standardwebhooks::Webhook::new(SECRET).unwrap().sign("nt_1", seconds, text.as_bytes()).unwrap();
    let request = client()
        .post(receiver.url(path))
        .header("content-type", "application/json")
        .header("user-agent", "Watchfire/0.1.0")
        .header("webhook-id", "nt_1")
        .header("webhook-timestamp", seconds.to_string())
        .header("webhook-signature", signature)
        .timeout(Duration::from_secs(2))
        .body(text);
    request.send().await.map(|response| response.status().as_u16())
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_script_and_the_last_one_stays() {
    let receiver = Receiver::start().await;
    receiver.script("/a", [Answer::status(500), Answer::retry_after("3"), Answer::ok()]);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(send(&receiver, "/a", &body()).await.unwrap());
    }
    assert_eq!(statuses, [500, 429, 200, 200]);
    assert_eq!(send(&receiver, "/b", &body()).await.unwrap(), 200);
    let arrivals = receiver.wait_for("five requests", Duration::from_secs(5), |all| all.len() == 5).await;
    assert_eq!(arrivals[1].answer, Answer::retry_after("3"));
    assert_eq!((arrivals[4].path.as_str(), arrivals[4].id(), arrivals[4].rule()), ("/b", "nt_1", "a"));
    assert_eq!(receiver.arrivals_at("/a").len(), 4);
}

#[tokio::test]
async fn a_hanging_and_a_closing_receiver_answer_nothing_but_have_read_the_request() {
    let receiver = Receiver::start().await;
    receiver.script("/hang", [Answer::Hang]);
    receiver.script("/close", [Answer::Close]);
    let hung = send(&receiver, "/hang", &body()).await.unwrap_err();
    assert!(hung.is_timeout(), "{hung}");
    let closed = send(&receiver, "/close", &body()).await.unwrap_err();
    assert!(!closed.is_timeout(), "{closed}");
    assert_eq!(receiver.arrivals().len(), 2);
}

#[tokio::test]
async fn a_good_request_breaks_nothing_and_its_signature_is_checked() {
    let receiver = Receiver::start().await;
    receiver.demand_signature("/signed", SECRET);
    send(&receiver, "/signed", &body()).await.unwrap();
    assert_eq!(receiver.violations(), Vec::<String>::new());
    receiver.demand_signature("/signed", "whsec_b3RoZXIgc2VjcmV0IHRoYXQgaXMgbG9uZw==");
    send(&receiver, "/signed", &body()).await.unwrap();
    assert_eq!(receiver.take_violations(), ["/signed \"nt_1\": signature invalid"]);
}

#[tokio::test]
async fn every_broken_contract_is_seen() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change, &str); 8] = [
        ("an extra key", |b| b["extra"] = json!(1), "keys of the body"),
        ("a missing key", |b| drop(b.as_object_mut().unwrap().shift_remove("links")), "keys of the body"),
        ("an unknown type", |b| b["type"] = json!("alert.begun"), "type \"alert.begun\""),
        ("an unknown reason", |b| b["reason"] = json!("because"), "reason \"because\""),
        ("a reason of another type", |b| b["reason"] = json!("resolved"), "does not go with"),
        ("another id than the header's", |b| b["id"] = json!("nt_2"), "webhook-id"),
        ("rows that are null", |b| b["rows"] = Value::Null, "rows is null"),
        ("an instant with an offset", |b| b["since"] = json!("2026-11-20T07:00:00+01:00"), "since is"),
    ];
    for (case, change, complaint) in changes {
        let receiver = Receiver::start().await;
        let mut body = body();
        change(&mut body);
        send(&receiver, "/a", &body).await.unwrap();
        let violations = receiver.take_violations();
        assert!(violations.iter().any(|violation| violation.contains(complaint)), "{case}: {violations:?}");
    }
}

#[tokio::test]
async fn a_request_without_the_headers_is_seen() {
    let receiver = Receiver::start().await;
    client().post(receiver.url("/a")).body(body().to_string()).send().await.unwrap();
    let violations = receiver.take_violations().join("\n");
    for header in ["content-type", "user-agent", "webhook-id", "webhook-timestamp"] {
        assert!(violations.contains(header), "{header}: {violations}");
    }
}

#[tokio::test]
#[should_panic(expected = "the webhook contract was broken")]
async fn a_broken_contract_fails_the_test() {
    let receiver = Receiver::start().await;
    client().post(receiver.url("/a")).body("not JSON").send().await.unwrap();
}

#[tokio::test]
async fn what_does_not_arrive_in_time_is_none() {
    let receiver = Receiver::start().await;
    assert_eq!(receiver.within(Duration::from_millis(20), |all| !all.is_empty()).await, None);
}
