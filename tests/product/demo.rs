//! The demo: what it shows comes from its records, and what does not come is named.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::launch::Answered;
use harness::{ConfigDir, Exit, Launch, http};
use serde_json::Value;

const RECORDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/demo/records.ndjson");

/// The demo gives up after 28 s; what it does before and after takes a moment on a busy machine.
const OVER: Duration = Duration::from_secs(50);

/// What readers see at one place, block after block.
fn seen_at(stdout: &str, place: &str) -> String {
    let blocks = stdout.split("── ").filter_map(|block| block.strip_prefix(place));
    blocks.collect::<Vec<_>>().join("\n")
}

fn records() -> String {
    std::fs::read_to_string(RECORDS).unwrap()
}

/// The models whose cost the records hold.
fn models(records: &str) -> BTreeSet<String> {
    let rows = records.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let attributes = rows.filter_map(|row| serde_json::from_str::<Value>(row["attributes"].as_str()?).ok());
    let paid = attributes.filter(|attributes| attributes.get("operation.cost").is_some());
    paid.filter_map(|attributes| attributes["gen_ai.request.model"].as_str().map(str::to_owned)).collect()
}

async fn demo(records: &str) -> Answered {
    let dir = ConfigDir::new();
    let file = dir.write("records.ndjson", records);
    Launch::new(&dir).run(&["demo", "--records", &file.to_string_lossy()]).await
}

#[tokio::test]
async fn the_demo_shows_its_telemetry_at_all_four_receivers() {
    let models = models(&records());
    assert!(models.contains("gpt-4o") && models.len() > 1, "{models:?}");
    let shown = Launch::new(&ConfigDir::new()).run(&["demo"]).await;
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    let [slack, discord, opsgenie, mail] =
        ["Slack", "Discord", "Opsgenie", "Mail"].map(|place| seen_at(&shown.stdout, place));
    for words in ["FIRING", "RESOLVED", "shop-web", "gift-cards", "REPORT"] {
        assert!(slack.contains(words), "`{words}` at Slack:\n{slack}");
    }
    assert!(models.iter().all(|model| slack.contains(model)), "{models:?}:\n{slack}");
    assert!(discord.contains("declined: insufficient funds"), "{discord}");
    assert!(opsgenie.contains("P1 OPEN") && opsgenie.contains("CLOSED"), "{opsgenie}");
    assert!(
        mail.contains("nightly export {day}") && mail.contains("gpt-4o") && mail.contains("[attached: llm-cost"),
        "{mail}"
    );
}

#[tokio::test]
async fn the_demo_follows_its_records() {
    let renamed = records().replace("\"shop-web\"", "\"parcel-desk\"").replace("gpt-4o", "opus-next");
    let shown = demo(&renamed).await;
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    for word in ["parcel-desk", "opus-next"] {
        assert!(seen_at(&shown.stdout, "Slack").contains(word), "`{word}`:\n{}", shown.stdout);
    }
    for word in ["shop-web", "gpt-4o"] {
        assert!(!shown.stdout.contains(word), "`{word}`:\n{}", shown.stdout);
    }
}

#[tokio::test]
async fn what_the_records_do_not_hold_is_named_as_missing() {
    let is_calm = |line: &&str| serde_json::from_str::<Value>(line).unwrap()["is_exception"] != true;
    let calm: Vec<String> = records().lines().filter(is_calm).map(|line| format!("{line}\n")).collect();
    let shown = demo(&calm.concat()).await;
    assert_eq!(shown.code, Some(1), "{}", shown.stderr);
    for what in
        ["the start of `failing-services` at Slack", "`declined-payments` at Discord", "the incident of `exceptions`"]
    {
        assert!(shown.stderr.contains(&format!("did not come: {what}")), "{what}:\n{}", shown.stderr);
    }
    assert!(!shown.stderr.contains("did not come: the report"), "{}", shown.stderr);
    assert!(seen_at(&shown.stdout, "Mail").contains("gpt-4o"), "the rest is shown:\n{}", shown.stdout);
}

#[tokio::test]
async fn records_that_cannot_be_read_are_named_with_their_line() {
    let start: String = records().lines().take(2).map(|line| format!("{line}\n")).collect();
    for (third, fault) in [
        ("{\"service_name\": \"cart\",", "line 3"),
        ("{\"start_timestamp\": \"yesterday\"}", "`start_timestamp` is no instant: yesterday"),
        ("[]", "line 3"),
    ] {
        let shown = demo(&format!("{start}{third}\n")).await;
        assert_eq!((shown.code, shown.stdout.as_str()), (Some(2), ""), "{shown:?}");
        for words in ["records.ndjson", "line 3", fault] {
            assert!(shown.stderr.contains(words), "`{words}`:\n{}", shown.stderr);
        }
    }
    let shown = Launch::new(&ConfigDir::new()).run(&["demo", "--records", "no/such/file.ndjson"]).await;
    assert_eq!(shown.code, Some(2), "{shown:?}");
    assert!(shown.stderr.contains("no/such/file.ndjson"), "{shown:?}");
}

#[tokio::test]
async fn a_demo_that_stays_shows_its_state_until_somebody_stops_it() {
    let mut product = Launch::new(&ConfigDir::new()).spawn_command(&["demo", "--stay"]);
    let address = |line: &str| {
        let (_, rest) = line.split_once("staying: ")?;
        rest.split_once(" shows the state").map(|(address, _)| address.to_owned())
    };
    let address = product.log().wait(0, OVER, address).await.expect("the demo stays and says where");
    let (status, page) = http::get(&address).await;
    let names: BTreeSet<&str> =
        page["items"].as_array().into_iter().flatten().filter_map(|rule| rule["name"].as_str()).collect();
    assert_eq!(status, 200, "{page:#}");
    assert!(names.contains("failing-services") && names.contains("exceptions"), "{page:#}");
    assert!(product.is_running());
    product.interrupt();
    assert_eq!(product.exit(Duration::from_secs(40)).await, Exit::code(0));
}
