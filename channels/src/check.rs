//! What a definition may say. `config` calls these at load time, `render` once more before sending.
//!
//! No message here shows a value: each may be a secret.

use std::net::IpAddr;

use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use reqwest::header::{HeaderName, HeaderValue};
use url::{Host, Url};

use crate::limits::{MAIL_RECEIVERS_MAX, SECRET_MAX_BYTES, SECRET_MIN_BYTES};

/// What every Standard Webhooks secret begins with.
const SECRET_PREFIX: &str = "whsec_";

/// Headers that belong to the connection; a definition cannot set them.
const RESERVED_HEADERS: [&str; 3] = ["host", "content-length", "transfer-encoding"];

/// Headers that belong to the signature begin with this; a definition cannot set them.
const RESERVED_PREFIX: &str = "webhook-";

/// A mistake in the definition of a channel. The text names the fault, [`SpecError::help`] the mending.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The address cannot be read.
    #[error("the address is no URL ({why})")]
    NotAUrl {
        /// What the parser missed.
        why: url::ParseError,
    },
    /// The address is neither http nor https.
    #[error("the address begins with neither `http://` nor `https://`")]
    Scheme,
    /// The name is empty or holds a character that no header name may have.
    #[error("`{name}` is no header name")]
    HeaderName {
        /// The name as written.
        name: String,
    },
    /// The header is ours to set.
    #[error("the header `{name}` is set by Watchfire and cannot be overridden")]
    HeaderReserved {
        /// The name as written.
        name: String,
    },
    /// The value holds a line break, another control character, or a letter outside ASCII.
    #[error("the value of a header holds a character that no header may have")]
    HeaderValue,
    /// The text is neither a name nor an address of a machine.
    #[error("it is no name or address of a server")]
    Host,
    /// The secret lacks its prefix.
    #[error("the secret does not begin with `whsec_`")]
    SecretPrefix,
    /// The rest of the secret is not base64.
    #[error("the secret is not base64 after `whsec_`")]
    SecretBase64,
    /// The secret is too short to be safe or too long for the standard.
    #[error("the secret holds {bytes} bytes, expected {SECRET_MIN_BYTES} to {SECRET_MAX_BYTES}")]
    SecretLength {
        /// How many bytes it holds once decoded.
        bytes: usize,
    },
    /// The text is no mail address, with or without a name before it.
    #[error("this is no mail address ({why})")]
    MailAddress {
        /// What the parser missed.
        why: &'static str,
    },
    /// A mail channel has no receiver, or more than a mail server has to take.
    #[error("the mail has {count} receivers, expected 1 to {MAIL_RECEIVERS_MAX}")]
    MailReceivers {
        /// How many it has.
        count: usize,
    },
}

impl SpecError {
    /// How to mend it, as a sentence without a full stop.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::NotAUrl { .. } | Self::Scheme => {
                "write a whole address, for example `https://example.com/hooks/alerts`"
            }
            Self::HeaderName { .. } => "header names are letters, digits and `-`, for example `Authorization`",
            Self::HeaderReserved { .. } => {
                "remove it; `host`, `content-length`, `transfer-encoding` and `webhook-*` are ours"
            }
            Self::HeaderValue => "header values are one line of ASCII text",
            Self::Host => "write for example `mail.example.com`, without scheme and port",
            Self::SecretPrefix | Self::SecretBase64 | Self::SecretLength { .. } => {
                "make one with `echo whsec_$(openssl rand -base64 32)`"
            }
            Self::MailAddress { .. } => "write `ops@example.com` or `Watchfire <ops@example.com>`",
            Self::MailReceivers { .. } => "name one receiver at least; for many, make a mailing list and name that",
        }
    }
}

/// Reads the address of a channel: absolute, http or https, with a host. Blanks around it are cut.
pub fn check_url(text: &str) -> Result<Url, SpecError> {
    let url = Url::parse(text.trim()).map_err(|why| SpecError::NotAUrl { why })?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(SpecError::Scheme),
    }
}

/// Whether messages to this address can be read on their way: plain http to another machine.
///
/// Worth a warning at load time, not an error.
pub fn travels_in_the_clear(url: &Url) -> bool {
    url.scheme() == "http" && !url.host().is_some_and(|host| is_loopback(&host))
}

/// Whether a machine is this one, by its name or address alone.
pub fn is_loopback<Name: AsRef<str>>(host: &Host<Name>) -> bool {
    match host {
        Host::Domain(name) => name.as_ref() == "localhost" || name.as_ref().ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Reads the name or address of a server, without scheme and port; an IPv6 address may stand in brackets.
pub fn check_host(text: &str) -> Result<Host, SpecError> {
    let text = text.trim();
    match text.trim_start_matches('[').trim_end_matches(']').parse() {
        Ok(IpAddr::V4(address)) => Ok(Host::Ipv4(address)),
        Ok(IpAddr::V6(address)) => Ok(Host::Ipv6(address)),
        Err(_) => Host::parse(text).map_err(|_| SpecError::Host),
    }
}

/// Reads the name of an extra header; those that frame or sign the message are refused.
pub fn check_header_name(name: &str) -> Result<HeaderName, SpecError> {
    let parsed =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| SpecError::HeaderName { name: name.to_owned() })?;
    if RESERVED_HEADERS.contains(&parsed.as_str()) || parsed.as_str().starts_with(RESERVED_PREFIX) {
        return Err(SpecError::HeaderReserved { name: name.to_owned() });
    }
    Ok(parsed)
}

/// Reads the value of an extra header: one line of visible ASCII, blanks and tabs; may be empty.
pub fn check_header_value(value: &str) -> Result<HeaderValue, SpecError> {
    if !value.is_ascii() {
        return Err(SpecError::HeaderValue);
    }
    HeaderValue::from_str(value).map_err(|_| SpecError::HeaderValue)
}

/// Checks a Standard Webhooks secret: `whsec_` and the base64 of 24 to 64 bytes.
pub fn check_secret(text: &str) -> Result<(), SpecError> {
    let encoded = text.strip_prefix(SECRET_PREFIX).ok_or(SpecError::SecretPrefix)?;
    let bytes = BASE64.decode(encoded).map_err(|_| SpecError::SecretBase64)?.len();
    if (SECRET_MIN_BYTES..=SECRET_MAX_BYTES).contains(&bytes) { Ok(()) } else { Err(SpecError::SecretLength { bytes }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_absolute_and_http() {
        for text in
            ["http://127.0.0.1:9/x", "https://example.com", " https://u:p@example.com/a?b=c\n", "HTTP://[::1]:80/"]
        {
            assert!(check_url(text).is_ok(), "{text}");
        }
        for (text, error) in [
            ("", "the address is no URL (relative URL without a base)"),
            ("/hooks", "the address is no URL (relative URL without a base)"),
            ("example.com/hooks", "the address is no URL (relative URL without a base)"),
            ("https://", "the address is no URL (empty host)"),
            ("http://example.com:99999/", "the address is no URL (invalid port number)"),
            ("ftp://example.com/", "the address begins with neither `http://` nor `https://`"),
            ("localhost:8080", "the address begins with neither `http://` nor `https://`"),
        ] {
            assert_eq!(check_url(text).unwrap_err().to_string(), error, "{text}");
        }
    }

    #[test]
    fn plain_http_to_another_machine_is_worth_a_warning() {
        for (text, clear) in [
            ("http://example.com/", true),
            ("http://10.0.0.7/", true),
            ("https://example.com/", false),
            ("http://localhost:8080/", false),
            ("http://127.0.0.1/", false),
            ("http://[::1]/", false),
            ("http://hooks.localhost/", false),
        ] {
            assert_eq!(travels_in_the_clear(&check_url(text).unwrap()), clear, "{text}");
        }
    }

    #[test]
    fn headers_that_frame_or_sign_the_message_cannot_be_set() {
        for name in ["Authorization", "X-Team", "content-type", "User-Agent", "x_y", "webhook"] {
            assert!(check_header_name(name).is_ok(), "{name}");
        }
        for name in ["Host", "content-length", "Transfer-Encoding", "Webhook-Id", "webhook-anything"] {
            assert_eq!(check_header_name(name), Err(SpecError::HeaderReserved { name: name.to_owned() }));
        }
        for name in ["", "two words", "colon:", "line\nbreak", "ümlaut", "a,b"] {
            assert_eq!(check_header_name(name), Err(SpecError::HeaderName { name: name.to_owned() }));
        }
    }

    #[test]
    fn a_header_value_is_one_line_of_ascii() {
        for value in ["", "Bearer abc.def", "a\tb", "~!@#$%^&*()"] {
            assert!(check_header_value(value).is_ok(), "{value:?}");
        }
        for value in ["a\nb", "a\r\nX-Other: b", "a\0b", "Grüße", "a\u{7f}b", "trailing\n"] {
            assert_eq!(check_header_value(value), Err(SpecError::HeaderValue), "{value:?}");
        }
    }

    #[test]
    fn a_secret_is_whsec_and_the_base64_of_24_to_64_bytes() {
        let of = |bytes: usize| format!("whsec_{}", BASE64.encode(vec![7_u8; bytes]));
        for bytes in [24, 32, 64] {
            assert_eq!(check_secret(&of(bytes)), Ok(()), "{bytes}");
        }
        for (text, error) in [
            (of(23), SpecError::SecretLength { bytes: 23 }),
            (of(65), SpecError::SecretLength { bytes: 65 }),
            (String::new(), SpecError::SecretPrefix),
            (BASE64.encode([7_u8; 32]), SpecError::SecretPrefix),
            ("whsec_".to_owned(), SpecError::SecretLength { bytes: 0 }),
            ("whsec_not base64".to_owned(), SpecError::SecretBase64),
            (format!("{}\n", of(32)), SpecError::SecretBase64),
        ] {
            assert_eq!(check_secret(&text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_server_is_a_name_or_an_address_without_scheme_and_port() {
        for (text, local) in [
            ("mail.example.com", false),
            ("localhost", true),
            ("127.0.0.1", true),
            ("10.0.0.7", false),
            ("[::1]", true),
            ("::1", true),
        ] {
            assert_eq!(check_host(text).map(|host| is_loopback(&host)), Ok(local), "{text}");
        }
        for text in ["", "smtp://mail.example.com", "mail.example.com:25", "two words", "a/b"] {
            assert_eq!(check_host(text), Err(SpecError::Host), "{text:?}");
        }
    }

    #[test]
    fn no_mistake_shows_a_secret() {
        for error in [
            check_url("SECRET://SECRET").unwrap_err(),
            check_url("SECRET").unwrap_err(),
            check_header_value("SECRET\n").unwrap_err(),
            check_secret("SECRET").unwrap_err(),
            check_secret("whsec_SECRET").unwrap_err(),
        ] {
            assert!(!format!("{error} {error:?} {}", error.help()).contains("SECRET"), "{error}");
        }
    }
}
