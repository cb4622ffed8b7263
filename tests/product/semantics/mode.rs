//! The firing modes, with and without `per`.

use super::{Walk, rule};

#[tokio::test]
async fn transitions_tell_both_ends_and_onset_the_start_of_a_rule_and_of_each_instance() {
    let rules = [
        rule("both", "when: level > 0"),
        rule("both-per", "when: level > 0 | per: [host]"),
        rule("start", "when: level > 0 | notify_when: onset"),
        rule("start-per", "when: level > 0 | per: [host] | notify_when: onset"),
        rule("gone-per", "query: SELECT host FROM hosts WHERE level > 0 | per: [host]"),
    ];
    let walk = Walk::new(&rules, "a 1, b 0, - 2").await;
    let product = walk.start().await;
    // A rule that is seen for the first time and matches already starts; NULL is a key like others.
    assert_eq!(walk.hears("both-per", 2).await, ["started started_firing -", "started started_firing a"]);
    walk.hears("gone-per", 2).await;
    walk.hears("start-per", 2).await;
    walk.hosts("a 0, b 1, - 2");
    walk.hears("both-per", 4).await;
    walk.hears("gone-per", 4).await;
    walk.hears("start-per", 3).await;
    walk.hosts("a 0, b 0, - 0");
    walk.hears("both-per", 6).await;
    walk.hears("gone-per", 6).await;
    walk.hears("both", 2).await;
    walk.stop(product).await;
    let ends = [
        "started started_firing -",
        "started started_firing a",
        "resolved resolved a",
        "started started_firing b",
        "resolved resolved -",
        "resolved resolved b",
    ];
    assert_eq!(walk.heard("both"), ["started started_firing", "resolved resolved"]);
    assert_eq!(walk.heard("both-per"), ends);
    // Without `when`, absence is recovery, at once and with the same word.
    assert_eq!(walk.heard("gone-per"), ends);
    assert_eq!(walk.heard("start"), ["started started_firing"]);
    assert_eq!(
        walk.heard("start-per"),
        ["started started_firing -", "started started_firing a", "started started_firing b"]
    );
}

#[tokio::test]
async fn any_results_tells_each_run_that_matches_and_repeat_is_its_least_distance() {
    let rules = [
        rule("bare", "query: SELECT host FROM hosts WHERE level > 0"),
        rule("seldom", "when: level > 0 | per: [host] | notify_when: any_results | repeat: 2s"),
        rule("reminds", "when: level > 0 | repeat: 2s"),
    ];
    let walk = Walk::new(&rules, "a 1").await;
    let product = walk.start().await;
    walk.hears("bare", 5).await;
    walk.hears("seldom", 3).await;
    walk.hears("reminds", 3).await;
    walk.hosts("a 0");
    walk.hears("reminds", 4).await;
    walk.stop(product).await;
    assert!(walk.heard("bare").iter().all(|line| line == "matches matches"), "{:?}", walk.heard("bare"));
    assert!(walk.heard("seldom").iter().all(|line| line == "matches matches a"), "{:?}", walk.heard("seldom"));
    let reminded = walk.heard("reminds");
    assert_eq!(reminded[..2], ["started started_firing", "repeated repeat"]);
    assert_eq!(reminded.last().unwrap(), "resolved resolved");
    for name in ["seldom", "reminds"] {
        let arrivals = walk.scene.receiver.arrivals();
        let of_it = arrivals.iter().filter(|a| a.rule() == name && a.kind() != "alert.resolved");
        let mut slots: Vec<_> = of_it.filter_map(|arrival| arrival.instant("scheduled_for")).collect();
        slots.sort();
        assert!(slots.windows(2).all(|pair| pair[1].since(pair[0]).as_secs() >= 2), "{name}: {slots:?}");
    }
}
