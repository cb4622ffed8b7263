//! How a request is written, by its headers.

use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use watchfire_engine::Encoding;

use super::refusal::Refusal;

/// The types of bodies, as answers name them.
pub(super) const PROTOBUF: &str = "application/x-protobuf";
pub(super) const JSON: &str = "application/json";

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// RFC 1950; some senders mean RFC 1951, which is taken too.
    Deflate,
}

impl Compression {
    /// What a word of `Content-Encoding` or `grpc-encoding` means.
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::Identity),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "zstd" => Some(Self::Zstd),
            "deflate" => Some(Self::Deflate),
            _ => None,
        }
    }
}

/// How the body is written; a sender that does not say is not guessed at.
pub(super) fn encoding(headers: &HeaderMap) -> Result<Encoding, Refusal> {
    let given = headers.get(CONTENT_TYPE);
    known(given).ok_or_else(|| {
        let given = given.map_or_else(
            || "no Content-Type is given".to_owned(),
            |given| format!("`Content-Type: {}` is not taken", String::from_utf8_lossy(given.as_bytes())),
        );
        Refusal::Unsupported(format!("{given}; send {PROTOBUF} or {JSON}"))
    })
}

/// How an answer is written: as the request, else as what people can read.
pub(super) fn answer_encoding(content_type: Option<&HeaderValue>) -> Encoding {
    known(content_type).unwrap_or(Encoding::Json)
}

fn known(content_type: Option<&HeaderValue>) -> Option<Encoding> {
    let text = content_type?.to_str().ok()?;
    let kind = text.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case(PROTOBUF) || kind.eq_ignore_ascii_case("application/protobuf") {
        Some(Encoding::Protobuf)
    } else {
        kind.eq_ignore_ascii_case(JSON).then_some(Encoding::Json)
    }
}

/// How the body is packed.
pub(super) fn compression(headers: &HeaderMap) -> Result<Compression, Refusal> {
    let mut packed = Compression::Identity;
    for value in headers.get_all(CONTENT_ENCODING) {
        let text = String::from_utf8_lossy(value.as_bytes());
        for word in text.split(',') {
            match (packed, Compression::parse(word)) {
                (_, Some(Compression::Identity)) => {}
                (Compression::Identity, Some(one)) => packed = one,
                (_, Some(_) | None) => {
                    return Err(Refusal::Unsupported(format!(
                        "`Content-Encoding: {text}` is not taken; send gzip, zstd, deflate or none of them"
                    )));
                }
            }
        }
    }
    Ok(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: axum::http::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn types_are_read_as_senders_write_them_and_others_are_refused() {
        for (given, meant) in [
            ("application/x-protobuf", Some(Encoding::Protobuf)),
            ("Application/JSON; charset=utf-8", Some(Encoding::Json)),
            ("application/protobuf", Some(Encoding::Protobuf)),
            ("text/plain", None),
            ("application/json5", None),
            ("", None),
        ] {
            assert_eq!(encoding(&headers(CONTENT_TYPE, given)).ok(), meant, "{given}");
        }
        assert!(encoding(&HeaderMap::new()).is_err(), "a type that is not said is not guessed");
    }

    #[test]
    fn one_way_of_packing_is_taken_and_two_are_not() {
        for (given, meant) in [
            ("gzip", Some(Compression::Gzip)),
            ("ZSTD", Some(Compression::Zstd)),
            ("identity", Some(Compression::Identity)),
            ("identity, deflate", Some(Compression::Deflate)),
            ("", Some(Compression::Identity)),
            ("br", None),
            ("gzip, gzip", None),
        ] {
            assert_eq!(compression(&headers(CONTENT_ENCODING, given)).ok(), meant, "{given}");
        }
        assert_eq!(compression(&HeaderMap::new()).ok(), Some(Compression::Identity));
    }
}
