//! One alert from its first run to its end, as a script sees it.

use serde_json::{Value, json};

use super::{each, read, read_until};
use crate::scene::Scene;

/// Four rules over the source `levels`: one that tells, one that holds long, one that tells nobody, one that is off.
async fn scene() -> Scene {
    let scene = Scene::new().await;
    let rule = |name: &str, more: &str| {
        format!(
            "  - name: {name}\n    query: SELECT level FROM levels\n    every: 1s\n    window: none\n    \
             when: level > 0\n    on_error: alert after 1 runs\n{more}"
        )
    };
    let rules = [
        rule(
            "high",
            "    description: The level is high\n    labels: {team: shop, tier: \"1\"}\n    owner: shop\n    notify: [hook]\n",
        ),
        rule("slow", "    for: 1h\n    labels: {team: shop}\n    notify: [hook]\n"),
        rule("quiet", "    labels: {team: other}\n"),
        rule("off", "    enabled: false\n    notify: [hook]\n"),
    ];
    scene.dir.definitions("rules.yaml", &(scene.channels(&["hook"]) + "alerts:\n" + &rules.concat()));
    scene
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} of {value:#}"))
}

#[tokio::test]
async fn a_script_sees_an_alert_start_fire_fail_and_resolve_and_reads_why() {
    let scene = scene().await;
    let product = scene.launch().start().await;

    let calm = read_until(&product, "/api/alerts/high", |high| high["last_run"] != Value::Null).await;
    assert_eq!((&calm["state"], &calm["health"], &calm["severity"]), (&json!("inactive"), &json!("ok"), &json!(null)));
    assert!(text(&calm, "explanation").starts_with("Not firing: at "), "{calm:#}");
    assert!(text(&calm, "explanation").ends_with("none of 1 row breached `level > 0`."), "{calm:#}");

    scene.level(1);
    let started = scene.told("alert.started", "high").await;
    let high = read(&product, "/api/alerts/high").await;
    assert_eq!((&high["state"], &high["severity"]), (&json!("firing"), &json!("warning")));
    assert_eq!(high["instances"]["firing"], 1);
    let [instance] = &high["instances"]["items"].as_array().unwrap()[..] else { panic!("one instance: {high:#}") };
    assert_eq!((&instance["key"], &instance["state"], &instance["value"]), (&json!(null), &json!("firing"), &json!(1)));
    assert_eq!((&instance["since"], &instance["told"]), (&started.body["since"], &json!(["hook"])));
    assert_eq!((&instance["episode"], &instance["seq"]), (&started.body["episode"], &started.body["seq"]));
    let since = started.text("since");
    assert_eq!(text(&high, "explanation"), format!("Firing (warning) since {since}; told to hook."));
    assert_eq!(high["deliveries"][0]["id"], format!("{}:hook", started.id()));
    assert!(high["runs"].as_array().unwrap().iter().any(|run| run["scheduled_for"] == started.body["scheduled_for"]));

    // The others stand as they are said to, each with its reason.
    let slow = read_until(&product, "/api/alerts/slow", |slow| slow["state"] == "pending").await;
    assert!(text(&slow, "explanation").contains(" of 1h (`for`)"), "{slow:#}");
    let quiet = read_until(&product, "/api/alerts/quiet", |quiet| quiet["state"] == "firing").await;
    assert!(text(&quiet, "explanation").contains("nobody is told: it names no channel in `notify`"), "{quiet:#}");
    let off = read(&product, "/api/alerts/off").await;
    assert_eq!((&off["enabled"], &off["next_run_at"], &off["last_run"]), (&json!(false), &json!(null), &json!(null)));
    assert!(text(&off, "explanation").starts_with("Disabled: "), "{off:#}");
    for (filter, names) in [
        ("", vec!["high", "off", "quiet", "slow"]),
        ("?state=firing", vec!["high", "quiet"]),
        ("?state=pending", vec!["slow"]),
        ("?label=team=shop", vec!["high", "slow"]),
        ("?label=team%3Dshop&label=tier=1", vec!["high"]),
        ("?label=team=shop&state=resolved", vec![]),
    ] {
        let page = read(&product, &format!("/api/alerts{filter}")).await;
        assert_eq!(each(&page, "name"), names, "{filter}: {page:#}");
        assert_eq!(page["next"], json!(null));
    }

    // A query that fails moves no condition.
    scene.dir.write("levels.ndjson", "{\"other\":1}\n");
    scene.told("alert.failed", "high").await;
    let failing = read(&product, "/api/alerts/high").await;
    assert_eq!((&failing["state"], &failing["health"]), (&json!("firing"), &json!("error")));
    assert_eq!(failing["error"]["since"], failing["health_since"]);
    assert!(text(&failing, "explanation").starts_with("Not watched: its query fails since "), "{failing:#}");
    let page = read_until(&product, "/api/alerts?health=error", |page| each(page, "name").len() == 3).await;
    assert_eq!(each(&page, "name"), ["high", "quiet", "slow"]);
    let failed = read(&product, "/api/runs?rule=high&status=failed").await;
    assert!(each(&failed, "status").iter().all(|status| *status == "failed"), "{failed:#}");
    assert!(failed["items"][0]["error"].is_string(), "{failed:#}");

    scene.level(0);
    let resolved = scene.told("alert.resolved", "high").await;
    let high = read(&product, "/api/alerts/high").await;
    assert_eq!((&high["state"], &high["health"], &high["error"]), (&json!("resolved"), &json!("ok"), &json!(null)));
    assert_eq!(high["instances"]["items"][0]["since"], resolved.body["scheduled_for"]);
    assert!(text(&high, "explanation").starts_with(&format!("Resolved at {}; ", resolved.text("scheduled_for"))));
    let told = read_until(&product, "/api/deliveries?rule=high&state=done", |told| each(told, "id").len() == 4).await;
    assert_eq!(each(&told, "type"), ["alert.resolved", "alert.recovered", "alert.failed", "alert.started"]);
}

#[tokio::test]
async fn a_message_that_does_not_arrive_is_part_of_the_reason_and_its_attempts_can_be_read() {
    let scene = Scene::with_one_rule().await;
    scene.receiver.script("/hook", vec![harness::Answer::status(400); 9]);
    let product = scene.launch().start().await;
    scene.level(1);
    let high = read_until(&product, "/api/alerts/high", |high| high["deliveries"][0]["state"] == "dead").await;
    let explanation = text(&high, "explanation");
    assert!(explanation.contains("; the newest message to `hook` was given up: payload"), "{explanation}");
    let id = text(&high["deliveries"][0], "id").to_owned();
    let delivery = read(&product, &format!("/api/deliveries/{id}")).await;
    let [attempt] = &delivery["attempt_log"].as_array().unwrap()[..] else { panic!("one attempt: {delivery:#}") };
    assert_eq!((&attempt["number"], &attempt["outcome"]), (&json!(1), &json!("payload")));
    assert!(attempt["detail"].as_str().is_some_and(|detail| detail.contains("400")), "{attempt:#}");
    assert!(!delivery.to_string().contains("127.0.0.1"), "an address may hold a secret: {delivery:#}");
    let dead = read(&product, "/api/deliveries?state=dead&channel=hook").await;
    assert_eq!(each(&dead, "id"), [&json!(id)]);
}
