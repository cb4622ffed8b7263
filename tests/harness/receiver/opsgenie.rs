//! Opsgenie inside the test: it enforces the documented limits, answers 202 and does the work afterwards,
//! and keeps alerts by their alias as the real one does.

mod check;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use watchfire_model::Timestamp;

pub use check::{alert_problems, note_problems};

/// Most bytes of one request that are read.
const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;

/// An alert as its desk keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// By what it is found while it is open.
    pub alias: String,
    /// The body that opened it; later ones with its alias change nothing of it.
    pub body: Value,
    /// How often it was opened while it was open.
    pub count: u64,
    /// What was said about it, the note of its close included.
    pub notes: Vec<String>,
    /// Whether nobody has closed it.
    pub is_open: bool,
}

/// How one request is treated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Treatment {
    /// As the real one would.
    Normal,
    /// 429, with the header that names the period in seconds.
    Throttled(u64),
    /// Another status, and these words.
    Status(u16, &'static str),
    /// 202, and later it is said to have failed with these words.
    FailsLater(&'static str),
    /// 202, and nobody knows later what came of it.
    Forgotten,
    /// Never answers.
    Hang,
    /// Closes the connection without a byte.
    Close,
}

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// When it had been read, by the clock of this machine.
    pub at: Timestamp,
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The `Authorization` header.
    pub authorization: String,
    /// The body; null when it was not JSON.
    pub body: Value,
}

/// A desk on a port of its own on 127.0.0.1.
pub struct Opsgenie {
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
    key: String,
    alerts: Vec<Alert>,
    calls: Vec<Call>,
    script: VecDeque<Treatment>,
    results: BTreeMap<String, (bool, String)>,
}

/// An answer; `None` where there is none.
type Reply = (u16, Vec<(&'static str, String)>, Value);

impl Opsgenie {
    /// Listens on a free port and takes what comes with this key.
    pub async fn start(key: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let book = Mutex::new(Book { key: key.to_owned(), ..Book::default() });
        let shared = Arc::new(Shared { book, count: watch::Sender::new(0) });
        let router = Router::new().fallback(take).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the desk listens until it is dropped");
        });
        Self { address, shared, server }
    }

    /// The base address; `/v2/alerts` follows.
    pub fn base_url(&self) -> String {
        self.address.clone()
    }

    /// Treats the next POST requests like this, in order; those after them normally.
    pub fn script(&self, treatments: impl IntoIterator<Item = Treatment>) {
        self.book().script.extend(treatments);
    }

    /// All alerts, in the order in which they were opened.
    pub fn alerts(&self) -> Vec<Alert> {
        self.book().alerts.clone()
    }

    /// The open alert of an alias.
    pub fn open_alert(&self, alias: &str) -> Option<Alert> {
        self.alerts().into_iter().find(|alert| alert.alias == alias && alert.is_open)
    }

    /// Every request so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.book().calls.clone()
    }

    /// Waits until `enough` is true of all alerts and all requests, and returns the alerts; panics with `what` after
    /// `timeout`. It is asked after each request, and must not ask the desk itself.
    pub async fn wait_for(
        &self,
        what: &str,
        timeout: Duration,
        enough: impl Fn(&[Alert], &[Call]) -> bool,
    ) -> Vec<Alert> {
        let mut count = self.shared.count.subscribe();
        let enough = || {
            let book = self.book();
            enough(&book.alerts, &book.calls)
        };
        let done = async {
            while !enough() {
                count.changed().await.expect("the sender lives as long as the desk");
            }
        };
        if tokio::time::timeout(timeout, done).await.is_err() {
            panic!("{what}: not within {timeout:?}; requests: {:#?}", self.calls());
        }
        self.alerts()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.shared.lock()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("nobody panics while holding the book")
    }
}

impl Drop for Opsgenie {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, REQUEST_BYTES_MAX).await else { hang_up() };
    let path = head.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let reply = shared.lock().take(&head.method, &path, &head.headers, &bytes);
    shared.count.send_modify(|count| *count += 1);
    match reply {
        Ok((status, headers, body)) => {
            let mut response = Response::builder().status(status).header("content-type", "application/json");
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Body::from(body.to_string())).expect("the headers are legal")
        }
        Err(Treatment::Hang) => std::future::pending().await,
        Err(_) => hang_up(),
    }
}

/// Closes the connection without an answer: unwinding is the one way to do so through a handler.
fn hang_up() -> ! {
    std::panic::resume_unwind(Box::new("the desk hangs up"))
}

impl Book {
    fn take(&mut self, method: &Method, path: &str, headers: &HeaderMap, bytes: &[u8]) -> Result<Reply, Treatment> {
        let authorization =
            headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let body: Value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
        let is_ours = authorization == format!("GenieKey {}", self.key);
        let at = crate::now();
        let call = Call { at, method: method.to_string(), path: path.to_owned(), authorization, body: body.clone() };
        self.calls.push(call);
        if !is_ours {
            return Ok(said(401, "Could not authenticate"));
        }
        if *method == Method::GET {
            return Ok(self.result(path));
        }
        let treatment = self.script.pop_front().unwrap_or(Treatment::Normal);
        match treatment {
            Treatment::Normal => Ok(self.work(path, &body, None)),
            Treatment::FailsLater(words) => Ok(self.work(path, &body, Some(words))),
            Treatment::Forgotten => {
                let reply = self.work(path, &body, None);
                self.results.clear();
                Ok(reply)
            }
            Treatment::Throttled(period) => {
                let (status, mut headers, body) = said(429, "You are making too many requests!");
                headers.push(("X-RateLimit-State", "THROTTLED".to_owned()));
                headers.push(("X-RateLimit-Reason", "ACCOUNT".to_owned()));
                headers.push(("X-RateLimit-Period-In-Sec", period.to_string()));
                Ok((status, headers, body))
            }
            Treatment::Status(status, words) => Ok(said(status, words)),
            Treatment::Hang | Treatment::Close => Err(treatment),
        }
    }

    /// Checks a request as the real one does before it accepts it, then does the work.
    fn work(&mut self, path: &str, body: &Value, failure: Option<&str>) -> Reply {
        let Some((alias, verb)) = read_path(path) else { return said(404, "Not found") };
        let problems = if verb == Verb::Create { alert_problems(body) } else { note_problems(body) };
        if !problems.is_empty() {
            let (status, headers, mut reply) = said(422, "Request body is not processable. Please check the errors.");
            reply["errors"] = problems.into_iter().map(|(field, text)| (field, Value::from(text))).collect();
            return (status, headers, reply);
        }
        let id = format!("43a29c5c-{:04}", self.calls.len());
        let result = match failure {
            Some(words) => (false, words.to_owned()),
            None => self.done(&alias, verb, body),
        };
        self.results.insert(id.clone(), result);
        (202, Vec::new(), json!({"result": "Request will be processed", "took": 0.302, "requestId": id}))
    }

    fn done(&mut self, alias: &str, verb: Verb, body: &Value) -> (bool, String) {
        let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
        let alias = if verb == Verb::Create { text("alias") } else { alias.to_owned() };
        let open = self.alerts.iter_mut().find(|alert| alert.alias == alias && alert.is_open);
        match (verb, open) {
            (Verb::Create, Some(alert)) => alert.count += 1,
            (Verb::Create, None) => {
                self.alerts.push(Alert { alias, body: body.clone(), count: 1, notes: Vec::new(), is_open: true });
            }
            (Verb::Note, Some(alert)) => alert.notes.push(text("note")),
            (Verb::Close, Some(alert)) => {
                alert.is_open = false;
                alert.notes.push(text("note"));
            }
            (Verb::Note | Verb::Close, None) => return (false, "Alert does not exist".to_owned()),
        }
        (true, "Done".to_owned())
    }

    fn result(&self, path: &str) -> Reply {
        let id = path.strip_prefix("/v2/alerts/requests/").unwrap_or_default();
        match self.results.get(id) {
            Some((is_success, status)) => {
                let data = json!({"success": is_success, "isSuccess": is_success, "status": status, "alias": ""});
                (200, Vec::new(), json!({"data": data, "took": 0.022, "requestId": id}))
            }
            None => said(404, "Request not found. It might not be processed yet."),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Create,
    Note,
    Close,
}

/// The alias and what is to be done; `None` for a path that there is not.
fn read_path(path: &str) -> Option<(String, Verb)> {
    let rest = path.strip_prefix("/v2/alerts")?;
    if rest.is_empty() {
        return Some((String::new(), Verb::Create));
    }
    let (alias, verb) = rest.strip_prefix('/')?.strip_suffix("?identifierType=alias")?.split_once('/')?;
    match verb {
        "notes" => Some((alias.to_owned(), Verb::Note)),
        "close" => Some((alias.to_owned(), Verb::Close)),
        _ => None,
    }
}

fn said(status: u16, words: &str) -> Reply {
    (status, Vec::new(), json!({"message": words, "took": 0.001, "requestId": "0f2a"}))
}

#[cfg(test)]
mod tests;
