//! A thousand rules due in the same second.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Arrival, Exit, slots};

use crate::scene::{SOON, Scene};

const RULES: usize = 1_000;
const EVERY: Duration = Duration::from_secs(20);

/// How long a debug build on a busy machine may take for all of them.
const FLOODED: Duration = Duration::from_secs(90);

#[tokio::test]
async fn a_thousand_rules_due_in_one_second_are_each_decided_once() {
    let scene = Scene::new().await;
    scene.level(1);
    let mut yaml = scene.channels(&["hook"]) + "alerts:\n";
    for rule in 0..RULES {
        yaml += &format!(
            "  - {{name: due-{rule:04}, query: SELECT level FROM levels, every: 20s, window: none, when: level > 0, \
             notify: [hook]}}\n"
        );
    }
    scene.dir.definitions("rules.yaml", &yaml);
    let launch = scene.launch();
    let mut product = launch.start().await;
    let rules = |all: &[Arrival]| all.iter().map(|a| a.rule().to_owned()).collect::<BTreeSet<_>>().len();
    let arrivals = scene.receiver.wait_for("a message of each rule", FLOODED, |all| rules(all) == RULES).await;
    let slots_told: BTreeSet<&str> = arrivals.iter().map(|a| a.text("scheduled_for")).collect();
    assert_eq!(slots_told.len(), 1, "each was decided in the same slot: {slots_told:?}");
    let ids: BTreeSet<&str> = arrivals.iter().map(Arrival::id).collect();
    assert_eq!(ids.len(), RULES);
    product.terminate();
    assert_eq!(product.exit(SOON).await, Exit::code(0));
    assert_eq!(scene.receiver.arrivals().len(), RULES, "nothing was told twice");
    let runs = launch.runs().await;
    let mistakes: Vec<String> =
        (0..RULES).flat_map(|rule| slots::mistakes(&runs, &format!("due-{rule:04}"), EVERY)).collect();
    assert_eq!(mistakes, Vec::<String>::new());
}
