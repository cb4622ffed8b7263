//! One attempt against a real socket that behaves and misbehaves as receivers do.

#![expect(clippy::disallowed_methods, reason = "a test has no supervisor")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use watchfire_channels::limits::DETAIL_MAX_BYTES;
use watchfire_channels::{
    Answer, Scope, SendError, SendOutcome, Sender, WebhookSpec, Wire, WireRequest, test_notification, webhook,
};
use watchfire_model::{ProjectName, Timestamp};

/// Longer than any answer of a local receiver takes, shorter than anybody waits for a test.
const TIMEOUT: Duration = Duration::from_secs(10);

/// For receivers that never answer.
const SHORT: Duration = Duration::from_secs(1);

/// What a receiver does with a connection.
#[derive(Clone)]
enum Behavior {
    /// Reads the request and writes these bytes.
    Answer(Vec<u8>),
    /// Reads the request, writes these bytes and keeps the connection open without another word.
    AnswerAndHang(Vec<u8>),
    /// Reads the request and closes the connection without a word.
    ReadAndClose,
    /// Closes the connection without reading.
    Close,
}

/// A receiver on a port of its own; it tells each request that it has read.
struct Receiver {
    port: u16,
    connections: Arc<AtomicUsize>,
    requests: UnboundedReceiver<Vec<u8>>,
}

impl Receiver {
    async fn start(behavior: Behavior) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, requests) = unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let accepted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, behavior.clone(), heard.clone()));
            }
        });
        Self { port, connections, requests }
    }

    fn heard(&mut self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.requests.try_recv().ok()).collect()
    }
}

async fn serve(mut stream: TcpStream, behavior: Behavior, heard: UnboundedSender<Vec<u8>>) {
    if matches!(behavior, Behavior::Close) {
        return;
    }
    while let Some(request) = read_request(&mut stream).await {
        heard.send(request).ok();
        match &behavior {
            Behavior::Answer(bytes) => stream.write_all(bytes).await.unwrap_or_default(),
            Behavior::AnswerAndHang(bytes) => {
                stream.write_all(bytes).await.unwrap_or_default();
                std::future::pending::<()>().await;
            }
            Behavior::ReadAndClose | Behavior::Close => return,
        }
    }
}

/// Head and body of one request; `None` when the connection ends before.
async fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut wanted = None;
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            wanted = Some(end + 4 + length.unwrap_or(0));
        }
        if wanted.is_some_and(|wanted| bytes.len() >= wanted) {
            return Some(bytes);
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn http(status: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn request_to(url: &str) -> WireRequest {
    let spec = WebhookSpec {
        url: url.into(),
        headers: vec![("Authorization".into(), "Bearer hunter22".into())],
        secret: Some("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into()),
    };
    let at = Timestamp::parse("2026-11-20T06:00:00Z").unwrap();
    let notification = test_notification(ProjectName::new("default"), "ev_1", at);
    webhook::render(&spec, &notification, at).unwrap()
}

fn request(port: u16) -> WireRequest {
    request_to(&format!("http://127.0.0.1:{port}/hooks/T0K3N-path?key=T0K3N-query"))
}

async fn sent(receiver: &Receiver, timeout: Duration) -> Answer {
    Sender::new(timeout).unwrap().send(&Wire::Http(request(receiver.port))).await
}

#[tokio::test]
async fn the_receiver_sees_the_bytes_that_were_rendered() {
    let mut receiver = Receiver::start(Behavior::Answer(http("204 No Content", &[], ""))).await;
    let answer = sent(&receiver, TIMEOUT).await;
    assert_eq!((answer.outcome, answer.status), (SendOutcome::Sent { remote: None }, Some(204)));
    assert!(answer.duration < TIMEOUT);

    let rendered = request(receiver.port);
    let heard = receiver.heard();
    assert_eq!(heard.len(), 1);
    let heard = String::from_utf8(heard.into_iter().next().unwrap()).unwrap();
    let (head, body) = heard.split_once("\r\n\r\n").unwrap();
    assert_eq!(body.as_bytes(), rendered.body);
    assert!(head.starts_with("POST /hooks/T0K3N-path?key=T0K3N-query HTTP/1.1\r\n"), "{head}");
    for (name, text) in &rendered.headers {
        assert_eq!(head.matches(&format!("\r\n{name}: {}", text.expose())).count(), 1, "{name} in {head}");
    }
    assert!(!head.to_lowercase().contains("accept-encoding"), "{head}");
}

#[tokio::test]
async fn an_answer_is_classified_and_its_words_are_kept() {
    for (status, headers, outcome) in [
        ("200 OK", &[][..], SendOutcome::Sent { remote: None }),
        ("500 Oops", &[], SendOutcome::Transient),
        ("400 Bad Request", &[], SendOutcome::Payload),
        ("403 Forbidden", &[], SendOutcome::Config),
        ("410 Gone", &[], SendOutcome::Gone),
        ("503 Busy", &[], SendOutcome::Throttled { after: None, scope: Scope::Message }),
        (
            "429 Slow Down",
            &["Retry-After: 7"],
            SendOutcome::Throttled { after: Some(Duration::from_secs(7)), scope: Scope::Message },
        ),
        (
            "429 Slow Down",
            &["Date: Fri, 20 Nov 2026 09:00:00 GMT", "Retry-After: Fri, 20 Nov 2026 09:02:00 GMT"],
            SendOutcome::Throttled { after: Some(Duration::from_secs(120)), scope: Scope::Message },
        ),
    ] {
        let mut receiver = Receiver::start(Behavior::Answer(http(status, headers, "in its own words\n"))).await;
        let answer = sent(&receiver, TIMEOUT).await;
        assert_eq!(answer.outcome, outcome, "{status}");
        assert_eq!(answer.status, status[..3].parse().ok());
        assert_eq!(answer.detail, "in its own words");
        assert_eq!(receiver.heard().len(), 1, "{status}: one attempt is one request");
    }
}

#[tokio::test]
async fn a_date_to_retry_after_counts_from_the_attempt_when_the_receiver_has_no_clock() {
    let headers = ["Retry-After: Fri, 20 Nov 2026 06:30:00 GMT"];
    let receiver = Receiver::start(Behavior::Answer(http("429 Slow Down", &headers, ""))).await;
    let SendOutcome::Throttled { after: Some(after), .. } = sent(&receiver, TIMEOUT).await.outcome else {
        panic!("a throttled answer with a wish");
    };
    let half_an_hour = Duration::from_mins(30);
    assert!(after <= half_an_hour && after > half_an_hour - TIMEOUT, "{after:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let mut elsewhere = Receiver::start(Behavior::Answer(http("200 OK", &[], ""))).await;
        let location = format!("Location: http://127.0.0.1:{}/", elsewhere.port);
        let receiver = Receiver::start(Behavior::Answer(http(status, &[&location], ""))).await;
        let answer = sent(&receiver, TIMEOUT).await;
        assert_eq!((answer.outcome, answer.status), (SendOutcome::Config, status[..3].parse().ok()));
        assert!(elsewhere.heard().is_empty(), "{status} was followed");
        assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0, "{status} was followed");
    }
}

#[tokio::test]
async fn silence_after_the_message_was_read_is_unknown() {
    let mut receiver = Receiver::start(Behavior::AnswerAndHang(Vec::new())).await;
    let answer = sent(&receiver, SHORT).await;
    assert_eq!((answer.outcome, answer.status), (SendOutcome::Unknown, None));
    assert!(answer.duration >= SHORT && answer.duration < TIMEOUT, "{:?}", answer.duration);
    assert!(answer.detail.contains("timed out"), "{}", answer.detail);
    assert_eq!(receiver.heard().len(), 1);
}

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_is_unknown_and_not_tried_again() {
    for (behavior, heard) in [(Behavior::ReadAndClose, 1), (Behavior::Close, 0)] {
        let mut receiver = Receiver::start(behavior).await;
        let answer = sent(&receiver, TIMEOUT).await;
        assert_eq!((answer.outcome, answer.status), (SendOutcome::Unknown, None), "{}", answer.detail);
        assert!(!answer.detail.is_empty());
        assert_eq!(receiver.heard().len(), heard);
        assert_eq!(receiver.connections.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_unknown() {
    let receiver = Receiver::start(Behavior::Answer(b"220 mail.example.com ESMTP\r\n\r\n".to_vec())).await;
    assert_eq!(sent(&receiver, TIMEOUT).await.outcome, SendOutcome::Unknown);
}

#[tokio::test]
async fn where_nobody_listens_it_is_transient() {
    // A port that was just given back.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    for url in [format!("http://127.0.0.1:{port}/T0K3N-path"), "http://no-such-host.invalid/T0K3N-path".to_owned()] {
        let answer = Sender::new(TIMEOUT).unwrap().send(&Wire::Http(request_to(&url))).await;
        assert_eq!((answer.outcome, answer.status), (SendOutcome::Transient, None), "{}", answer.detail);
        assert!(!answer.detail.contains("T0K3N"), "{}", answer.detail);
    }
}

#[tokio::test]
async fn https_to_a_receiver_that_speaks_none_is_transient() {
    let receiver = Receiver::start(Behavior::Answer(Vec::new())).await;
    let plain = Receiver::start(Behavior::Close).await;
    for (port, timeout) in [(receiver.port, SHORT), (plain.port, TIMEOUT)] {
        let request = request_to(&format!("https://127.0.0.1:{port}/T0K3N-path"));
        let answer = Sender::new(timeout).unwrap().send(&Wire::Http(request)).await;
        assert_eq!((answer.outcome, answer.status), (SendOutcome::Transient, None), "{}", answer.detail);
    }
}

#[tokio::test]
async fn a_giant_answer_is_read_no_further_than_its_limit() {
    // The head promises a gigabyte and the connection stays open: whoever reads on, waits.
    let mut bytes = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 1000000000\r\n\r\n".to_vec();
    bytes.extend_from_slice("é".repeat(100_000).as_bytes());
    let receiver = Receiver::start(Behavior::AnswerAndHang(bytes)).await;
    let answer = sent(&receiver, TIMEOUT).await;
    assert_eq!((answer.outcome, answer.status), (SendOutcome::Payload, Some(400)));
    assert_eq!(answer.detail, "é".repeat(DETAIL_MAX_BYTES / 2));
    assert!(answer.duration < TIMEOUT);
}

#[tokio::test]
async fn a_body_that_breaks_off_changes_nothing_about_the_status() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ntaken from T0K3N-que".to_vec();
    let receiver = Receiver::start(Behavior::AnswerAndHang(head)).await;
    let answer = sent(&receiver, SHORT).await;
    assert_eq!((answer.outcome, answer.status), (SendOutcome::Sent { remote: None }, Some(200)));
    // What may be the beginning of a secret is not kept either.
    assert_eq!(answer.detail, "taken from");
}

#[tokio::test]
async fn what_a_receiver_says_shows_no_secret_and_no_control_characters() {
    let echo = "\u{1b}[31mno \0route http://127.0.0.1:9/hooks/T0K3N-path?key=T0K3N-query, \
                path /hooks/T0K3N-path, key T0K3N-query, auth Bearer hunter22, token hunter22";
    let receiver = Receiver::start(Behavior::Answer(http("404 Not Found", &[], echo))).await;
    let request = request(receiver.port);
    let sender = Sender::new(TIMEOUT).unwrap();
    let answer = sender.send(&Wire::Http(request.clone())).await;
    let texts = format!("{answer:?} {sender:?} {request:?} {}", answer.detail);
    for secret in ["T0K3N", "hunter22", "\u{1b}", "\0"] {
        assert!(!texts.contains(secret), "{texts}");
    }
    assert!(answer.detail.contains("[removed], path [removed], key [removed]"), "{}", answer.detail);
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let mut receiver = Receiver::start(Behavior::Answer(http("200 OK", &[], ""))).await;
    let sender = Sender::new(TIMEOUT).unwrap();
    for _ in 0..3 {
        assert_eq!(sender.send(&Wire::Http(request(receiver.port))).await.status, Some(200));
    }
    assert_eq!(receiver.heard().len(), 3);
    assert_eq!(receiver.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_request_that_cannot_be_built_is_a_wrong_definition() {
    let broken = WireRequest { url: "no address, T0K3N".into(), ..request(9) };
    let answer = Sender::new(TIMEOUT).unwrap().send(&Wire::Http(broken)).await;
    assert_eq!((answer.outcome, answer.status), (SendOutcome::Config, None));
    assert!(!answer.detail.contains("T0K3N"), "{}", answer.detail);
}

#[test]
fn a_timeout_has_limits() {
    for (timeout, error) in [
        (Duration::ZERO, "a delivery timeout of 0 s is not between 1 ms and 30 s"),
        (Duration::from_millis(30_500), "a delivery timeout of 30.5 s is not between 1 ms and 30 s"),
    ] {
        let refused = Sender::new(timeout).unwrap_err();
        assert!(matches!(refused, SendError::Timeout { .. }));
        assert_eq!(refused.to_string(), error);
    }
    assert!(Sender::new(Duration::from_secs(30)).is_ok());
}
