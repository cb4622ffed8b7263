//! Slack: its forms, its pauses, its pace, and what a death leaves behind.

use std::time::Duration;

use harness::{ChatAnswer, Exit};
use nix::sys::signal::Signal;
use serde_json::Value;

use super::{Town, alert, delivery, in_state, outcomes, requests, seen_in, waited};
use crate::scene::SOON;

/// A message leaves at its pace and arrives a little later: so much less may lie between two arrivals.
const JITTER: f64 = 0.4;

fn blocks<'a>(body: &'a Value, kind: &str) -> Vec<&'a Value> {
    let all = body["attachments"].as_array().into_iter().flatten();
    all.flat_map(|attachment| attachment["blocks"].as_array().into_iter().flatten())
        .filter(|block| block["type"] == kind)
        .collect()
}

fn is_text_alone(body: &Value) -> bool {
    body["text"].is_string() && body["blocks"].is_null() && body["attachments"].is_null()
}

#[tokio::test]
async fn a_start_has_its_rows_in_a_table_and_a_resolve_is_a_message_of_its_own() {
    let town = Town::new().await;
    town.alerts(&[alert("high", &["per: [service]", "when: level > 5", "notify: [chat]"])]);
    town.levels(&[("cart", 7), ("web", 1)]);
    let _product = town.launch().start().await;
    let started = requests(&town.slack, 1).await.remove(0);
    assert_eq!(blocks(&started.body, "table").len(), 1, "{:#}", started.body);
    assert!(started.seen.contains("FIRING") && started.seen.contains("high"), "{}", started.seen);
    assert!(started.seen.contains("cart") && started.seen.contains('7'), "{}", started.seen);
    assert!(!started.seen.contains("web"), "it is not about the calm one: {}", started.seen);
    assert_eq!(started.body["attachments"][0]["color"], "#D92D20");
    town.levels(&[("cart", 2), ("web", 1)]);
    let [_, resolved] = &requests(&town.slack, 2).await[..] else { panic!("a start and an end") };
    assert!(resolved.seen.contains("RESOLVED") && resolved.seen.contains("cart"), "{}", resolved.seen);
    assert_eq!(
        (&resolved.body["attachments"][0]["color"], &resolved.body["thread_ts"]),
        (&"#12B76A".into(), &Value::Null)
    );
}

#[tokio::test]
async fn a_message_that_slack_refuses_twice_arrives_as_text_and_no_later_one_is_lost() {
    let town = Town::new().await;
    town.slack.script([ChatAnswer::slack_invalid_blocks(), ChatAnswer::slack_invalid_blocks()]);
    town.alerts(&[alert("high", &["when: level > 5", "notify: [chat]"])]);
    town.levels(&[("cart", 7)]);
    let product = town.launch().start().await;
    let all = requests(&town.slack, 3).await;
    assert_eq!((blocks(&all[0].body, "table").len(), blocks(&all[1].body, "table").len()), (1, 0));
    assert!(!is_text_alone(&all[1].body) && is_text_alone(&all[2].body), "{:#}", all[2].body);
    assert_eq!(all.iter().map(|one| one.is_taken).collect::<Vec<_>>(), [false, false, true]);
    assert!(all.iter().all(|one| one.seen.contains("cart") && one.seen.contains('7')));
    let done = delivery(&product, "channel=chat", in_state("done")).await;
    assert_eq!((outcomes(&done), &done["attempts"]), (vec!["payload", "payload", "sent"], &3.into()));
    let first = &done["attempt_log"][0]["detail"];
    assert!(
        first.as_str().is_some_and(|detail| detail.contains("400") && detail.contains("invalid_blocks")),
        "{first}"
    );
    // The next message begins with the best form again.
    town.levels(&[("cart", 0)]);
    let end = requests(&town.slack, 4).await.remove(3);
    assert!(end.is_taken && end.seen.contains("RESOLVED") && !is_text_alone(&end.body), "{}", end.seen);
}

#[tokio::test]
async fn a_pause_holds_up_the_whole_channel_and_no_other() {
    const PAUSE: u64 = 5;
    let town = Town::new().await;
    town.slack.script([ChatAnswer::slack_throttled(PAUSE)]);
    town.alerts(&[
        alert("first", &["when: level > 0", "notify: [chat]"]),
        alert("second", &["when: level > 1", "notify: [chat, talk]"]),
    ]);
    town.levels(&[("cart", 1)]);
    let _product = town.launch().start().await;
    let refused = requests(&town.slack, 1).await.remove(0);
    assert!(refused.seen.contains("first"), "{}", refused.seen);
    // The other rule has nothing to do with the message that was put off.
    town.levels(&[("cart", 2)]);
    let (first, second) = (seen_in(&town.slack, "first").await, seen_in(&town.slack, "second").await);
    for one in [&first, &second] {
        assert!(waited(&refused, one) >= PAUSE as f64, "asked again after {} s:\n{}", waited(&refused, one), one.seen);
    }
    let elsewhere = seen_in(&town.discord, "second").await;
    assert!(elsewhere.at < second.at, "the other channel waited too");
    assert_eq!(town.slack.arrivals().len(), 3);
}

#[tokio::test]
async fn a_webhook_that_is_gone_keeps_its_message_waiting_with_the_reason() {
    let town = Town::new().await;
    town.slack.script([ChatAnswer::slack_archived()]);
    town.alerts(&[alert("high", &["when: level > 5", "notify: [chat, talk]"])]);
    town.levels(&[("cart", 7)]);
    let product = town.launch().start().await;
    let put_off = delivery(&product, "channel=chat", |one| one["last_error"].is_string()).await;
    assert_eq!((&put_off["state"], outcomes(&put_off)), (&"pending".into(), vec!["gone"]));
    let error = put_off["last_error"].as_str().unwrap_or_default();
    assert!(error.contains("gone (410)") && error.contains("channel_is_archived"), "{error}");
    let instant = |value: &Value| value.as_str().and_then(watchfire_model::Timestamp::parse).expect("an instant");
    let wait = instant(&put_off["next_at"]).since(instant(&put_off["attempt_log"][0]["finished_at"]));
    assert!(wait >= Duration::from_mins(9), "it is tried again after {wait:?}");
    seen_in(&town.discord, "high").await;
    assert_eq!(town.slack.arrivals().len(), 1);
}

#[tokio::test]
async fn all_that_starts_in_one_slot_is_one_message_and_so_is_all_that_ends() {
    const SERVICES: [&str; 4] = ["cart", "search", "billing", "mailer"];
    let town = Town::new().await;
    town.alerts(&[alert("high", &["per: [service]", "when: level > 5", "notify: [chat]"])]);
    let levels = |level| SERVICES.map(|service| (service, level));
    town.levels(&levels(7));
    let _product = town.launch().start().await;
    requests(&town.slack, 1).await;
    town.levels(&levels(0));
    let all = requests(&town.slack, 2).await;
    for (message, word) in all.iter().zip(["FIRING", "RESOLVED"]) {
        assert!(message.seen.contains(word), "{}", message.seen);
        assert!(SERVICES.iter().all(|service| message.seen.contains(service)), "{}", message.seen);
    }
    assert_eq!(all.len(), 2, "each slot is told once");
}

#[tokio::test]
async fn many_messages_come_as_a_burst_of_three_and_then_one_a_second() {
    let town = Town::new().await;
    let rules: Vec<String> =
        (1..=6).map(|n| alert(&format!("rule-{n}"), &["when: level > 5", "notify: [chat]"])).collect();
    town.alerts(&rules);
    let _product = town.launch().start().await;
    town.levels(&[("cart", 7)]);
    let all = requests(&town.slack, 6).await;
    assert!((1..=6).all(|n| all.iter().any(|one| one.seen.contains(&format!("rule-{n}")))), "each rule once");
    for (first, fourth) in all.iter().zip(&all[3..]) {
        assert!(waited(first, fourth) >= 1.0 - JITTER, "four messages within {} s", waited(first, fourth));
    }
    assert!(waited(&all[0], &all[5]) >= 3.0 - JITTER, "six messages within {} s", waited(&all[0], &all[5]));
}

#[tokio::test]
async fn the_form_that_slack_takes_is_still_known_after_a_death_before_the_answer_was_recorded() {
    let town = Town::new().await;
    town.slack.script([ChatAnswer::slack_invalid_blocks(), ChatAnswer::slack_invalid_blocks()]);
    town.alerts(&[alert("high", &["when: level > 5", "notify: [chat]"])]);
    town.levels(&[("cart", 7)]);
    let launch = town.launch();
    // The third attempt is the plain one: it arrives, and nobody writes that down.
    let mut dying = launch.clone().env("WATCHFIRE_KILL_AT", "after_send:3").spawn();
    assert_eq!(dying.exit(SOON).await, Exit::signal(Signal::SIGKILL));
    assert_eq!(town.slack.arrivals().len(), 3);
    let product = launch.start().await;
    let all = requests(&town.slack, 4).await;
    assert!(is_text_alone(&all[2].body) && is_text_alone(&all[3].body), "{:#}", all[3].body);
    assert_eq!(all[2].body, all[3].body, "the same message, once more");
    let done = delivery(&product, "channel=chat", in_state("done")).await;
    // The attempt during which it died counts, though nobody knows how it ended.
    assert_eq!((outcomes(&done), &done["attempts"]), (vec!["payload", "payload", "sent"], &4.into()));
    town.levels(&[("cart", 0)]);
    let end = requests(&town.slack, 5).await.remove(4);
    assert!(end.seen.contains("RESOLVED"), "{}", end.seen);
}
