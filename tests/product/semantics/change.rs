//! `data_change`: what differs from the last successful run.

use serde_json::{Value, json};

use super::{Walk, rule};

/// Kind, key, before and after of each change of the last message.
fn changes(walk: &Walk, rule: &str) -> Vec<Value> {
    walk.last(rule)["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["kind"], one["key"], one["before"], one["after"]]))
        .collect()
}

#[tokio::test]
async fn added_removed_and_changed_rows_are_told_by_their_key() {
    let rules = [
        rule("keyed", "per: [host] | notify_when: data_change"),
        rule("cut", "per: [host] | notify_when: data_change | change: {max_rows: 1}"),
        rule("picky", "per: [host] | notify_when: data_change | change: {report: [removed]}"),
        rule("first", "per: [host] | notify_when: data_change | change: {first_run: report}"),
        rule("marker", "when: level > 90"),
        rule("baselines", "when: level > 0 | for: 1s"),
    ];
    let walk = Walk::new(&rules, "a 1, b 2, - 3").await;
    let product = walk.start().await;
    walk.hears("first", 1).await;
    let added = |host: Value, level: f64| json!(["added", {"host": host}, null, {"host": host, "level": level}]);
    assert_eq!(changes(&walk, "first"), [added(Value::Null, 3.0), added("a".into(), 1.0), added("b".into(), 2.0)]);
    walk.hears("baselines", 1).await;
    walk.hosts("- 3, c 4, a 1.5");
    for (rule, count) in [("keyed", 1), ("cut", 1), ("picky", 1)] {
        walk.hears(rule, count).await;
    }
    let removed = json!(["removed", {"host": "b"}, {"host": "b", "level": 2.0}, null]);
    let changed = json!(["changed", {"host": "a"}, {"level": 1.0}, {"level": 1.5}]);
    assert_eq!(changes(&walk, "keyed"), [changed.clone(), removed.clone(), added("c".into(), 4.0)]);
    let body = walk.last("keyed");
    assert_eq!(
        (&body["instance"], &body["rows"], &body["truncated"], &body["state"], &body["since"], &body["episode"]),
        (&Value::Null, &json!([]), &json!(false), &Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!((changes(&walk, "cut"), &walk.last("cut")["truncated"]), (vec![changed], &json!(true)));
    assert_eq!(changes(&walk, "picky"), [removed]);
    // Another order of the same rows is no change; nor are a gap and a failed read.
    walk.hosts("a 1.5, - 3, c 4");
    walk.hosts("");
    walk.scene.dir.remove("hosts.ndjson");
    walk.hosts("c 4, a 1.5, - 3, m 99");
    walk.hears("marker", 1).await;
    walk.hears("keyed", 2).await;
    walk.stop(product).await;
    assert_eq!(changes(&walk, "keyed"), [added("m".into(), 99.0)]);
    assert_eq!(walk.heard("keyed").iter().filter(|line| line.starts_with("changed")).count(), 2);
}

#[tokio::test]
async fn without_a_key_rows_are_counted_and_columns_and_small_distances_can_be_left_out() {
    let all = "query: SELECT host, level FROM hosts | notify_when: data_change";
    let rules = [
        rule("whole", all),
        rule("ignores", &format!("{all} | change: {{ignore: [level]}}")),
        rule("near", &format!("{all} | change: {{tolerance: 0.1}}")),
        rule("share", &format!("per: [host] | {all} | change: {{tolerance: '1%'}}")),
        rule("baselines", "when: level > 0 | for: 1s"),
        rule("only-high", &format!("{all} | when: level > 5")),
    ];
    let walk = Walk::new(&rules, "a 1, b 1, b 1").await;
    let product = walk.start().await;
    // Who fires in the second slot says that the first is over.
    walk.hears("baselines", 1).await;
    walk.hosts("a 1.05, b 1, b 1, b 1");
    walk.hears("whole", 1).await;
    walk.hears("ignores", 1).await;
    walk.hears("near", 1).await;
    let row = |host: &str, level: f64| json!({"host": host, "level": level});
    let one = |kind: &str, key: Value, row: Value| {
        if kind == "added" { json!([kind, key, null, row]) } else { json!([kind, key, row, null]) }
    };
    assert_eq!(
        changes(&walk, "whole"),
        [
            one("removed", row("a", 1.0), row("a", 1.0)),
            one("added", row("a", 1.05), row("a", 1.05)),
            one("added", row("b", 1.0), row("b", 1.0)),
        ]
    );
    assert_eq!(changes(&walk, "ignores"), [one("added", json!({"host": "b"}), row("b", 1.0))]);
    assert_eq!(changes(&walk, "near"), [one("added", row("b", 1.0), row("b", 1.0))]);
    walk.hosts("a 9, b 1, b 1, b 1");
    walk.hears("only-high", 1).await;
    walk.stop(product).await;
    assert_eq!(changes(&walk, "only-high"), [one("added", row("a", 9.0), row("a", 9.0))]);
    // With a key the rows of `b` cannot be told apart: a failure, and no comparison.
    assert!(walk.heard("share").iter().all(|line| line.starts_with("failed")), "{:?}", walk.heard("share"));
}
