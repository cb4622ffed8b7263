//! Definitions that change under a running server: taken whole, or not at all.

use std::time::Duration;

use harness::{Arrival, http};

use crate::scene::{SOON, Scene, alerts};

#[tokio::test]
async fn a_new_rule_is_taken_while_running() {
    let scene = Scene::with_one_rule().await;
    scene.level(1);
    let _product = scene.launch().start().await;
    scene.told("alert.started", "high").await;
    scene.dir.definitions("more.yaml", &alerts(&[("second", "level > 0", "[hook]")]));
    scene.told("alert.started", "second").await;
    // The rule that did not change has kept its state.
    assert_eq!(scene.count("alert.started", "high"), 1);
}

#[tokio::test]
async fn a_bad_file_keeps_all_old_definitions_until_it_is_mended() {
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    let said = product.log().lines().len();
    scene.dir.definitions("broken.yaml", "alerts:\n  - name: broken\n    every: 5x\n");
    scene.dir.definitions("sound.yaml", &alerts(&[("sound", "level > 0", "[hook]")]));
    product.wait_for_line(said, "broken.yaml", SOON).await;
    let (status, shown) = http::get(&format!("{}/api/definitions", product.url())).await;
    assert_eq!((status, &shown["rules"]), (200, &1.into()));
    assert!(shown["refused"]["problems"][0].as_str().unwrap().contains("broken.yaml:3:"), "{shown}");
    scene.level(1);
    scene.told("alert.started", "high").await;
    let is_sound = |all: &[Arrival]| all.iter().any(|arrival| arrival.rule() == "sound");
    assert_eq!(scene.receiver.within(Duration::from_secs(4), is_sound).await, None, "half a set of files was taken");
    scene.dir.definitions("broken.yaml", &alerts(&[("mended", "level > 0", "[hook]")]));
    scene.told("alert.started", "sound").await;
    scene.told("alert.started", "mended").await;
    assert_eq!(scene.count("alert.started", "high"), 1);
    let (_, shown) = http::get(&format!("{}/api/definitions", product.url())).await;
    assert_eq!((&shown["rules"], &shown["refused"]), (&3.into(), &serde_json::Value::Null));
}

#[tokio::test]
async fn a_rule_that_is_removed_is_decided_no_more() {
    let scene = Scene::with_one_rule().await;
    scene.dir.definitions("more.yaml", &alerts(&[("leaves", "level > 0", "[hook]"), ("stays", "level > 0", "[hook]")]));
    let _product = scene.launch().start().await;
    scene.level(1);
    scene.told("alert.started", "leaves").await;
    scene.level(0);
    scene.told("alert.resolved", "leaves").await;
    scene.dir.definitions("more.yaml", &alerts(&[("stays", "level > 0", "[hook]"), ("comes", "level > 0", "[hook]")]));
    scene.level(2);
    // `comes` is in the set that lacks `leaves`: once it is told, the set is in force.
    scene.told("alert.started", "comes").await;
    scene.level(0);
    scene.told("alert.resolved", "comes").await;
    scene.level(3);
    let comes_again =
        |all: &[Arrival]| all.iter().filter(|a| a.rule() == "comes" && a.kind() == "alert.started").count() == 2;
    scene.receiver.wait_for("another episode", SOON, comes_again).await;
    let arrivals = scene.receiver.arrivals();
    let of_leaver = arrivals.iter().filter(|a| a.rule() == "leaves" && a.body["rows"][0]["level"] == 3);
    assert_eq!(of_leaver.count(), 0);
}

#[tokio::test]
async fn a_channel_that_is_mended_gets_what_waited_for_it() {
    let scene = Scene::with_one_rule().await;
    scene.receiver.script("/hook", [harness::Answer::status(404)]);
    scene.level(1);
    let _product = scene.launch().start().await;
    let refused = |all: &[Arrival]| !all.is_empty();
    scene.receiver.wait_for("the first attempt", SOON, refused).await;
    let url = scene.receiver.url("/mended");
    let channel = format!("channels:\n  - {{name: hook, type: webhook, url: \"{url}\"}}\n");
    scene.dir.definitions("rules.yaml", &(channel + &alerts(&[("high", "level > 0", "[hook]")])));
    let told = scene.told("alert.started", "high").await;
    assert_eq!((told.path.as_str(), told.body), ("/mended", scene.receiver.arrivals_at("/hook").remove(0).body));
}
