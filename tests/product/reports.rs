//! Reports by name in every command, and their results beside their runs.

use serde_json::{Value, json};

use crate::scene::{SOON, Scene};

/// A row an hour on 18 and 19 November for one model, on the 19th for another one too, and nothing after.
fn calls() -> String {
    let row = |day: u32, hour: u32, model: &str| {
        format!("{{\"at\":\"2026-11-{day}T{hour:02}:30:00Z\",\"model\":\"{model}\",\"cost\":0.5}}\n")
    };
    let mut rows: Vec<String> =
        [18, 19].iter().flat_map(|day| (0..24).map(move |hour| row(*day, hour, "opus"))).collect();
    rows.push(row(19, 12, "haiku"));
    rows.concat()
}

async fn scene() -> Scene {
    let scene = Scene::new().await;
    scene.dir.write("calls.ndjson", &calls());
    let daily = |name: &str, more: &str| {
        format!(
            "  - name: {name}\n    cron: \"0 9 * * *\"\n    window: previous_day\n    {more}\n    \
             query: SELECT model, count(*) AS calls, sum(cost) AS cost FROM calls GROUP BY model ORDER BY calls DESC\n    \
             notify: [hook]\n"
        )
    };
    let yaml = format!(
        "{}sources:\n  - {{name: calls, type: ndjson, path: calls.ndjson, time_column: at}}\nreports:\n{}{}{}",
        scene.channels(&["hook"]),
        daily("daily", "compare: previous_window"),
        daily("quiet", "notify_when: any_results"),
        "  - {name: often, every: 1s, window: none, query: SELECT level FROM levels, notify: [hook]}\n"
    );
    scene.dir.definitions("reports.yaml", &yaml);
    scene
}

async fn answer(scene: &Scene, words: &[&str]) -> Value {
    let config = scene.dir.config().to_string_lossy().into_owned();
    let words: Vec<&str> = words.iter().copied().chain(["--config", &config, "--output", "json"]).collect();
    let answered = scene.launch().run(&words).await;
    assert_eq!(answered.code, Some(0), "{words:?}: {answered:?}");
    serde_json::from_str(&answered.stdout).unwrap()
}

#[tokio::test]
async fn every_command_knows_a_report_by_its_name() {
    let scene = scene().await;
    let problems = answer(&scene, &["check"]).await;
    let codes: Vec<&Value> = problems.as_array().unwrap().iter().map(|problem| &problem["code"]).collect();
    // The address of the receiver stands in the file; of the reports there is nothing to say.
    assert_eq!(codes, ["literal_url"]);
    let next = answer(&scene, &["next", "daily", "--after", "2026-11-20T00:00:00Z", "--count", "1"]).await;
    assert_eq!(next[0]["utc"], "2026-11-20T09:00:00Z");
    let told = json!([{"type": "report.ready", "instance": null, "reason": "report"}]);
    let ran = answer(&scene, &["run", "daily", "--at", "2026-11-20T09:00:00Z"]).await;
    assert_eq!(ran["window"], json!({"start": "2026-11-19T00:00:00Z", "end": "2026-11-20T00:00:00Z"}));
    assert_eq!((&ran["outcome"], &ran["row_count"], &ran["would_notify"]), (&json!("matched"), &json!(2), &told));
    let opus = json!({
        "model": "opus", "calls": 24, "cost": 12.0, "calls_prev": 24, "calls_change": 0, "cost_prev": 12.0,
        "cost_change": 0.0
    });
    let haiku = json!({
        "model": "haiku", "calls": 1, "cost": 0.5, "calls_prev": null, "calls_change": null, "cost_prev": null,
        "cost_change": null
    });
    assert_eq!(ran["rows"], json!([opus, haiku]));
    // A day without any data: told always, or not at all.
    for (name, would) in [("daily", &told), ("quiet", &json!([]))] {
        let ran = answer(&scene, &["run", name, "--at", "2026-11-22T09:00:00Z"]).await;
        assert_eq!(
            (&ran["outcome"], &ran["rows"], &ran["would_notify"]),
            (&json!("clear"), &json!([]), would),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_result_is_kept_beside_its_run_also_when_the_server_dies() {
    let scene = scene().await;
    let public = "https://alerts.example.com";
    scene.dir.definitions("watchfire.yaml", &format!("server: {{public_url: \"{public}\"}}\n"));
    let mut product = scene.launch().start().await;
    let told = scene.told("report.ready", "often").await;
    assert_eq!((&told.body["rows"], &told.body["row_count"]), (&json!([{"level": 0}]), &json!(1)));
    let link = told.body["links"]["csv"].as_str().unwrap().replace(public, product.url());
    let download = harness::http::client().get(link).send().await.unwrap();
    assert_eq!((download.status().as_u16(), download.text().await.unwrap().as_str()), (200, "\u{feff}level\r\n0\r\n"));
    product.kill();
    product.exit(SOON).await;
    let kept = async || -> Vec<Value> {
        let runs = scene.launch().runs().await;
        let of_it = runs.as_array().unwrap().iter().filter(|run| run["rule"] == "often" && run["status"] == "ran");
        of_it.cloned().collect()
    };
    let of_slot = |runs: &[Value]| {
        let slot = &told.body["scheduled_for"];
        runs.iter().find(|run| run["scheduled_for"] == *slot).map(|run| run["result"].clone()).unwrap()
    };
    let before = of_slot(&kept().await);
    assert_eq!(before["rows"], json!(1));
    assert!(before["bytes"].as_u64() > Some(0), "{before}");
    let mut product = scene.launch().start().await;
    assert!(kept().await.iter().all(|run| run["result"]["rows"] == 1), "every run that was sent keeps its result");
    assert_eq!(of_slot(&kept().await), before);
    let shown = scene.launch().run(&["runs", "--rule", "often", "--data", &scene.dir.data().to_string_lossy()]).await;
    assert!(shown.stdout.contains("1 rows, "), "{}", shown.stdout);
    let deliveries = scene.launch().deliveries().await;
    assert!(deliveries.as_array().unwrap().iter().any(|row| row["rule"] == "often" && row["type"] == "report.ready"));
    product.terminate();
    product.exit(SOON).await;
}
