//! Two servers, each with its own data folder, on one PostgreSQL database: they share the work, and
//! one takes over when the other dies.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Exit, Launch, postgres, slots};
use nix::sys::signal::Signal;

use crate::scene::{SOON, Scene, alerts};

/// The rules of this scene: enough for both servers to get some.
const RULES: usize = 20;

fn rule(number: usize) -> String {
    format!("shared-{number:02}")
}

/// A scene with rules that all follow the level, and a launch for each server.
async fn shared(url: &str) -> (Scene, [Launch; 2]) {
    let scene = Scene::new().await;
    let names: Vec<String> = (0..RULES).map(rule).collect();
    let rules: Vec<(&str, &str, &str)> = names.iter().map(|name| (name.as_str(), "level > 0", "[hook]")).collect();
    scene.dir.definitions("rules.yaml", &(scene.channels(&["hook"]) + &alerts(&rules)));
    let one = scene.launch().database_url(Some(url));
    let other = one.clone().data(scene.dir.root().join("data-of-the-other"));
    (scene, [one, other])
}

/// Changes the level, and waits until every rule has told it.
async fn flip(scene: &Scene, level: i64, episode: u64) {
    scene.level(level);
    let kind = if level > 0 { "alert.started" } else { "alert.resolved" };
    let told = |all: &[harness::Arrival]| {
        let of_it = all.iter().filter(|a| a.kind() == kind && a.body["episode"] == episode);
        of_it.map(|a| a.rule().to_owned()).collect::<BTreeSet<_>>().len() == RULES
    };
    scene.receiver.wait_for(&format!("`{kind}` of episode {episode} of every rule"), SOON, told).await;
}

async fn no_slot_is_missing_or_decided_twice(launch: &Launch) {
    let runs = launch.runs().await;
    let second = Duration::from_secs(1);
    let mistakes: Vec<String> = (0..RULES).flat_map(|number| slots::mistakes(&runs, &rule(number), second)).collect();
    assert_eq!(mistakes, Vec::<String>::new());
}

#[tokio::test]
async fn two_servers_share_one_database_and_tell_everything_once() {
    let Some(database) = postgres::fresh_database().await else { return };
    let (scene, [one, other]) = shared(database.url()).await;
    let (mut first, mut second) = (one.start().await, other.start().await);
    for episode in 1..=3 {
        flip(&scene, 1, episode).await;
        flip(&scene, 0, episode).await;
    }
    for server in [&mut first, &mut second] {
        server.terminate();
        assert_eq!(server.exit(SOON).await, Exit::code(0));
    }
    assert_eq!(scene.receiver.arrivals().len(), RULES * 6, "each start and each end, once");
    no_slot_is_missing_or_decided_twice(&one).await;
}

#[tokio::test]
async fn one_server_takes_over_when_the_other_dies() {
    let Some(database) = postgres::fresh_database().await else { return };
    let (scene, [one, other]) = shared(database.url()).await;
    let (mut first, mut second) = (one.start().await, other.start().await);
    flip(&scene, 1, 1).await;
    first.kill();
    assert_eq!(first.exit(SOON).await, Exit::signal(Signal::SIGKILL));
    flip(&scene, 0, 1).await;
    flip(&scene, 1, 2).await;
    second.terminate();
    assert_eq!(second.exit(SOON).await, Exit::code(0));
    no_slot_is_missing_or_decided_twice(&other).await;
}
