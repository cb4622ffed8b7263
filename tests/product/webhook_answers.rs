//! Receivers that misbehave: what each still gets, and that none of them holds up another.

use std::time::Duration;

use harness::{Answer, Arrival, Launch, http};
use serde_json::Value;

use crate::scene::{SOON, Scene, alerts};

/// Longer than a hanging request (15 s) and the wait before its retry together.
const AFTER_A_HANG: Duration = Duration::from_secs(60);

/// One rule that fires at once and tells all of these channels; each leads to the path of its own name.
async fn scene_with_channels(names: &[&str]) -> Scene {
    let scene = Scene::new().await;
    let notify = format!("[{}]", names.join(", "));
    scene.dir.definitions("rules.yaml", &(scene.channels(names) + &alerts(&[("high", "level > 0", &notify)])));
    scene.level(1);
    scene
}

/// Asks for the delivery of a channel until it is as wanted.
async fn delivery(launch: &Launch, channel: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let asking = async {
        loop {
            let list = launch.deliveries().await;
            let of_channel = list.as_array().into_iter().flatten().find(|delivery| delivery["channel"] == channel);
            if let Some(found) = of_channel.filter(|delivery| wanted(delivery)) {
                return found.clone();
            }
        }
    };
    let found = tokio::time::timeout(SOON, asking).await;
    found.unwrap_or_else(|_| panic!("the delivery to {channel} did not become as wanted within {SOON:?}"))
}

fn in_state(state: &'static str) -> impl Fn(&Value) -> bool {
    move |delivery| delivery["state"] == state
}

#[tokio::test]
async fn a_receiver_that_fails_at_first_gets_the_same_message_again() {
    let names = ["error", "unavailable", "gateway", "closes", "timeout", "fine"];
    let scene = scene_with_channels(&names).await;
    let first = [Answer::status(500), Answer::status(503), Answer::status(502), Answer::Close, Answer::status(504)];
    for (name, answer) in names.iter().zip(first) {
        scene.receiver.script(&format!("/{name}"), [answer, Answer::ok()]);
    }
    let launch = scene.launch();
    let _product = launch.start().await;
    let everybody = |all: &[Arrival]| {
        names.iter().all(|name| all.iter().any(|a| a.path == format!("/{name}") && a.answer.accepts()))
    };
    scene.receiver.wait_for("everybody has the message", SOON, everybody).await;
    for name in &names {
        let arrivals = scene.receiver.arrivals_at(&format!("/{name}"));
        assert_eq!(arrivals.len(), if *name == "fine" { 1 } else { 2 }, "{name}");
        assert!(arrivals.iter().all(|a| a.kind() == "alert.started" && a.body == arrivals[0].body), "{name}");
        let done = delivery(&launch, name, in_state("done")).await;
        assert_eq!(done["attempts"].as_u64(), u64::try_from(arrivals.len()).ok(), "{done}");
    }
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it() {
    let names = ["seconds", "date", "float", "junk"];
    let scene = scene_with_channels(&names).await;
    let wishes = [("seconds", "4", 4.0), ("float", "2.5", 2.5), ("junk", "soon", 0.0)];
    for (name, wish, _) in wishes {
        scene.receiver.script(&format!("/{name}"), [Answer::retry_after(wish), Answer::ok()]);
    }
    // Far enough ahead that the first attempt comes before it, also on a busy machine.
    let until = std::time::SystemTime::now() + Duration::from_secs(20);
    scene.receiver.script("/date", [Answer::retry_after(httpdate::fmt_http_date(until)), Answer::ok()]);
    let _product = scene.launch().start().await;
    let asked = |all: &[Arrival], name: &str| all.iter().filter(|a| a.path == format!("/{name}")).count();
    let all_asked_twice = |all: &[Arrival]| names.iter().all(|name| asked(all, name) >= 2);
    scene.receiver.wait_for("everybody was asked twice", SOON, all_asked_twice).await;
    for (name, wish, least) in wishes {
        let arrivals = scene.receiver.arrivals_at(&format!("/{name}"));
        let waited = arrivals[1].at.since(arrivals[0].at).as_secs_f64();
        assert!(waited >= least, "`Retry-After: {wish}` was answered after {waited} s");
    }
    let second = scene.receiver.arrivals_at("/date").remove(1).at.to_chrono().unwrap();
    assert!(second.timestamp() >= chrono::DateTime::<chrono::Utc>::from(until).timestamp(), "{second}");
}

#[tokio::test]
async fn a_receiver_that_hangs_is_tried_again_and_holds_nobody_up() {
    let scene = scene_with_channels(&["hangs", "fine"]).await;
    scene.receiver.script("/hangs", [Answer::Hang, Answer::ok()]);
    let _product = scene.launch().start().await;
    let has_fine = |all: &[Arrival]| all.iter().any(|arrival| arrival.path == "/fine");
    let first = scene.receiver.wait_for("the neighbour's message", SOON, has_fine).await;
    assert!(first.iter().filter(|arrival| arrival.path == "/hangs").count() <= 1);
    let hangs = |all: &[Arrival]| all.iter().filter(|arrival| arrival.path == "/hangs").count() == 2;
    scene.receiver.wait_for("a second attempt", AFTER_A_HANG, hangs).await;
    let [hung, again] = &scene.receiver.arrivals_at("/hangs")[..] else { panic!("two attempts") };
    assert_eq!(hung.body, again.body);
    let apart = again.at.since(hung.at);
    assert!(apart >= Duration::from_secs(14), "the request was given {apart:?}, not 15 s");
    assert_ne!(hung.headers["webhook-timestamp"], again.headers["webhook-timestamp"]);
}

#[tokio::test]
async fn a_message_that_is_refused_for_good_ends_dead_until_somebody_retries_it() {
    let scene = scene_with_channels(&["refuses", "fine"]).await;
    scene.receiver.script("/refuses", [Answer::status(400), Answer::ok()]);
    let launch = scene.launch();
    let product = launch.start().await;
    let dead = delivery(&launch, "refuses", in_state("dead")).await;
    assert!(dead["last_error"].as_str().is_some_and(|error| error.contains("400")), "{dead}");
    assert_eq!((&dead["rule"], &dead["type"]), (&Value::from("high"), &Value::from("alert.started")));
    assert_eq!(scene.receiver.arrivals_at("/refuses").len(), 1);
    // The dead message has left its lane, so the end of the episode is sent.
    scene.level(0);
    let ended = |all: &[Arrival]| all.iter().any(|a| a.path == "/refuses" && a.kind() == "alert.resolved");
    scene.receiver.wait_for("the end of the episode", SOON, ended).await;
    let id = dead["id"].as_str().expect("a delivery has an id");
    assert_eq!(http::post(&format!("{}/api/deliveries/{id}/retry", product.url())).await.0, 202);
    let again =
        |all: &[Arrival]| all.iter().any(|a| a.kind() == "alert.started" && a.path == "/refuses" && a.answer.accepts());
    scene.receiver.wait_for("the refused message again", SOON, again).await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let scene = scene_with_channels(&["moved", "fine"]).await;
    scene.receiver.script("/moved", [Answer::moved_to(scene.receiver.url("/elsewhere"))]);
    let launch = scene.launch();
    let _product = launch.start().await;
    let failed = delivery(&launch, "moved", |delivery| delivery["last_error"].is_string()).await;
    // The channel is wrong, not the message: it waits for somebody to mend the channel.
    assert_eq!(failed["state"], "pending", "{failed}");
    assert!(failed["last_error"].as_str().is_some_and(|error| error.contains("301")), "{failed}");
    delivery(&launch, "fine", in_state("done")).await;
    assert_eq!(scene.receiver.arrivals_at("/elsewhere"), []);
}

#[tokio::test]
async fn a_secret_signs_every_message_and_stays_secret() {
    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let scene = Scene::new().await;
    let url = scene.receiver.url("/signed");
    scene.dir.definitions(
        "rules.yaml",
        &(format!(
            "channels:\n  - name: signed\n    type: webhook\n    url: \"{url}\"\n    secret: ${{WF_HOOK_SECRET}}\n    \
             headers: {{X-Team: payments, Authorization: \"${{WF_HOOK_TOKEN}}\"}}\n"
        ) + &alerts(&[("high", "level > 0", "[signed]")])),
    );
    scene.receiver.demand_signature("/signed", SECRET);
    scene.receiver.script("/signed", [Answer::status(500), Answer::ok()]);
    scene.level(1);
    let launch = scene.launch().env("WF_HOOK_SECRET", SECRET).env("WF_HOOK_TOKEN", "Bearer t0p-s3cret");
    let product = launch.start().await;
    let told = scene.told("alert.started", "high").await;
    assert_eq!(
        (told.headers["x-team"].as_str(), told.headers["authorization"].as_str()),
        ("payments", "Bearer t0p-s3cret")
    );
    let seen = launch.deliveries().await.to_string() + &product.log().lines().join("\n");
    for secret in ["C2FVsBQIhrscChlQIMV", "t0p-s3cret"] {
        assert!(!seen.contains(secret), "the secret is shown");
    }
}
