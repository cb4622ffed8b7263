//! How long something must hold, and what ends it.

use harness::Arrival;
use watchfire_model::Timestamp;

use super::{Walk, rule};

/// The slot of the first message of this type about a rule.
fn slot(all: &[Arrival], rule: &str, kind: &str) -> Timestamp {
    let first = all.iter().find(|arrival| arrival.rule() == rule && arrival.kind() == kind);
    first.and_then(|arrival| arrival.instant("scheduled_for")).unwrap_or_else(|| panic!("no {kind} of {rule}"))
}

#[tokio::test]
async fn a_breach_must_hold_and_a_recovery_too() {
    let rules = [
        rule("at-once", "when: level > 0"),
        rule("for-time", "when: level > 0 | for: 2s | keep_firing_for: 2s"),
        rule("for-runs", "when: level > 0 | for: 3 runs | keep_firing_for: 3 runs"),
        rule("too-long", "when: level > 0 | for: 1h"),
    ];
    let walk = Walk::new(&rules, "a 0").await;
    let product = walk.start().await;
    walk.hosts("a 1");
    for rule in ["for-time", "for-runs"] {
        assert_eq!(walk.hears(rule, 1).await, ["started started_firing"]);
    }
    walk.hosts("a 0");
    for rule in ["for-time", "for-runs"] {
        assert_eq!(walk.hears(rule, 2).await, ["started started_firing", "resolved resolved"]);
    }
    walk.stop(product).await;
    let all = walk.scene.receiver.arrivals();
    for kind in ["alert.started", "alert.resolved"] {
        for rule in ["for-time", "for-runs"] {
            let held = slot(&all, rule, kind).since(slot(&all, "at-once", kind));
            assert_eq!(held.as_secs(), 2, "{rule} {kind}");
        }
    }
    let resolved = walk.last("for-time");
    // `since` is the start of firing, not the first breach.
    assert_eq!(resolved["since"], slot(&all, "for-time", "alert.started").to_string());
    assert_eq!((&resolved["value"], &resolved["last_value"]), (&1.0.into(), &0.0.into()));
    assert_eq!(walk.heard("too-long"), Vec::<String>::new());
}

#[tokio::test]
async fn a_breach_that_returns_while_it_recovers_goes_on_in_the_same_episode() {
    let walk =
        Walk::new(&[rule("keeps", "when: level > 0 | keep_firing_for: 5s"), rule("flips", "when: level > 0")], "a 1")
            .await;
    let product = walk.start().await;
    walk.hears("keeps", 1).await;
    walk.hosts("a 0");
    walk.hears("flips", 2).await;
    walk.hosts("a 2");
    walk.hears("flips", 3).await;
    walk.hosts("a 0");
    walk.hears("keeps", 2).await;
    walk.stop(product).await;
    assert_eq!(walk.heard("keeps"), ["started started_firing", "resolved resolved"]);
    assert_eq!(walk.last("keeps")["episode"], 1);
    assert_eq!(walk.last("flips")["episode"], 2);
}

#[tokio::test]
async fn only_what_has_recovered_resolves_and_null_has_not() {
    let rules = [rule("hysteresis", "when: level > 5 | recover_when: level < 2"), rule("flips", "when: level > 5")];
    let walk = Walk::new(&rules, "a 9").await;
    let product = walk.start().await;
    walk.hears("hysteresis", 1).await;
    // Neither a level between the two thresholds nor an unknown one is a recovery.
    for (row, count) in [("a 3", 2), ("a 9", 3), ("a -", 4), ("a 9", 5)] {
        walk.hosts(row);
        walk.hears("flips", count).await;
    }
    assert_eq!(walk.heard("hysteresis"), ["started started_firing"]);
    walk.hosts("a 1");
    assert_eq!(walk.hears("hysteresis", 2).await, ["started started_firing", "resolved resolved"]);
    assert_eq!(walk.last("hysteresis")["last_value"], 1.0);
    walk.stop(product).await;
}
