//! Rules that fail, never end or return too much: they are told, and nobody else notices.

use std::time::Duration;

use harness::{Answer, Arrival, Exit, Launch, slots};

use crate::scene::{SOON, Scene};

/// A scene with the source `big` of so many rows `{"n": …}`, and two rules: `odd` as given, and `high`, which is sound.
async fn scene_with(odd_query: &str, odd_fields: &str, big_rows: usize) -> Scene {
    let scene = Scene::new().await;
    let rows: String = (0..big_rows).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    scene.dir.write("big.ndjson", &rows);
    scene.dir.definitions(
        "rules.yaml",
        &(scene.channels(&["hook", "trouble"])
            + "sources:\n  - {name: big, type: ndjson, path: big.ndjson}\nalerts:\n"
            + &format!(
                "  - name: odd\n    query: {odd_query}\n    every: 1s\n    window: none\n    \
                 on_error: alert after 1 runs\n    notify: [trouble]\n{odd_fields}"
            )
            + "  - name: high\n    query: SELECT level FROM levels\n    every: 1s\n    window: none\n    \
               when: level > 0\n    catch_up: all within 10m\n    notify: [hook]\n"),
    );
    scene
}

/// The sound rule fires and resolves as if it were alone.
async fn neighbour_is_well(scene: &Scene) {
    for _ in 0..2 {
        let before = scene.count("alert.resolved", "high");
        scene.level(1);
        let started = |all: &[Arrival]| all.iter().filter(|a| a.kind() == "alert.started").count() > before;
        let arrivals = scene.receiver.wait_for("the neighbour starts", SOON, started).await;
        let last = arrivals.iter().rev().find(|a| a.kind() == "alert.started").unwrap();
        let delay = last.at.since(last.instant("scheduled_for").unwrap());
        assert!(delay < Duration::from_secs(10), "the neighbour's message came {delay:?} after its slot");
        scene.level(0);
        let resolved = |all: &[Arrival]| all.iter().filter(|a| a.kind() == "alert.resolved").count() > before;
        scene.receiver.wait_for("the neighbour resolves", SOON, resolved).await;
    }
}

#[tokio::test]
async fn a_query_that_never_ends_fails_by_its_timeout_and_holds_nobody_up() {
    let query = "SELECT count(*) AS level FROM big a, big b, big c WHERE a.n + b.n + c.n > -1";
    let scene = scene_with(query, "    when: level > 0\n    timeout: 2s\n", 5_000).await;
    let mut product = scene.launch().start().await;
    let failed = scene.told("alert.failed", "odd").await;
    assert_eq!(failed.body["error"]["code"], "timeout", "{}", failed.body["error"]);
    neighbour_is_well(&scene).await;
    assert_eq!(scene.count("alert.failed", "odd"), 1, "trouble that lasts is told once");
    product.terminate();
    assert_eq!(product.exit(SOON).await, Exit::code(0));
}

#[tokio::test]
async fn a_query_that_fails_is_told_and_told_again_when_it_works() {
    let scene = scene_with("SELECT 10 / level AS level FROM levels", "    when: level > 100\n", 1).await;
    let product = scene.launch().start().await;
    let failed = scene.told("alert.failed", "odd").await;
    assert!(failed.body["error"]["message"].is_string(), "{}", failed.body);
    assert_eq!((&failed.body["instance"], &failed.body["rows"]), (&serde_json::Value::Null, &serde_json::json!([])));
    scene.level(1);
    scene.told("alert.recovered", "odd").await;
    assert_eq!(scene.count("alert.failed", "odd"), 1);
    drop(product);
}

#[tokio::test]
async fn more_rows_than_the_limit_are_a_failure_that_says_both_numbers() {
    let scene = scene_with("SELECT n FROM big", "    when: n < 0\n", 300).await;
    scene.dir.definitions("watchfire.yaml", "limits: {max_rows: 100}\n");
    let _product = scene.launch().start().await;
    let failed = scene.told("alert.failed", "odd").await;
    assert_eq!(failed.body["error"]["code"], "too_many_rows", "{}", failed.body["error"]);
    let message = failed.body["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("100"), "{message}");
    neighbour_is_well(&scene).await;
}

#[tokio::test]
async fn a_result_that_is_larger_than_memory_fails_alone() {
    let query = "SELECT array_agg(a.n) AS everything FROM big a, big b, big c GROUP BY a.n % 2, b.n";
    let scene = scene_with(query, "    timeout: 20s\n", 3_000).await;
    let mut product = scene.launch().start().await;
    scene.told("alert.failed", "odd").await;
    neighbour_is_well(&scene).await;
    assert!(product.is_running());
}

#[tokio::test]
async fn a_query_that_would_write_is_refused_at_the_start() {
    for query in ["DROP TABLE levels", "COPY levels TO '/tmp/x.csv'", "SELECT 1; SELECT 2", "SET a.b = 1"] {
        let scene = scene_with(&format!("\"{query}\""), "", 1).await;
        let mut product = scene.launch().spawn();
        assert!(!product.listens().await, "it started with `{query}`");
        assert_eq!(product.exit(SOON).await, Exit::code(1), "{query}");
        product.wait_for_line(0, "rules.yaml:", Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn a_channel_that_never_answers_delays_no_slot() {
    let scene = scene_with("SELECT n FROM big", "    notify_when: any_results\n", 1).await;
    scene.receiver.script("/trouble", [Answer::Hang]);
    let launch: Launch = scene.launch();
    let mut product = launch.start().await;
    neighbour_is_well(&scene).await;
    product.terminate();
    assert_eq!(product.exit(SOON).await, Exit::code(0));
    let runs = launch.runs().await;
    assert_eq!(slots::mistakes(&runs, "odd", Duration::from_secs(1)), Vec::<String>::new());
}
