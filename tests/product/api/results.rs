//! Results of reports, downloaded in every form.

use harness::http::{self, client};
use serde_json::{Value, json};

use super::{each, read, read_until};
use crate::scene::Scene;

#[tokio::test]
async fn the_result_of_a_report_is_downloaded_as_json_csv_and_parquet() {
    let scene = Scene::new().await;
    scene.dir.write("costs.ndjson", "{\"model\":\"a, \\\"b\\\"\",\"usd\":1.5}\n{\"model\":null,\"usd\":2.0}\n");
    let report = "reports:\n  - name: costs/daily\n    description: Cost by model\n    query: SELECT model, usd FROM costs ORDER BY usd\n    \
                  cron: \"* * * * * *\"\n    window: none\n    notify: [hook]\n";
    let sources = "sources:\n  - {name: costs, type: ndjson, path: costs.ndjson}\n";
    scene.dir.definitions("rules.yaml", &(scene.channels(&["hook"]) + sources + report));
    let product = scene.launch().start().await;
    let ready = scene.told("report.ready", "costs/daily").await;
    let slot = ready.text("scheduled_for");

    let all = read(&product, "/api/reports").await;
    assert_eq!(each(&all, "name"), ["costs/daily"]);
    assert_eq!(each(&read(&product, "/api/alerts").await, "name"), [""; 0], "a report is no alert");
    let one = read_until(&product, "/api/reports/costs%2Fdaily", |one| one["deliveries"][0]["state"] == "done").await;
    assert_eq!(
        (&one["query"], &one["retention"]),
        (&json!("SELECT model, usd FROM costs ORDER BY usd"), &json!("90d"))
    );
    assert!(
        one["explanation"].as_str().is_some_and(|text| text.contains("had 2 rows; the next run is at ")),
        "{one:#}"
    );
    let runs = read(&product, "/api/reports/costs%2Fdaily/runs?limit=1000").await;
    let of_slot = runs["items"].as_array().unwrap().iter().find(|run| run["id"] == slot).expect("its id is its slot");
    assert_eq!(of_slot["result"]["rows"], 2);

    let path = |slot: &str| format!("{}/api/reports/costs%2Fdaily/runs/{slot}/result", product.url());
    let (status, body) = http::get(&path(slot)).await;
    assert_eq!(status, 200);
    assert_eq!(body["rows"], json!([{"model": "a, \"b\"", "usd": 1.5}, {"model": null, "usd": 2.0}]));
    assert_eq!(
        (&body["row_count"], &body["stored_rows"], &body["columns"][1]["type"]),
        (&json!(2), &json!(2), &json!("float"))
    );
    let encoded = slot.replace(':', "%3A");
    for (format, kind) in
        [("csv", "text/csv"), ("parquet", "application/vnd.apache.parquet"), ("json", "application/json")]
    {
        let answer = client().get(format!("{}?format={format}", path(&encoded))).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{format}");
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert!(header("content-type").starts_with(kind), "{format}");
        let stamp: String = slot.chars().filter(|letter| !"-:".contains(*letter)).collect();
        let name = format!("attachment; filename=\"costs_daily-{stamp}.{format}\"");
        assert_eq!(header("content-disposition"), name);
        let bytes = answer.bytes().await.unwrap();
        match format {
            "csv" => assert_eq!(&bytes[..], "\u{feff}model,usd\r\n\"a, \"\"b\"\"\",1.5\r\n,2.0\r\n".as_bytes()),
            "parquet" => assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1")),
            _ => assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), body),
        }
    }
    for (path, status, code) in [
        (format!("{}?format=xlsx", path(slot)), 400, "bad_parameter"),
        (path("2001-01-01T00:00:00Z"), 404, "no_such_result"),
        (path("latest"), 404, "no_such_result"),
    ] {
        let (found, body) = http::get(&path).await;
        assert_eq!((found, &body["error"]["code"]), (status, &json!(code)), "{path}: {body:#}");
    }
}
