//! Where the level of a message comes from, and who waits for which.

use serde_json::Value;

use super::{Walk, rule};

const LEVELS: &str = "severity: {critical: level > 10, warning: true}";
const PAGER: &str = "notify: [hook, {channel: pager, severity: [critical]}]";

#[tokio::test]
async fn a_pager_hears_the_raise_to_its_level_and_the_end_of_what_it_was_told() {
    let rules = [
        rule("each", &format!("when: level > 0 | per: [host] | {LEVELS} | {PAGER}")),
        rule("one", &format!("when: level > 0 | {LEVELS} | {PAGER} | notify_severity: both")),
        rule("onset", &format!("when: level > 0 | {LEVELS} | {PAGER} | notify_when: onset")),
    ];
    let walk = Walk::new(&rules, "a 1, b 1").await;
    let product = walk.start().await;
    assert_eq!(walk.hears("each", 2).await, ["started started_firing a", "started started_firing b"]);
    walk.hears("onset", 1).await;
    walk.hears("one", 1).await;
    walk.hosts("a 11, b 1");
    walk.hears("each", 4).await;
    walk.hears("one", 3).await;
    walk.hears("onset", 2).await;
    assert_eq!(
        (&walk.last("each")["severity"], &walk.last("each")["rule"]["severity"]),
        (&"critical".into(), &Value::Null)
    );
    walk.hosts("a 1, b 1");
    walk.hears("one", 4).await;
    walk.hosts("a 0, b 0");
    walk.hears("each", 7).await;
    walk.hears("one", 6).await;
    walk.stop(product).await;
    assert_eq!(
        walk.heard("each"),
        [
            "started started_firing a",
            "started started_firing b",
            "updated severity_raised a",
            "updated severity_raised a > pager",
            "resolved resolved a",
            "resolved resolved a > pager",
            "resolved resolved b",
        ]
    );
    assert_eq!(
        walk.heard("one"),
        [
            "started started_firing",
            "updated severity_raised",
            "updated severity_raised > pager",
            "updated severity_lowered",
            "resolved resolved",
            "resolved resolved > pager",
        ]
    );
    // To the pager the raise is the start, and an onset tells no end.
    assert_eq!(walk.heard("onset"), ["started started_firing", "updated severity_raised > pager"]);
}

#[tokio::test]
async fn a_column_of_the_result_may_bring_the_level() {
    let rules = [rule("star", &format!("query: SELECT * FROM graded | per: [host] | {PAGER}"))];
    let walk = Walk::new(&rules, "a 1").await;
    walk.scene.dir.definitions("graded.yaml", "sources:\n  - {name: graded, type: ndjson, path: graded.ndjson}\n");
    let row = |host: &str, severity: &str| format!("{{\"host\":\"{host}\",\"severity\":{severity}}}\n");
    let rows = [row("a", "\"critical\""), row("b", "\"INFO\""), row("c", "\"odd\""), row("d", "null")];
    walk.scene.dir.write("graded.ndjson", &rows.concat());
    let product = walk.start().await;
    walk.hears("star", 5).await;
    walk.stop(product).await;
    let mut levels: Vec<(String, String)> = walk
        .scene
        .receiver
        .arrivals_at("/hook")
        .iter()
        .map(|arrival| (arrival.body["instance"]["host"].to_string(), arrival.text("severity").to_owned()))
        .collect();
    levels.sort();
    let levels: Vec<&str> = levels.iter().map(|(_, level)| level.as_str()).collect();
    assert_eq!(levels, ["critical", "info", "warning", "warning"]);
    assert_eq!(walk.scene.receiver.arrivals_at("/pager").len(), 1);
}
