//! Keys that are no longer in the result, and input that is empty.

use serde_json::json;

use super::{Walk, rule};

#[tokio::test]
async fn a_key_that_vanishes_is_treated_as_its_rule_says() {
    let per = "when: level > 0 | per: [host]";
    let rules = [
        rule("default", per),
        rule("at-once", &format!("{per} | missing: resolve")),
        rule("later", &format!("{per} | missing: resolve after 3s")),
        rule("keep", &format!("{per} | missing: keep")),
        rule("news", &format!("{per} | missing: alert after 2 runs")),
    ];
    let walk = Walk::new(&rules, "a 1, b 1, c 0").await;
    let product = walk.start().await;
    for rule in ["default", "at-once", "later", "keep", "news"] {
        walk.hears(rule, 2).await;
    }
    walk.hosts("b 1");
    walk.hears("later", 3).await;
    walk.hears("news", 4).await;
    let news = walk.last("news");
    walk.hosts("a 0, b 1, c 0");
    walk.hears("keep", 3).await;
    walk.hears("news", 7).await;
    walk.stop(product).await;
    let starts = ["started started_firing a", "started started_firing b"];
    for rule in ["default", "at-once", "later"] {
        assert_eq!(walk.heard(rule)[..2], starts, "{rule}");
        assert_eq!(walk.heard(rule)[2..], ["resolved missing a"], "{rule}");
    }
    assert_eq!(walk.heard("keep")[2..], ["resolved resolved a"]);
    // What was healthy and vanished is news as well, and so is its return.
    assert_eq!(
        walk.heard("news")[2..],
        ["no_data missing a", "no_data missing c", "no_data data_back a", "no_data data_back c", "resolved resolved a"]
    );
    assert_eq!((&news["rows"], &news["error"], &news["last_value"]), (&json!([]), &json!(null), &json!(null)));
    let missed = |rule: &str| {
        let arrivals = walk.scene.receiver.arrivals();
        let of_it = arrivals.iter().find(|a| a.rule() == rule && a.text("reason") == "missing");
        of_it.and_then(|arrival| arrival.instant("scheduled_for")).unwrap()
    };
    assert_eq!(missed("default").since(missed("at-once")).as_secs(), 1);
    assert_eq!(missed("later").since(missed("at-once")).as_secs(), 3);
}

#[tokio::test]
async fn empty_input_ends_a_bare_row_match_and_moves_nothing_else_unless_the_rule_says_so() {
    let per = "when: level > 0 | per: [host]";
    let rules = [
        rule("bare", "query: SELECT host FROM hosts WHERE level > 0 | notify_when: transitions"),
        rule("aggregate", "query: SELECT count(*) AS n FROM hosts | when: n > 0"),
        rule("few", "query: SELECT count(*) AS n FROM hosts | when: n < 1"),
        rule("keep", per),
        rule("resolve", &format!("{per} | no_data: resolve")),
        rule("ok", &format!("{per} | no_data: ok")),
        rule("news", &format!("{per} | no_data: alert after 2 runs")),
    ];
    let walk = Walk::new(&rules, "a 1").await;
    let product = walk.start().await;
    for rule in ["bare", "aggregate", "keep", "resolve", "ok", "news"] {
        walk.hears(rule, 1).await;
    }
    walk.hosts("");
    walk.hears("bare", 2).await;
    walk.hears("resolve", 2).await;
    walk.hears("ok", 2).await;
    walk.hears("news", 2).await;
    assert_eq!(walk.last("news")["instance"], json!(null));
    assert_eq!(walk.heard("aggregate").len(), 1);
    walk.hosts("a 1, b 0");
    walk.hears("resolve", 3).await;
    walk.hears("news", 3).await;
    walk.stop(product).await;
    assert_eq!(walk.heard("bare")[..2], ["started started_firing", "resolved resolved"]);
    assert_eq!(walk.heard("aggregate"), ["started started_firing"]);
    // An aggregate over nothing returns a row, but nothing was seen.
    assert_eq!(walk.heard("few"), Vec::<String>::new());
    assert_eq!(walk.heard("keep"), ["started started_firing a"]);
    assert_eq!(walk.heard("resolve")[..2], ["started started_firing a", "resolved resolved a"]);
    assert_eq!(walk.heard("ok")[..2], ["started started_firing a", "resolved missing a"]);
    assert_eq!(walk.heard("news"), ["started started_firing a", "no_data no_data", "no_data data_back"]);
}
