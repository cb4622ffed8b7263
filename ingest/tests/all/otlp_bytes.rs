//! Any bytes give an error or rows, and rows are always whole.

use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;
use watchfire_ingest::table::{Shredding, Table};
use watchfire_ingest::{Arrival, Encoding, Record, Signal, decode, limits, records_of, to_ndjson};

use crate::captures::{arrived_at, bodies_ending_in, project};

/// What holds for every row, whatever it was made of.
fn check(rows: &[Record]) {
    for row in rows {
        assert!(row.message.len() <= limits::MESSAGE_BYTES_MAX);
        assert_eq!((row.trace_id.len(), row.span_id.len()), (32, 16));
        assert!(row.parent_span_id.as_ref().is_none_or(|id| id.len() == 16));
        assert!(row.end_timestamp >= row.start_timestamp);
        assert!(row.duration.is_none_or(|seconds| seconds >= 0.0));
        let maybe =
            [row.otel_events.as_deref(), row.otel_links.as_deref(), row.origin.otel_resource_attributes.as_deref()];
        for json in maybe.into_iter().flatten().chain([row.attributes.as_str()]) {
            serde_json::from_str::<Value>(json).unwrap();
        }
    }
    assert_eq!(to_ndjson(rows).lines().count(), rows.len());
}

/// Reads the body as everything that it could be.
fn decode_as_all(body: &[u8]) {
    let (arrival, shredding) = (Arrival::new(arrived_at(), project()), Shredding::default());
    for signal in Signal::ALL {
        for encoding in [Encoding::Protobuf, Encoding::Json] {
            let Ok(decoded) = decode(signal, encoding, body, &arrival, &shredding) else { continue };
            assert_eq!(decoded.rejected > 0, decoded.message.is_some());
            for rows in decoded.rows {
                assert_eq!(rows.batch.schema(), rows.table.stored_schema(&shredding));
                assert!(rows.batch.num_rows() > 0);
                match rows.table {
                    Table::Records => check(&records_of(&rows.batch)),
                    Table::Metrics => assert_eq!(signal, Signal::Metrics),
                }
            }
        }
    }
}

/// One of the captures.
fn capture() -> impl Strategy<Value = Vec<u8>> {
    let all = bodies_ending_in(&[".pb", "-traces.json", "-logs.json", "-metrics.json"]);
    // Small ones, so that many of them are tried.
    let small: Vec<Vec<u8>> = all.into_iter().map(|(_, body)| body).filter(|body| body.len() < 20_000).collect();
    prop::sample::select(small)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        decode_as_all(&body);
    }

    #[test]
    fn a_capture_that_is_cut_off_never_panics(body in capture(), at in any::<prop::sample::Index>()) {
        decode_as_all(&body[..at.index(body.len())]);
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
        decode_as_all(&body);
    }
}

#[test]
fn every_capture_gives_rows_that_are_whole() {
    for (_, body) in bodies_ending_in(&[".pb", ".json"]) {
        decode_as_all(&body);
    }
}

#[test]
fn what_the_fuzzer_found_gives_rows_that_are_whole_or_an_error() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let targets = std::fs::read_dir(corpus).unwrap().map(|target| target.unwrap().path());
    let finds = targets.flat_map(|target| std::fs::read_dir(target).unwrap()).map(|find| find.unwrap().path());
    let bodies: Vec<Vec<u8>> = finds.map(|find| std::fs::read(find).unwrap()).collect();
    assert!(bodies.len() > 40);
    bodies.iter().for_each(|body| decode_as_all(body));
}
