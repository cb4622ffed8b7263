//! Chats inside the test: receivers that speak as Slack and Discord do, hold every message to the
//! vendor's rules, answer in the vendor's words and keep what they took.
//!
//! A message that breaks a rule fails the test when its receiver is dropped, whatever the script says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use watchfire_model::Timestamp;

use super::fault::Fault;
use super::{discord, hang_up, lossy, slack};

/// Most bytes of one request that are read: far above what any message may have.
const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Whose words a receiver speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chat {
    Slack,
    Discord,
}

/// How a chat treats one message.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatAnswer {
    /// As the vendor would: it takes what its rules allow.
    Judged,
    /// With this status, these headers and this body, and without keeping the message.
    Says(u16, Vec<(&'static str, String)>, String),
    /// As the vendor would, but only after so long.
    Slow(Duration),
    /// Not at all, and keeps the connection open.
    Hang,
    /// Not at all, and closes the connection.
    Close,
}

impl ChatAnswer {
    /// A status with a body.
    pub fn says(status: u16, body: impl Into<String>) -> Self {
        Self::Says(status, Vec::new(), body.into())
    }

    /// Slack asks to wait, in whole seconds, in the header and in the body.
    pub fn slack_throttled(seconds: u64) -> Self {
        let body = json!({"retry_after": seconds, "ok": false, "error": "rate_limited"});
        Self::Says(429, vec![("retry-after", seconds.to_string())], body.to_string())
    }

    /// Discord asks to wait, in fractions of a second in the body; the header rounds up.
    pub fn discord_throttled(seconds: f64, is_global: bool) -> Self {
        let body = json!({"message": "You are being rate limited.", "retry_after": seconds, "global": is_global});
        let scope = if is_global { "global" } else { "shared" };
        let headers = vec![("retry-after", format!("{:.0}", seconds.ceil())), ("x-ratelimit-scope", scope.to_owned())];
        Self::Says(429, headers, body.to_string())
    }

    /// Slack: the channel is archived.
    pub fn slack_archived() -> Self {
        Self::says(410, "channel_is_archived")
    }

    /// Slack: the webhook is gone.
    pub fn slack_no_service() -> Self {
        Self::says(404, "no_service")
    }

    /// Slack: the blocks are refused, whatever they are.
    pub fn slack_invalid_blocks() -> Self {
        Self::says(400, "invalid_blocks")
    }

    /// Discord: the webhook is gone.
    pub fn discord_unknown_webhook() -> Self {
        Self::says(404, json!({"message": "Unknown Webhook", "code": 10015}).to_string())
    }

    /// Discord: the token is wrong.
    pub fn discord_invalid_token() -> Self {
        Self::says(401, json!({"message": "Invalid Webhook Token", "code": 50027}).to_string())
    }

    /// Discord: the body is refused, whatever it is.
    pub fn discord_invalid_form() -> Self {
        let faults = [Fault { at: "/embeds/0/title".into(), code: discord::TOO_LONG, what: "scripted".into() }];
        Self::says(400, discord::refusal(&faults).expect("a fault is refused").to_string())
    }
}

/// One request to a chat as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatArrival {
    /// When it had been read, by the clock of this machine.
    pub at: Timestamp,
    /// The query of the address, without the question mark.
    pub query: String,
    /// Its headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its body; null when it was not JSON.
    pub body: Value,
    /// What a reader sees of it.
    pub seen: String,
    /// What the vendor calls it; `None` when it was not taken, or the vendor says no name.
    pub id: Option<String>,
    /// Whether it was taken.
    pub is_taken: bool,
}

/// A chat on a port of its own on 127.0.0.1.
pub struct ChatReceiver {
    address: String,
    shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
}

struct Shared {
    chat: Chat,
    book: Mutex<Book>,
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct Book {
    arrivals: Vec<ChatArrival>,
    violations: Vec<String>,
    script: VecDeque<ChatAnswer>,
}

impl ChatReceiver {
    /// A chat that speaks as Slack's incoming webhooks do.
    pub async fn slack() -> Self {
        Self::start(Chat::Slack, "/services/T00000000/B00000000/loopback").await
    }

    /// A chat that speaks as Discord's webhooks do.
    pub async fn discord() -> Self {
        Self::start(Chat::Discord, "/api/v10/webhooks/100000000000000000/loopback").await
    }

    async fn start(chat: Chat, path: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = format!("http://{}{path}", listener.local_addr().expect("a bound socket has an address"));
        let shared = Arc::new(Shared { chat, book: Mutex::default(), count: watch::Sender::new(0) });
        let router = Router::new().fallback(take).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the chat listens until it is dropped");
        });
        Self { address, shared, server }
    }

    /// The address of its webhook.
    pub fn url(&self) -> &str {
        &self.address
    }

    /// Treats the next requests like this, in order, and those after them as the vendor would.
    pub fn script(&self, answers: impl IntoIterator<Item = ChatAnswer>) {
        self.shared.lock().script = answers.into_iter().collect();
    }

    /// Every request so far, in order, taken or not.
    pub fn arrivals(&self) -> Vec<ChatArrival> {
        self.shared.lock().arrivals.clone()
    }

    /// What readers see of each message that was taken, in order.
    pub fn seen(&self) -> Vec<String> {
        self.arrivals().into_iter().filter(|arrival| arrival.is_taken).map(|arrival| arrival.seen).collect()
    }

    /// Waits until `enough` is true of everything that has arrived, and returns that; panics with `what` after
    /// `timeout`. `enough` must not ask the receiver itself.
    pub async fn wait_for(
        &self,
        what: &str,
        timeout: Duration,
        enough: impl Fn(&[ChatArrival]) -> bool,
    ) -> Vec<ChatArrival> {
        let mut count = self.shared.count.subscribe();
        let arrived = async {
            while !enough(&self.shared.lock().arrivals) {
                count.changed().await.expect("the sender lives as long as the receiver");
            }
        };
        if tokio::time::timeout(timeout, arrived).await.is_err() {
            let seen: Vec<String> = self.arrivals().into_iter().map(|arrival| arrival.seen).collect();
            panic!("{what}: not within {timeout:?}; {} messages arrived:\n{}", seen.len(), seen.join("\n---\n"));
        }
        self.arrivals()
    }

    /// Every broken rule so far.
    pub fn violations(&self) -> Vec<String> {
        self.shared.lock().violations.clone()
    }

    /// Forgets the broken rules so far; for tests of the receiver itself.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().violations)
    }
}

impl Drop for ChatReceiver {
    fn drop(&mut self) {
        self.server.abort();
        let violations = self.violations();
        // A second panic while the first unwinds would hide both.
        if !std::thread::panicking() {
            assert!(
                violations.is_empty(),
                "the rules of {:?} were broken:\n{}",
                self.shared.chat,
                violations.join("\n")
            );
        }
    }
}

/// What goes back, and whether the message is kept.
struct Verdict {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    id: Option<String>,
    is_taken: bool,
}

impl Verdict {
    fn says(status: u16, body: impl Into<String>) -> Self {
        let is_taken = (200..300).contains(&status);
        Self { status, headers: Vec::new(), body: body.into(), id: None, is_taken }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("nobody panics while holding the book")
    }

    /// Judges one request and records it; says how it is treated.
    fn record(&self, query: &str, headers: BTreeMap<String, String>, bytes: &[u8]) -> (ChatAnswer, Verdict) {
        let at = crate::now();
        let body: Value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
        let faults = match self.chat {
            Chat::Slack => slack::faults(&body),
            Chat::Discord => discord::faults(&body),
        };
        let mut book = self.lock();
        book.violations.extend(faults.iter().map(Fault::to_string));
        if !headers.get("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
            book.violations.push("content-type: is not application/json".to_owned());
        }
        let number = book.arrivals.len() + 1;
        let answer = book.script.pop_front().unwrap_or(ChatAnswer::Judged);
        let verdict = match &answer {
            ChatAnswer::Judged | ChatAnswer::Slow(_) => match self.chat {
                Chat::Slack => slack_verdict(&faults),
                Chat::Discord => discord_verdict(&faults, query, &headers, number),
            },
            ChatAnswer::Says(status, headers, body) => {
                Verdict { headers: headers.clone(), ..Verdict::says(*status, body.clone()) }
            }
            ChatAnswer::Hang | ChatAnswer::Close => Verdict { is_taken: false, ..Verdict::says(0, "") },
        };
        let seen = match self.chat {
            Chat::Slack => slack::seen(&body),
            Chat::Discord => discord::seen(&body),
        };
        let (id, is_taken) = (verdict.id.clone(), verdict.is_taken);
        book.arrivals.push(ChatArrival { at, query: query.to_owned(), headers, body, seen, id, is_taken });
        drop(book);
        self.count.send_replace(number);
        (answer, verdict)
    }
}

fn slack_verdict(faults: &[Fault]) -> Verdict {
    let (status, body) = slack::answer(faults);
    Verdict::says(status, body)
}

fn discord_verdict(faults: &[Fault], query: &str, headers: &BTreeMap<String, String>, number: usize) -> Verdict {
    if headers.get("user-agent").is_none_or(|agent| agent.trim().is_empty()) {
        return Verdict::says(403, json!({"message": "internal network error", "code": 40333}).to_string());
    }
    if let Some(refusal) = discord::refusal(faults) {
        return Verdict::says(400, refusal.to_string());
    }
    if !query.split('&').any(|pair| pair == "wait=true") {
        return Verdict::says(204, "");
    }
    let id = format!("2000000000000000{number:02}");
    let body = json!({"id": id, "type": 0, "channel_id": "300000000000000000"}).to_string();
    Verdict { id: Some(id), ..Verdict::says(200, body) }
}

async fn take(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    // A sender that dies while it sends has not sent.
    let Ok(bytes) = to_bytes(body, REQUEST_BYTES_MAX).await else { hang_up() };
    let headers =
        head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), lossy(value.as_bytes()))).collect();
    let (answer, verdict) = shared.record(head.uri.query().unwrap_or_default(), headers, &bytes);
    match answer {
        ChatAnswer::Judged | ChatAnswer::Says(..) => {}
        ChatAnswer::Slow(delay) => tokio::time::sleep(delay).await,
        ChatAnswer::Hang => std::future::pending().await,
        ChatAnswer::Close => hang_up(),
    }
    let mut response = Response::builder().status(verdict.status);
    for (name, value) in verdict.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(verdict.body)).expect("the test's headers are legal")
}

#[cfg(test)]
mod tests;
