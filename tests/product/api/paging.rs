//! Lists from end to end.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{each, read, read_until};
use crate::scene::Scene;

/// All items of a list, page by page.
async fn walk(product: &harness::Product, path: &str, limit: usize) -> Vec<Value> {
    let mut items = Vec::new();
    let mut page = read(product, &format!("{path}?limit={limit}")).await;
    loop {
        let found = page["items"].as_array().unwrap();
        assert!(found.len() <= limit);
        items.extend(found.iter().cloned());
        let Some(next) = page["next"].as_str() else { return items };
        page = read(product, &format!("{path}?limit={limit}&cursor={next}")).await;
    }
}

#[tokio::test]
async fn all_rules_are_read_page_by_page_in_the_order_of_their_names() {
    let scene = Scene::new().await;
    let rule = |number: usize| {
        format!(
            "  - {{name: \"r {number:03}/ü\", query: SELECT level FROM levels, every: 1d, window: none, when: level > 0}}\n"
        )
    };
    let rules: String = (0..250).map(rule).collect();
    scene.dir.definitions("rules.yaml", &format!("alerts:\n{rules}"));
    let product = scene.launch().start().await;
    let items = walk(&product, "/api/alerts", 99).await;
    let names: Vec<String> = items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, (0..250).map(|number| format!("r {number:03}/ü")).collect::<Vec<_>>());
    let one = read(&product, "/api/alerts/r%20007%2F%C3%BC").await;
    assert_eq!(one["name"], "r 007/ü");
    assert!(
        one["explanation"].as_str().is_some_and(|text| text.starts_with("Not firing: it has not run yet")),
        "{one:#}"
    );
}

#[tokio::test]
async fn instances_runs_and_deliveries_are_read_page_by_page_and_none_is_missing() {
    let scene = Scene::new().await;
    let hosts =
        |level: i64| (0..25).map(|host| format!("{{\"host\":\"h{host:02}\",\"level\":{level}}}\n")).collect::<String>();
    scene.dir.write("hosts.ndjson", &hosts(1));
    let rule = "alerts:\n  - name: hosts\n    query: SELECT host, level FROM hosts\n    per: [host]\n    every: 1s\n    \
                window: none\n    when: level > 0\n    notify: [hook]\n";
    let sources = "sources:\n  - {name: hosts, type: ndjson, path: hosts.ndjson}\n";
    scene.dir.definitions("rules.yaml", &(scene.channels(&["hook"]) + sources + rule));
    let product = scene.launch().start().await;
    read_until(&product, "/api/deliveries?rule=hosts&state=done", |page| each(page, "id").len() == 25).await;

    let keys = |page: &Value| -> Vec<String> {
        let items = page["instances"]["items"].as_array().unwrap();
        items.iter().map(|item| item["key"]["host"].as_str().unwrap().to_owned()).collect()
    };
    let (mut hosts_seen, mut path) = (Vec::new(), "/api/alerts/hosts?limit=10".to_owned());
    loop {
        let page = read(&product, &path).await;
        assert_eq!((&page["instances"]["firing"], &page["instances"]["total"]), (&Value::from(25), &Value::from(25)));
        assert!(page["explanation"].as_str().unwrap().starts_with("Firing (warning): 25 of 25 instances"), "{page:#}");
        hosts_seen.extend(keys(&page));
        let Some(next) = page["instances"]["next"].as_str() else { break };
        path = format!("/api/alerts/hosts?limit=10&cursor={next}");
    }
    assert_eq!(hosts_seen, (0..25).map(|host| format!("h{host:02}")).collect::<Vec<_>>());

    let deliveries = walk(&product, "/api/deliveries", 7).await;
    assert_eq!(deliveries.iter().map(|item| item["id"].to_string()).collect::<BTreeSet<_>>().len(), 25);
    // New runs are recorded all the while.
    let runs = walk(&product, "/api/runs", 1).await;
    let slots: Vec<&str> = runs.iter().map(|run| run["scheduled_for"].as_str().unwrap()).collect();
    assert!(slots.is_sorted_by(|a, b| a > b), "{slots:?}");
}
