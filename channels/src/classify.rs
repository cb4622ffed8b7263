//! What an answer means.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use watchfire_model::Timestamp;

use crate::wire::Vendor;
use crate::{discord, opsgenie, retry_after, slack};

/// What became of one attempt, by what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The receiver took it.
    Sent {
        /// What the receiver calls the message, where it says so and a later message can refer to it.
        remote: Option<String>,
    },
    /// The receiver may take it later.
    Throttled {
        /// Its own wish, at most one hour, if it told us.
        after: Option<Duration>,
        /// What it does not want until then.
        scope: Scope,
    },
    /// It did not arrive, and trying again may help.
    Transient,
    /// Nobody knows whether it arrived; trying again may tell it twice.
    Unknown,
    /// The receiver will never take this message as it is.
    Payload,
    /// The channel's definition is wrong: credentials, rights or address.
    Config,
    /// The receiver says that the address is gone for good.
    Gone,
}

/// What a receiver that asks for time does not want meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// This message; others may go.
    Message,
    /// Any message to the channel.
    Channel,
}

impl SendOutcome {
    /// The word for it in the store, in JSON and in logs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Sent { .. } => "sent",
            Self::Throttled { .. } => "throttled",
            Self::Transient => "transient",
            Self::Unknown => "unknown",
            Self::Payload => "payload",
            Self::Config => "config",
            Self::Gone => "gone",
        }
    }

    /// Whether the channel itself is broken, so that other messages cannot go out either.
    pub const fn breaks_channel(&self) -> bool {
        match self {
            Self::Config | Self::Gone => true,
            Self::Sent { .. } | Self::Throttled { .. } | Self::Transient | Self::Unknown | Self::Payload => false,
        }
    }
}

/// Says what an HTTP answer means.
///
/// `now` is when the answer came. A date in `Retry-After` counts from the receiver's own
/// `Date`, where it sends one, so that a clock that runs wrong on either side does no harm.
///
/// `body` is as much of the answer as was read: some vendors say there what a status alone does not.
pub fn classify(vendor: Vendor, status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> SendOutcome {
    match vendor {
        Vendor::Slack => slack::classify::classify(status, headers, body, now),
        Vendor::Discord => discord::classify::classify(status, headers, body, now),
        Vendor::Opsgenie => opsgenie::classify(status, headers, body, now),
        Vendor::Webhook => webhook(status, headers, now),
    }
}

fn webhook(status: u16, headers: &HeaderMap, now: Timestamp) -> SendOutcome {
    match status {
        200..=299 => SendOutcome::Sent { remote: None },
        // A redirect is never followed: it may lead where the operator never meant to send.
        300..=399 | 401 | 403 | 404 => SendOutcome::Config,
        410 => SendOutcome::Gone,
        429 | 502..=504 => SendOutcome::Throttled { after: wish(headers, now), scope: Scope::Message },
        400..=499 => SendOutcome::Payload,
        500..=599 => SendOutcome::Transient,
        // Whoever answers with a status that HTTP does not have takes no webhooks.
        _ => SendOutcome::Config,
    }
}

/// How long the receiver's headers ask us to wait.
pub(crate) fn wish(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let now = text(DATE).and_then(retry_after::http_date).unwrap_or(now);
    retry_after::parse(text(RETRY_AFTER)?, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn classified(status: u16, headers: &[(HeaderName, &'static str)]) -> SendOutcome {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        classify(Vendor::Webhook, status, &headers, b"", Timestamp::parse("2026-11-20T06:00:00Z").unwrap())
    }

    #[test]
    fn each_status_has_its_meaning() {
        for (statuses, word) in [
            (&[200, 201, 202, 204, 206, 299][..], "sent"),
            (&[300, 301, 302, 303, 304, 307, 308, 399, 401, 403, 404, 100, 101, 600, 999], "config"),
            (&[410], "gone"),
            (&[429, 502, 503, 504], "throttled"),
            (&[400, 402, 405, 406, 408, 409, 411, 413, 414, 415, 418, 422, 425, 428, 431, 451, 499], "payload"),
            (&[500, 501, 505, 507, 508, 511, 520, 529, 599], "transient"),
        ] {
            for status in statuses {
                assert_eq!(classified(*status, &[]).as_str(), word, "{status}");
            }
        }
    }

    #[test]
    fn the_receivers_wish_is_kept_and_junk_is_not() {
        let throttled = |after| SendOutcome::Throttled { after, scope: Scope::Message };
        for status in [429, 502, 503, 504] {
            assert_eq!(classified(status, &[]), throttled(None));
            assert_eq!(classified(status, &[(RETRY_AFTER, "7")]), throttled(Some(Duration::from_secs(7))));
            assert_eq!(classified(status, &[(RETRY_AFTER, "0.25")]), throttled(Some(Duration::from_millis(250))));
            assert_eq!(classified(status, &[(RETRY_AFTER, "86400")]), throttled(Some(Duration::from_hours(1))));
            assert_eq!(classified(status, &[(RETRY_AFTER, "later")]), throttled(None));
        }
        assert_eq!(classified(500, &[(RETRY_AFTER, "7")]), SendOutcome::Transient);
    }

    #[test]
    fn a_date_counts_from_the_receivers_own_clock() {
        let in_a_minute = || (RETRY_AFTER, "Fri, 20 Nov 2026 06:01:00 GMT");
        let after =
            |seconds| SendOutcome::Throttled { after: Some(Duration::from_secs(seconds)), scope: Scope::Message };
        assert_eq!(classified(429, &[in_a_minute()]), after(60));
        assert_eq!(classified(429, &[in_a_minute(), (DATE, "Fri, 20 Nov 2026 06:00:50 GMT")]), after(10));
        assert_eq!(classified(429, &[in_a_minute(), (DATE, "yesterday")]), after(60));
    }

    #[test]
    fn only_a_wrong_definition_or_a_gone_address_breaks_a_channel() {
        let broken: Vec<u16> = (200..600).filter(|status| classified(*status, &[]).breaks_channel()).collect();
        let expected: Vec<u16> = (300..400).chain([401, 403, 404, 410]).collect();
        assert_eq!(broken, expected);
    }
}
