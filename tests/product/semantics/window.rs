//! Which rows a run sees, and what its parameters are.

use serde_json::{Value, json};

use crate::scene::Scene;

/// Two sources with a row for every minute of 2026-11-20 from 05:00 to 05:59, and one over a night with 25 hours.
async fn scene(rule: &str) -> Scene {
    let scene = Scene::new().await;
    let minutes: String = (0..60).map(|n| format!("{{\"at\":\"2026-11-20T05:{n:02}:00Z\",\"n\":{n}}}\n")).collect();
    scene.dir.write("minutes.ndjson", &minutes);
    let night = ["2026-10-24T21:59:59Z", "2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"];
    let night: String = night.iter().enumerate().map(|(n, at)| format!("{{\"at\":\"{at}\",\"n\":{n}}}\n")).collect();
    scene.dir.write("night.ndjson", &night);
    scene.dir.definitions(
        "rules.yaml",
        &format!(
            "sources:\n  - {{name: m, type: ndjson, path: minutes.ndjson, time_column: at}}\n  \
             - {{name: k, type: ndjson, path: minutes.ndjson, time_column: at}}\n  \
             - {{name: night, type: ndjson, path: night.ndjson, time_column: at}}\n\
             alerts:\n  - name: r\n{rule}"
        ),
    );
    scene
}

/// What `run` prints about the only rule at an instant.
async fn run(rule: &str, at: &str) -> Value {
    let scene = scene(rule).await;
    let config = scene.dir.config().to_string_lossy().into_owned();
    let ran = scene.launch().run(&["run", "r", "--config", &config, "--at", at, "--output", "json"]).await;
    assert_eq!(ran.code, Some(0), "{rule}: {ran:?}");
    serde_json::from_str(&ran.stdout).unwrap()
}

const COUNTED: &str = "count(*) AS c, min(n) AS lo, max(n) AS hi";

#[tokio::test]
async fn the_window_is_half_open_and_moves_with_the_delay() {
    let cases = [
        ("window: 15m", "05:45", "06:00", json!({"c": 15, "lo": 45, "hi": 59})),
        ("window: 15m\n    delay: 5m", "05:40", "05:55", json!({"c": 15, "lo": 40, "hi": 54})),
        ("every: 30m", "05:30", "06:00", json!({"c": 30, "lo": 30, "hi": 59})),
        ("cron: \"15,45 * * * *\"", "05:45", "06:00", json!({"c": 15, "lo": 45, "hi": 59})),
    ];
    for (fields, start, end, row) in cases {
        let told = run(
            &format!("    query: SELECT {COUNTED} FROM m\n    when: c > 0\n    {fields}\n"),
            "2026-11-20T06:00:00Z",
        )
        .await;
        let window = json!({"start": format!("2026-11-20T{start}:00Z"), "end": format!("2026-11-20T{end}:00Z")});
        assert_eq!((&told["window"], &told["rows"]), (&window, &json!([row])), "{fields}");
    }
}

#[tokio::test]
async fn every_scan_obeys_the_window_unless_the_query_names_it() {
    let at = "2026-11-20T06:00:00Z";
    let cases = [
        ("WITH x AS (SELECT n FROM m) SELECT count(*) AS c FROM x", 15),
        ("SELECT count(*) AS c FROM m JOIN k ON m.n = k.n", 15),
        ("SELECT count(*) AS c FROM k WHERE n IN (SELECT n FROM m)", 15),
        ("SELECT count(*) AS c FROM m WHERE at >= $window_start - interval '10 minutes' AND at < $window_end", 25),
        ("SELECT count(*) AS c FROM m WHERE at >= now() - interval '5 minutes'", 5),
    ];
    for (query, count) in cases {
        let told = run(&format!("    query: {query}\n    window: 15m\n    when: c > 0\n"), at).await;
        assert_eq!(told["rows"], json!([{"c": count}]), "{query}");
    }
    // A condition looks at the result, and cannot have filtered anything.
    let when = "$window_start < $window_end AND last >= $window_start AND now() = $scheduled_for";
    let told = run(
        &format!("    query: SELECT count(*) AS c, max(at) AS last FROM m\n    window: 15m\n    when: {when}\n"),
        at,
    )
    .await;
    assert_eq!((&told["outcome"], &told["rows"][0]["c"]), (&json!("matched"), &json!(15)));
    let told = run("    query: SELECT count(*) AS c FROM m\n    window: none\n    when: c > 0\n", at).await;
    assert_eq!((&told["window"], &told["rows"]), (&Value::Null, &json!([{"c": 60}])));
}

#[tokio::test]
async fn an_empty_window_is_no_data_and_for_a_bare_row_match_a_result_without_rows() {
    for (query, outcome) in [
        ("SELECT count(*) AS c FROM m\n    when: c < 5", "no_data"),
        ("SELECT n FROM m", "clear"),
        ("SELECT n FROM m\n    per: [n]", "no_data"),
    ] {
        let told = run(&format!("    query: {query}\n    window: 5m\n"), "2026-11-20T08:00:00Z").await;
        assert_eq!((&told["outcome"], &told["would_notify"]), (&json!(outcome), &json!([])), "{query}");
    }
    // One of two tables has rows: then it is not empty input.
    let query = "SELECT (SELECT count(*) FROM m) + (SELECT count(*) FROM night) AS c";
    let told = run(&format!("    query: {query}\n    when: c > 0\n    window: 5m\n"), "2026-10-24T22:00:00Z").await;
    assert_eq!((&told["outcome"], &told["rows"]), (&json!("matched"), &json!([{"c": 1}])));
}

#[tokio::test]
async fn calendar_windows_follow_the_zone_also_on_the_day_of_25_hours() {
    for (word, start, end, count) in [
        ("previous_day", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 2),
        ("previous_week", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z", 3),
    ] {
        let rule = format!(
            "    query: SELECT count(*) AS c FROM night\n    cron: \"0 9 * * *\"\n    timezone: Europe/Berlin\n    \
             window: {word}\n    when: c > 0\n"
        );
        let told = run(&rule, "2026-10-26T08:00:00Z").await;
        assert_eq!(told["window"], json!({"start": start, "end": end}), "{word}");
        assert_eq!(told["rows"], json!([{"c": count}]), "{word}");
    }
    let rule = "    query: SELECT n FROM night\n    cron: \"30 9 * * MON-FRI\"\n    timezone: Europe/Berlin\n";
    let scene = scene(rule).await;
    let config = scene.dir.config().to_string_lossy().into_owned();
    let next =
        ["next", "r", "--config", &config, "--after", "2026-10-23T12:00:00Z", "--count", "1", "--output", "json"];
    let next: Value = serde_json::from_str(&scene.launch().run(&next).await.stdout).unwrap();
    assert_eq!(next[0]["utc"], "2026-10-26T08:30:00Z");
}

#[tokio::test]
async fn a_parameter_of_a_window_that_is_not_there_is_found_before_it_runs() {
    let rule = "    query: SELECT count(*) AS c FROM m WHERE at >= $window_start\n    window: none\n    when: c > 0\n";
    let scene = scene(rule).await;
    let config = scene.dir.config().to_string_lossy().into_owned();
    let checked = scene.launch().run(&["check", "--config", &config, "--output", "json"]).await;
    let problems: Value = serde_json::from_str(&checked.stdout).unwrap();
    let found = problems.as_array().unwrap().iter().find(|problem| problem["code"] == "no_window").unwrap();
    assert_eq!((checked.code, &found["severity"], &found["line"]), (Some(1), &json!("error"), &json!(9)));
}
