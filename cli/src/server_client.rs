//! Speaks to a running server over HTTP: one client for every command that does.

use std::error::Error;
use std::time::Duration;

use reqwest::header::ACCEPT;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};

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

/// What a server said to a query: its body may be anything.
pub(crate) struct RawAnswer {
    pub(crate) status: StatusCode,
    /// Whether there is more than the body holds.
    pub(crate) is_cut: bool,
    pub(crate) body: Vec<u8>,
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
        let response: Response =
            self.request(method, self.address(path)).send().await.map_err(|error| self.unanswered(&error))?;
        let status = response.status();
        Ok(Answer { status, body: response.text().await.map_err(|error| self.unanswered(&error))? })
    }

    /// Asks with parameters, for a body in the form of `accept`.
    pub(crate) async fn get(
        &self,
        path: &[&str],
        parameters: &[(&str, String)],
        accept: &str,
    ) -> Result<RawAnswer, Unanswered> {
        let mut url = self.address(path);
        url.query_pairs_mut().extend_pairs(parameters);
        let request = self.request(Method::GET, url).header(ACCEPT, accept);
        let response = request.send().await.map_err(|error| self.unanswered(&error))?;
        let (status, headers) = (response.status(), response.headers());
        let is_cut = headers.get("x-watchfire-truncated").is_some_and(|cut| cut == "true");
        let body = response.bytes().await.map_err(|error| self.unanswered(&error))?.to_vec();
        Ok(RawAnswer { status, is_cut, body })
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.client.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    fn address(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    fn unanswered(&self, error: &reqwest::Error) -> Unanswered {
        Unanswered {
            message: format!("no server answers at {}: {}", self.shown(), last_cause(error)),
            help: "is `watchfire serve` running there?",
        }
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
