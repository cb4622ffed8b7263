//! What its answers mean. 202 says "accepted", and only a second question says whether it was done.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use secrecy::ExposeSecret;
use serde_json::Value as Json;
use url::Url;
use watchfire_model::Timestamp;

use crate::classify::{Scope, SendOutcome, wish};
use crate::limits::RETRY_AFTER_MAX;
use crate::wire::WireRequest;

/// How long a throttled account has to wait; the receiver's own header.
const PERIOD: &str = "x-ratelimit-period-in-sec";

/// Words in a failure that speak of the moment and not of the request.
const PASSING: [&str; 7] = ["try again", "throttl", "rate limit", "timeout", "timed out", "internal", "unavailable"];

/// Words of a failure that say that the alert is not open (any more).
const NOT_OPEN: [&str; 4] = ["does not exist", "not found", "already closed", "is closed"];

/// Says what an answer means, before it is known what was asked: [`settled`] knows.
pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> SendOutcome {
    match status {
        200..=299 => SendOutcome::Sent { remote: request_id(body) },
        // A redirect is never followed: the key would go where it leads. 402: the account is not paid.
        300..=399 | 401..=405 => SendOutcome::Config,
        // A tenant that has moved to Jira Service Management is switched off.
        410 => SendOutcome::Gone,
        429 => SendOutcome::Throttled { after: period(headers).or_else(|| wish(headers, now)), scope: Scope::Channel },
        408 | 500..=599 => SendOutcome::Transient,
        400..=499 => SendOutcome::Payload,
        _ => SendOutcome::Config,
    }
}

/// The question what came of a request that was accepted; `None` when there is nothing to ask for.
pub(crate) fn follow_up(request: &WireRequest, outcome: &SendOutcome) -> Option<WireRequest> {
    let SendOutcome::Sent { remote: Some(id) } = outcome else { return None };
    let mut url = Url::parse(request.url.expose_secret()).ok()?;
    let base: Vec<String> = url.path_segments()?.map(str::to_owned).take_while(|segment| segment != "v2").collect();
    url.path_segments_mut().ok()?.clear().extend(base).extend(["v2", "alerts", "requests", id]);
    url.set_query(None);
    let headers = request.headers.iter().filter(|(name, _)| name != "content-type").cloned().collect();
    let url = String::from(url).into();
    Some(WireRequest { method: Method::GET, url, headers, body: Vec::new(), ..request.clone() })
}

/// What an attempt means in the light of what was asked, and of the second answer where there is one.
///
/// A close of, or a note on, an alert that is not open there has nothing left to do: somebody closed it
/// by hand. `status` is the HTTP status of the first answer. What the second one cannot say
/// changes nothing: accepted stays accepted.
pub(crate) fn settled(request: &WireRequest, outcome: SendOutcome, status: u16, second: Option<&[u8]>) -> SendOutcome {
    let opens = is_create(request);
    let outcome = match outcome {
        SendOutcome::Config if status == 404 && !opens => SendOutcome::Sent { remote: None },
        SendOutcome::Sent { .. } if second.and_then(failure).is_some() => {
            failed(opens, &second.and_then(failure).unwrap_or_default())
        }
        other => other,
    };
    match outcome {
        // Only what opens an alert is the root of its thread. A receiver without request ids is one too.
        SendOutcome::Sent { remote } if opens => SendOutcome::Sent { remote: remote.or_else(|| alias(request)) },
        SendOutcome::Sent { .. } => SendOutcome::Sent { remote: None },
        other => other,
    }
}

/// What it means that an accepted request failed, by the words of the receiver.
///
/// Most failures come back with the same request, so they are told as such and the plain form is tried;
/// what speaks of the moment is worth another attempt.
fn failed(opens: bool, words: &str) -> SendOutcome {
    let words = words.to_lowercase();
    let says = |any: &[&str]| any.iter().any(|part| words.contains(part));
    if !opens && says(&NOT_OPEN) {
        SendOutcome::Sent { remote: None }
    } else if says(&PASSING) {
        SendOutcome::Transient
    } else {
        SendOutcome::Payload
    }
}

/// The receiver's words when it says that a request failed; `None` for anything else.
fn failure(body: &[u8]) -> Option<String> {
    let answer: Json = serde_json::from_slice(body).ok()?;
    let data = &answer["data"];
    (data["isSuccess"] == Json::Bool(false)).then(|| data["status"].as_str().unwrap_or_default().to_owned())
}

fn is_create(request: &WireRequest) -> bool {
    Url::parse(request.url.expose_secret()).is_ok_and(|url| url.path().ends_with("/v2/alerts"))
}

fn request_id(body: &[u8]) -> Option<String> {
    let answer: Json = serde_json::from_slice(body).ok()?;
    answer["requestId"].as_str().filter(|id| !id.is_empty()).map(str::to_owned)
}

fn alias(request: &WireRequest) -> Option<String> {
    let body: Json = serde_json::from_slice(&request.body).ok()?;
    body["alias"].as_str().map(str::to_owned)
}

fn period(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(PERIOD)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests;
