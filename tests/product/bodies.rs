//! What stands in the body of a webhook, beyond the keys that the receiver checks on every request.

use harness::{Arrival, now};
use serde_json::{Value, json};
use watchfire_model::{NotificationId, ProjectName, Reason, RuleUid};

use crate::scene::{SOON, Scene};

/// A scene whose one rule `by-host` has one instance for each host of the source `hosts`.
async fn scene_with_hosts(rows: &str, rule_fields: &str) -> Scene {
    let scene = Scene::new().await;
    scene.dir.write("hosts.ndjson", rows);
    scene.dir.definitions(
        "rules.yaml",
        &(scene.channels(&["hook"])
            + "sources:\n  - {name: hosts, type: ndjson, path: hosts.ndjson}\nalerts:\n  - name: by-host\n    \
               query: SELECT host, level, note FROM hosts ORDER BY level\n    every: 1s\n    window: none\n    \
               when: level > 0\n    notify: [hook]\n"
            + rule_fields),
    );
    scene
}

#[tokio::test]
async fn a_start_says_all_there_is_to_say() {
    let scene = Scene::new().await;
    scene.dir.definitions(
        "rules.yaml",
        &(scene.channels(&["hook"])
            + "alerts:\n  - name: high\n    description: Level too high\n    query: SELECT level FROM levels\n    \
               every: 1s\n    window: 5m\n    delay: 30s\n    when: level > 0\n    severity: critical\n    \
               labels: {team: payments, env: prod}\n    notify: [hook]\n    \
               message: {runbook: \"https://wiki.example.com/rb\"}\n"),
    );
    scene.dir.definitions("watchfire.yaml", "server: {public_url: \"https://alerts.example.com\"}\n");
    scene.level(7);
    let _product = scene.launch().start().await;
    let told = scene.told("alert.started", "high").await;
    let slot = told.instant("scheduled_for").expect("an alert has a slot");
    let rule = json!({
        "name": "high", "kind": "alert", "description": "Level too high", "severity": "critical",
        "labels": {"team": "payments", "env": "prod"},
    });
    let window = json!({
        "start": slot.minus(std::time::Duration::from_secs(330)).to_string(),
        "end": slot.minus(std::time::Duration::from_secs(30)).to_string(),
    });
    let expected = [
        ("rule", rule),
        ("window", window),
        ("project", json!("default")),
        ("instance", Value::Null),
        ("episode", json!(1)),
        ("seq", json!(1)),
        ("state", json!("firing")),
        ("severity", json!("critical")),
        ("occurred_at", json!(slot.to_string())),
        ("since", json!(slot.to_string())),
        ("reason", json!("started_firing")),
        ("columns", json!([{"name": "level", "type": "int"}])),
        ("rows", json!([{"level": 7}])),
        ("row_count", json!(1)),
        ("truncated", json!(false)),
        ("changes", json!([])),
        ("error", Value::Null),
        ("query", json!("SELECT level FROM levels")),
    ];
    for (key, value) in expected {
        assert_eq!(told.body[key], value, "{key}");
    }
    assert_eq!(told.body["links"]["runbook"], "https://wiki.example.com/rb");
    assert_eq!(told.body["links"]["alert"], "https://alerts.example.com/alerts/high");
    let uid = RuleUid::derive(&ProjectName::new("default"), "high");
    assert_eq!(told.id(), NotificationId::derive(&uid, 1, None, slot, Reason::StartedFiring).as_str());
    assert!(slot <= now() && slot.as_micros() % 1_000_000 == 0, "{slot}");
}

#[tokio::test]
async fn each_instance_gets_its_own_message_with_its_own_rows() {
    let rows = "{\"host\":\"a\",\"level\":1,\"note\":\"x\"}\n{\"host\":\"b\",\"level\":0,\"note\":\"y\"}\n\
                {\"host\":null,\"level\":2,\"note\":\"z\"}\n";
    let scene = scene_with_hosts(rows, "    per: [host]\n").await;
    let _product = scene.launch().start().await;
    let both = |all: &[Arrival]| all.len() >= 2;
    let mut arrivals = scene.receiver.wait_for("both instances", SOON, both).await;
    arrivals.sort_by_key(|arrival| arrival.body["instance"].to_string());
    let told: Vec<(&Value, &Value)> = arrivals.iter().map(|a| (&a.body["instance"], &a.body["rows"])).collect();
    assert_eq!(
        told,
        [
            (&json!({"host": "a"}), &json!([{"host": "a", "level": 1, "note": "x"}])),
            (&json!({"host": null}), &json!([{"host": null, "level": 2, "note": "z"}])),
        ]
    );
    assert_ne!(arrivals[0].id(), arrivals[1].id());
}

#[tokio::test]
async fn many_rows_are_cut_and_counted() {
    let rows: String = (1..=200).map(|level| format!("{{\"host\":\"h\",\"level\":{level},\"note\":\"\"}}\n")).collect();
    let scene = scene_with_hosts(&rows, "    max_rows: 3\n").await;
    let _product = scene.launch().start().await;
    let told = scene.told("alert.started", "by-host").await;
    assert_eq!(told.body["rows"].as_array().map(Vec::len), Some(3));
    assert_eq!((&told.body["row_count"], &told.body["truncated"]), (&json!(200), &json!(true)));
}

#[tokio::test]
async fn cells_keep_what_json_would_lose() {
    let rows = "{\"host\":\"a\\u0000\\u202e<b>&\\n\\\"\u{1f525}\",\"level\":9007199254740993,\"note\":\"{{level}} ${HOME}\"}\n";
    let scene = scene_with_hosts(rows, "").await;
    let _product = scene.launch().start().await;
    let told = scene.told("alert.started", "by-host").await;
    let row = &told.body["rows"][0];
    // Beyond 2^53 a number would be read as its neighbour, so it travels as text.
    assert_eq!(row["level"], "9007199254740993");
    assert_eq!(row["host"], "a\u{0}\u{202e}<b>&\n\"\u{1f525}");
    // Text from rows is never a template and never an environment variable.
    assert_eq!(row["note"], "{{level}} ${HOME}");
}
