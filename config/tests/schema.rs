//! The schema for editors says what the reader takes.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;
use watchfire_config::json_schema;

fn keys<'a>(schema: &'a Value, path: &str) -> Vec<&'a str> {
    schema.pointer(path).unwrap().as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_schema_knows_the_keys_of_files_and_settings() {
    let schema = json_schema();
    let top = keys(&schema, "/$defs/definitions/properties");
    for key in ["version", "channels", "alerts", "sources"] {
        assert!(top.contains(&key), "{key}");
    }
    assert_eq!(
        keys(&schema, "/$defs/settings/properties"),
        ["version", "server", "storage", "telemetry", "delivery", "limits"]
    );
    let alert = keys(&schema, "/$defs/definitions/properties/alerts/items/properties");
    for key in ["for", "notify_when", "time_window", "keep_firing_for", "severity"] {
        assert!(alert.contains(&key), "{key}");
    }
}

#[test]
fn what_is_required_is_required_and_nothing_else_is_allowed() {
    let schema = json_schema();
    let webhook = schema.pointer("/$defs/definitions/properties/channels/items").unwrap();
    assert_eq!(webhook["required"], serde_json::json!(["name", "type", "url"]));
    assert_eq!(webhook["additionalProperties"], false);
    assert_eq!(schema["$defs"]["definitions"]["properties"]["version"]["const"], 1);
}
