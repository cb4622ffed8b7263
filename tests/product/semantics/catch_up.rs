//! What happens to slots that nobody was there for.

use std::time::Duration;

use harness::{Arrival, now};
use serde_json::json;
use watchfire_model::Timestamp;

use super::{Walk, rule};
use crate::scene::Scene;

/// Long enough for an episode of two slots to pass while nobody runs.
const AWAY: Duration = Duration::from_secs(6);

/// One row a second, for five minutes around now; the level is 1 within `[from, to)` of each episode.
fn write_levels(scene: &Scene, from: Timestamp, episodes: &[(Timestamp, Timestamp)]) {
    let row = |second: u64| {
        let at = from.minus(Duration::from_secs(120)).plus(Duration::from_secs(second));
        let level = episodes.iter().any(|(start, end)| (*start..*end).contains(&at));
        format!("{}\n", json!({"at": at.to_string(), "level": u8::from(level)}))
    };
    scene.dir.write("timed.ndjson", &(0..300).map(row).collect::<String>());
}

#[tokio::test]
async fn each_policy_decides_the_slots_it_owes_and_accounts_for_the_rest() {
    let timed = "query: SELECT max(level) AS level FROM timed | window: 1s | when: level > 0";
    let rules = [
        rule("all", &format!("{timed} | catch_up: all within 10m")),
        rule("all-onset", &format!("{timed} | catch_up: all within 10m | notify_when: onset")),
        rule("all-matches", &format!("{timed} | catch_up: all within 10m | notify_when: any_results")),
        rule("latest", timed),
        rule("none", &format!("{timed} | catch_up: none")),
        rule("marker", "when: level > 0"),
    ];
    let walk = Walk::new(&rules, "a 1").await;
    walk.scene
        .dir
        .definitions("timed.yaml", "sources:\n  - {name: timed, type: ndjson, path: timed.ndjson, time_column: at}\n");
    let begun = Timestamp::from_seconds(now().as_micros() / 1_000_000);
    write_levels(&walk.scene, begun, &[]);
    let product = walk.start().await;
    walk.hears("marker", 1).await;
    product.kill();
    let killed = Timestamp::from_seconds(now().as_micros() / 1_000_000).plus(Duration::from_secs(1));
    let after = |seconds| killed.plus(Duration::from_secs(seconds));
    write_levels(&walk.scene, begun, &[(after(1), after(3))]);
    let anything = walk.scene.receiver.arrivals().len();
    assert_eq!(walk.scene.receiver.within(AWAY, |all| all.len() > anything).await, None);
    walk.hosts("a 0");
    let product = walk.start().await;
    for rule in ["all", "all-onset", "all-matches"] {
        assert_eq!(walk.hears(rule, 1).await, ["summary caught_up"], "{rule}");
    }
    walk.hears("marker", 2).await;
    walk.stop(product).await;
    // The window of a slot ends at the slot, so that what happens in a second is seen one second later.
    let summary = walk.last("all");
    assert_eq!(
        (&summary["since"], &summary["scheduled_for"]),
        (&json!(after(2).to_string()), &json!(after(4).to_string()))
    );
    assert_eq!((&summary["state"], &summary["episode"]), (&json!("resolved"), &json!(1)));
    for rule in ["latest", "none"] {
        assert_eq!(walk.heard(rule), Vec::<String>::new(), "{rule}");
    }
    let runs = walk.scene.launch().runs().await;
    for (rule, reason) in [("latest", "superseded"), ("none", "missed")] {
        let skipped = runs.as_array().unwrap().iter().find(|run| run["rule"] == rule && run["reason"] == reason);
        assert!(skipped.is_some_and(|run| run["count"].as_u64() > Some(2)), "{rule}: {runs}");
    }
    let skipped = |run: &&serde_json::Value| run["rule"] == "all" && run["status"] == "skipped";
    assert_eq!(runs.as_array().unwrap().iter().find(skipped), None);
    let of_marker: Vec<Arrival> = walk.scene.receiver.arrivals();
    assert!(of_marker.iter().all(|arrival| arrival.rule() != "marker" || arrival.body["episode"] == 1));
}
