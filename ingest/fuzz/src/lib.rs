//! What must hold for any body: an error, or rows that are whole.

use std::time::Duration;

use watchfire_ingest::table::{Shredding, Table};
use watchfire_ingest::{Arrival, Encoding, Record, Signal, decode, records_of};
use watchfire_model::{ProjectName, Timestamp};

/// Decodes a body and looks at its rows.
///
/// # Panics
/// When a row is not whole.
pub fn check(signal: Signal, encoding: Encoding, body: &[u8]) {
    let at = Timestamp::from_seconds(1_795_157_400);
    let usual = Arrival::new(at, ProjectName::new("default"));
    let everything = Arrival { accepted_past: Duration::MAX, accepted_future: Duration::MAX, ..usual.clone() };
    let shredding = Shredding::default();
    for arrival in [usual, everything] {
        let Ok(decoded) = decode(signal, encoding, body, &arrival, &shredding) else { continue };
        assert_eq!(decoded.rejected > 0, decoded.message.is_some());
        for rows in decoded.rows {
            assert_eq!(rows.batch.schema(), rows.table.stored_schema(&shredding));
            assert!(rows.batch.num_rows() > 0);
            if rows.table == Table::Records {
                records_of(&rows.batch).iter().for_each(check_record);
            }
        }
    }
}

fn check_record(row: &Record) {
    assert_eq!((row.trace_id.len(), row.span_id.len()), (32, 16));
    assert!(row.parent_span_id.as_ref().is_none_or(|id| id.len() == 16));
    assert!(row.end_timestamp >= row.start_timestamp);
    let maybe = [&row.otel_events, &row.otel_links, &row.origin.otel_resource_attributes];
    for json in maybe.into_iter().flatten().chain([&row.attributes]) {
        serde_json::from_str::<serde::de::IgnoredAny>(json).expect("columns of JSON hold JSON");
    }
}
