//! Each row of the vendor's table, and what a second answer changes.

use reqwest::header::{HeaderName, HeaderValue};

use super::*;
use crate::wire::{HeaderText, Vendor};

const CREATE: &str = "https://api.opsgenie.com/v2/alerts";
const CLOSE: &str = "https://api.opsgenie.com/jsm/v2/alerts/th_1/close?identifierType=alias";
const NOTE: &str = "https://api.opsgenie.com/v2/alerts/th_1/notes?identifierType=alias";
const ACCEPTED: &[u8] = br#"{"result":"Request will be processed","took":0.3,"requestId":"43a29c5c"}"#;

fn request(url: &str) -> WireRequest {
    WireRequest {
        vendor: Vendor::Opsgenie,
        method: Method::POST,
        url: url.into(),
        headers: vec![
            ("content-type".into(), HeaderText::new("application/json")),
            ("authorization".into(), HeaderText::new("GenieKey SECRET")),
        ],
        body: br#"{"alias":"th_1"}"#.to_vec(),
        attempted_at: Timestamp::EPOCH,
    }
}

fn classified(status: u16, headers: &[(&'static str, &'static str)]) -> SendOutcome {
    let headers = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect::<HeaderMap>();
    classify(status, &headers, ACCEPTED, Timestamp::EPOCH)
}

fn after(seconds: u64) -> SendOutcome {
    SendOutcome::Throttled { after: Some(Duration::from_secs(seconds)), scope: Scope::Channel }
}

fn said(is_success: bool, status: &str) -> Vec<u8> {
    serde_json::json!({"data": {"isSuccess": is_success, "status": status}, "requestId": "43a29c5c"})
        .to_string()
        .into_bytes()
}

fn sent(remote: Option<&str>) -> SendOutcome {
    SendOutcome::Sent { remote: remote.map(str::to_owned) }
}

#[test]
fn each_status_has_its_meaning() {
    for (statuses, word) in [
        (&[200, 201, 202][..], "sent"),
        (&[301, 302, 307, 401, 402, 403, 404, 405, 100, 600], "config"),
        (&[410], "gone"),
        (&[429], "throttled"),
        (&[400, 406, 409, 413, 422, 499], "payload"),
        (&[408, 500, 502, 503, 504, 599], "transient"),
    ] {
        for status in statuses {
            assert_eq!(classified(*status, &[]).as_str(), word, "{status}");
        }
    }
}

#[test]
fn a_throttled_account_waits_for_its_period() {
    assert_eq!(classified(429, &[("x-ratelimit-period-in-sec", "60"), ("x-ratelimit-state", "THROTTLED")]), after(60));
    assert_eq!(classified(429, &[("x-ratelimit-period-in-sec", "60"), ("retry-after", "5")]), after(60));
    assert_eq!(classified(429, &[("x-ratelimit-period-in-sec", "soon"), ("retry-after", "5")]), after(5));
    assert_eq!(classified(429, &[("x-ratelimit-period-in-sec", "86400")]), after(3600));
    assert_eq!(classified(429, &[]), SendOutcome::Throttled { after: None, scope: Scope::Channel });
}

#[test]
fn what_came_of_it_is_asked_at_the_same_place_with_the_same_key() {
    for (url, asked) in [
        (CREATE, "https://api.opsgenie.com/v2/alerts/requests/43a29c5c"),
        (CLOSE, "https://api.opsgenie.com/jsm/v2/alerts/requests/43a29c5c"),
    ] {
        let second = follow_up(&request(url), &classified(202, &[])).unwrap();
        assert_eq!((second.method, second.url.expose_secret(), second.body), (Method::GET, asked, Vec::new()));
        assert_eq!(second.headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["authorization"]);
    }
    assert!(follow_up(&request(CREATE), &sent(None)).is_none());
    assert!(follow_up(&request(CREATE), &SendOutcome::Transient).is_none());
}

#[test]
fn only_what_opens_an_alert_is_remembered() {
    let accepted = || classified(202, &[]);
    assert_eq!(settled(&request(CREATE), accepted(), 202, None), sent(Some("43a29c5c")));
    assert_eq!(settled(&request(CREATE), sent(None), 202, None), sent(Some("th_1")));
    assert_eq!(settled(&request(CLOSE), accepted(), 202, None), sent(None));
    assert_eq!(settled(&request(NOTE), accepted(), 202, Some(&said(true, "Note added"))), sent(None));
}

#[test]
fn an_accepted_request_that_failed_is_not_sent() {
    for (url, words, outcome) in [
        (CREATE, "Alert message is not valid", SendOutcome::Payload),
        (CREATE, "Alert does not exist", SendOutcome::Payload),
        (CREATE, "Internal error, please try again later", SendOutcome::Transient),
        (CREATE, "Request is throttled", SendOutcome::Transient),
        (CLOSE, "Alert does not exist", sent(None)),
        (CLOSE, "Alert is already closed", sent(None)),
        (NOTE, "Alert does not exist", sent(None)),
        (NOTE, "Note is too long", SendOutcome::Payload),
    ] {
        let second = said(false, words);
        assert_eq!(settled(&request(url), classified(202, &[]), 202, Some(&second)), outcome, "{words}");
    }
}

#[test]
fn a_second_answer_that_says_nothing_changes_nothing() {
    for second in [&b""[..], b"<html>", b"{}", b"[]", b"null", &said(true, "Created alert")] {
        assert_eq!(settled(&request(CREATE), classified(202, &[]), 202, Some(second)), sent(Some("43a29c5c")));
    }
}

#[test]
fn a_close_of_an_unknown_alert_is_done_and_a_create_at_a_wrong_address_is_not() {
    for (url, outcome) in [(CLOSE, sent(None)), (NOTE, sent(None)), (CREATE, SendOutcome::Config)] {
        assert_eq!(settled(&request(url), classified(404, &[]), 404, None), outcome, "{url}");
    }
    assert_eq!(settled(&request(CLOSE), classified(401, &[]), 401, None), SendOutcome::Config);
}
