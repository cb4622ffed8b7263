//! Recorded requests of real SDKs, as if they were sent now: what is a day old is not taken any more.

use std::path::Path;

/// The tags of fields that hold nanoseconds since 1970 as eight bytes: times of spans, events, log records and points.
const TIME_TAGS: [u8; 6] = [0x09, 0x11, 0x19, 0x39, 0x41, 0x59];
/// Nanoseconds since 1970 between 2023 and 2030: eight bytes that mean something else are never among them.
const RECORDED: std::ops::Range<u64> = 1_700_000_000_000_000_000..1_900_000_000_000_000_000;

/// A recorded body in protobuf, its newest time moved to now and all others as far.
pub fn protobuf(name: &str) -> Vec<u8> {
    let mut body = read(name);
    let times: Vec<(usize, u64)> = (1..body.len().saturating_sub(7))
        .filter(|at| TIME_TAGS.contains(&body[at - 1]))
        .map(|at| (at, u64::from_le_bytes(body[at..at + 8].try_into().unwrap())))
        .filter(|(_, nanos)| RECORDED.contains(nanos))
        .collect();
    let newest = times.iter().map(|(_, nanos)| *nanos).max().expect("it has times");
    for (at, nanos) in times {
        body[at..at + 8].copy_from_slice(&(now_nanos() - (newest - nanos)).to_le_bytes());
    }
    body
}

/// A recorded body in JSON, moved in the same way.
pub fn json(name: &str) -> Vec<u8> {
    let text = String::from_utf8(read(name)).unwrap();
    let mut parts: Vec<String> = text.split('"').map(str::to_owned).collect();
    let nanos = |part: &str| part.parse().ok().filter(|nanos| RECORDED.contains(nanos));
    let newest: u64 = parts.iter().filter_map(|part| nanos(part)).max().expect("it has times");
    for part in &mut parts {
        if let Some(nanos) = nanos(part) {
            *part = (now_nanos() - (newest - nanos)).to_string();
        }
    }
    parts.join("\"").into_bytes()
}

/// The bytes as they were recorded.
pub fn read(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ingest/testdata/otlp");
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn now_nanos() -> u64 {
    u64::try_from(harness::now().as_micros()).unwrap() * 1_000
}
