//! What should come of the captures, by a count that is not ours.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Value, json};
use watchfire_ingest::{Record, RecordKind};
use watchfire_model::{SlotContext, Timestamp, Window};

use crate::captures::{folder, runs};
use crate::harness::{World, rows, spec};

static EXPECTED: LazyLock<Value> = LazyLock::new(|| {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
});

fn counts<K: ToString>(keys: impl Iterator<Item = K>) -> Value {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    keys.for_each(|key| *counts.entry(key.to_string()).or_default() += 1);
    json!(counts)
}

fn level_word(level: u16) -> String {
    let words = [(1, "trace"), (5, "debug"), (9, "info"), (10, "notice"), (13, "warn"), (17, "error"), (21, "fatal")];
    words.iter().find(|(number, _)| *number == level).map_or_else(|| level.to_string(), |(_, word)| (*word).to_owned())
}

fn fingerprint(record: &Record) -> Option<String> {
    let attributes: Value = serde_json::from_str(&record.attributes).unwrap();
    let text = attributes.get("logfire.exception.fingerprint")?.as_str()?.to_owned();
    Some(text.chars().take(16).collect())
}

/// The facts of `expected.json` about traces and logs, of our rows.
fn facts(all: &[Record]) -> Value {
    let shown = || all.iter().filter(|row| row.kind != RecordKind::PendingSpan);
    let exceptions = || shown().filter(|row| row.is_exception);
    let types = exceptions().map(|row| row.exception_type.clone().unwrap_or_else(|| "None".to_owned()));
    let services: BTreeSet<_> = all.iter().filter_map(|row| row.origin.service_name.clone()).collect();
    // Rows of no trace have one of their own, which begins with zeros.
    let traces = all.iter().filter(|row| !row.trace_id.starts_with("0000000000000000"));
    let traces: BTreeSet<_> = traces.map(|row| &row.trace_id).collect();
    json!({
        "records": shown().count(),
        "pending_spans": all.len() - shown().count(),
        "kinds": counts(all.iter().map(|row| row.kind.as_str())),
        "levels": counts(shown().map(|row| level_word(row.level))),
        "exception_rows": exceptions().count(),
        "exception_types": counts(types),
        "fingerprints": counts(shown().filter_map(fingerprint)),
        "services": services,
        "traces": traces.len(),
    })
}

#[test]
fn every_run_becomes_the_rows_that_were_counted_in_the_protobuf() {
    let runs = runs();
    let expected = EXPECTED["runs"].as_object().unwrap();
    for (run, expected) in expected {
        let mut expected = expected.clone();
        expected.as_object_mut().unwrap().remove("metric_points");
        let Some(records) = runs.get(run) else {
            assert_eq!(expected["records"], 0, "{run} was not captured");
            continue;
        };
        let found = facts(records);
        for (fact, value) in expected.as_object().unwrap() {
            assert_eq!(found[fact], *value, "{run}: {fact}");
        }
    }
    assert!(runs.keys().all(|run| expected.contains_key(run)));
}

/// The rows that a query answers over `pydantic-ai-v2`, as objects.
async fn answer(query: &str) -> Vec<Value> {
    let world = World::new();
    world.append(&runs()["pydantic-ai-v2"]).await;
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("testdata/sql/{query}.sql"));
    let sql = std::fs::read_to_string(path).unwrap();
    let slot = Timestamp::parse("2026-11-20T07:00:00Z").unwrap();
    let window = Window { start: Timestamp::parse("2026-11-20T06:00:00Z").unwrap(), end: slot };
    let seen = rows(world.outcome(&spec(&sql), &SlotContext { scheduled_for: slot, window: Some(window) }).await);
    let object = |row: &watchfire_model::ObservedRow| -> Value {
        let cells = seen.columns.iter().zip(&row.values);
        cells.map(|(column, value)| (column.name.clone(), value.to_json())).collect()
    };
    seen.rows.iter().map(object).collect()
}

/// Compares the columns that were written down; floating numbers to the digits that were.
fn assert_same(query: &str, found: &[Value]) {
    let expected = EXPECTED["seed_queries_over_pydantic-ai-v2"][query].as_array().unwrap();
    assert_eq!(found.len(), expected.len(), "{query}");
    for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
        for (column, value) in expected.as_object().unwrap() {
            let found = &found[column];
            let same = match (found.as_f64(), value.as_f64()) {
                (Some(found), Some(value)) => (found - value).abs() < 1e-6,
                _ => found == value,
            };
            assert!(same, "{query} row {row}: {column} is {found}, not {value}");
        }
    }
}

#[tokio::test]
async fn the_six_queries_of_users_answer_what_was_computed_elsewhere() {
    assert_same("Q1", &answer("q1").await);
    assert_same("Q2", &answer("q2").await);
    assert_same("Q3", &answer("q3").await);
    let per_hour = answer("q4").await;
    assert_eq!(per_hour.iter().map(|row| row["runs"].as_u64().unwrap()).sum::<u64>(), 12);
    assert_same("Q5", &answer("q5").await);
    let export = answer("q6").await;
    let with = |column: &str| export.iter().filter(|row| !row[column].is_null()).count();
    let found = json!({"rows": export.len(), "with_model": with("model"), "with_tokens": with("input_tokens")});
    assert_eq!(found, EXPECTED["seed_queries_over_pydantic-ai-v2"]["Q6"]);
}
