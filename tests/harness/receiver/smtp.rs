//! A mail server inside the test: strict about lines, scripted at each step and for each receiver, with login
//! and TLS of its own authority. It keeps every mail as it came.

mod certificate;
mod session;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

pub use certificate::Authority;

/// How connections are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    None,
    /// On demand; there is no login before it.
    Starttls,
    /// From the first byte.
    Implicit,
}

/// A step of the talk at which a script may speak.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Before the greeting.
    Greeting,
    /// EHLO.
    Hello,
    /// The login.
    Login,
    /// MAIL FROM.
    From,
    /// RCPT TO of one address.
    To(String),
    /// DATA.
    Data,
    /// After the mail's last line.
    Body,
}

/// What the script does at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Say {
    /// Answers with this code and these words.
    Reply(u16, &'static str),
    /// Answers nothing, and keeps the connection open.
    Hang,
    /// Closes the connection.
    Close,
}

/// One mail that the server has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's receivers.
    pub to: Vec<String>,
    /// The mail as it was handed over, its dots restored.
    pub bytes: Vec<u8>,
    /// Whether it came over TLS.
    pub is_encrypted: bool,
    /// Who had logged in.
    pub user: Option<String>,
}

/// What the server demands and offers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How connections are protected.
    pub tls: Tls,
    /// The name and the password without which it takes no mail.
    pub login: Option<(&'static str, &'static str)>,
    /// The greatest mail, in bytes.
    pub bytes_max: usize,
    /// Whether its certificate has expired.
    pub has_expired: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { tls: Tls::None, login: None, bytes_max: 10 * 1024 * 1024, has_expired: false }
    }
}

/// A server on a port of its own on 127.0.0.1. Its host name is `localhost`.
pub struct Smtp {
    port: u16,
    authority: Authority,
    book: Arc<Mutex<Book>>,
    server: tokio::task::JoinHandle<()>,
}

/// What all connections share.
#[derive(Default)]
struct Book {
    mails: Vec<Mail>,
    script: BTreeMap<Step, VecDeque<Say>>,
    violations: Vec<String>,
    connections: usize,
    /// Counts the mails for those who wait.
    count: watch::Sender<usize>,
}

impl Book {
    /// What the script says at this step, once.
    fn next(&mut self, step: &Step) -> Option<Say> {
        self.script.get_mut(step).and_then(VecDeque::pop_front)
    }
}

impl Smtp {
    /// Listens on a free port.
    pub async fn start(settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(authority.server_config(settings.has_expired));
        let book = Arc::new(Mutex::new(Book::default()));
        let shared = Arc::clone(&book);
        let server = tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                let connection = session::Connection {
                    settings: settings.clone(),
                    acceptor: acceptor.clone(),
                    book: Arc::clone(&shared),
                    peer: peer.ip(),
                };
                // A client that hangs up in the middle is no fault of the server.
                tokio::spawn(async move { drop(connection.serve(stream).await) });
            }
        });
        Self { port, authority, book, server }
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of its authority (PEM), for clients that shall believe it.
    pub fn root(&self) -> String {
        self.authority.pem()
    }

    /// Says this at the next times that the talk comes to this step; then all is normal again.
    pub fn script(&self, step: Step, says: impl IntoIterator<Item = Say>) {
        self.book().script.entry(step).or_default().extend(says);
    }

    /// Every mail it has taken, in order.
    pub fn mails(&self) -> Vec<Mail> {
        self.book().mails.clone()
    }

    /// Waits until `enough` is true of the mails taken, and returns them; panics with `what` after `timeout`.
    pub async fn wait_for(&self, what: &str, timeout: Duration, enough: impl Fn(&[Mail]) -> bool) -> Vec<Mail> {
        let mut count = self.book().count.subscribe();
        let done = async {
            while !enough(&self.mails()) {
                count.changed().await.expect("the sender lives as long as the server");
            }
        };
        if tokio::time::timeout(timeout, done).await.is_err() {
            let mails = self.mails();
            let texts: Vec<_> = mails.iter().map(|mail| String::from_utf8_lossy(&mail.bytes)).collect();
            panic!("{what}: not within {timeout:?}; {} mails came:\n{}", mails.len(), texts.join("\n---\n"));
        }
        self.mails()
    }

    /// How many connections were opened.
    pub fn connections(&self) -> usize {
        self.book().connections
    }

    /// Broken rules of the protocol so far, which are then forgotten; for tests of the server itself.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.book().violations)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.server.abort();
        let violations = self.take_violations();
        // A second panic while the first unwinds would hide both.
        if !std::thread::panicking() {
            assert!(violations.is_empty(), "a rule of SMTP was broken:\n{}", violations.join("\n"));
        }
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().expect("nobody panics while holding the book")
}

#[cfg(test)]
mod tests;
