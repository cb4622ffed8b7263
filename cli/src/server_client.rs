//! Speaks to a running server over HTTP: one client for every command that does.

use std::error::Error;
use std::time::Duration;

use reqwest::{Client, Method, Response, StatusCode, Url};

use crate::arguments::{Output, Server};
use crate::exit::Exit;
use crate::trouble;

/// A server, and how long each question to it may take.
pub(crate) struct ServerClient {
    base: Url,
    token: Option<String>,
    client: Client,
}

/// What a server said: the status, and the body as text.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

/// Why there is no answer that could be understood.
pub(crate) struct Unanswered {
    message: String,
    help: &'static str,
}

impl Unanswered {
    /// Says so; the command could not run.
    pub(crate) fn tell(&self, form: Output) -> Exit {
        trouble::tell(form, "no_answer", &self.message, Some(self.help));
        Exit::CouldNotRun
    }
}

impl ServerClient {
    /// A client for the server of the flags. It takes no way round through a proxy: the server is near.
    pub(crate) fn new(server: &Server, timeout: Duration) -> Result<Self, Unanswered> {
        let base = Url::parse(server.url.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let base = base.ok_or_else(|| Unanswered {
            message: format!("`--url {}` is no address of a server", server.url),
            help: "write for example `--url http://127.0.0.1:4318`",
        })?;
        let builder = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(timeout);
        let client = builder.build().map_err(|error| Unanswered {
            message: format!("no client can be made: {}", last_cause(&error)),
            help: "are the certificates of this machine in order?",
        })?;
        Ok(Self { base, token: server.token.clone(), client })
    }

    /// The address of the server, without a user, a password or a slash at its end.
    pub(crate) fn shown(&self) -> String {
        let mut shown = self.base.clone();
        // Addresses over HTTP always have a host, so neither can be refused.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown.as_str().trim_end_matches('/').to_owned()
    }

    /// Asks; each of `path` is one segment, whatever it holds.
    pub(crate) async fn ask(&self, method: Method, path: &[&str]) -> Result<Answer, Unanswered> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let mut request = self.client.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let unanswered = |error: reqwest::Error| Unanswered {
            message: format!("no server answers at {}: {}", self.shown(), last_cause(&error)),
            help: "is `watchfire serve` running there?",
        };
        let response: Response = request.send().await.map_err(unanswered)?;
        let status = response.status();
        Ok(Answer { status, body: response.text().await.map_err(unanswered)? })
    }

    /// Something answers that is not Watchfire.
    pub(crate) fn stranger(&self, status: StatusCode) -> Unanswered {
        Unanswered {
            message: format!("{} answers {}, not as Watchfire does", self.shown(), status.as_u16()),
            help: "is it the right `--url`?",
        }
    }
}

/// The end of the chain alone: what stands before it names layers of the client.
fn last_cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
