//! Any bytes give an error or rows, and rows are always whole.

use proptest::prelude::*;
use serde_json::Value;
use watchfire_ingest::{Record, decode_logs, decode_traces, limits, to_ndjson};

use crate::captures::{arrived_at, bodies, project};

/// What holds for every row, whatever it was made of.
fn check(rows: &[Record]) {
    for row in rows {
        assert!(row.message.len() <= limits::MESSAGE_BYTES_MAX);
        assert_eq!((row.trace_id.len(), row.span_id.len()), (32, 16));
        assert!(row.parent_span_id.as_ref().is_none_or(|id| id.len() == 16));
        assert!(row.end_timestamp >= row.start_timestamp);
        assert!(row.duration.is_none_or(|seconds| seconds >= 0.0));
        let maybe = [&row.otel_events, &row.otel_links, &row.origin.otel_resource_attributes];
        for json in maybe.into_iter().flatten().chain([&row.attributes]) {
            serde_json::from_str::<Value>(json).unwrap();
        }
    }
    assert_eq!(to_ndjson(rows).lines().count(), rows.len());
}

fn decode_as_both(body: &[u8]) {
    for rows in [decode_traces(body, arrived_at(), &project()), decode_logs(body, arrived_at(), &project())] {
        check(&rows.unwrap_or_default());
    }
}

/// One of the captures.
fn capture() -> impl Strategy<Value = Vec<u8>> {
    // Small ones, so that many of them are tried.
    let small: Vec<Vec<u8>> = bodies().into_iter().map(|(_, body)| body).filter(|body| body.len() < 20_000).collect();
    prop::sample::select(small)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        decode_as_both(&body);
    }

    #[test]
    fn a_capture_that_is_cut_off_never_panics(body in capture(), at in any::<prop::sample::Index>()) {
        decode_as_both(&body[..at.index(body.len())]);
    }

    #[test]
    fn a_capture_with_flipped_bits_never_panics(
        mut body in capture(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 1..12),
    ) {
        for (at, bit) in flips {
            let at = at.index(body.len());
            body[at] ^= 1 << bit;
        }
        decode_as_both(&body);
    }
}

#[test]
fn every_capture_gives_rows_that_are_whole() {
    for (_, body) in bodies() {
        decode_as_both(&body);
    }
}
