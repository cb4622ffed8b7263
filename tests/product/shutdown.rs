//! An operator stops the server: what was begun is finished, what was not is kept.

use std::time::Duration;

use harness::{Answer, Exit, slots};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::scene::{SOON, Scene, alerts};

#[tokio::test]
async fn sigterm_lets_a_delivery_finish_and_exits_with_0() {
    let scene = Scene::with_one_rule().await;
    scene.receiver.script("/hook", [Answer::Slow(Duration::from_secs(3)), Answer::ok()]);
    scene.level(1);
    let launch = scene.launch();
    let mut product = launch.start().await;
    scene.receiver.wait_for("the request is on its way", SOON, |all| !all.is_empty()).await;
    product.terminate();
    assert_eq!(product.exit(SOON).await, Exit::code(0));
    // Its answer was heard: the next server has nothing to send again.
    let _product = launch.start().await;
    let again = scene.receiver.within(Duration::from_secs(4), |all| all.len() > 1).await;
    assert_eq!(again, None, "a finished delivery was sent again");
}

#[tokio::test]
async fn sigterm_does_not_wait_for_a_receiver_that_hangs_and_the_message_is_not_lost() {
    let scene = Scene::with_one_rule().await;
    scene.receiver.script("/hook", [Answer::Hang, Answer::ok()]);
    scene.level(1);
    let launch = scene.launch();
    let mut product = launch.start().await;
    scene.receiver.wait_for("the request is on its way", SOON, |all| !all.is_empty()).await;
    product.terminate();
    // A request is given 15 s; nothing may take much longer than that.
    assert_eq!(product.exit(Duration::from_secs(30)).await, Exit::code(0));
    let _product = launch.start().await;
    let told = scene.told("alert.started", "high").await;
    assert_eq!(told.id(), scene.receiver.arrivals()[0].id());
}

#[tokio::test]
async fn an_idle_server_stops_within_seconds_and_every_slot_has_its_decision() {
    let scene = Scene::with_one_rule().await;
    scene.level(1);
    let launch = scene.launch();
    let mut product = launch.start().await;
    scene.told("alert.started", "high").await;
    product.terminate();
    assert_eq!(product.exit(Duration::from_secs(10)).await, Exit::code(0));
    let mut product = launch.start().await;
    scene.level(0);
    scene.told("alert.resolved", "high").await;
    product.terminate();
    assert_eq!(product.exit(Duration::from_secs(10)).await, Exit::code(0));
    let runs = launch.runs().await;
    assert_eq!(slots::mistakes(&runs, "high", Duration::from_secs(1)), Vec::<String>::new());
}

#[tokio::test]
async fn a_state_outlives_restarts_and_nothing_is_told_twice() {
    let scene = Scene::new().await;
    let rules = [("first", "level > 0", "[hook]"), ("second", "level > 1", "[hook]"), ("third", "level > 2", "[hook]")];
    scene.dir.definitions("rules.yaml", &(scene.channels(&["hook"]) + &alerts(&rules)));
    let launch = scene.launch();
    // One more rule fires in each life of the server, and those before it fire on.
    for (level, (rule, _, _)) in (1..).zip(rules) {
        scene.level(level);
        let mut product = launch.start().await;
        scene.told("alert.started", rule).await;
        product.terminate();
        assert_eq!(product.exit(SOON).await, Exit::code(0));
    }
    scene.level(0);
    let _product = launch.start().await;
    for (rule, _, _) in rules {
        scene.told("alert.resolved", rule).await;
        let kinds: Vec<String> =
            scene.receiver.arrivals().iter().filter(|a| a.rule() == rule).map(|a| a.kind().to_owned()).collect();
        assert_eq!(kinds, ["alert.started", "alert.resolved"], "{rule}");
    }
}

#[tokio::test]
async fn a_client_that_never_finishes_its_request_does_not_keep_the_server_from_stopping() {
    let scene = Scene::with_one_rule().await;
    let mut product = scene.launch().start().await;
    let address = product.url().trim_start_matches("http://").to_owned();
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\nGET /he").await.unwrap();
    // The answer to the first request shows that the server has read this far.
    let mut answer = [0; 8];
    client.read_exact(&mut answer).await.unwrap();
    product.terminate();
    assert_eq!(product.exit(Duration::from_secs(15)).await, Exit::code(0));
}

#[tokio::test]
async fn who_asks_twice_does_not_wait_and_the_message_is_not_lost() {
    let scene = Scene::with_one_rule().await;
    scene.receiver.script("/hook", [Answer::Hang, Answer::ok()]);
    scene.level(1);
    let launch = scene.launch();
    let mut product = launch.start().await;
    scene.receiver.wait_for("the request is on its way", SOON, |all| !all.is_empty()).await;
    product.terminate();
    product.wait_for_line(0, "SIGTERM: stopping", SOON).await;
    product.terminate();
    assert_eq!(product.exit(Duration::from_secs(5)).await, Exit::code(1));
    let _product = launch.start().await;
    let told = scene.told("alert.started", "high").await;
    assert_eq!(told.id(), scene.receiver.arrivals()[0].id());
}
