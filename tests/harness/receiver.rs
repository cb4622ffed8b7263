//! A webhook receiver inside the test: it answers as its script says, records every request, and
//! holds each to the contract. A broken contract fails the test when the receiver is dropped.

pub mod chat;
pub mod discord;
pub mod fault;
pub mod opsgenie;
pub mod slack;
pub mod smtp;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use watchfire_model::Timestamp;

use crate::answer::Answer;
use crate::contract;

/// Most bytes of one request that the receiver reads: far above what any message may have.
const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// When it had been read, by the clock of this machine.
    pub at: Timestamp,
    /// The path it was sent to, for example `/hooks/a`.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its body; null when it was not JSON.
    pub body: Value,
    /// How it was treated.
    pub answer: Answer,
}

impl Arrival {
    /// A field of the body as text; empty when it is null or absent.
    pub fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_default()
    }

    /// The id of the notification.
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// Its `type`, for example `alert.started`.
    pub fn kind(&self) -> &str {
        self.text("type")
    }

    /// The name of the rule it is about; empty when it is about none.
    pub fn rule(&self) -> &str {
        self.body["rule"]["name"].as_str().unwrap_or_default()
    }

    /// A field of the body as an instant.
    pub fn instant(&self, field: &str) -> Option<Timestamp> {
        Timestamp::parse(self.text(field))
    }
}

/// A receiver on a port of its own on 127.0.0.1.
pub struct Receiver {
    address: String,
    shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
}

struct Shared {
    book: Mutex<Book>,
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct Book {
    arrivals: Vec<Arrival>,
    violations: Vec<String>,
    scripts: BTreeMap<String, Script>,
    secrets: BTreeMap<String, String>,
}

/// The answers of one path: these one after another, then the last for ever.
struct Script {
    next: VecDeque<Answer>,
    last: Answer,
}

impl Receiver {
    /// Listens on a free port and takes everything until told otherwise.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let shared = Arc::new(Shared { book: Mutex::default(), count: watch::Sender::new(0) });
        let router = Router::new().fallback(take).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the receiver listens until it is dropped");
        });
        Self { address, shared, server }
    }

    /// The full address of a path, for example `http://127.0.0.1:40123/hooks/a`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Treats the requests to a path like this, in order; the last answer holds for all after it.
    pub fn script(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        let mut next: VecDeque<Answer> = answers.into_iter().collect();
        let last = next.pop_back().expect("a script has at least one answer");
        self.book().scripts.insert(path.to_owned(), Script { next, last });
    }

    /// Demands on this path a signature made with this secret (`whsec_…`).
    pub fn demand_signature(&self, path: &str, secret: &str) {
        self.book().secrets.insert(path.to_owned(), secret.to_owned());
    }

    /// Everything that has arrived, in order.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.book().arrivals.clone()
    }

    /// What has arrived at one path, in order.
    pub fn arrivals_at(&self, path: &str) -> Vec<Arrival> {
        self.arrivals().into_iter().filter(|arrival| arrival.path == path).collect()
    }

    /// Waits until `enough` is true of everything that has arrived, and returns that.
    ///
    /// Panics after `timeout` with `what` and a line for each arrival. `enough` is asked after each arrival,
    /// and must not ask the receiver itself.
    pub async fn wait_for(&self, what: &str, timeout: Duration, enough: impl Fn(&[Arrival]) -> bool) -> Vec<Arrival> {
        self.within(timeout, enough).await.unwrap_or_else(|| {
            let summary: Vec<String> = self.arrivals().iter().map(line_of).collect();
            panic!("{what}: not within {timeout:?}; {} requests arrived:\n{}", summary.len(), summary.join("\n"))
        })
    }

    /// Like [`Self::wait_for`], but a timeout is an answer: `None`.
    pub async fn within(&self, timeout: Duration, enough: impl Fn(&[Arrival]) -> bool) -> Option<Vec<Arrival>> {
        let mut count = self.shared.count.subscribe();
        let arrived = async {
            loop {
                if enough(&self.book().arrivals) {
                    return self.arrivals();
                }
                count.changed().await.expect("the sender lives as long as the receiver");
            }
        };
        tokio::time::timeout(timeout, arrived).await.ok()
    }

    /// Every broken contract so far.
    pub fn violations(&self) -> Vec<String> {
        self.book().violations.clone()
    }

    /// Forgets the broken contracts so far; for tests of the receiver itself.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.book().violations)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.shared.lock()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
        let violations = self.violations();
        // A second panic while the first unwinds would hide both.
        if !std::thread::panicking() {
            assert!(violations.is_empty(), "the webhook contract was broken:\n{}", violations.join("\n"));
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("nobody panics while holding the book")
    }

    /// Records one request, judges it, and says how to treat it.
    fn record(&self, path: String, headers: &HeaderMap, bytes: &[u8]) -> Answer {
        let at = crate::now();
        let names = headers.iter().map(|(name, value)| (name.as_str().to_owned(), lossy(value.as_bytes()))).collect();
        let body = serde_json::from_slice(bytes).unwrap_or(Value::Null);
        let mut broken = contract::violations(&names, &body, at);
        let mut book = self.lock();
        if let Some(secret) = book.secrets.get(&path) {
            let hook = standardwebhooks::Webhook::new(secret).expect("the test's secret is base64");
            if let Err(error) = hook.verify(bytes, headers) {
                broken.push(error.to_string());
            }
        }
        let answer = book.scripts.get_mut(&path).map_or_else(Answer::ok, Script::next);
        book.violations.extend(broken.into_iter().map(|violation| format!("{path} {}: {violation}", body["id"])));
        book.arrivals.push(Arrival { at, path, headers: names, body, answer: answer.clone() });
        let count = book.arrivals.len();
        drop(book);
        self.count.send_replace(count);
        answer
    }
}

impl Script {
    fn next(&mut self) -> Answer {
        self.next.pop_front().unwrap_or_else(|| self.last.clone())
    }
}

async fn take(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    // A sender that dies while it sends has not sent.
    let Ok(bytes) = to_bytes(body, REQUEST_BYTES_MAX).await else { hang_up() };
    match shared.record(head.uri.path().to_owned(), &head.headers, &bytes) {
        Answer::Status(status, headers) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Body::empty()).expect("the test's headers are legal")
        }
        Answer::Slow(delay) => {
            tokio::time::sleep(delay).await;
            Response::new(Body::empty())
        }
        Answer::Hang => std::future::pending().await,
        Answer::Close => hang_up(),
    }
}

/// Ends the task of this connection, which closes its socket without an answer. Unwinding without
/// the panic hook is the one way to do so through a handler, and prints nothing.
fn hang_up() -> ! {
    std::panic::resume_unwind(Box::new("the receiver hangs up"))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn line_of(arrival: &Arrival) -> String {
    let (kind, rule, reason, slot) =
        (arrival.kind(), arrival.rule(), arrival.text("reason"), arrival.text("scheduled_for"));
    format!("  {} {} {kind} {rule} {reason} {slot} -> {:?}", arrival.at, arrival.path, arrival.answer)
}

#[cfg(test)]
mod tests;
