//! Opsgenie: one alert for each episode, from its start to its end, whatever happens in between.

use std::collections::BTreeSet;

use harness::receiver::opsgenie::{Call, Treatment};
use harness::{Exit, Product};
use serde_json::json;

use super::{Town, alert, delivery, in_state, outcomes, seen_in};
use crate::scene::SOON;

fn creates(calls: &[Call]) -> Vec<&Call> {
    calls.iter().filter(|call| call.method == "POST" && call.path == "/v2/alerts").collect()
}

async fn stop(mut product: Product) {
    product.terminate();
    assert_eq!(product.exit(SOON).await, Exit::code(0));
}

#[tokio::test]
async fn an_incident_is_closed_although_its_rule_has_another_name_by_then() {
    let town = Town::new().await;
    let rule = |name| alert(name, &["id: cart-level", "when: level > 5", "notify: [desk]"]);
    town.alerts(&[rule("high")]);
    town.levels(&[("cart", 7)]);
    let launch = town.launch();
    let product = launch.start().await;
    let opened = town.desk.wait_for("the incident", SOON, |alerts, _| !alerts.is_empty()).await.remove(0);
    assert!(opened.body["message"].as_str().is_some_and(|text| text.contains("high")), "{:#}", opened.body);
    assert_eq!((&opened.body["priority"], opened.is_open), (&"P3".into(), true));
    stop(product).await;
    town.alerts(&[rule("cart-is-too-high")]);
    let _product = launch.start().await;
    town.levels(&[("cart", 0)]);
    let all = town.desk.wait_for("its end", SOON, |alerts, _| alerts.iter().any(|one| !one.is_open)).await;
    let [alert] = &all[..] else { panic!("one alert: {all:#?}") };
    assert_eq!((&alert.alias, alert.is_open), (&opened.alias, false));
    assert!(alert.notes.last().is_some_and(|note| note.contains("cart-is-too-high")), "{:?}", alert.notes);
}

#[tokio::test]
async fn each_instance_is_an_alert_of_its_own() {
    let town = Town::new().await;
    town.alerts(&[alert("high", &["per: [service]", "when: level > 5", "severity: critical", "notify: [desk]"])]);
    town.levels(&[("cart", 7), ("web", 8)]);
    let _product = town.launch().start().await;
    let both = town.desk.wait_for("two incidents", SOON, |alerts, _| alerts.len() == 2).await;
    let aliases: BTreeSet<&str> = both.iter().map(|alert| alert.alias.as_str()).collect();
    let entities: BTreeSet<&str> = both.iter().filter_map(|alert| alert.body["entity"].as_str()).collect();
    assert_eq!((aliases.len(), entities), (2, BTreeSet::from(["cart", "web"])));
    assert!(both.iter().all(|alert| alert.body["priority"] == "P1"));
    town.levels(&[("cart", 7), ("web", 0)]);
    let is_over = |service: &'static str| {
        move |alerts: &[harness::receiver::opsgenie::Alert], _: &[Call]| {
            alerts.iter().any(|alert| alert.body["entity"] == service && !alert.is_open)
        }
    };
    let after = town.desk.wait_for("the end of one", SOON, is_over("web")).await;
    assert!(after.iter().any(|alert| alert.body["entity"] == "cart" && alert.is_open), "the other goes on");
}

#[tokio::test]
async fn a_query_that_fails_is_an_alert_until_it_works_again() {
    let town = Town::new().await;
    town.alerts(&[alert("high", &["when: level > 5", "on_error: alert after 1 runs", "notify: [desk]"])]);
    let _product = town.launch().start().await;
    // The column that the rule asks for is gone.
    town.rows([json!({"service": "cart", "depth": 1})]);
    let opened = town.desk.wait_for("the incident", SOON, |alerts, _| !alerts.is_empty()).await.remove(0);
    assert!(opened.body["tags"].as_array().is_some_and(|tags| tags.contains(&"kind:engine".into())), "{opened:#?}");
    assert!(opened.body["description"].as_str().is_some_and(|text| text.contains("level")), "{opened:#?}");
    town.levels(&[("cart", 0)]);
    let all = town.desk.wait_for("its end", SOON, |alerts, _| alerts.iter().all(|one| !one.is_open)).await;
    assert_eq!(all.len(), 1);
}

#[tokio::test]
async fn an_incident_is_closed_when_matches_end_also_where_nobody_else_hears_of_the_end() {
    let town = Town::new().await;
    town.alerts(&[
        alert("any", &["when: level > 5", "notify_when: any_results", "repeat: 1h", "notify: [desk]"]),
        alert("onset", &["when: level > 5", "notify_when: onset", "notify: [desk, chat]"]),
    ]);
    town.levels(&[("cart", 7)]);
    let _product = town.launch().start().await;
    town.desk.wait_for("two incidents", SOON, |alerts, _| alerts.len() == 2).await;
    seen_in(&town.slack, "onset").await;
    town.levels(&[("cart", 0)]);
    let all = town.desk.wait_for("their ends", SOON, |alerts, _| alerts.iter().all(|one| !one.is_open)).await;
    assert_eq!(all.len(), 2, "{all:#?}");
    assert_eq!(town.slack.arrivals().len(), 1, "the chat heard of the onset alone");
}

#[tokio::test]
async fn a_body_that_is_refused_is_tried_once_more_with_what_matters() {
    let town = Town::new().await;
    town.desk.script([Treatment::Status(422, "Request body is not processable. Please check the errors.")]);
    town.alerts(&[alert("high", &["when: level > 5", "labels: {team: shop}", "notify: [desk]"])]);
    town.levels(&[("cart", 7)]);
    let product = town.launch().start().await;
    let opened = town.desk.wait_for("the incident", SOON, |alerts, _| !alerts.is_empty()).await.remove(0);
    let calls = town.desk.calls();
    let [whole, short] = creates(&calls)[..] else { panic!("two attempts: {calls:#?}") };
    assert!(whole.body["tags"].as_array().is_some_and(|tags| tags.contains(&"team:shop".into())), "{:#}", whole.body);
    assert_eq!(short.body, opened.body);
    for key in ["message", "alias", "priority"] {
        assert_eq!(short.body[key], whole.body[key], "{key}");
    }
    assert!(short.body["tags"].is_null() && short.body["details"].is_null(), "{:#}", short.body);
    let done = delivery(&product, "channel=desk", in_state("done")).await;
    assert_eq!(outcomes(&done), ["payload", "sent"]);
}

#[tokio::test]
async fn the_period_that_opsgenie_names_is_waited_for() {
    const PERIOD: u64 = 4;
    let town = Town::new().await;
    town.desk.script([Treatment::Throttled(PERIOD)]);
    town.alerts(&[alert("high", &["when: level > 5", "notify: [desk]"])]);
    town.levels(&[("cart", 7)]);
    let product = town.launch().start().await;
    town.desk.wait_for("the incident", SOON, |alerts, _| !alerts.is_empty()).await;
    let calls = town.desk.calls();
    let [refused, taken] = creates(&calls)[..] else { panic!("two attempts: {calls:#?}") };
    let waited = taken.at.since(refused.at).as_secs_f64();
    assert!(waited >= PERIOD as f64, "asked again after {waited} s");
    let done = delivery(&product, "channel=desk", in_state("done")).await;
    assert_eq!(outcomes(&done), ["throttled", "sent"]);
}

#[tokio::test]
async fn a_report_pages_nobody_and_is_done() {
    let town = Town::new().await;
    let report = "reports:\n  - {name: levels, every: 1s, window: none, query: SELECT level FROM services, \
                  notify: [desk, chat]}\n";
    town.dir.definitions("reports.yaml", report);
    let product = town.launch().start().await;
    seen_in(&town.slack, "levels").await;
    let done = delivery(&product, "channel=desk", in_state("done")).await;
    assert_eq!((&done["type"], &done["last_error"]), (&"report.ready".into(), &serde_json::Value::Null));
    let detail = done["attempt_log"][0]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("a report pages nobody"), "{detail}");
    assert_eq!(town.desk.calls(), []);
}
