//! The examples: each is without mistakes, finds something in the data that lies beside it, and what it tells
//! arrives at the channels that it names.
//!
//! Their data is of one morning and their windows are real, so the test moves the data to the present. Of the
//! definitions it changes two things: every rule runs each second, and mail goes to the port of the test's server.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use harness::receiver::opsgenie::Opsgenie;
use harness::receiver::smtp::{Settings, Smtp};
use harness::{ChatReceiver, ConfigDir, Launch, Receiver};
use mail_parser::MessageParser;
use serde_json::{Value, json};

use crate::scene::SOON;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/examples");

/// The instant at which the README runs the examples.
const AT: &str = "2026-11-20T07:00:00Z";

/// The instant of the data that becomes the present: its newest rows are a minute old, and stay in windows of a
/// quarter of an hour for long enough on a busy machine.
const PRESENT: &str = "2026-11-20T06:50:00Z";

/// Files that hold no rule.
const SURROUNDINGS: [&str; 3] = ["channels.yaml", "sources.yaml", "watchfire.yaml"];

/// The channels of `channels.yaml`.
const CHANNELS: [&str; 4] = ["team-chat", "on-call", "team-mail", "automation"];

/// A rule, a word that its message must have, and the channels that hear of it in its first runs.
type Told = (&'static str, &'static str, &'static [&'static str]);

macro_rules! examples {
    ($($test:ident: $file:literal tells $told:expr;)+) => {
        const EXAMPLES: &[(&str, &[Told])] = &[$(($file, &$told)),+];
        $(#[tokio::test]
        async fn $test() {
            arrive($file, &$told).await;
        })+
    };
}

examples! {
    a_failing_service_is_told_and_paged:
        "error-rate-per-service.yaml" tells [("error-rate-per-service", "shop-web", &["team-chat", "on-call"])];
    slow_requests_are_told:
        "latency-percentile.yaml" tells [("latency-p95", "/checkout", &["team-chat"])];
    answers_of_5xx_are_told_and_paged:
        "http-5xx-per-route.yaml" tells [("http-5xx-per-route", "/checkout", &["on-call", "team-chat"])];
    kinds_of_exceptions_are_told_and_fatal_logs_page:
        "any-exception.yaml" tells [
            ("any-exception", "payments.UpstreamTimeout", &["team-chat"]),
            ("fatal-logs", "worker stops", &["on-call"])
        ];
    slow_queries_are_mailed:
        "slow-queries.yaml" tells [("slow-queries", "lower(customer)", &["team-mail"])];
    the_cost_of_models_is_reported_in_mail_and_chat:
        "llm-cost-daily.yaml" tells [("llm-cost-daily", "gpt-4o", &["team-mail", "team-chat"])];
    a_budget_that_is_used_up_is_told_to_people_and_to_a_program:
        "token-budget.yaml" tells [("token-budget", "support", &["team-chat", "automation"])];
    worse_answers_are_told:
        "evaluation-pass-rate.yaml" tells [("evaluation-pass-rate", "Relevance", &["team-chat"])];
    a_new_model_is_told:
        "models-in-use.yaml" tells [("models-in-use", "haiku-", &["team-chat"])];
    a_changed_row_is_told_to_people_and_to_a_program:
        "table-watch.yaml" tells [("feature-flags-changed", "new-checkout", &["team-chat", "automation"])];
    a_source_that_stands_still_is_told_and_paged:
        "source-health.yaml" tells [("source-health", "stock_feed", &["team-chat", "on-call"])];
    a_silent_service_pages:
        "silent-service.yaml" tells [("silent-service", "warehouse-sync", &["on-call"])];
    a_growing_queue_is_told_to_people_and_to_a_program:
        "queue-backlog.yaml" tells [("queue-backlog", "exports", &["team-chat", "automation"])];
    failed_jobs_are_told_and_overdue_ones_mailed:
        "failed-jobs.yaml" tells [
            ("failed-jobs", "nightly-export", &["team-chat"]),
            ("overdue-jobs", "reindex-catalogue", &["team-mail"])
        ];
    an_article_of_which_little_is_left_is_told_to_people_and_to_a_program:
        "low-stock.yaml" tells [("low-stock", "blue mug", &["team-chat", "automation"])];
    an_address_that_does_not_answer_pages:
        "endpoint-down.yaml" tells [("endpoint-down", "https://shop.example.com/checkout", &["on-call"])];
    a_certificate_that_ends_is_mailed_and_pages_at_last:
        "certificate-expiry.yaml" tells [("certificate-expiry", "mail.example.com", &["team-mail", "on-call"])];
    a_week_is_reported_in_mail:
        "weekly-report.yaml" tells [("weekly-services", "shop-web", &["team-mail"])];
}

#[tokio::test]
async fn the_folder_is_without_mistakes_and_doubts_and_needs_no_environment() {
    let launch = Launch::new(&ConfigDir::new());
    let checked = launch.run(&["check", "--config", FOLDER, "--strict", "--output", "json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&checked.stdout).unwrap(), json!([]), "{}", checked.stdout);
    assert_eq!(checked.code, Some(0));
}

#[test]
fn each_file_begins_with_what_it_is_for_and_is_told_of_by_the_readme_and_by_a_test() {
    let readme = read("README.md");
    let mut tested: BTreeSet<&str> = EXAMPLES.iter().map(|(file, _)| *file).collect();
    tested.extend(SURROUNDINGS);
    let files: BTreeSet<String> = files("").into_iter().filter(|name| name.ends_with(".yaml")).collect();
    assert_eq!(files, tested.iter().map(ToString::to_string).collect());
    for file in &files {
        let purpose = read(file).lines().next().unwrap_or_default().to_owned();
        assert!(purpose.starts_with("# ") && purpose.len() > 20, "{file} begins with `{purpose}`");
        assert!(readme.contains(&format!("({file})")), "{file} is not in the README");
    }
    for (file, told) in EXAMPLES {
        let rules: BTreeSet<String> = rules(&read(file)).into_iter().collect();
        assert_eq!(rules, told.iter().map(|(rule, ..)| (*rule).to_owned()).collect(), "the rules of {file}");
    }
}

#[tokio::test]
async fn each_rule_finds_something_at_the_instant_that_the_readme_names() {
    assert!(read("README.md").contains(AT));
    let launch = Launch::new(&ConfigDir::new());
    for (rule, ..) in EXAMPLES.iter().flat_map(|(_, told)| *told) {
        let ran = launch.run(&["run", rule, "--config", FOLDER, "--at", AT, "--output", "json"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let ran: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(ran["outcome"], "matched", "{ran}");
        assert!(ran["row_count"].as_u64().unwrap() > 0, "{ran}");
    }
}

#[tokio::test]
async fn run_shows_what_a_rule_would_tell() {
    let launch = Launch::new(&ConfigDir::new());
    let ran = launch.run(&["run", "fatal-logs", "--config", FOLDER, "--at", AT, "--output", "json"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let ran: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(ran["outcome"], "matched");
    assert_eq!(ran["scheduled_for"], AT);
    assert_eq!(ran["window"], json!({"start": "2026-11-20T06:45:00Z", "end": AT}));
    assert_eq!(ran["row_count"], 4);
    assert_eq!(ran["would_notify"], json!([{"type": "alert.matches", "instance": null, "reason": "matches"}]));
}

/// Serves one example with nothing but its surroundings, until every channel that it names has heard of each rule.
async fn arrive(file: &str, told: &[Told]) {
    let receivers = Receivers::start().await;
    let dir = copy(file, &receivers);
    let launch = Launch::new(&dir)
        .env("SLACK_URL", receivers.chat.url())
        .env("OPSGENIE_URL", receivers.desk.base_url())
        .env("AUTOMATION_URL", receivers.program.url("/watchfire"));
    let change = change_of(file);
    if change.is_some() {
        dir.definitions("ticks.yaml", TICKS);
    }
    let product = launch.start().await;
    let everything = async {
        let mut version = 0;
        loop {
            let seen = product.log().lines().len();
            if receivers.missing(told).is_empty() {
                return;
            }
            // Whichever message is delivered next, it may be one of those.
            product.log().wait(seen, SOON, |line| line.contains("Delivered ").then_some(())).await;
            if let Some(change) = &change {
                version += 1;
                dir.write(change.name, &(change.version)(version));
            }
        }
    };
    let has_ended = tokio::time::timeout(SOON, everything).await.is_ok();
    assert!(has_ended, "not told: {:?}; told: {:#?}", receivers.missing(told), receivers.all_texts());
    for text in receivers.all_texts() {
        assert!(!text.contains("template failed"), "{text}");
    }
}

/// A watch on changes tells nothing before it has a baseline, and nobody says when it has one. So its data
/// changes at each message of a rule that tells something every second, until a change is told.
const TICKS: &str = "alerts:
  - {name: ticks, query: SELECT 1 AS tick, every: 1s, window: none, when: tick = 1, notify_when: any_results,
     notify: [automation]}
";

/// The file whose content is a change for the rules of an example.
struct Change {
    name: &'static str,
    version: fn(u32) -> String,
}

fn change_of(file: &str) -> Option<Change> {
    match file {
        "table-watch.yaml" => Some(Change { name: "data/feature_flags.csv", version: flags }),
        "models-in-use.yaml" => Some(Change { name: "data/records/later.ndjson", version: call_of_a_new_model }),
        _ => None,
    }
}

fn flags(version: u32) -> String {
    let text = read("data/feature_flags.csv");
    let changed = text.replace("new-checkout,true,25,", &format!("new-checkout,true,{},", 25 + version));
    assert_ne!(text, changed);
    changed
}

fn call_of_a_new_model(version: u32) -> String {
    let attributes = json!({"gen_ai.request.model": format!("haiku-{version}")}).to_string();
    let row = json!({"start_timestamp": rfc3339(Utc::now()), "kind": "span", "attributes": attributes});
    format!("{row}\n")
}

/// One receiver for each of the channels.
struct Receivers {
    chat: ChatReceiver,
    desk: Opsgenie,
    mail: Smtp,
    program: Receiver,
}

impl Receivers {
    async fn start() -> Self {
        let key = read("keys/opsgenie.example");
        Self {
            chat: ChatReceiver::slack().await,
            desk: Opsgenie::start(key.trim()).await,
            mail: Smtp::start(Settings::default()).await,
            program: Receiver::start().await,
        }
    }

    /// Rules of which a channel has not heard that must.
    fn missing(&self, told: &[Told]) -> Vec<(&'static str, &'static str)> {
        let has_heard = |channel: &str, rule: &str, word: &str| {
            self.texts(channel).iter().any(|text| text.contains(rule) && text.contains(word))
        };
        let all =
            told.iter().flat_map(|(rule, word, channels)| channels.iter().map(|channel| (*channel, *rule, *word)));
        all.filter(|(channel, rule, word)| !has_heard(channel, rule, word))
            .map(|(channel, rule, _)| (rule, channel))
            .collect()
    }

    fn all_texts(&self) -> Vec<String> {
        CHANNELS.iter().flat_map(|channel| self.texts(channel)).collect()
    }

    /// What a reader of this channel has seen so far, each message as one text.
    fn texts(&self, channel: &str) -> Vec<String> {
        match channel {
            "team-chat" => self.chat.seen(),
            "on-call" => self.desk.alerts().into_iter().map(|alert| alert.body.to_string()).collect(),
            "team-mail" => self.mail.mails().iter().map(|mail| text_of(&mail.bytes)).collect(),
            "automation" => self.program.arrivals().into_iter().map(|arrival| arrival.body.to_string()).collect(),
            other => panic!("no example names the channel `{other}`"),
        }
    }
}

fn text_of(mail: &[u8]) -> String {
    let mail = MessageParser::default().parse(mail).expect("what we send is a mail");
    let (subject, text) = (mail.subject().unwrap_or_default(), mail.body_text(0).unwrap_or_default());
    format!("{subject}\n{text}")
}

/// A folder with this example, its surroundings and the data, moved to the present.
fn copy(file: &str, receivers: &Receivers) -> ConfigDir {
    let dir = ConfigDir::new();
    for name in SURROUNDINGS.into_iter().chain([file, "keys/opsgenie.example"]) {
        let mut text = hurried(&read(name));
        if name == "channels.yaml" {
            assert!(text.contains("port: 1025"));
            text = text.replace("port: 1025", &format!("port: {}", receivers.mail.port()));
        }
        dir.write(name, &text);
    }
    let by = Utc::now() - instant(PRESENT);
    for name in files("data").into_iter().chain(files("data/records")) {
        if name.ends_with(".sqlite") {
            // A database is no text; what it holds is of no morning.
            std::fs::copy(Path::new(FOLDER).join(&name), dir.config().join(&name)).unwrap();
        } else {
            dir.write(&name, &moved(&read(&name), by));
        }
    }
    dir
}

/// The definitions with another cadence: each rule runs every second.
fn hurried(text: &str) -> String {
    let line = |line: &str| {
        let is_cadence = line.starts_with("    every: ") || line.starts_with("    cron: ");
        let hurried = if is_cadence { "    every: 1s" } else { line };
        format!("{hurried}\n")
    };
    text.lines().map(line).collect()
}

/// The names of the rules of a file: the entries of its lists `alerts` and `reports`.
fn rules(text: &str) -> Vec<String> {
    let mut list = "";
    let mut names = Vec::new();
    for line in text.lines() {
        if let Some(key) = line.strip_suffix(':').filter(|key| !key.starts_with([' ', '#'])) {
            list = key;
        }
        if let Some(name) = line.strip_prefix("  - name: ").filter(|_| ["alerts", "reports"].contains(&list)) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The text with every instant in it moved.
fn moved(text: &str, by: TimeDelta) -> String {
    let mut moved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, instant, after)) = next_instant(rest) {
        moved.push_str(before);
        moved.push_str(&rfc3339(instant + by));
        rest = after;
    }
    moved + rest
}

/// The first instant in UTC of a text, with what is before and after it.
fn next_instant(text: &str) -> Option<(&str, DateTime<Utc>, &str)> {
    // `2026-11-20T06:50:00Z`: the `T` is at the same place in all of them, and the `Z` ends them.
    text.match_indices('T').find_map(|(t, _)| {
        let start = t.checked_sub(10).filter(|_| text.as_bytes()[t - 3] == b'-')?;
        let end = t + text[t..].find('Z')? + 1;
        let instant = text.get(start..end).filter(|word| word.len() <= 30)?.parse().ok()?;
        Some((&text[..start], instant, &text[end..]))
    })
}

fn rfc3339(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The files of a folder of the examples, with their paths in the examples.
fn files(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(Path::new(FOLDER).join(folder)).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files.map(|entry| path(folder, &entry.file_name().to_string_lossy())).collect()
}

fn path(folder: &str, name: &str) -> String {
    PathBuf::from(folder).join(name).to_string_lossy().into_owned()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(FOLDER).join(name)).unwrap()
}

#[test]
fn instants_are_moved_wherever_they_stand() {
    let text = "a,2026-11-20T06:50:00Z\n{\"at\":\"2026-11-20T06:49:59.250Z\",\"Title\":\"THE END, AZ\"}";
    assert_eq!(
        moved(text, TimeDelta::hours(24)),
        "a,2026-11-21T06:50:00.000000Z\n{\"at\":\"2026-11-21T06:49:59.250000Z\",\"Title\":\"THE END, AZ\"}"
    );
}
