//! The main job on real input: one alert of each mode over telemetry that real SDKs sent, read as a source,
//! evaluated, and posted to a receiver. What is expected is counted from the file by this test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use harness::{Arrival, ConfigDir, Launch, Receiver};
use serde_json::{Value, json};

use crate::scene::SOON;

/// The definitions, and the telemetry that they read: a morning of the examples.
const DEFINITIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/product/main_job");
const MORNING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/examples/data/records/morning.ndjson");

fn definitions() -> ConfigDir {
    let dir = ConfigDir::new();
    for name in ["channels.yaml", "sources.yaml", "alerts.yaml"] {
        dir.write(name, &std::fs::read_to_string(Path::new(DEFINITIONS).join(name)).unwrap());
    }
    dir.write("data/records.ndjson", &lines(&records()));
    dir
}

fn records() -> Vec<Value> {
    let text = std::fs::read_to_string(MORNING).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

fn attributes(row: &Value) -> Value {
    serde_json::from_str(row["attributes"].as_str().unwrap()).unwrap()
}

fn is_exception(row: &Value) -> bool {
    row["is_exception"] == true
}

/// Exceptions by service and type, as instances.
fn exceptions(rows: &[Value]) -> BTreeSet<String> {
    let thrown = rows.iter().filter(|row| is_exception(row));
    let key = |row: &Value| json!({"service_name": row["service_name"], "exception_type": row["exception_type"]});
    thrown.map(|row| key(row).to_string()).collect()
}

/// Services with at least ten operations of which more than one in twenty failed.
fn failing_services(rows: &[Value]) -> BTreeSet<String> {
    let mut counts: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for row in rows {
        let count = counts.entry(row["service_name"].as_str().unwrap().to_owned()).or_default();
        count.0 += 1;
        count.1 += u32::from(is_exception(row));
    }
    let failing =
        counts.into_iter().filter(|(_, (all, failed))| *all >= 10 && f64::from(*failed) > 0.05 * f64::from(*all));
    failing.map(|(service, _)| json!({"service_name": service}).to_string()).collect()
}

/// Calls and cost of each model.
fn costs(rows: &[Value]) -> BTreeMap<String, (u64, f64)> {
    let mut costs: BTreeMap<String, (u64, f64)> = BTreeMap::new();
    for attributes in rows.iter().map(attributes).filter(|attributes| attributes.get("operation.cost").is_some()) {
        let model = attributes["gen_ai.request.model"].as_str().unwrap_or("unknown").to_owned();
        let cost = costs.entry(model).or_default();
        cost.0 += 1;
        cost.1 += attributes["operation.cost"].as_f64().unwrap();
    }
    costs
}

fn instances(all: &[Arrival], kind: &str, rule: &str) -> BTreeSet<String> {
    let of_it = all.iter().filter(|arrival| arrival.kind() == kind && arrival.rule() == rule);
    of_it.map(|arrival| arrival.body["instance"].to_string()).collect()
}

fn first<'a>(all: &'a [Arrival], kind: &str, rule: &str) -> Option<&'a Arrival> {
    all.iter().find(|arrival| arrival.kind() == kind && arrival.rule() == rule)
}

#[tokio::test]
async fn each_mode_tells_what_the_telemetry_holds() {
    let rows = records();
    assert_eq!(rows.len(), 252);
    let (dir, receiver) = (definitions(), Receiver::start().await);
    let launch = Launch::new(&dir).env("WATCHFIRE_WEBHOOK_URL", receiver.url("/hook"));
    let _product = launch.start().await;

    let (thrown, failing) = (exceptions(&rows), failing_services(&rows));
    let all = receiver
        .wait_for("everything that is told at first", SOON, |all| {
            instances(all, "alert.started", "exceptions") == thrown
                && instances(all, "alert.started", "service-error-rate") == failing
                && first(all, "alert.matches", "fatal-logs").is_some()
                && first(all, "alert.matches", "llm-cost-daily").is_some()
                && first(all, "alert.started", "slow-operations").is_some()
        })
        .await;
    let fatal = first(&all, "alert.matches", "fatal-logs").unwrap();
    let fatal_rows = rows.iter().filter(|row| row["level"].as_u64().unwrap() >= 21).count();
    assert_eq!(fatal.body["row_count"], fatal_rows);
    assert_eq!(fatal.body["severity"], "critical");

    let cost = first(&all, "alert.matches", "llm-cost-daily").unwrap();
    let told: BTreeMap<String, (u64, f64)> = cost.body["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["model"].as_str().unwrap().to_owned(),
                (row["calls"].as_u64().unwrap(), row["cost_usd"].as_f64().unwrap()),
            )
        })
        .collect();
    let expected = costs(&rows);
    assert_eq!(told.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (model, (calls, usd)) in expected {
        assert_eq!(told[&model].0, calls, "{model}");
        assert!((told[&model].1 - usd).abs() < 0.0001, "{model}: {} against {usd}", told[&model].1);
    }
    // The first run of a data change is its silent baseline.
    assert_eq!(first(&all, "alert.changed", "models-in-use"), None);

    a_new_model_is_a_change(&dir, &receiver, &rows).await;
    what_is_gone_has_ended(&dir, &receiver, &rows).await;
}

async fn a_new_model_is_a_change(dir: &ConfigDir, receiver: &Receiver, rows: &[Value]) {
    let mut with_another = rows.to_vec();
    let mut call = rows.iter().find(|row| attributes(row).get("gen_ai.request.model").is_some()).unwrap().clone();
    let mut attributes = attributes(&call);
    attributes["gen_ai.request.model"] = json!("haiku-next");
    call["attributes"] = json!(attributes.to_string());
    with_another.push(call);
    dir.write("data/records.ndjson", &lines(&with_another));
    let all =
        receiver.wait_for("the new model", SOON, |all| first(all, "alert.changed", "models-in-use").is_some()).await;
    let changed = first(&all, "alert.changed", "models-in-use").unwrap();
    let change = &changed.body["changes"][0];
    assert_eq!(changed.body["changes"].as_array().unwrap().len(), 1);
    assert_eq!((&change["kind"], &change["key"]["model"]), (&json!("added"), &json!("haiku-next")));
}

async fn what_is_gone_has_ended(dir: &ConfigDir, receiver: &Receiver, rows: &[Value]) {
    let calm: Vec<Value> = rows.iter().filter(|row| !is_exception(row)).cloned().collect();
    dir.write("data/records.ndjson", &lines(&calm));
    let (thrown, failing) = (exceptions(rows), failing_services(rows));
    let all = receiver
        .wait_for("the end of every exception and every failing service", SOON, |all| {
            instances(all, "alert.resolved", "exceptions") == thrown
                && instances(all, "alert.resolved", "service-error-rate") == failing
        })
        .await;
    // An onset tells no end.
    assert_eq!(first(&all, "alert.resolved", "slow-operations"), None);
}
