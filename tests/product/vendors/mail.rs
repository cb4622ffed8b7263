//! Mail: threads, parts, files, and a server that refuses some of it.

use std::time::Duration;

use harness::Exit;
use harness::receiver::smtp::{Mail, Say, Step};
use mail_parser::{Message, MessageParser, MimeHeaders};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use watchfire_model::Timestamp;

use super::{Town, alert, delivery, in_state, outcomes, seen_in};
use crate::scene::SOON;

fn parsed(mail: &Mail) -> Message<'_> {
    MessageParser::default().parse(&mail.bytes).expect("a mail can be read")
}

fn text(mail: &Mail) -> String {
    parsed(mail).body_text(0).expect("a text part").into_owned()
}

fn message_id(mail: &Mail) -> String {
    parsed(mail).message_id().expect("a Message-ID").to_owned()
}

fn in_reply_to(mail: &Mail) -> Option<String> {
    parsed(mail).in_reply_to().as_text().map(str::to_owned)
}

async fn mails(town: &Town, count: usize) -> Vec<Mail> {
    town.post.wait_for(&format!("{count} mails"), SOON, |all| all.len() >= count).await
}

fn firing(town: &Town) {
    town.alerts(&[alert("high", &["when: level > 5", "notify: [mail]"])]);
    town.levels(&[("cart", 7)]);
}

fn to(name: &str) -> Step {
    Step::To(format!("{name}@example.com"))
}

fn next_at(delivery: &Value) -> Timestamp {
    delivery["next_at"].as_str().and_then(Timestamp::parse).unwrap_or_else(|| panic!("no `next_at`: {delivery:#}"))
}

#[tokio::test]
async fn the_end_of_an_episode_answers_its_first_mail() {
    let town = Town::new().await;
    firing(&town);
    let _product = town.launch().start().await;
    mails(&town, 1).await;
    town.levels(&[("cart", 1)]);
    let all = mails(&town, 2).await;
    let [first, last] = &all[..] else { panic!("a start and an end") };
    assert_eq!(first.to, ["ann@example.com", "bob@example.com"]);
    assert_eq!((in_reply_to(first), in_reply_to(last)), (None, Some(message_id(first))));
    assert_eq!(parsed(last).references().as_text(), Some(message_id(first).as_str()));
    let subject = parsed(first).subject().expect("a subject").to_owned();
    assert!(subject.contains("high"), "{subject}");
    assert_eq!(parsed(last).subject(), Some(format!("Re: {subject}").as_str()));
    for (mail, state) in [(first, "FIRING"), (last, "RESOLVED")] {
        let mail = parsed(mail);
        let parts = [mail.body_text(0), mail.body_html(0)].map(|part| part.expect("text and HTML").into_owned());
        assert!(parts.iter().all(|part| part.contains(state) && part.contains("cart")), "{parts:#?}");
        assert!(parts[1].contains("<html") && !parts[0].contains("<html"), "{parts:#?}");
    }
}

#[tokio::test]
async fn a_report_brings_all_its_rows_as_a_file() {
    const ROWS: i64 = 120;
    let town = Town::new().await;
    town.rows((0..ROWS).map(|n| json!({"service": format!("=service-{n}"), "level": n})));
    let report = "reports:\n  - name: levels\n    every: 1s\n    window: none\n    \
                  query: SELECT service, level FROM services ORDER BY level\n    \
                  notify: [{channel: mail, format: {attach: csv, table: {total: [level]}}}]\n";
    town.dir.definitions("reports.yaml", report);
    let _product = town.launch().start().await;
    let mail = mails(&town, 1).await.remove(0);
    assert!(text(&mail).contains("of 120 rows") && text(&mail).contains("7,140"), "{}", text(&mail));
    let mail = parsed(&mail);
    let file = mail.attachments().next().expect("a file");
    assert!(file.attachment_name().is_some_and(|name| name.ends_with(".csv")), "{:?}", file.attachment_name());
    let csv = String::from_utf8(file.contents().to_vec()).unwrap();
    let lines: Vec<&str> = csv.trim_start_matches('\u{feff}').lines().collect();
    let cells = (0..ROWS).map(|n| format!("'=service-{n},{n}"));
    assert_eq!(lines, ["service,level".to_owned()].into_iter().chain(cells).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_mail_that_is_put_off_comes_back_after_minutes_and_holds_up_no_other() {
    let town = Town::new().await;
    for name in ["ann", "bob"] {
        town.post.script(to(name), [Say::Reply(451, "4.7.1 greylisted, come back later")]);
    }
    town.alerts(&[
        alert("first", &["when: level > 0", "notify: [mail]"]),
        alert("second", &["when: level > 1", "notify: [mail]"]),
    ]);
    town.levels(&[("cart", 1)]);
    let launch = town.launch();
    let product = launch.start().await;
    let put_off = delivery(&product, "rule=first", |one| one["last_error"].is_string()).await;
    assert_eq!((&put_off["state"], outcomes(&put_off)), (&"pending".into(), vec!["throttled"]));
    assert!(put_off["last_error"].as_str().is_some_and(|error| error.contains("451")), "{put_off:#}");
    // What the command says is what is stored.
    let listed = launch.deliveries().await;
    assert_eq!(listed[0]["next_at"], put_off["next_at"], "{listed:#}");
    let attempted = put_off["attempt_log"][0]["started_at"].as_str().and_then(Timestamp::parse).unwrap();
    let wait = next_at(&listed[0]).since(attempted);
    assert!(wait >= Duration::from_mins(5), "it is tried again after {wait:?}");
    town.levels(&[("cart", 2)]);
    let mail = mails(&town, 1).await.remove(0);
    assert!(text(&mail).contains("second"), "{}", text(&mail));
}

#[tokio::test]
async fn one_receiver_who_is_refused_does_not_keep_a_mail_from_the_other() {
    let town = Town::new().await;
    town.post.script(to("bob"), [Say::Reply(550, "5.1.1 no such user")]);
    firing(&town);
    let product = town.launch().start().await;
    let mail = mails(&town, 1).await.remove(0);
    assert_eq!(mail.to, ["ann@example.com"]);
    let done = delivery(&product, "channel=mail", in_state("done")).await;
    assert_eq!(outcomes(&done), ["sent"]);
    let detail = done["attempt_log"][0]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("550"), "{detail}");
    assert!(!detail.contains("bob@example.com"), "the whole address is shown: {detail}");
}

#[tokio::test]
async fn a_login_that_is_refused_breaks_the_channel_and_shows_no_password() {
    const PASSWORD: &str = "s3cret-and-wrong";
    let town = Town::new().await;
    let closed = harness::receiver::smtp::Settings { login: Some(("ops", "right")), ..Default::default() };
    let post = harness::receiver::smtp::Smtp::start(closed).await;
    town.dir.definitions(
        "login.yaml",
        &format!(
            "channels:\n  - name: login\n    type: email\n    from: w@example.com\n    to: [ann@example.com]\n    \
             smtp: {{host: localhost, port: {}, tls: none, username: ops, password: \"${{WF_PASSWORD}}\"}}\n",
            post.port()
        ),
    );
    town.alerts(&[alert("high", &["when: level > 5", "notify: [login, chat]"])]);
    town.levels(&[("cart", 7)]);
    let product = town.launch().env("WF_PASSWORD", PASSWORD).start().await;
    let broken = delivery(&product, "channel=login", |one| one["last_error"].is_string()).await;
    assert_eq!((&broken["state"], outcomes(&broken)), (&"pending".into(), vec!["config"]));
    assert!(broken["last_error"].as_str().is_some_and(|error| error.contains("535")), "{broken:#}");
    // The server quotes what it refuses.
    let told = broken.to_string() + &product.log().lines().join("\n");
    assert!(!told.contains(PASSWORD), "the password is shown");
    seen_in(&town.slack, "high").await;
    assert_eq!(post.mails(), []);
}

#[tokio::test]
async fn a_mail_whose_answer_was_lost_is_sent_again_as_the_same_mail() {
    let town = Town::new().await;
    town.post.script(Step::Body, [Say::Close]);
    firing(&town);
    let product = town.launch().start().await;
    let mail = mails(&town, 1).await.remove(0);
    let done = delivery(&product, "channel=mail", in_state("done")).await;
    assert_eq!(outcomes(&done), ["unknown", "sent"]);
    let notification = done["id"].as_str().and_then(|id| id.split_once(':')).expect("NOTIFICATION:CHANNEL").0;
    assert_eq!(message_id(&mail), format!("{notification}@alerts.example.com"));
}

#[tokio::test]
async fn a_thread_survives_a_death_before_its_first_mail_was_recorded() {
    let town = Town::new().await;
    firing(&town);
    let launch = town.launch();
    let mut dying = launch.clone().env("WATCHFIRE_KILL_AT", "after_send:1").spawn();
    assert_eq!(dying.exit(SOON).await, Exit::signal(Signal::SIGKILL));
    let _product = launch.start().await;
    mails(&town, 2).await;
    town.levels(&[("cart", 0)]);
    let all = mails(&town, 3).await;
    assert_eq!(message_id(&all[0]), message_id(&all[1]), "the same mail, once more");
    assert_eq!(in_reply_to(&all[2]), Some(message_id(&all[0])));
}
