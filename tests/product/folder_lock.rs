//! One data folder, one server.

use std::time::Duration;

use harness::Exit;
use nix::sys::signal::Signal;

use crate::scene::{SOON, Scene};

#[tokio::test]
async fn a_second_server_refuses_to_start_and_names_the_first() {
    let scene = Scene::with_one_rule().await;
    let mut first = scene.launch().start().await;
    let mut second = scene.launch().spawn();
    let exit = second.exit(Duration::from_secs(10)).await;
    assert!(exit.code.is_some_and(|code| code != 0), "{exit:?}");
    second.wait_for_line(0, &first.pid().to_string(), Duration::from_secs(5)).await;
    // The first one has not noticed.
    assert!(first.is_running());
    scene.level(1);
    scene.told("alert.started", "high").await;
}

#[tokio::test]
async fn a_server_that_was_killed_leaves_no_lock_behind() {
    let scene = Scene::with_one_rule().await;
    let launch = scene.launch();
    for _ in 0..3 {
        let mut product = launch.start().await;
        product.kill();
        assert_eq!(product.exit(SOON).await, Exit::signal(Signal::SIGKILL));
    }
    let _product = launch.start().await;
    scene.level(1);
    scene.told("alert.started", "high").await;
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_made_is_named() {
    let scene = Scene::with_one_rule().await;
    std::fs::write(scene.dir.data(), "a file where the folder should be").unwrap();
    let mut product = scene.launch().spawn();
    assert!(!product.listens().await, "it started without a data folder");
    let exit = product.exit(SOON).await;
    assert!(exit.code.is_some_and(|code| code != 0), "{exit:?}");
    let folder = scene.dir.data().to_string_lossy().into_owned();
    product.wait_for_line(0, &folder, Duration::from_secs(5)).await;
}
