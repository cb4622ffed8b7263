//! Queries that fail: counted, told once to whom it concerns, and told when it is over.

use serde_json::{Value, json};

use super::{Walk, rule};

#[tokio::test]
async fn trouble_is_told_once_after_its_count_to_the_owner_or_the_fallback_and_its_end_too() {
    let rules = [
        rule("default", "query: SELECT 10 / cast(level AS int) AS level FROM hosts | when: level > 0"),
        rule(
            "owned",
            "query: SELECT 10 / cast(level AS int) AS level FROM hosts | when: level > 0 | owner: owner | on_error: alert after 1 runs",
        ),
        rule("quiet", "query: SELECT 10 / cast(level AS int) AS level FROM hosts | when: level > 0 | on_error: keep"),
        rule(
            "team",
            "query: SELECT 10 / cast(level AS int) AS level FROM hosts | when: level > 0 | owner: platform | on_error: alert after 2s",
        ),
    ];
    let walk = Walk::new(&rules, "a 1").await;
    walk.scene.dir.definitions("watchfire.yaml", "delivery: {fallback_channel: fallback}\n");
    let product = walk.start().await;
    for rule in ["default", "owned", "quiet", "team"] {
        walk.hears(rule, 1).await;
    }
    let last_good = |body: &Value| body["error"]["last_success_at"].as_str().map(str::to_owned);
    walk.hosts("a 0");
    walk.hears("owned", 2).await;
    let failed = walk.last("owned");
    assert_eq!((&failed["rows"], &failed["row_count"], &failed["state"]), (&json!([]), &json!(0), &Value::Null));
    assert_eq!((&failed["error"]["failed_runs"], &failed["error"]["since"]), (&json!(1), &failed["scheduled_for"]));
    assert!(last_good(&failed) < failed["scheduled_for"].as_str().map(str::to_owned), "{failed}");
    assert!(failed["error"]["next_run_at"].as_str() > failed["scheduled_for"].as_str(), "{failed}");
    walk.hears("team", 2).await;
    walk.hears("default", 2).await;
    assert_eq!(walk.last("default")["error"]["failed_runs"], 3);
    assert_eq!(walk.last("team")["error"]["failed_runs"], 3);
    walk.hosts("a 2");
    for rule in ["default", "owned", "team"] {
        walk.hears(rule, 3).await;
    }
    walk.hosts("a -1");
    for rule in ["default", "owned", "quiet", "team"] {
        walk.hears(rule, if rule == "quiet" { 2 } else { 4 }).await;
    }
    walk.stop(product).await;
    let with = |to: &str| {
        let between = [format!("failed query_failed > {to}"), format!("recovered query_recovered > {to}")];
        [&["started started_firing".to_owned()][..], &between, &["resolved resolved".to_owned()]].concat()
    };
    assert_eq!(walk.heard("default"), with("fallback"));
    assert_eq!(walk.heard("owned"), with("owner"));
    // An owner that is no channel is a name for people.
    assert_eq!(walk.heard("team"), with("fallback"));
    assert_eq!(walk.heard("quiet"), ["started started_firing", "resolved resolved"]);
}

#[tokio::test]
async fn two_rows_of_one_key_fail_the_run_and_name_the_key() {
    let rules = [rule("twice", "when: level > 0 | per: [host] | on_error: alert after 1 runs")];
    let walk = Walk::new(&rules, "a 1, b 0").await;
    let product = walk.start().await;
    walk.hears("twice", 1).await;
    walk.hosts("a 0, b 5, b 0");
    assert_eq!(walk.hears("twice", 2).await, ["started started_firing a", "failed query_failed"]);
    let error = walk.last("twice")["error"].clone();
    assert_eq!(error["code"], "duplicate_key");
    assert!(error["message"].as_str().unwrap().contains("host=b"), "{error}");
    walk.hosts("a 1, b 1");
    walk.hears("twice", 4).await;
    walk.stop(product).await;
    // The first instance fires on: the failed run has moved nothing.
    let heard = walk.heard("twice");
    assert_eq!(heard[2..], ["recovered query_recovered", "started started_firing b"]);
}
