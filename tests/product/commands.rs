//! The commands that work without a server: their JSON and their exit codes.

use std::time::Duration;

use harness::{Answer, Launch, http};
use serde_json::{Value, json};

use crate::scene::{Scene, alerts};

/// Runs a command with `--config` and `--output json`; its exit code and its JSON.
async fn ask(scene: &Scene, args: &[&str]) -> (Option<i32>, Value) {
    let config = scene.dir.config().to_string_lossy().into_owned();
    let answered = Launch::new(&scene.dir).run(&[args, &["--config", &config, "--output", "json"]].concat()).await;
    let json = serde_json::from_str(&answered.stdout).unwrap_or_else(|_| panic!("no JSON: {answered:?}"));
    (answered.code, json)
}

#[tokio::test]
async fn check_lists_every_mistake_at_once_with_its_place() {
    let scene = Scene::with_one_rule().await;
    scene.dir.definitions(
        "bad.yaml",
        "alerts:\n  - name: a\n    query: SELECT level FROM levels\n    every: 5x\n    notify: [hook]\n  \
         - name: b\n    query: SELECT level FROM levels\n    evry: 5m\n    notify: [nobody]\n",
    );
    let (code, found) = ask(&scene, &["check"]).await;
    assert_eq!(code, Some(1), "{found}");
    let found: Vec<&Value> = found.as_array().unwrap().iter().filter(|one| one["severity"] == "error").collect();
    for one in &found {
        let keys: Vec<&String> = one.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["file", "line", "column", "severity", "code", "message", "help"]);
    }
    let lines: std::collections::BTreeSet<u64> = found
        .iter()
        .filter(|one| one["file"].as_str().is_some_and(|file| file.ends_with("bad.yaml")))
        .filter_map(|one| one["line"].as_u64())
        .collect();
    assert_eq!(lines, [5, 9, 10].into(), "{found:#?}");
    assert!(found.iter().any(|one| one.to_string().contains("every")), "the nearest key is named: {found:#?}");
}

#[tokio::test]
async fn check_of_sound_definitions_is_silent() {
    let scene = Scene::with_one_rule().await;
    let (code, found) = ask(&scene, &["check"]).await;
    let errors: Vec<&Value> = found.as_array().unwrap().iter().filter(|one| one["severity"] == "error").collect();
    assert_eq!((code, errors.len()), (Some(0), 0), "{found}");
}

#[tokio::test]
async fn run_says_what_would_be_told_and_tells_nobody() {
    let scene = Scene::with_one_rule().await;
    scene.level(4);
    let (code, ran) = ask(&scene, &["run", "high", "--at", "2026-11-20T06:00:00Z"]).await;
    assert_eq!(code, Some(0), "{ran}");
    assert_eq!((&ran["rule"], &ran["scheduled_for"]), (&json!("high"), &json!("2026-11-20T06:00:00Z")));
    assert_eq!((&ran["outcome"], &ran["row_count"]), (&json!("matched"), &json!(1)));
    assert_eq!(ran["rows"], json!([{"level": 4}]));
    assert_eq!(ran["would_notify"], json!([{"type": "alert.started", "instance": null, "reason": "started_firing"}]));
    assert_eq!(scene.receiver.arrivals(), []);
    assert!(!scene.dir.data().exists(), "nothing is written");
}

#[tokio::test]
async fn health_is_fine_while_the_server_is_and_says_so_when_it_is_gone() {
    let scene = Scene::with_one_rule().await;
    let mut product = scene.launch().start().await;
    let url = product.url().to_owned();
    let asked = scene.launch().run(&["health", "--url", &url]).await;
    assert_eq!((asked.code, asked.stdout.as_str()), (Some(0), "ready\n"), "{asked:?}");
    product.kill();
    product.exit(Duration::from_secs(10)).await;
    let asked = scene.launch().run(&["health", "--url", &url]).await;
    assert_eq!(asked.code, Some(2), "{asked:?}");
    assert!(asked.stderr.contains("no server answers"), "{asked:?}");
}

#[tokio::test]
async fn query_prints_an_array_of_rows() {
    let scene = Scene::with_one_rule().await;
    scene.level(4);
    let (code, rows) = ask(&scene, &["query", "SELECT level, level / 2 AS half FROM levels"]).await;
    assert_eq!((code, rows), (Some(0), json!([{"level": 4, "half": 2}])));
    let (code, said) = ask(&scene, &["query", "SELECT level FROM levels", "--data", "nowhere"]).await;
    assert_eq!((code, &said["error"]["code"]), (Some(2), &json!("could_not_run")));
}

#[tokio::test]
async fn next_lists_the_slots_of_a_rule() {
    let scene = Scene::with_one_rule().await;
    let (code, slots) = ask(&scene, &["next", "high"]).await;
    assert_eq!(code, Some(0), "{slots}");
    let slots = slots.as_array().unwrap();
    assert!(!slots.is_empty());
    assert!(slots.iter().all(|slot| slot["utc"].as_str().is_some_and(|utc| utc.ends_with('Z'))), "{slots:?}");
}

#[tokio::test]
async fn a_dry_run_of_a_channel_prints_its_request_without_its_secrets() {
    let scene = Scene::new().await;
    let url = scene.receiver.url("/hook?token=t0p-s3cret");
    scene.dir.definitions(
        "rules.yaml",
        &(format!("channels:\n  - {{name: hook, type: webhook, url: \"{url}\"}}\n")
            + &alerts(&[("high", "level > 0", "[hook]")])),
    );
    let config = scene.dir.config().to_string_lossy().into_owned();
    let answered = scene.launch().run(&["channels", "test", "hook", "--dry-run", "--config", &config]).await;
    assert_eq!(answered.code, Some(0), "{answered:?}");
    assert!(answered.stdout.contains("POST") && answered.stdout.contains("\"type\""), "{answered:?}");
    assert!(!(answered.stdout + &answered.stderr).contains("t0p-s3cret"));
    assert_eq!(scene.receiver.arrivals(), []);
}

#[tokio::test]
async fn next_lists_the_slots_of_a_pattern_in_its_zone() {
    let scene = Scene::with_one_rule().await;
    let slots_of = async |pattern: &str| {
        let args = ["next", "--cron", pattern, "--timezone", "Europe/Berlin", "--output", "json"];
        let answered = scene.launch().run(&args).await;
        assert_eq!(answered.code, Some(0), "{answered:?}");
        serde_json::from_str::<Value>(&answered.stdout).expect("an array")
    };
    let daily = slots_of("0 9 * * *").await;
    let first = daily[0]["utc"].as_str().expect("a slot has its instant");
    assert!(first.ends_with("T07:00:00Z") || first.ends_with("T08:00:00Z"), "nine in Berlin is {first}");
    assert!(daily[0]["local"].as_str().is_some_and(|local| local.contains("09:00")), "{daily}");
    assert_eq!(slots_of("0 0 30 2 *").await, json!([]), "there is no 30th of February");
}

#[tokio::test]
async fn a_test_of_a_channel_sends_a_message_that_says_so() {
    let scene = Scene::with_one_rule().await;
    let config = scene.dir.config().to_string_lossy().into_owned();
    scene.receiver.script("/hook", [Answer::ok(), Answer::status(500)]);
    let command = ["channels", "test", "hook", "--config", &config];
    assert_eq!(scene.launch().run(&command).await.code, Some(0));
    assert_eq!(scene.launch().run(&command).await.code, Some(1), "the receiver answered 500");
    let [taken, refused] = &scene.receiver.arrivals()[..] else { panic!("one request for each command") };
    assert_eq!((taken.kind(), taken.text("reason")), ("test", "test"));
    for key in ["instance", "episode", "seq", "state", "since", "value", "scheduled_for", "window", "error"] {
        assert_eq!(taken.body[key], Value::Null, "{key}");
    }
    assert_eq!(taken.body["rows"], json!([]));
    assert_ne!(taken.id(), refused.id(), "two tests are two events");
}

#[tokio::test]
async fn a_retry_of_nothing_is_a_no_and_a_server_that_is_not_there_a_failure() {
    let scene = Scene::with_one_rule().await;
    let launch = scene.launch();
    let product = launch.start().await;
    let retry = async |url: &str| launch.run(&["deliveries", "retry", "nt_nothing", "--url", url]).await;
    let answered = retry(product.url()).await;
    assert_eq!(answered.code, Some(1), "{answered:?}");
    let answered = retry("http://127.0.0.1:1").await;
    assert_eq!(answered.code, Some(2), "{answered:?}");
    assert!(answered.stderr.contains("http://127.0.0.1:1"), "{answered:?}");
    let (status, body) = http::post(&format!("{}/api/deliveries/nt_nothing/retry", product.url())).await;
    assert_eq!(status, 404);
    let keys: Vec<&String> = body["error"].as_object().expect("an error has a body").keys().collect();
    assert_eq!(keys, ["code", "message", "where", "help"]);
}

#[tokio::test]
async fn commands_that_read_the_state_work_beside_a_running_server() {
    let scene = Scene::with_one_rule().await;
    scene.level(1);
    let launch = scene.launch();
    let mut product = launch.start().await;
    let told = scene.told("alert.started", "high").await;
    let runs = launch.runs().await;
    let run = runs
        .as_array()
        .unwrap()
        .iter()
        .find(|run| run["notified"].as_u64().is_some_and(|n| n > 0) || run["notified"] == true);
    let run = run.unwrap_or_else(|| panic!("the run that notified is kept singly: {runs}"));
    assert_eq!((&run["rule"], &run["scheduled_for"]), (&json!("high"), &told.body["scheduled_for"]));
    let deliveries = launch.deliveries().await;
    let delivery = &deliveries.as_array().unwrap()[0];
    let keys: Vec<&String> = delivery.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "channel", "rule", "type", "state", "attempts", "next_at", "last_error"]);
    assert!(product.is_running());
}

#[tokio::test]
async fn a_command_without_an_answer_still_prints_one_json_value() {
    let scene = Scene::with_one_rule().await;
    scene.dir.definitions("bad.yaml", "alerts:\n  - {name: broken, query: SELECT level FROM levels, every: 5x}\n");
    let config = scene.dir.config().to_string_lossy().into_owned();
    let absent = scene.dir.root().join("absent").to_string_lossy().into_owned();
    let at = "2026-11-20T06:00:00Z";
    for (code, args) in [
        (2, vec!["check", "--config", &absent]),
        (2, vec!["runs", "--data", &absent]),
        (2, vec!["deliveries", "list", "--data", &absent]),
        (2, vec!["deliveries", "retry", "nt_nothing", "--url", "http://127.0.0.1:1"]),
        (2, vec!["next", "--cron", "61 * * * *"]),
        (1, vec!["run", "broken", "--at", at, "--config", &config]),
        (1, vec!["next", "broken", "--config", &config]),
        (1, vec!["query", "SELECT no_such_column FROM levels", "--config", &config]),
    ] {
        let answered = Launch::new(&scene.dir).run(&[&args[..], &["--output", "json"]].concat()).await;
        let value: Value = serde_json::from_str(&answered.stdout).unwrap_or_else(|_| panic!("{args:?}: {answered:?}"));
        assert_eq!(answered.code, Some(code), "{args:?}: {answered:?}");
        assert!(value["error"]["message"].as_str().is_some_and(|message| answered.stderr.contains(message)), "{value}");
    }
}

#[tokio::test]
async fn check_finds_misspelt_columns_in_every_kind_of_scalar_and_field() {
    let scene = Scene::with_one_rule().await;
    scene.level(1);
    scene.dir.definitions(
        "bad.yaml",
        "alerts:\n  - name: folded\n    query: >\n      SELECT level\n      FROM levels\n      WHERE levl > 1\n    every: 5x\n  \
         - name: quoted\n    query: 'SELECT ''a'' AS a,\n      levl FROM levels'\n  \
         - name: fields\n    query: SELECT level FROM levels\n    per: [levle]\n    when: lvl > 1\n    \
         recover_when: levl < 1\n    severity: {critical: lev > 1}\n    window_on: tss\n",
    );
    let (code, found) = ask(&scene, &["check"]).await;
    let places: Vec<(u64, u64)> = found
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["severity"] == "error")
        .map(|one| (one["line"].as_u64().unwrap(), one["column"].as_u64().unwrap()))
        .collect();
    assert_eq!(code, Some(1));
    assert_eq!(places, [(7, 13), (8, 12), (11, 7), (18, 16)], "an unknown `window_on` hides the rest: {found:#}");
    let text = std::fs::read_to_string(scene.dir.config().join("bad.yaml")).unwrap();
    scene.dir.write("bad.yaml", &text.replace("    window_on: tss\n", ""));
    let (_, found) = ask(&scene, &["check"]).await;
    let lines: Vec<u64> = found
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["severity"] == "error")
        .filter_map(|one| one["line"].as_u64())
        .collect();
    assert_eq!(lines, [7, 8, 11, 14, 15, 16, 17], "{found:#}");
}
