//! A query to a running server, over the API that clients of Logfire use.
//!
//! The rows come as Parquet, which keeps every type, so that they are printed as those of a local query are.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value as Json;
use watchfire_telemetry::{QueryRequest, result_file};

use crate::arguments::{Output, Server};
use crate::command::query::Rows;
use crate::exit::Exit;
use crate::server_client::{ServerClient, Unanswered};
use crate::trouble;

/// A little more than the server itself takes at most by default.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The form that is asked for, and that of errors.
const ACCEPT: &str = "application/vnd.apache.parquet, application/problem+json";

/// Why there are no rows.
pub(crate) enum Refused {
    /// Nobody answered.
    Unanswered(Unanswered),
    /// The server said no.
    Said { status: StatusCode, code: String, message: String },
}

impl Refused {
    /// Says so.
    pub(crate) fn tell(&self, form: Output) -> Exit {
        match self {
            Self::Unanswered(unanswered) => unanswered.tell(form),
            Self::Said { status, code, message } => {
                let (help, exit) = match *status {
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                        (Some("a token that may read is given by `--token` or WATCHFIRE_TOKEN"), Exit::CouldNotRun)
                    }
                    StatusCode::TOO_MANY_REQUESTS => (Some("try again in a moment"), Exit::CouldNotRun),
                    _ => (None, Exit::No),
                };
                trouble::tell(form, code, message, help);
                exit
            }
        }
    }
}

/// Asks the server at `url`.
pub(crate) async fn ask(url: &str, token: Option<&str>, request: &QueryRequest) -> Result<Rows, Refused> {
    let server = Server { url: url.to_owned(), token: token.map(str::to_owned) };
    let client = ServerClient::new(&server, TIMEOUT).map_err(Refused::Unanswered)?;
    let mut parameters = vec![("sql", request.sql.clone()), ("limit", request.limit.to_string())];
    parameters.extend(request.min.map(|min| ("min_timestamp", min.to_rfc3339_micros())));
    parameters.extend(request.max.map(|max| ("max_timestamp", max.to_rfc3339_micros())));
    parameters.extend(request.zone.map(|zone| ("timezone", zone.name().to_owned())));
    let environments = request.environments.iter().flatten();
    parameters.extend(environments.map(|environment| ("deployment_environment", environment.clone())));
    let answer = client.get(&["v1", "query"], &parameters, ACCEPT).await.map_err(Refused::Unanswered)?;
    if answer.status != StatusCode::OK {
        return Err(refused(&client, answer.status, &answer.body));
    }
    match result_file::read(answer.body) {
        Ok((columns, rows)) => Ok(Rows { columns, rows, is_cut: answer.is_cut }),
        Err(_) => Err(Refused::Unanswered(client.stranger(answer.status))),
    }
}

/// What a body that is no answer says: a problem, our own error, or something that is not of this server.
fn refused(client: &ServerClient, status: StatusCode, body: &[u8]) -> Refused {
    let body: Json = serde_json::from_slice(body).unwrap_or_default();
    let details = &body["error_details"];
    let said = [
        (&details["code"], &details["message"]),
        (&body["error"]["code"], &body["error"]["message"]),
        (&body["error_code"], &body["detail"]),
    ];
    let said = said.into_iter().find_map(|(code, message)| code.as_str().zip(message.as_str()));
    match said {
        Some((_, message)) if details["error_type"] == "UserError" => {
            // The word of a query that is asked here.
            Refused::Said { status, code: "invalid_query".to_owned(), message: message.to_owned() }
        }
        Some((code, message)) => Refused::Said { status, code: code.to_owned(), message: message.to_owned() },
        None => match body["detail"].as_str() {
            Some(detail) => Refused::Said { status, code: "refused".to_owned(), message: detail.to_owned() },
            None => Refused::Unanswered(client.stranger(status)),
        },
    }
}
