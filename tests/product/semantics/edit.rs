//! What an edit of a rule does to its open episodes.

use std::collections::BTreeSet;

use harness::Arrival;

use super::{Walk, rule};

#[tokio::test]
async fn words_keep_the_state_keys_end_it_deleting_tells_and_disabling_does_not() {
    let fires = "when: level > 0";
    let before = [
        rule("worded", fires),
        rule("keyed", "when: level > 0 | per: [host]"),
        rule("deleted", fires),
        rule("disabled", fires),
        rule("raised", fires),
        rule("onset", "when: level > 0 | notify_when: onset"),
    ];
    let walk = Walk::new(&before, "a 1").await;
    let product = walk.start().await;
    for rule in ["worded", "keyed", "deleted", "disabled", "raised", "onset"] {
        walk.hears(rule, 1).await;
    }
    walk.rules(&[
        rule("worded", "when: level  >  0 -- the same | description: other | labels: {team: b} | message: {runbook: 'https://wiki.example.com/b'}"),
        rule("keyed", "when: level > 0 | per: [host, level]"),
        rule("disabled", "when: level > 0 | enabled: false"),
        rule("raised", "when: level > 5"),
        rule("added", fires),
    ]);
    walk.hears("added", 1).await;
    assert_eq!(walk.hears("deleted", 2).await, ["started started_firing", "resolved resolved"]);
    assert_eq!(walk.hears("raised", 2).await, ["started started_firing", "resolved resolved"]);
    walk.hears("keyed", 3).await;
    let ended = walk.scene.told("alert.resolved", "keyed").await;
    assert_eq!((&ended.body["instance"]["host"], &ended.body["episode"]), (&"a".into(), &1.into()));
    assert_eq!((walk.heard("worded").len(), walk.heard("disabled").len(), walk.heard("onset").len()), (1, 1, 1));
    // Enabled again it starts afresh, under ids of its own.
    walk.rules(&[rule("worded", fires), rule("disabled", fires)]);
    assert_eq!(walk.hears("disabled", 2).await, ["started started_firing", "started started_firing"]);
    walk.hosts("a 0");
    walk.hears("worded", 2).await;
    walk.hears("disabled", 3).await;
    walk.stop(product).await;
    assert_eq!(walk.heard("worded"), ["started started_firing", "resolved resolved"]);
    assert_eq!(walk.last("worded")["episode"], 1);
    let arrivals: Vec<Arrival> = walk.scene.receiver.arrivals();
    let ids: BTreeSet<&str> = arrivals.iter().map(Arrival::id).collect();
    assert_eq!(ids.len(), arrivals.len(), "an id was used twice");
}

#[tokio::test]
async fn what_was_deleted_while_nobody_ran_ends_at_the_receiver_too() {
    let rules = [rule("stays", "when: level > 0"), rule("leaves", "when: level > 0 | per: [host]")];
    let walk = Walk::new(&rules, "a 1").await;
    let product = walk.start().await;
    walk.hears("stays", 1).await;
    walk.hears("leaves", 1).await;
    walk.stop(product).await;
    walk.rules(&rules[..1]);
    let product = walk.start().await;
    assert_eq!(walk.hears("leaves", 2).await, ["started started_firing a", "resolved resolved a"]);
    walk.hosts("a 0");
    walk.hears("stays", 2).await;
    walk.stop(product).await;
    assert_eq!(walk.heard("stays"), ["started started_firing", "resolved resolved"]);
}
