//! `docs/api.md` shows real answers: each example there has exactly the fields that the product answers with.
//!
//! `UPDATE_EXPECTED=1` writes the examples anew, from the answers of this test.

use serde_json::Value;

use super::{read, read_until};
use crate::scene::Scene;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api.md");
/// Before each example stands a line that begins so, with the path.
const HEADING: &str = "### `GET ";
const BEGIN: &str = "```json\n";
const END: &str = "\n```";

/// An alert with a firing and a calm instance, and a report.
async fn scene() -> Scene {
    let scene = Scene::new().await;
    let row = |service: &str, requests: i64, errors: i64| {
        format!("{{\"service\":\"{service}\",\"requests\":{requests},\"errors\":{errors}}}\n")
    };
    scene.dir.write("requests.ndjson", &(row("checkout", 200, 24) + &row("search", 180, 1)));
    scene.dir.definitions(
        "rules.yaml",
        &(scene.channels(&["slack-shop"])
            + r#"sources:
  - {name: requests, type: ndjson, path: requests.ndjson}
alerts:
  - name: service-errors
    description: More than one request in twenty fails
    labels: {team: shop}
    owner: shop
    query: SELECT service, requests, 100 * errors / requests AS error_percent FROM requests
    every: 1s
    window: none
    per: [service]
    when: error_percent > 5
    severity: {critical: error_percent > 10, warning: true}
    notify: [slack-shop]
reports:
  - name: requests-daily
    description: Requests and errors of each service
    labels: {team: shop}
    owner: shop
    query: SELECT service, requests, errors FROM requests ORDER BY service
    cron: "* * * * * *"
    timezone: Europe/Berlin
    window: none
    notify: [slack-shop]
"#),
    );
    scene
}

/// The documented paths and those that stand for them in the scene.
fn paths(delivery: &str, slot: &str) -> Vec<(&'static str, String)> {
    vec![
        ("/api/alerts", "/api/alerts".to_owned()),
        ("/api/alerts/NAME", "/api/alerts/service-errors".to_owned()),
        ("/api/reports", "/api/reports".to_owned()),
        ("/api/reports/NAME", "/api/reports/requests-daily".to_owned()),
        ("/api/reports/NAME/runs", "/api/reports/requests-daily/runs?limit=1".to_owned()),
        ("/api/reports/NAME/runs/ID/result", format!("/api/reports/requests-daily/runs/{slot}/result")),
        ("/api/runs", "/api/runs?rule=service-errors".to_owned()),
        ("/api/deliveries", "/api/deliveries?rule=service-errors".to_owned()),
        ("/api/deliveries/ID", format!("/api/deliveries/{delivery}")),
        ("/api/definitions", "/api/definitions".to_owned()),
    ]
}

#[tokio::test]
async fn every_example_of_the_document_has_the_fields_of_a_real_answer() {
    let scene = scene().await;
    let product = scene.launch().start().await;
    let started = scene.told("alert.started", "service-errors").await;
    let ready = scene.told("report.ready", "requests-daily").await;
    let delivery = format!("{}:slack-shop", started.id());
    let is_done = |delivery: &Value| delivery["state"] == "done";
    read_until(&product, &format!("/api/deliveries/{delivery}"), is_done).await;
    let mut document = std::fs::read_to_string(DOCUMENT).unwrap();
    let updates = std::env::var_os("UPDATE_EXPECTED").is_some();
    let paths = paths(&delivery, ready.text("scheduled_for"));
    for (documented, path) in &paths {
        let answer = read(&product, path).await;
        let (from, to) = example(&document, documented);
        if updates {
            let shown = serde_json::to_string_pretty(&shortened(&answer)).unwrap();
            document.replace_range(from..to, &shown);
            continue;
        }
        let shown: Value =
            serde_json::from_str(&document[from..to]).unwrap_or_else(|error| panic!("{documented}: {error}"));
        alike(documented, &shown, &answer);
    }
    if updates {
        std::fs::write(DOCUMENT, &document).unwrap();
    }
    assert_eq!(document.matches(HEADING).count(), paths.len(), "each documented path is asked here");
}

/// Where the example of a path stands in the document.
fn example(document: &str, path: &str) -> (usize, usize) {
    let heading = format!("{HEADING}{path}`");
    let at = document.find(&format!("{heading}\n")).unwrap_or_else(|| panic!("no `{heading}` in {DOCUMENT}"));
    let from = at + document[at..].find(BEGIN).unwrap_or_else(|| panic!("no example for {path}")) + BEGIN.len();
    (from, from + document[from..].find(END).expect("an example ends"))
}

/// Lists cut to their first item.
fn shortened(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().take(1).map(shortened).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), shortened(field))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// The same fields in the same order, all the way down; what is null or empty on one side may be anything.
fn alike(place: &str, shown: &Value, real: &Value) {
    match (shown, real) {
        (Value::Object(shown), Value::Object(real)) => {
            assert_eq!(shown.keys().collect::<Vec<_>>(), real.keys().collect::<Vec<_>>(), "{place}");
            for (name, field) in shown {
                alike(&format!("{place} {name}"), field, &real[name]);
            }
        }
        (Value::Array(shown), Value::Array(real)) => {
            if let (Some(shown), Some(real)) = (shown.first(), real.first()) {
                alike(&format!("{place}[]"), shown, real);
            }
        }
        (Value::Null, _) | (_, Value::Null) => {}
        (shown, real) => assert_eq!(kind(shown), kind(real), "{place}: {shown} in the document, {real} in truth"),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
