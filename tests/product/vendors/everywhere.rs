//! One fact for all receivers at once, with data that nobody wished for.

use serde_json::{Value, json};

use super::{Town, alert, seen_in};
use crate::scene::SOON;

const ROWS: usize = 200;
const COLUMNS: usize = 60;

/// What stands in the cells of the second column, in turns.
const CELLS: [&str; 8] = [
    "<!channel> <@U0123>",
    "@everyone @here",
    "</pre><script>alert(1)</script>",
    "{{row.a}} {{#each}}",
    "``` and `",
    "\u{0}\u{7}\u{1b}[31m\r\n\ttab",
    "🔥👩‍🚀 שלום \u{202e}olleh",
    "*_~|\\[]()",
];

/// Many columns; control characters, markup of everybody, NULLs, and one cell of a megabyte.
fn nasty_row(number: usize) -> Value {
    let cell = |column: usize| match (number, column) {
        (_, 0) => json!(number),
        (3, 2) => json!("x".repeat(1024 * 1024)),
        (_, 1) => json!(CELLS[number % CELLS.len()]),
        (_, column) if column % 3 == 0 => Value::Null,
        (_, column) => json!(format!("{number}/{column} ä")),
    };
    (0..COLUMNS).map(|column| (format!("c{column}"), cell(column))).collect()
}

#[tokio::test]
async fn nasty_data_arrives_everywhere_within_every_limit_and_says_how_much_it_is() {
    let town = Town::new().await;
    town.alerts(&[alert(
        "nasty",
        &[
            "query: SELECT * FROM services ORDER BY c0",
            "when: c0 >= 0",
            "notify_when: transitions",
            "description: \"<!channel> @everyone </pre> ``` 🔥\"",
            "labels: {team: \"<!here> {{x}}\"}",
            "notify: [chat, talk, desk, mail]",
        ],
    )]);
    town.rows((0..ROWS).map(nasty_row));
    let _product = town.launch().start().await;
    let chat = seen_in(&town.slack, "nasty").await;
    let talk = seen_in(&town.discord, "nasty").await;
    let alert = town.desk.wait_for("the incident", SOON, |alerts, _| !alerts.is_empty()).await.remove(0);
    let mail = town.post.wait_for("the mail", SOON, |all| !all.is_empty()).await.remove(0);
    let mail = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
    let [text, html] = [mail.body_text(0), mail.body_html(0)].map(|part| part.expect("text and HTML").into_owned());
    assert!(!html.contains("<script"), "markup of the data is markup of the mail");
    assert!(!alert.body["description"].as_str().unwrap_or_default().contains("<script"), "{:#}", alert.body);
    for (place, said) in [
        ("Slack", chat.seen.as_str()),
        ("Discord", &talk.seen),
        ("Opsgenie", alert.body["description"].as_str().unwrap_or_default()),
        ("the mail's text", &text),
        ("the mail's HTML", &html),
    ] {
        assert!(said.contains("of 200 rows"), "{place} does not say how many rows there are:\n{said}");
        assert!(said.contains("c0") && said.contains("c1"), "{place} has no table:\n{said}");
    }
    // Nobody had to send anything twice: the first form is within the limits.
    assert_eq!((town.slack.arrivals().len(), town.discord.arrivals().len()), (1, 1));
    let posts = town.desk.calls().into_iter().filter(|call| call.method == "POST").count();
    assert_eq!((posts, town.post.mails().len()), (1, 1));
}
