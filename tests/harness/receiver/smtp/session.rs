//! One connection: lines in, replies out.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use mailin::{Action, AuthMechanism, Handler, Response, SessionBuilder, response};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::{Book, Mail, Say, Settings, Step, Tls, lock};

/// The longest line that a mail may have, without its end.
const LINE_BYTES_MAX: usize = 998;

/// Codes that no server sends: here they carry the script's wish to the loop that writes replies.
const HANG: u16 = 998;
const CLOSE: u16 = 999;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(super) struct Connection {
    pub(super) settings: Settings,
    pub(super) acceptor: TlsAcceptor,
    pub(super) book: Arc<Mutex<Book>>,
    pub(super) peer: IpAddr,
}

impl Connection {
    /// Talks until either side ends it.
    pub(super) async fn serve(self, stream: TcpStream) -> io::Result<()> {
        lock(&self.book).connections += 1;
        let mut is_encrypted = self.settings.tls == Tls::Implicit;
        let stream: Box<dyn Stream> =
            if is_encrypted { Box::new(self.acceptor.accept(stream).await?) } else { Box::new(stream) };
        let mut stream = BufReader::new(stream);
        let talk = Arc::new(Mutex::new(Talk { is_encrypted, ..Talk::default() }));
        let clerk = Clerk { settings: self.settings.clone(), book: Arc::clone(&self.book), talk: Arc::clone(&talk) };
        let mut session = self.builder().build(self.peer, clerk);
        let greeting = said(&self.book, &Step::Greeting).unwrap_or_else(|| session.greeting());
        let is_greeted = greeting.code == 220;
        write(&mut stream, &greeting).await?;
        if !is_greeted {
            return Ok(());
        }
        let mut line = Vec::new();
        loop {
            line.clear();
            if stream.read_until(b'\n', &mut line).await? == 0 {
                return Ok(());
            }
            self.judge(&line);
            let reply = session.process(&line);
            match reply.action {
                Action::NoReply => {}
                Action::Reply => write(&mut stream, &reply).await?,
                Action::Close => return write(&mut stream, &reply).await,
                Action::UpgradeTls => {
                    write(&mut stream, &reply).await?;
                    if !stream.buffer().is_empty() {
                        self.broken("spoke after STARTTLS before it was answered");
                    }
                    let encrypted: Box<dyn Stream> = Box::new(self.acceptor.accept(stream.into_inner()).await?);
                    stream = BufReader::new(encrypted);
                    session.tls_active();
                    is_encrypted = true;
                    talk.lock().expect("nobody panics while holding it").is_encrypted = is_encrypted;
                }
            }
        }
    }

    fn builder(&self) -> SessionBuilder {
        let mut builder = SessionBuilder::new("mail.test");
        if self.settings.login.is_some() {
            builder.enable_auth(AuthMechanism::Plain).enable_auth(AuthMechanism::Login);
        }
        match self.settings.tls {
            Tls::None | Tls::Implicit => builder.insecure_enable_plaintext_auth(),
            Tls::Starttls => builder.enable_start_tls(),
        };
        builder
    }

    /// Notes what a line does wrong, whatever it says.
    fn judge(&self, line: &[u8]) {
        let Some(text) = line.strip_suffix(b"\r\n") else { return self.broken("a line does not end with CR LF") };
        if text.len() > LINE_BYTES_MAX {
            self.broken("a line has more than 998 bytes");
        }
        if text.contains(&b'\r') {
            self.broken("a CR stands alone");
        }
        if text.contains(&0) {
            self.broken("a line holds a NUL");
        }
        if !text.is_ascii() {
            self.broken("a line holds bytes beyond ASCII, and nobody agreed on that");
        }
    }

    fn broken(&self, rule: &str) {
        lock(&self.book).violations.push(rule.to_owned());
    }
}

async fn write(stream: &mut BufReader<Box<dyn Stream>>, reply: &Response) -> io::Result<()> {
    match reply.code {
        HANG => std::future::pending().await,
        CLOSE => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
        _ => {
            stream.get_mut().write_all(&reply.buffer()?).await?;
            stream.get_mut().flush().await
        }
    }
}

/// What the script says at this step.
fn said(book: &Mutex<Book>, step: &Step) -> Option<Response> {
    Some(match lock(book).next(step)? {
        Say::Reply(code, words) => Response::custom(code, words.to_owned()),
        Say::Hang => Response::custom(HANG, String::new()),
        Say::Close => Response::custom(CLOSE, String::new()),
    })
}

/// What the connection knows of the mail at hand.
#[derive(Default)]
struct Talk {
    is_encrypted: bool,
    user: Option<String>,
    from: String,
    to: Vec<String>,
    bytes: Vec<u8>,
}

/// Answers single commands.
struct Clerk {
    settings: Settings,
    book: Arc<Mutex<Book>>,
    talk: Arc<Mutex<Talk>>,
}

impl Clerk {
    fn scripted(&self, step: &Step, otherwise: Response) -> Response {
        said(&self.book, step).unwrap_or(otherwise)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Talk) -> T) -> T {
        change(&mut self.talk.lock().expect("nobody panics while holding it"))
    }

    fn login(&self, name: &str, secret: &str) -> Response {
        let is_right = self.settings.login == Some((name, secret));
        if let Some(reply) = said(&self.book, &Step::Login) {
            return reply;
        }
        if is_right {
            self.with(|talk| talk.user = Some(name.to_owned()));
            response::AUTH_OK
        } else {
            // Many servers quote what they refuse.
            Response::custom(535, format!("5.7.8 no such login: {name} {secret}"))
        }
    }
}

impl Handler for Clerk {
    fn helo(&mut self, _ip: IpAddr, _domain: &str) -> Response {
        self.scripted(&Step::Hello, response::OK)
    }

    fn mail(&mut self, _ip: IpAddr, _domain: &str, from: &str) -> Response {
        let reply = self.scripted(&Step::From, response::OK);
        if !reply.is_error {
            self.with(|talk| (talk.from, talk.to, talk.bytes) = (from.to_owned(), Vec::new(), Vec::new()));
        }
        reply
    }

    fn rcpt(&mut self, to: &str) -> Response {
        let reply = self.scripted(&Step::To(to.to_owned()), response::OK);
        if !reply.is_error {
            self.with(|talk| talk.to.push(to.to_owned()));
        }
        reply
    }

    fn data_start(&mut self, _domain: &str, _from: &str, _is8bit: bool, _to: &[String]) -> Response {
        self.scripted(&Step::Data, response::START_DATA)
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.with(|talk| talk.bytes.extend_from_slice(bytes));
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let mail = self.with(|talk| Mail {
            from: talk.from.clone(),
            to: talk.to.clone(),
            bytes: std::mem::take(&mut talk.bytes),
            is_encrypted: talk.is_encrypted,
            user: talk.user.clone(),
        });
        let reply = if mail.bytes.len() > self.settings.bytes_max {
            Response::custom(552, "5.3.4 message too big".to_owned())
        } else {
            self.scripted(&Step::Body, Response::custom(250, "2.0.0 Ok: queued as 4XyZ".to_owned()))
        };
        if !reply.is_error {
            let mut book = lock(&self.book);
            book.mails.push(mail);
            book.count.send_modify(|count| *count += 1);
        }
        reply
    }

    fn auth_plain(&mut self, _authorization_id: &str, name: &str, secret: &str) -> Response {
        self.login(name, secret)
    }

    fn auth_login(&mut self, name: &str, secret: &str) -> Response {
        self.login(name, secret)
    }
}
