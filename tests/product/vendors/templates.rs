//! A rule's own words arrive everywhere; words that cannot be made keep no message from arriving.

use mail_parser::MessageParser;
use serde_json::json;

use super::{Town, alert, seen_in};
use crate::scene::SOON;

/// What all four receivers show of the next message that holds these words.
async fn everywhere(town: &Town, words: &str) -> Vec<(&'static str, String)> {
    let chat = seen_in(&town.slack, words).await.seen;
    let talk = seen_in(&town.discord, words).await.seen;
    let says = |value: &serde_json::Value| value.to_string().contains(words);
    let calls = |calls: &[harness::receiver::opsgenie::Call]| calls.iter().any(|call| says(&call.body));
    town.desk.wait_for(&format!("`{words}` at Opsgenie"), SOON, |_, all| calls(all)).await;
    let call = town.desk.calls().into_iter().find(|call| says(&call.body)).expect("it was just seen").body;
    let parts = ["message", "description", "note"].map(|key| call[key].as_str().unwrap_or_default());
    let texts = |mail: &harness::receiver::smtp::Mail| {
        let mail = MessageParser::default().parse(&mail.bytes).expect("a mail can be read");
        format!("{}\n{}", mail.subject().unwrap_or_default(), mail.body_text(0).unwrap_or_default())
    };
    let holds = |mail: &&harness::receiver::smtp::Mail| texts(mail).contains(words);
    let mails = town.post.wait_for(&format!("a mail with `{words}`"), SOON, |all| all.iter().any(|m| holds(&m))).await;
    let mail = mails.iter().find(holds).expect("it was just seen");
    vec![("Slack", chat), ("Discord", talk), ("Opsgenie", parts.join("\n")), ("mail", texts(mail))]
}

fn rule(title: &str, body: &str) -> String {
    alert(
        "high",
        &[
            "per: [service]",
            "when: level > 5",
            "missing: resolve",
            "notify: [chat, talk, desk, mail]",
            &format!("message:\n      title: '{title}'\n      body: '{body}'"),
        ],
    )
}

#[tokio::test]
async fn the_title_and_the_body_of_a_rule_arrive_everywhere() {
    let town = Town::new().await;
    town.alerts(&[rule(
        "{{upper instance.service}} is at {{num row.level}}",
        "{{row_count}} row, <b>*{{rule.name}}*</b>",
    )]);
    town.levels(&[("cart", 7_000)]);
    let _product = town.launch().start().await;
    for (place, text) in everywhere(&town, "CART is at 7,000").await {
        // Markup of one dialect is text in all others, and escaped in its own.
        let said = text.replace("&lt;", "<").replace("&gt;", ">").replace('*', "");
        assert!(said.contains("1 row, <b>high</b>"), "{place}:\n{text}");
    }
    // What is over has left no row: the title is the built-in one.
    town.levels(&[("web", 0)]);
    for (place, text) in everywhere(&town, "RESOLVED").await {
        assert!(text.contains("high"), "{place}:\n{text}");
    }
}

#[tokio::test]
async fn a_template_that_fails_is_told_in_the_footer_of_a_message_that_arrives() {
    let town = Town::new().await;
    // A text where a number is wanted, and far more work than a template may make.
    let nested = "{{#each rows}}{{#each ../rows}}{{level}}{{/each}}{{/each}}";
    town.alerts(&[alert(
        "high",
        &[
            "when: level > 5",
            "notify: [chat, talk, desk, mail]",
            &format!("message:\n      title: 'at {{{{num row.service}}}}'\n      body: '{nested}'"),
        ],
    )]);
    town.rows((0..400).map(|n| json!({"service": format!("service-{n}"), "level": 7})));
    let _product = town.launch().start().await;
    for (place, text) in everywhere(&town, "the title template failed").await {
        assert!(text.contains("high") && text.contains("service-1"), "{place}:\n{text}");
        assert!(text.contains("the body template failed"), "{place}:\n{text}");
        assert!(!text.contains("{{"), "{place}:\n{text}");
    }
}
