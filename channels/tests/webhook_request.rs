//! The webhook request: headers, signature, limits, and what it shows of itself.

#![expect(clippy::disallowed_methods, reason = "the library that verifies reads the clock too")]
#![expect(clippy::unwrap_used, reason = "tests")]

use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use proptest::prelude::*;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use standardwebhooks::Webhook;
use watchfire_channels::limits::WEBHOOK_BODY_MAX_BYTES;
use watchfire_channels::{
    ChannelSpec, Presentation, RenderError, SpecError, Target, Telling, WebhookSpec, Wire, WireRequest, render,
    test_notification, webhook,
};
use watchfire_model::{ChannelName, Column, ColumnType, Notification, ProjectName, Timestamp, Value};

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const ATTEMPTED_AT: Timestamp = Timestamp::from_micros(1_795_154_400_999_999);

fn spec(headers: &[(&str, &str)], secret: Option<&str>) -> WebhookSpec {
    WebhookSpec {
        url: "https://example.com/hooks/alerts".into(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect(),
        secret: secret.map(Into::into),
    }
}

fn notification() -> Notification {
    test_notification(ProjectName::new("default"), "ev_1", Timestamp::from_seconds(1_795_154_400))
}

fn rendered(headers: &[(&str, &str)], secret: Option<&str>) -> Result<WireRequest, RenderError> {
    webhook::render(&spec(headers, secret), &notification(), ATTEMPTED_AT)
}

fn wire_headers(request: &WireRequest) -> Vec<(&str, &str)> {
    request.headers.iter().map(|(name, text)| (name.as_str(), text.expose())).collect()
}

#[test]
fn a_request_names_its_message_its_attempt_and_its_sender() {
    let request = rendered(&[], None).unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(request.url.expose_secret(), "https://example.com/hooks/alerts");
    assert_eq!(
        wire_headers(&request),
        [
            ("content-type", "application/json"),
            ("user-agent", concat!("Watchfire/", env!("CARGO_PKG_VERSION"))),
            ("webhook-id", notification().id.as_str()),
            ("webhook-timestamp", "1795154400"),
        ]
    );
    assert_eq!(request.body, webhook::body(&notification()).to_string().into_bytes());
}

#[test]
fn the_id_stays_the_same_over_attempts_and_the_timestamp_is_that_of_the_attempt() {
    let of = |at| webhook::render(&spec(&[], Some(SECRET)), &notification(), at).unwrap();
    let (first, second) = (of(Timestamp::from_seconds(100)), of(Timestamp::from_seconds(160)));
    assert_eq!(wire_headers(&first)[2], wire_headers(&second)[2]);
    assert_eq!(wire_headers(&first)[3], ("webhook-timestamp", "100"));
    assert_eq!(wire_headers(&second)[3], ("webhook-timestamp", "160"));
    assert_ne!(wire_headers(&first)[4], wire_headers(&second)[4]);
    assert_eq!(first.body, second.body);
}

#[test]
fn extra_headers_follow_in_their_order_and_may_replace_ours() {
    let request =
        rendered(&[("X-Team", "a"), ("Content-Type", "application/vnd.a+json"), ("x-team", "b")], None).unwrap();
    let headers = wire_headers(&request);
    assert_eq!(headers[0].0, "user-agent");
    assert_eq!(headers[3..], [("x-team", "a"), ("content-type", "application/vnd.a+json"), ("x-team", "b")]);
}

#[test]
fn a_receiver_can_verify_the_signature_and_notices_what_was_changed() {
    // `verify` compares with the clock of this machine, so the attempt is made now.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let attempted_at = Timestamp::EPOCH.plus(now);
    let request = webhook::render(&spec(&[], Some(SECRET)), &notification(), attempted_at).unwrap();
    let headers: HeaderMap = wire_headers(&request)
        .into_iter()
        .map(|(name, value)| (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap()))
        .collect();
    let receiver = Webhook::new(SECRET).unwrap();
    receiver.verify(&request.body, &headers).unwrap();

    let mut tampered = request.body.clone();
    tampered.push(b' ');
    assert!(receiver.verify(&tampered, &headers).is_err());
    let other = Webhook::new("whsec_D2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
    assert!(other.verify(&request.body, &headers).is_err());
}

#[test]
fn the_signature_never_changes() {
    let request = rendered(&[], Some(SECRET)).unwrap();
    assert_eq!(wire_headers(&request)[4], ("webhook-signature", "v1,keezuZXDkro5Q4u6R6lCXgk6a4WM7JU3Dte9HMsrPrw="));
}

#[test]
fn a_wrong_definition_is_refused_before_anything_is_sent() {
    let refused = |error: SpecError| RenderError::Spec(error);
    for (name, value, error) in [
        ("Host", "a", SpecError::HeaderReserved { name: "Host".into() }),
        ("webhook-signature", "v1,a", SpecError::HeaderReserved { name: "webhook-signature".into() }),
        ("two words", "a", SpecError::HeaderName { name: "two words".into() }),
        ("x-a", "a\r\nx-b: c", SpecError::HeaderValue),
    ] {
        assert_eq!(rendered(&[(name, value)], None).unwrap_err(), refused(error));
    }
    assert_eq!(rendered(&[], Some("hunter2")).unwrap_err(), refused(SpecError::SecretPrefix));
    let mut nowhere = spec(&[], None);
    nowhere.url = "ftp://example.com/".into();
    let error = webhook::render(&nowhere, &notification(), ATTEMPTED_AT).unwrap_err();
    assert_eq!((error.outcome().as_str(), error), ("config", refused(SpecError::Scheme)));
}

fn with_rows(rows: usize, cell_bytes: usize) -> Notification {
    Notification {
        columns: vec![Column { name: "text".into(), kind: ColumnType::String }],
        rows: (0..rows).map(|row| vec![Value::String(format!("{row}{}", "🔥".repeat(cell_bytes / 4)))]).collect(),
        row_count: rows as u64,
        ..notification()
    }
}

#[test]
fn a_body_over_the_limit_loses_its_last_rows_and_says_so() {
    for (rows, cell_bytes, kept) in [(4, 100, 4), (100, 20_000, 50), (100, 100_000, 6), (3, 2_000_000, 0)] {
        let request = webhook::render(&spec(&[], None), &with_rows(rows, cell_bytes), ATTEMPTED_AT).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert!(request.body.len() <= WEBHOOK_BODY_MAX_BYTES);
        assert_eq!(body["rows"].as_array().unwrap().len(), kept, "{rows} rows of {cell_bytes} bytes");
        assert_eq!(body["row_count"], rows);
        assert_eq!(body["truncated"], kept < rows);
    }
}

#[test]
fn a_body_that_is_too_large_without_rows_is_refused_with_both_numbers() {
    let huge = Notification { query: Some("x".repeat(2_000_000)), ..with_rows(3, 100) };
    let error = webhook::render(&spec(&[], None), &huge, ATTEMPTED_AT).unwrap_err();
    assert_eq!(error.outcome().as_str(), "payload");
    assert!(matches!(error, RenderError::TooLarge { bytes: 2_000_001.., max_bytes: 1_048_576 }), "{error:?}");
    assert!(error.to_string().ends_with("more than the 1048576 that a receiver may get"), "{error}");
}

#[test]
fn a_request_for_people_shows_no_secret() {
    let password = BASE64.encode("user:pa55word");
    let channel = ChannelSpec {
        name: ChannelName::new("ops"),
        target: Target::Webhook(WebhookSpec {
            url: "https://example.com/hooks/T0K3N?key=T0K3N".into(),
            headers: vec![("Authorization".into(), format!("Basic {password}").into())],
            secret: Some(SECRET.into()),
        }),
    };
    let (notification, presentation) = (notification(), Presentation::default());
    let telling = Telling::first(&notification, &presentation, ATTEMPTED_AT);
    let Wire::Http(request) = render(&channel, &telling).unwrap() else { panic!("a webhook speaks HTTP") };
    let shown = format!("{channel:?} {request:?} {} {:?}", request.masked_url(), request.masked_headers());
    for secret in ["T0K3N", password.as_str(), "pa55word", SECRET, wire_headers(&request)[4].1] {
        assert!(!shown.contains(secret), "{shown} shows {secret}");
    }
    assert!(shown.contains("https://example.com/… ("), "{shown}");
    assert!(shown.contains(r#"("webhook-id", "nt_"#) && shown.contains(r#"("authorization", "***")"#), "{shown}");
}

proptest! {
    #[test]
    fn any_text_arrives_as_it_was_and_is_signed(text in any::<String>(), column in any::<String>()) {
        let notification = Notification {
            columns: vec![Column { name: column.clone(), kind: ColumnType::String }],
            rows: vec![vec![Value::String(text.clone())]],
            query: Some(text.clone()),
            ..notification()
        };
        let request = webhook::render(&spec(&[], Some(SECRET)), &notification, ATTEMPTED_AT).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        prop_assert_eq!(body["rows"][0][column.as_str()].as_str(), Some(text.as_str()));
        prop_assert_eq!(body["query"].as_str(), Some(text.as_str()));
        let signature = Webhook::new(SECRET).unwrap().sign(notification.id.as_str(), 1_795_154_400, &request.body);
        prop_assert_eq!(request.headers[4].1.expose(), signature.unwrap());
    }
}
