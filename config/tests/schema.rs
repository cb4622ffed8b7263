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
    for key in ["version", "channels", "alerts", "reports", "sources"] {
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
    let channels = schema.pointer("/$defs/definitions/properties/channels/items/oneOf").unwrap();
    let types: Vec<_> = channels.as_array().unwrap().iter().map(|channel| &channel["properties"]["type"]).collect();
    let words: Vec<_> = types.iter().map(|kind| kind.get("const").or(kind.get("enum")).unwrap().clone()).collect();
    assert_eq!(
        serde_json::Value::from(words),
        serde_json::json!(["webhook", "slack", "discord", ["opsgenie", "jsm"], "email"])
    );
    let required: Vec<_> = channels.as_array().unwrap().iter().map(|channel| channel["required"].clone()).collect();
    assert_eq!(
        serde_json::Value::from(required),
        serde_json::json!([
            ["name", "type", "url"],
            ["name", "type", "url"],
            ["name", "type", "url"],
            ["name", "type", "auth_key"],
            ["name", "type", "smtp", "from", "to"],
        ])
    );
    assert!(channels.as_array().unwrap().iter().all(|channel| channel["additionalProperties"] == false));
    // An alias may stand for a required key.
    let alert = schema.pointer("/$defs/definitions/properties/alerts/items").unwrap();
    assert_eq!(alert["required"], serde_json::json!(["name"]));
    assert_eq!(alert["allOf"][0]["oneOf"], serde_json::json!([{"required": ["query"]}, {"required": ["expr"]}]));
    assert_eq!(schema["$defs"]["definitions"]["properties"]["version"]["const"], 1);
}
