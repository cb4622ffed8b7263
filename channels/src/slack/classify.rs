//! What Slack means by an answer.

use reqwest::header::HeaderMap;
use serde_json::Value as Json;
use watchfire_model::Timestamp;

use crate::classify::{Scope, SendOutcome, wish};
use crate::retry_after;

/// Says what an answer of an incoming webhook means, or of whoever speaks as they do.
///
/// Slack's own word decides where it says one, then the status. A success in words that are not Slack's is
/// still a success: servers that take Slack's messages each have their own, and to send again what arrived
/// would tell it twice. Only an explicit refusal (`{"ok": false}`), or a web page, which is what an address
/// copied from a browser answers, is none.
pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> SendOutcome {
    let text = String::from_utf8_lossy(body);
    let json: Option<Json> = serde_json::from_str(&text).ok();
    let throttled = || SendOutcome::Throttled {
        after: wish(headers, now).or_else(|| retry_after::parse(&json.as_ref()?.get("retry_after")?.to_string(), now)),
        scope: Scope::Channel,
    };
    match status {
        429 => throttled(),
        200..=299 => match &json {
            Some(json) if json["ok"] == false || json["success"] == false => {
                match api_word(json["error"].as_str().unwrap_or_default()) {
                    SendOutcome::Throttled { .. } => throttled(),
                    outcome => outcome,
                }
            }
            _ if is_web_page(&text) => SendOutcome::Config,
            _ => SendOutcome::Sent { remote: None },
        },
        // A redirect is never followed.
        300..=399 => SendOutcome::Config,
        410 => SendOutcome::Gone,
        400..=499 => webhook_word(&text).unwrap_or(match status {
            401 | 403..=405 => SendOutcome::Config,
            _ => SendOutcome::Payload,
        }),
        500..=599 => SendOutcome::Transient,
        _ => SendOutcome::Config,
    }
}

/// The word of an incoming webhook; `None` for one that it does not have.
fn webhook_word(text: &str) -> Option<SendOutcome> {
    let word: String = text.trim_start().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
    match word.as_str() {
        "invalid_payload"
        | "user_not_found"
        | "invalid_blocks"
        | "invalid_blocks_format"
        | "invalid_attachments"
        | "no_text"
        | "too_many_attachments" => Some(SendOutcome::Payload),
        "action_prohibited" | "posting_to_general_channel_denied" | "invalid_token" | "team_disabled" => {
            Some(SendOutcome::Config)
        }
        "channel_not_found"
        | "no_service"
        | "no_service_id"
        | "no_active_hooks"
        | "no_team"
        | "channel_is_archived" => Some(SendOutcome::Gone),
        "rollup_error" => Some(SendOutcome::Transient),
        _ => None,
    }
}

/// The `error` of the Web API, which some servers and proxies answer with.
fn api_word(word: &str) -> SendOutcome {
    match word {
        "ratelimited" | "rate_limited" => SendOutcome::Throttled { after: None, scope: Scope::Channel },
        "internal_error" | "request_timeout" | "service_unavailable" => SendOutcome::Transient,
        // It may have had an effect.
        "fatal_error" => SendOutcome::Unknown,
        "msg_too_long" | "msg_blocks_too_long" | "no_text" | "too_many_attachments" => SendOutcome::Payload,
        word if word.starts_with("invalid_blocks") => SendOutcome::Payload,
        "invalid_auth"
        | "not_authed"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "missing_scope"
        | "channel_not_found"
        | "not_in_channel"
        | "is_archived"
        | "ekm_access_denied"
        | "team_access_not_granted" => SendOutcome::Config,
        word if word.starts_with("restricted_action") => SendOutcome::Config,
        // A plainer form is tried before the message is given up.
        word => webhook_word(word).unwrap_or(SendOutcome::Payload),
    }
}

fn is_web_page(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(9).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype") || start.starts_with("<html")
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
    fn each_word_of_a_webhook_has_its_meaning() {
        for (status, words, meaning) in [
            (200, &["ok", "", "ok\n", r#"{"ok":true}"#, r#"{"result":"success"}"#, "thanks"][..], "sent"),
            (204, &[""], "sent"),
            (
                400,
                &[
                    "invalid_payload",
                    "user_not_found",
                    "invalid_blocks",
                    "invalid_blocks_format",
                    "invalid_attachments",
                    "no_text",
                    "too_many_attachments",
                    "something else",
                ],
                "payload",
            ),
            (
                403,
                &["action_prohibited", "posting_to_general_channel_denied", "invalid_token", "team_disabled", "no"],
                "config",
            ),
            (401, &[""], "config"),
            (404, &["channel_not_found", "no_service", "no_service_id", "no_active_hooks", "no_team"], "gone"),
            (404, &["<html>not here</html>", ""], "config"),
            (405, &[""], "config"),
            (410, &["channel_is_archived", ""], "gone"),
            (413, &[""], "payload"),
            (500, &["rollup_error", ""], "transient"),
            (502, &["bad gateway"], "transient"),
            (301, &["moved"], "config"),
            (200, &["<!DOCTYPE html><html>", "\n<html lang=en>"], "config"),
        ] {
            for word in words {
                assert_eq!(classified(status, word).as_str(), meaning, "{status} {word}");
            }
        }
    }

    #[test]
    fn a_success_that_says_no_is_none() {
        for (word, meaning) in [
            ("ratelimited", "throttled"),
            ("rate_limited", "throttled"),
            ("internal_error", "transient"),
            ("fatal_error", "unknown"),
            ("invalid_auth", "config"),
            ("channel_not_found", "config"),
            ("is_archived", "config"),
            ("restricted_action_thread_only_channel", "config"),
            ("invalid_blocks_format", "payload"),
            ("msg_too_long", "payload"),
            ("no_service", "gone"),
            ("never heard of", "payload"),
        ] {
            assert_eq!(classified(200, &format!(r#"{{"ok":false,"error":"{word}"}}"#)).as_str(), meaning, "{word}");
        }
        assert_eq!(classified(200, r#"{"success":false,"error":"x"}"#).as_str(), "payload");
    }

    #[test]
    fn the_wish_stands_in_the_header_or_in_the_body() {
        let throttled =
            |seconds| SendOutcome::Throttled { after: Some(Duration::from_secs(seconds)), scope: Scope::Channel };
        let body = r#"{"retry_after":7,"ok":false,"error":"rate_limited"}"#;
        assert_eq!(classified(429, body), throttled(7));
        assert_eq!(classified(200, body), throttled(7));
        assert_eq!(classified(429, "slow down"), SendOutcome::Throttled { after: None, scope: Scope::Channel });
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("3"))]);
        assert_eq!(classify(429, &headers, body.as_bytes(), Timestamp::EPOCH), throttled(3));
    }
}
