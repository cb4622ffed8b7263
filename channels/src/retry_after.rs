//! What a receiver means by `Retry-After`.

use std::time::Duration;

use watchfire_model::Timestamp;

use crate::limits::RETRY_AFTER_MAX;

/// Reads whole seconds, fractions of seconds, or an HTTP date, which counts from `now`.
///
/// At most one hour; a date in the past is no wait. `None` for anything else: junk must not hold up a message.
pub(crate) fn parse(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let wish = match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => {
            Duration::try_from_secs_f64(seconds).unwrap_or(RETRY_AFTER_MAX)
        }
        Ok(_) => return None,
        Err(_) => http_date(text)?.since(now),
    };
    Some(wish.min(RETRY_AFTER_MAX))
}

/// Reads an HTTP date in any of its three forms; `None` before 1970 or when it is none.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    let since_epoch = httpdate::parse_http_date(text.trim()).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp::EPOCH.plus(since_epoch))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<f64> {
        let now = Timestamp::parse("2026-11-20T06:00:00Z").unwrap();
        parse(text, now).map(|wish| wish.as_secs_f64())
    }

    #[test]
    fn seconds_fractions_and_dates_are_read() {
        for (text, seconds) in [
            ("0", 0.0),
            ("30", 30.0),
            (" 30 ", 30.0),
            ("0.3", 0.3),
            ("1.5", 1.5),
            ("Fri, 20 Nov 2026 06:00:42 GMT", 42.0),
            ("Friday, 20-Nov-26 06:00:42 GMT", 42.0),
            ("Fri Nov 20 06:00:42 2026", 42.0),
            ("Fri, 20 Nov 2026 05:59:00 GMT", 0.0),
        ] {
            assert_eq!(parsed(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn no_wish_is_longer_than_an_hour() {
        for text in ["3601", "86400", "99999999999999999999999", "1e300", "Sat, 20 Nov 2027 06:00:00 GMT"] {
            assert_eq!(parsed(text), Some(3600.0), "{text}");
        }
    }

    #[test]
    fn junk_is_no_wish() {
        for text in ["", "soon", "-1", "-0.5", "NaN", "inf", "-inf", "10s", "1,5", "1 2", "Fri, 20 Nov 2026", "\u{661}"]
        {
            assert_eq!(parsed(text), None, "{text}");
        }
    }
}
