//! Values of `watchfire.yaml`.

use std::time::Duration;

use watchfire_model::parse_duration;

use super::patience::with_unit;
use crate::read::Phrase;

/// A duration above zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span(pub Duration);

impl Phrase for Span {
    const CODE: &'static str = "not_a_duration";
    const NOUN: &'static str = "a duration above zero";
    const EXPECTED: &'static str = "a number and a unit: s, m, h or d";
    const EXAMPLE: &'static str = "30s";

    fn parse(text: &str) -> Option<Self> {
        parse_duration(text).filter(|span| !span.is_zero()).map(Self)
    }

    fn example(text: &str) -> String {
        with_unit(text).unwrap_or_else(|| Self::EXAMPLE.to_owned())
    }
}

/// A number of bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByteSize(pub u64);

const UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

impl Phrase for ByteSize {
    const CODE: &'static str = "not_a_size";
    const NOUN: &'static str = "a size";
    const EXPECTED: &'static str = "a number and a unit: MiB, GiB, MB or GB";
    const EXAMPLE: &'static str = "2GiB";

    fn parse(text: &str) -> Option<Self> {
        let (unit, bytes) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number.checked_mul(*bytes).filter(|size| *size > 0).map(Self)
    }
}

/// `HOST:PORT`.
#[derive(Debug, Clone)]
pub(crate) struct HostPort(pub String);

impl Phrase for HostPort {
    const CODE: &'static str = "not_an_address";
    const NOUN: &'static str = "an address to listen on";
    const EXPECTED: &'static str = "HOST:PORT";
    const EXAMPLE: &'static str = "127.0.0.1:4318";

    fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let bracketed = host.starts_with('[') && host.ends_with(']');
        let plain = !host.is_empty() && !host.contains([':', '/', ' ']);
        (port.parse::<u16>().is_ok() && (plain || bracketed)).then(|| Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_addresses_read_as_people_write_them() {
        for (text, bytes) in [("1GiB", 1 << 30), ("512 MiB", 512 << 20), ("2GB", 2_000_000_000), ("7B", 7)] {
            assert_eq!(ByteSize::parse(text).map(|size| size.0), Some(bytes), "{text}");
        }
        for text in ["", "GiB", "1", "0MiB", "-1MiB", "1.5GiB", "99999999999TB"] {
            assert!(ByteSize::parse(text).is_none(), "{text}");
        }
        for text in ["127.0.0.1:4318", "localhost:0", "[::1]:4318", "0.0.0.0:80"] {
            assert!(HostPort::parse(text).is_some(), "{text}");
        }
        for text in ["", "4318", ":4318", "::1:4318", "host:port", "http://host:80", "host:70000"] {
            assert!(HostPort::parse(text).is_none(), "{text}");
        }
    }
}
