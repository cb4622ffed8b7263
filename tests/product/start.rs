//! Starts that must not succeed, and the first sign of life.

use std::time::Duration;

use harness::{Exit, http};

use crate::scene::{SOON, Scene};

#[tokio::test]
async fn a_server_that_listens_is_healthy() {
    let scene = Scene::with_one_rule().await;
    let mut product = scene.launch().start().await;
    assert_eq!(http::get(&format!("{}/healthz", product.url())).await.0, 200);
    assert_eq!(http::get(&format!("{}/no/such/page", product.url())).await.0, 404);
    assert!(product.is_running());
}

#[tokio::test]
async fn a_mistake_in_any_file_ends_the_start_with_its_place() {
    let scene = Scene::with_one_rule().await;
    scene.dir.definitions(
        "more/bad.yaml",
        "alerts:\n  - name: bad\n    query: SELECT level FROM levels\n    every: 5x\n    notify: [hook]\n",
    );
    let mut product = scene.launch().spawn();
    assert!(!product.listens().await, "it started with a mistake");
    assert_eq!(product.exit(SOON).await, Exit::code(1));
    product.wait_for_line(0, "bad.yaml:5:", Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_secret_that_is_not_in_the_environment_is_a_mistake_that_names_it() {
    let scene = Scene::with_one_rule().await;
    scene.dir.definitions("more.yaml", "channels:\n  - {name: other, type: webhook, url: \"${WF_TEST_ABSENT}\"}\n");
    let mut product = scene.launch().spawn();
    assert!(!product.listens().await, "it started without its secret");
    assert_eq!(product.exit(SOON).await, Exit::code(1));
    product.wait_for_line(0, "WF_TEST_ABSENT", Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_cannot_run_exits_with_2() {
    let scene = Scene::with_one_rule().await;
    let launch = scene.launch();
    assert_eq!(launch.run(&["serve", "--no-such-flag"]).await.code, Some(2));
    let absent = scene.dir.root().join("absent").to_string_lossy().into_owned();
    let answered = launch.run(&["check", "--config", &absent]).await;
    assert_eq!(answered.code, Some(2), "{answered:?}");
    assert!(answered.stderr.contains("absent"), "{answered:?}");
}

#[tokio::test]
async fn a_name_is_an_address_to_listen_on_and_a_flag_wins_over_the_environment() {
    let scene = Scene::with_one_rule().await;
    scene.dir.definitions("watchfire.yaml", "server: {listen: \"127.0.0.1:1\"}\n");
    let (config, data) = (scene.dir.config(), scene.dir.data());
    let (config, data) = (config.to_string_lossy(), data.to_string_lossy());
    let serve = ["serve", "--config", &config, "--data", &data];
    let launch = scene.launch().env("WATCHFIRE_SERVER_LISTEN", "no.such.name.invalid:2");
    let answered = launch.run(&serve).await;
    assert_eq!(answered.code, Some(2), "{answered:?}");
    assert!(answered.stderr.contains("no.such.name.invalid:2"), "the environment wins over the file: {answered:?}");
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let listen = format!("localhost:{port}");
    let answered = launch.run(&[&serve[..], &["--listen", &listen]].concat()).await;
    assert!(answered.stderr.contains(&format!("127.0.0.1:{port}")), "the name is resolved: {answered:?}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let scene = Scene::with_one_rule().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (config, data) = (scene.dir.config(), scene.dir.data());
    let (config, data) = (config.to_string_lossy(), data.to_string_lossy());
    let answered = scene.launch().run(&["serve", "--config", &config, "--data", &data, "--listen", &address]).await;
    assert_ne!(answered.code, Some(0), "{answered:?}");
    assert!((answered.stderr + &answered.stdout).contains(&address));
}

#[tokio::test]
async fn without_tokens_it_refuses_to_listen_to_the_world() {
    let scene = Scene::with_one_rule().await;
    let (config, data) = (scene.dir.config(), scene.dir.data());
    let (config, data) = (config.to_string_lossy(), data.to_string_lossy());
    let answered = scene.launch().run(&["serve", "--config", &config, "--data", &data, "--listen", "0.0.0.0:0"]).await;
    assert!(answered.code.is_some_and(|code| code != 0), "{answered:?}");
}
