//! `channels test --dry-run`: what it prints is what is then sent, without the secrets.

use harness::launch::Answered;
use harness::receiver::opsgenie::Opsgenie;
use harness::receiver::smtp::{Settings, Smtp};
use harness::{ChatReceiver, ConfigDir, Launch, Receiver};
use mail_parser::MessageParser;
use serde_json::{Value, json};

/// One of each kind: rows, an end, changes, a failure, a report, and a test.
const EVENTS: [&str; 6] = ["test", "alert.started", "alert.resolved", "alert.changed", "alert.failed", "report.ready"];

/// Values that nobody may see: none of them is a part of another text.
const SECRETS: [(&str, &str); 4] = [
    ("WF_SIGN", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
    ("WF_TOKEN", "Bearer t0p-s3cret"),
    ("WF_KEY", "0f0e0d0c-0b0a-0908-0706-050403020100"),
    ("WF_PASSWORD", "pa55-w0rd-of-mail"),
];

/// One channel `it`, and how to run its tests.
struct Bench {
    dir: ConfigDir,
    launch: Launch,
    url: String,
}

impl Bench {
    /// `channel` is the rest of its definition; `url` stands behind `${WF_URL}`.
    fn new(channel: &str, url: &str) -> Self {
        let dir = ConfigDir::new();
        dir.definitions("channels.yaml", &format!("channels:\n  - {{name: it, {channel}}}\n"));
        let launch = SECRETS.iter().fold(Launch::new(&dir), |launch, (name, secret)| launch.env(name, *secret));
        Self { launch: launch.env("WF_URL", url), dir, url: url.to_owned() }
    }

    async fn run(&self, event: &str, more: &[&str]) -> Answered {
        let config = self.dir.config().to_string_lossy().into_owned();
        let command = ["channels", "test", "it", "--event", event, "--config", &config];
        let answered = self.launch.run(&[&command[..], more].concat()).await;
        self.keeps_secrets(&answered);
        answered
    }

    /// No key, token or password, and nothing of the path of an address: that is where chats have theirs.
    fn keeps_secrets(&self, answered: &Answered) {
        let shown = answered.stdout.clone() + &answered.stderr;
        let words = SECRETS.iter().flat_map(|(_, secret)| secret.split([' ', '_'])).filter(|word| word.len() > 8);
        let path = self.url.splitn(4, '/').nth(3).into_iter().flat_map(|path| path.split('/'));
        for word in words.chain(path.filter(|word| word.len() > 7)) {
            assert!(!shown.contains(word), "`{word}` is shown:\n{shown}");
        }
    }

    /// The JSON of a dry run, and its text; both exit 0.
    async fn dry(&self, event: &str) -> (Value, String) {
        let as_json = self.run(event, &["--dry-run", "--output", "json"]).await;
        let as_text = self.run(event, &["--dry-run"]).await;
        assert_eq!((as_json.code, as_text.code), (Some(0), Some(0)), "{as_json:?} {as_text:?}");
        let json = serde_json::from_str(&as_json.stdout).unwrap_or_else(|_| panic!("{event}: no JSON: {as_json:?}"));
        (json, as_text.stdout)
    }

    async fn send(&self, event: &str) {
        let sent = self.run(event, &[]).await;
        assert_eq!(sent.code, Some(0), "{event}: {sent:?}");
    }
}

/// Without what differs between two messages of the same content: ids and digits of instants inside texts.
fn timeless(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::from(without_digits(text)),
        Value::Array(items) => items.iter().map(timeless).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), timeless(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn without_digits(text: &str) -> String {
    let mut parts = text.split_inclusive("_");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // An id is `nt_` or `th_` and 32 hexadecimal digits.
        let is_id = (plain.ends_with("nt_") || plain.ends_with("th_"))
            && part.get(..32).is_some_and(|hex| hex.chars().all(|c| c.is_ascii_hexdigit()));
        plain.push_str(if is_id { &part[32..] } else { part });
    }
    plain.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

/// A header of a dry run, or its mask.
fn header<'a>(dry: &'a Value, name: &str) -> &'a str {
    dry["headers"][name].as_str().unwrap_or_default()
}

fn is_shown_in_text(dry: &Value, text: &str) {
    let field = |name: &str| dry[name].as_str().unwrap_or_default();
    // The hash behind the address is of all of it: where an id is in there, two messages have two.
    let place = field("url").split_once(" (").map_or("no mask", |(place, _)| place);
    let head = without_digits(&format!("{} {place} (", field("method")));
    // Two dry runs are two messages, whose ids stand in an address of Opsgenie.
    assert!(without_digits(text).starts_with(&head), "`{head}`:\n{text}");
    let body = text.split_once("\n\n").expect("a blank line before the body").1;
    let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("the body is no JSON:\n{text}"));
    assert_eq!(timeless(&body), timeless(&dry["body"]));
}

#[tokio::test]
async fn a_webhook_gets_what_its_dry_run_shows() {
    let receiver = Receiver::start().await;
    let url = receiver.url("/hooks/sEcReT-path-0001");
    let channel = "type: webhook, url: \"${WF_URL}\", secret: \"${WF_SIGN}\", \
                   headers: {Authorization: \"${WF_TOKEN}\", X-Team: payments}";
    let bench = Bench::new(channel, &url);
    for (index, event) in EVENTS.iter().enumerate() {
        let (dry, text) = bench.dry(event).await;
        is_shown_in_text(&dry, &text);
        assert_eq!(receiver.arrivals().len(), index, "a dry run sends nothing");
        assert_eq!(["webhook-signature", "authorization"].map(|name| header(&dry, name)), ["***", "***"], "{dry:#}");
        bench.send(event).await;
        let arrival = receiver.arrivals().remove(index);
        assert_eq!((arrival.kind(), timeless(&arrival.body)), (*event, timeless(&dry["body"])));
        assert_eq!(arrival.headers["authorization"], "Bearer t0p-s3cret");
    }
}

#[tokio::test]
async fn chats_get_what_their_dry_runs_show() {
    for (kind, chat) in [("slack", ChatReceiver::slack().await), ("discord", ChatReceiver::discord().await)] {
        let bench = Bench::new(&format!("type: {kind}, url: \"${{WF_URL}}\""), chat.url());
        for (index, event) in EVENTS.iter().enumerate() {
            let (dry, text) = bench.dry(event).await;
            is_shown_in_text(&dry, &text);
            assert_eq!(chat.arrivals().len(), index, "a dry run sends nothing");
            bench.send(event).await;
            let arrival = chat.arrivals().remove(index);
            assert!(arrival.is_taken, "{}", arrival.seen);
            assert_eq!(timeless(&arrival.body), timeless(&dry["body"]), "{kind}, {event}");
            assert!(
                arrival.seen.to_uppercase().contains("TEST"),
                "it does not say that it is a test:\n{}",
                arrival.seen
            );
        }
    }
}

#[tokio::test]
async fn opsgenie_gets_what_its_dry_run_shows() {
    let desk = Opsgenie::start(SECRETS[2].1).await;
    let channel = format!("type: opsgenie, auth_key: \"${{WF_KEY}}\", base_url: \"{}\"", desk.base_url());
    let bench = Bench::new(&channel, &desk.base_url());
    for event in EVENTS {
        let (dry, text) = bench.dry(event).await;
        let posts = || desk.calls().into_iter().filter(|call| call.method == "POST").collect::<Vec<_>>();
        let before = posts().len();
        bench.send(event).await;
        let after = posts();
        if event == "report.ready" {
            assert_eq!((&dry, after.len()), (&json!({"method": null, "reason": "a report pages nobody"}), before));
            assert!(text.contains("a report pages nobody"), "{text}");
            continue;
        }
        is_shown_in_text(&dry, &text);
        assert_eq!((header(&dry, "authorization"), after.len()), ("***", before + 1), "{event}: {dry:#}");
        assert_eq!(timeless(&after[before].body), timeless(&dry["body"]), "{event}");
    }
}

/// What a mail holds, part by part, without what differs between two mails of the same content.
fn readable(bytes: &[u8]) -> Vec<String> {
    let mail = MessageParser::default().parse(bytes).expect("a mail can be read");
    let names = mail.headers().iter().map(|header| header.name().to_owned()).collect::<Vec<_>>().join(" ");
    let texts = [mail.subject(), mail.message_id()].map(|text| text.unwrap_or_default().to_owned());
    let parts = [mail.body_text(0), mail.body_html(0)].map(|part| part.expect("text and HTML").replace("\r\n", "\n"));
    let all = [names].into_iter().chain(texts).chain(parts);
    all.map(|text| without_digits(&text).trim_end().to_owned()).collect()
}

#[tokio::test]
async fn mail_is_what_its_dry_run_shows() {
    let post = Smtp::start(Settings { login: Some(("ops", SECRETS[3].1)), ..Settings::default() }).await;
    let channel = format!(
        "type: email, from: Watchfire <w@example.com>, to: [ann@example.com, bob@example.com], \
         smtp: {{host: localhost, port: {}, tls: none, username: ops, password: \"${{WF_PASSWORD}}\"}}",
        post.port()
    );
    let bench = Bench::new(&channel, "");
    for (index, event) in EVENTS.iter().enumerate() {
        let (dry, text) = bench.dry(event).await;
        assert_eq!(post.mails().len(), index, "a dry run sends nothing");
        bench.send(event).await;
        let mail = post.mails().remove(index);
        let shown = dry["body"].as_str().unwrap_or_default();
        assert_eq!(readable(&mail.bytes), readable(shown.as_bytes()), "{event}");
        let printed = text.split_once("\n\n").expect("a blank line behind the envelope").1;
        assert_eq!(readable(printed.as_bytes()), readable(shown.as_bytes()), "{event}");
        assert_eq!((&dry["method"], &dry["from"], &dry["to"]), (&json!("SMTP"), &json!(mail.from), &json!(mail.to)));
        assert!(text.contains("RCPT TO:<bob@example.com>"), "{text}");
    }
}

#[tokio::test]
async fn an_event_that_there_is_not_is_answered_with_those_that_there_are() {
    let bench = Bench::new("type: slack, url: \"${WF_URL}\"", "http://127.0.0.1:1/services/T0000000/B0000000");
    let answered = bench.run("alert.strated", &["--dry-run"]).await;
    assert_eq!((answered.code, answered.stdout.as_str()), (Some(2), ""), "{answered:?}");
    for event in EVENTS {
        assert!(answered.stderr.contains(event), "`{event}`:\n{}", answered.stderr);
    }
}
