//! A wall clock that jumps: no slot is decided twice, and none is forgotten.

use std::collections::BTreeSet;
use std::time::Duration;

use watchfire_model::Timestamp;
use watchfire_scheduler::CatchUp;
use watchfire_store::RunRow;

use crate::scene::{START, Scene, minutely};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

fn at(minutes: u32) -> Timestamp {
    START.plus(MINUTE * minutes)
}

/// Slots that ran, oldest first, and how many were skipped.
fn decided(runs: &[RunRow]) -> (Vec<Timestamp>, u64) {
    let ran: BTreeSet<Timestamp> = runs.iter().filter(|run| run.range.is_none()).map(|run| run.scheduled_for).collect();
    (ran.into_iter().collect(), runs.iter().filter_map(|run| run.range.as_ref()).map(|range| range.count).sum())
}

fn has_run(slot: Timestamp) -> impl Fn(&[RunRow]) -> bool {
    move |runs| runs.iter().any(|run| run.range.is_none() && run.scheduled_for == slot)
}

#[tokio::test]
async fn a_clock_that_jumps_an_hour_ahead_owes_the_slots_in_between() {
    let scene = Scene::start(vec![minutely("high", CatchUp::Latest)]).await;
    scene.clock.set(at(1));
    scene.runs_when("the first slot", has_run(at(1))).await;
    scene.clock.advance(HOUR);
    let runs = scene.runs_when("the newest slot after the jump", has_run(at(61))).await;
    assert_eq!(decided(&runs), (vec![at(1), at(61)], 59));
    scene.engine.stop().await;
}

#[tokio::test]
async fn under_catch_up_all_every_slot_of_the_jump_is_decided_in_order() {
    let scene = Scene::start(vec![minutely("high", CatchUp::AllWithin(HOUR * 2))]).await;
    scene.clock.set(at(1));
    scene.runs_when("the first slot", has_run(at(1))).await;
    scene.clock.advance(HOUR);
    let runs = scene.runs_when("the newest slot after the jump", has_run(at(61))).await;
    assert_eq!(decided(&runs), ((1..=61).map(at).collect(), 0));
    scene.engine.stop().await;
}

#[tokio::test]
async fn a_clock_that_jumps_an_hour_back_decides_no_slot_twice_and_goes_on_when_it_has_caught_up() {
    let scene = Scene::start(vec![minutely("high", CatchUp::Latest)]).await;
    scene.clock.set(at(1));
    scene.runs_when("the first slot", has_run(at(1))).await;
    scene.clock.set(at(1).minus(HOUR));
    // A rule that is new after the jump has its first slots then; the old one has them behind it.
    scene.redefine(vec![minutely("high", CatchUp::Latest), minutely("new", CatchUp::Latest)]).await;
    let first_of_new = at(2).minus(HOUR);
    scene.clock.set(first_of_new);
    let runs = scene.runs_when("the new rule in the old hour", has_run(first_of_new)).await;
    let of_high = |runs: &[RunRow]| {
        runs.iter().filter(|run| run.rule.as_str() == "high").map(|run| run.scheduled_for).collect::<Vec<_>>()
    };
    assert_eq!(of_high(&runs), [at(1)]);
    scene.clock.set(at(2));
    let is_high = |run: &RunRow| run.rule.as_str() == "high" && run.scheduled_for == at(2);
    let runs = scene.runs_when("the old rule after the hour", |runs| runs.iter().any(is_high)).await;
    assert_eq!(of_high(&runs), [at(2), at(1)]);
    scene.engine.stop().await;
}
