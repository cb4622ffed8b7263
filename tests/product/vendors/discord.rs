//! Discord: its fractions of a second, its plain form, and words that call nobody.

use harness::ChatAnswer;
use serde_json::json;

use super::{Town, alert, delivery, in_state, outcomes, requests, waited};

fn firing() -> String {
    alert("high", &["per: [service]", "when: level > 5", "notify: [talk]"])
}

#[tokio::test]
async fn the_pause_in_the_body_counts_to_the_fraction_of_a_second_and_not_the_one_in_the_header() {
    let town = Town::new().await;
    let body = json!({"message": "You are being rate limited.", "retry_after": 2.5, "global": false});
    // A header that says another thing: to wait for it would take longer than this test does.
    town.discord.script([ChatAnswer::Says(429, vec![("retry-after", "1800".to_owned())], body.to_string())]);
    town.alerts(&[firing()]);
    town.levels(&[("cart", 7)]);
    let product = town.launch().start().await;
    let [refused, taken] = &requests(&town.discord, 2).await[..] else { panic!("one more attempt") };
    assert!(waited(refused, taken) >= 2.5, "asked again after {} s", waited(refused, taken));
    assert!(taken.is_taken);
    let done = delivery(&product, "channel=talk", in_state("done")).await;
    assert_eq!(outcomes(&done), ["throttled", "sent"]);
}

#[tokio::test]
async fn an_embed_that_discord_refuses_comes_as_text() {
    let town = Town::new().await;
    town.discord.script([ChatAnswer::discord_invalid_form()]);
    town.alerts(&[firing()]);
    town.levels(&[("cart", 7)]);
    let product = town.launch().start().await;
    let all = requests(&town.discord, 2).await;
    assert!(all[0].body["embeds"].is_array() && all[0].body["content"].is_null(), "{:#}", all[0].body);
    assert!(all[1].body["embeds"].is_null() && all[1].body["content"].is_string(), "{:#}", all[1].body);
    assert!(all[1].is_taken && all[1].seen.contains("cart"), "{}", all[1].seen);
    let done = delivery(&product, "channel=talk", in_state("done")).await;
    assert_eq!(outcomes(&done), ["payload", "sent"]);
    // A body that Discord refuses is told with Discord's own reason.
    let detail = done["attempt_log"][0]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("50035"), "{detail}");
}

#[tokio::test]
async fn what_rows_say_arrives_as_it_is_and_calls_nobody() {
    const WORDS: [&str; 4] = ["@everyone <@&1234>", "a `code` fence", "שלום עולם", "🔥👩‍🚀"];
    let town = Town::new().await;
    // Both forms: a refused embed is followed by its text.
    town.discord.script([ChatAnswer::discord_invalid_form()]);
    town.alerts(&[alert("high", &["when: level > 5", "notify: [talk]"])]);
    town.rows(WORDS.iter().map(|words| json!({"service": words, "level": 7})));
    let _product = town.launch().start().await;
    for message in requests(&town.discord, 2).await {
        assert!(message.query.split('&').any(|pair| pair == "wait=true"), "{}", message.query);
        assert_eq!(message.body["allowed_mentions"], json!({"parse": []}));
        assert_eq!(message.body["username"], "Watchfire");
        for words in WORDS {
            assert!(message.seen.contains(words), "`{words}` in\n{}", message.seen);
        }
    }
}
