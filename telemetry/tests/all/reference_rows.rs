//! Our rows beside those that another program made of the same captures.

use std::path::Path;

use serde_json::{Map, Value};
use watchfire_ingest::{RecordKind, to_ndjson};
use watchfire_model::Timestamp;

use crate::captures::runs;

/// Columns that hold JSON as text.
const JSON: [&str; 5] = ["attributes", "otel_resource_attributes", "otel_events", "otel_links", "log_body"];

fn objects(text: &str) -> Vec<Map<String, Value>> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A value that two writers may write differently, as what it says.
fn meaning(column: &str, value: &Value) -> Value {
    match value {
        Value::String(text) if JSON.contains(&column) => {
            let json = serde_json::from_str::<Value>(text).unwrap_or_else(|_| value.clone());
            let text = json.to_string();
            // Python writes `+00:00`; here every instant in JSON ends with `Z`.
            serde_json::from_str(&text.replace("+00:00\",\"attributes\"", "Z\",\"attributes\"")).unwrap()
        }
        Value::String(text) if column == "message" => {
            serde_json::from_str::<Value>(text).unwrap_or_else(|_| value.clone())
        }
        Value::String(text) if column.ends_with("_timestamp") => instant(text).as_micros().into(),
        // The other program writes an unset version of a scope as an empty text.
        Value::String(text) if text.is_empty() && column == "otel_scope_version" => Value::Null,
        other => other.clone(),
    }
}

fn instant(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// The columns in which two rows differ.
fn differences(ours: &Map<String, Value>, theirs: &Map<String, Value>) -> Vec<String> {
    let null = Value::Null;
    let differs =
        |column: &&String| meaning(column, ours.get(*column).unwrap_or(&null)) != meaning(column, &theirs[*column]);
    theirs.keys().filter(differs).cloned().collect()
}

#[test]
fn the_other_program_made_the_same_rows_but_for_what_is_said_here() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/records.ndjson");
    let mut theirs = objects(&std::fs::read_to_string(path).unwrap());
    let records: Vec<_> = runs().into_values().flatten().filter(|row| row.kind != RecordKind::PendingSpan).collect();
    let mut ours = objects(&to_ndjson(&records));
    let key = |row: &Map<String, Value>| {
        let text = |column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned();
        let trace = text("trace_id").trim_start_matches("0000000000000000").to_owned();
        let trace = if trace.len() == 32 { trace } else { String::new() };
        let span = if text("kind") == "span" { text("span_id") } else { text("parent_span_id") };
        (text("kind"), trace, span, text("span_name"), text("service_name"), instant(&text("start_timestamp")))
    };
    theirs.sort_by_key(key);
    ours.sort_by_key(key);
    assert_eq!(ours.len(), theirs.len());
    let mut found = std::collections::BTreeMap::<String, usize>::new();
    for (ours, theirs) in ours.iter().zip(&theirs) {
        for column in differences(ours, theirs) {
            let kind = ours["kind"].as_str().unwrap();
            *found.entry(format!("{kind}: {column}")).or_default() += 1;
        }
    }
    // Log records and events have no id on the wire, and log records may have no trace: the other program
    // leaves these empty, or repeats the span's. Its events repeat the columns of their span.
    insta::assert_debug_snapshot!(found, @r#"
    {
        "log: span_id": 27,
        "log: trace_id": 5,
        "span_event: http_response_status_code": 3,
        "span_event: http_route": 3,
        "span_event: otel_events": 19,
        "span_event: otel_links": 19,
        "span_event: otel_status_code": 3,
        "span_event: span_id": 19,
    }
    "#);
}
