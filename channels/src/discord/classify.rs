//! What Discord means by an answer.

use reqwest::header::{HeaderMap, HeaderName};
use serde_json::Value as Json;
use watchfire_model::Timestamp;

use crate::classify::{Scope, SendOutcome, wish};
use crate::retry_after;

/// Until when the bucket is empty, in seconds; sent with or without a body.
const RESET_AFTER: HeaderName = HeaderName::from_static("x-ratelimit-reset-after");

const UNKNOWN_CHANNEL: u64 = 10_003;
const THREAD_IS_ARCHIVED: u64 = 50_083;
const THREAD_IS_LOCKED: u64 = 160_005;
const FORUM_NEEDS_A_THREAD: u64 = 220_001;
const NO_FORUM: u64 = 220_003;

/// Says what an answer of a webhook means.
///
/// A wait in the body has fractions of a second, the one in the header is rounded up, so the body is
/// believed first. A wait that is `global` holds for every webhook of ours; each of them is told so by its
/// own answer, and only this channel is made to wait here.
pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> SendOutcome {
    let json: Json = serde_json::from_slice(body).unwrap_or(Json::Null);
    match status {
        // Without an id the message was taken all the same: by a stand-in, or without `wait`.
        200..=299 if !is_web_page(body) => SendOutcome::Sent { remote: json["id"].as_str().map(str::to_owned) },
        // A web page is what an address copied from a browser answers; a redirect is never followed.
        200..=399 => SendOutcome::Config,
        400 if is_about_the_thread(&json) => SendOutcome::Config,
        401 | 403 | 405 => SendOutcome::Config,
        // The webhook is there, and its thread is not: the definition can be mended.
        404 if json["code"] == UNKNOWN_CHANNEL => SendOutcome::Config,
        404 | 410 => SendOutcome::Gone,
        429 => SendOutcome::Throttled {
            after: json
                .get("retry_after")
                .and_then(|seconds| retry_after::parse(&seconds.to_string(), now))
                .or_else(|| wish(headers, now))
                .or_else(|| retry_after::parse(headers.get(RESET_AFTER)?.to_str().ok()?, now)),
            scope: Scope::Channel,
        },
        400..=499 => SendOutcome::Payload,
        500..=599 => SendOutcome::Transient,
        _ => SendOutcome::Config,
    }
}

/// Whether no message at all can go where this channel points.
fn is_about_the_thread(json: &Json) -> bool {
    let codes = [UNKNOWN_CHANNEL, THREAD_IS_ARCHIVED, THREAD_IS_LOCKED, FORUM_NEEDS_A_THREAD, NO_FORUM];
    json["code"].as_u64().is_some_and(|code| codes.contains(&code))
}

fn is_web_page(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::{HeaderValue, RETRY_AFTER};

    use super::*;

    fn classified(status: u16, body: &str) -> SendOutcome {
        classify(status, &HeaderMap::new(), body.as_bytes(), Timestamp::EPOCH)
    }

    #[test]
    fn each_answer_has_its_meaning() {
        for (status, bodies, meaning) in [
            (200, &[r#"{"id":"1"}"#, "{}", "ok"][..], "sent"),
            (204, &[""], "sent"),
            (200, &["<!DOCTYPE html>"], "config"),
            (302, &[""], "config"),
            (
                400,
                &[
                    r#"{"embeds":["0"]}"#,
                    r#"{"code":50035,"errors":{"embeds":{"0":{}}},"message":"Invalid Form Body"}"#,
                    r#"{"code":50006,"message":"Cannot send an empty message"}"#,
                    "",
                ],
                "payload",
            ),
            (400, &[r#"{"code":220001}"#, r#"{"code":160005}"#, r#"{"code":10003}"#], "config"),
            (401, &[r#"{"message":"Invalid Webhook Token","code":50027}"#, ""], "config"),
            (403, &["", "error code: 1010"], "config"),
            (404, &[r#"{"message":"Unknown Webhook","code":10015}"#, ""], "gone"),
            (404, &[r#"{"message":"Unknown Channel","code":10003}"#], "config"),
            (413, &[""], "payload"),
            (500, &[""], "transient"),
            (503, &["<html>"], "transient"),
        ] {
            for body in bodies {
                assert_eq!(classified(status, body).as_str(), meaning, "{status} {body}");
            }
        }
    }

    #[test]
    fn a_message_keeps_the_name_that_discord_gives_it() {
        let body = r#"{"id":"1441","type":0,"channel_id":"7"}"#;
        assert_eq!(classified(200, body), SendOutcome::Sent { remote: Some("1441".to_owned()) });
        assert_eq!(classified(204, ""), SendOutcome::Sent { remote: None });
    }

    #[test]
    fn the_wait_has_fractions_of_a_second() {
        let after =
            |millis| SendOutcome::Throttled { after: Some(Duration::from_millis(millis)), scope: Scope::Channel };
        let body = r#"{"message":"You are being rate limited.","retry_after":0.376,"global":false}"#;
        assert_eq!(classified(429, body), after(376));
        assert_eq!(classified(429, r#"{"retry_after":64.57,"global":true}"#), after(64_570));
        assert_eq!(classified(429, "error code: 1015"), SendOutcome::Throttled { after: None, scope: Scope::Channel });
        for (name, wish, millis) in [(RETRY_AFTER, "2", 2_000), (RESET_AFTER, "0.5", 500)] {
            let headers = HeaderMap::from_iter([(name, HeaderValue::from_static(wish))]);
            assert_eq!(classify(429, &headers, b"", Timestamp::EPOCH), after(millis));
        }
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("1"))]);
        assert_eq!(classify(429, &headers, body.as_bytes(), Timestamp::EPOCH), after(376));
    }
}
