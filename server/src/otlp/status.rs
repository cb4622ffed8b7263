//! `google.rpc.Status` and `google.rpc.RetryInfo` on the wire: what a sender of OTLP is told when it is refused.

use std::time::Duration;

use prost::encoding;

/// The status in protobuf: code (1), message (2), details (3).
pub(super) fn status(code: i32, message: &str, retry_after: Option<Duration>) -> Vec<u8> {
    let mut bytes = Vec::new();
    encoding::int32::encode(1, &code, &mut bytes);
    encoding::string::encode(2, &message.to_owned(), &mut bytes);
    if let Some(after) = retry_after {
        encoding::bytes::encode(3, &any_retry_info(after), &mut bytes);
    }
    bytes
}

/// A `google.protobuf.Any` (type_url 1, value 2) with a `RetryInfo` (retry_delay 1).
fn any_retry_info(after: Duration) -> Vec<u8> {
    // `google.protobuf.Duration`: seconds (1).
    let mut delay = Vec::new();
    encoding::int64::encode(1, &i64::try_from(after.as_secs()).unwrap_or(i64::MAX), &mut delay);
    let mut info = Vec::new();
    encoding::bytes::encode(1, &delay, &mut info);
    let mut any = Vec::new();
    encoding::string::encode(1, &"type.googleapis.com/google.rpc.RetryInfo".to_owned(), &mut any);
    encoding::bytes::encode(2, &info, &mut any);
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_what_the_format_of_google_rpc_says() {
        assert_eq!(status(16, "no", None), b"\x08\x10\x12\x02no");
        let with_delay = status(14, "", Some(Duration::from_secs(5)));
        let any = b"\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x04\x0a\x02\x08\x05";
        let mut expected = b"\x08\x0e\x12\x00\x1a".to_vec();
        expected.push(u8::try_from(any.len()).unwrap());
        expected.extend(any);
        assert_eq!(with_delay, expected);
    }
}
