//! The server against stand-ins of all receivers: what each of them gets, in its own words and within its own limits.
//!
//! The stand-ins hold every message to the vendor's rules and fail the test for one that breaks them.

mod discord;
mod everywhere;
mod mail;
mod opsgenie;
mod slack;
mod templates;

use harness::receiver::opsgenie::Opsgenie;
use harness::receiver::smtp::{Settings, Smtp};
use harness::{ChatArrival, ChatReceiver, ConfigDir, Launch, Product, http};
use serde_json::{Value, json};

use crate::scene::SOON;

/// The key of the paging channel.
const KEY: &str = "0f0e0d0c-0b0a-0908-0706-050403020100";

/// A table `services`, and one channel of each kind: `chat` (Slack), `talk` (Discord), `desk` (Opsgenie), `mail`.
pub struct Town {
    /// Definitions, the table and the data.
    pub dir: ConfigDir,
    /// Behind `chat`.
    pub slack: ChatReceiver,
    /// Behind `talk`.
    pub discord: ChatReceiver,
    /// Behind `desk`.
    pub desk: Opsgenie,
    /// Behind `mail`, which goes to `ann@example.com` and `bob@example.com`.
    pub post: Smtp,
}

impl Town {
    /// All receivers, and a table in which nothing is wrong.
    pub async fn new() -> Self {
        let (slack, discord) = (ChatReceiver::slack().await, ChatReceiver::discord().await);
        let (desk, post) = (Opsgenie::start(KEY).await, Smtp::start(Settings::default()).await);
        let town = Self { dir: ConfigDir::new(), slack, discord, desk, post };
        let channels = format!(
            "channels:\n  - {{name: chat, type: slack, url: \"${{WF_SLACK}}\"}}\n  \
             - {{name: talk, type: discord, url: \"${{WF_DISCORD}}\"}}\n  \
             - {{name: desk, type: opsgenie, auth_key: \"${{WF_KEY}}\", base_url: \"{}\"}}\n  \
             - name: mail\n    type: email\n    smtp: {{host: localhost, port: {}, tls: none}}\n    \
             from: Watchfire <watchfire@alerts.example.com>\n    to: [ann@example.com, bob@example.com]\n",
            town.desk.base_url(),
            town.post.port()
        );
        town.dir.definitions("channels.yaml", &channels);
        town.dir.definitions("sources.yaml", "sources:\n  - {name: services, type: ndjson, path: services.ndjson}\n");
        town.levels(&[("cart", 0)]);
        town
    }

    /// Sets the table: the level of each service, the whole file at once.
    pub fn levels(&self, levels: &[(&str, i64)]) {
        self.rows(levels.iter().map(|(service, level)| json!({"service": service, "level": level})));
    }

    /// Sets the table to any rows, the whole file at once.
    pub fn rows(&self, rows: impl IntoIterator<Item = Value>) {
        self.dir.write("services.ndjson", &rows.into_iter().map(|row| format!("{row}\n")).collect::<String>());
    }

    /// The rules of this town, all of them: see [`alert`].
    pub fn alerts(&self, alerts: &[String]) {
        self.dir.definitions("rules.yaml", &format!("alerts:\n{}", alerts.concat()));
    }

    /// A launch with this folder, and the secrets of its channels in the environment.
    pub fn launch(&self) -> Launch {
        let launch = Launch::new(&self.dir).env("WF_SLACK", self.slack.url()).env("WF_DISCORD", self.discord.url());
        launch.env("WF_KEY", KEY)
    }
}

/// A rule over the table `services`, decided every second; `fields` are the rest of its lines, as `key: value`.
pub fn alert(name: &str, fields: &[&str]) -> String {
    let has_query = fields.iter().any(|field| field.starts_with("query:"));
    let query = if has_query { "" } else { "    query: SELECT service, level FROM services\n" };
    let fields: String = fields.iter().map(|field| format!("    {field}\n")).collect();
    format!("  - name: {name}\n    every: 1s\n    window: none\n{query}{fields}")
}

/// Waits for so many requests to a chat, taken or not, and returns all of them.
pub async fn requests(chat: &ChatReceiver, count: usize) -> Vec<ChatArrival> {
    chat.wait_for(&format!("{count} requests"), SOON, |all| all.len() >= count).await
}

/// Waits for a taken message in which a reader sees these words, and returns the first.
pub async fn seen_in(chat: &ChatReceiver, words: &str) -> ChatArrival {
    let is_it = |arrival: &ChatArrival| arrival.is_taken && arrival.seen.contains(words);
    let all = chat.wait_for(&format!("a message with `{words}`"), SOON, |all| all.iter().any(is_it)).await;
    all.into_iter().find(|arrival| is_it(arrival)).expect("it was just seen")
}

/// Asks until there is a delivery as it is wanted, and returns it with its attempts.
pub async fn delivery(product: &Product, query: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let list = format!("{}/api/deliveries?{query}", product.url());
    let asking = async {
        loop {
            // No rule has that name, or no delivery came of it yet: an answer like any other.
            let (_, page) = http::get(&list).await;
            if let Some(found) = page["items"].as_array().into_iter().flatten().find(|one| wanted(one)) {
                return found["id"].as_str().expect("a delivery has an id").to_owned();
            }
        }
    };
    let found = tokio::time::timeout(SOON, asking).await;
    let id = found.unwrap_or_else(|_| panic!("no delivery of `{query}` became as wanted within {SOON:?}"));
    http::get(&format!("{}/api/deliveries/{id}", product.url())).await.1
}

/// Whether a delivery is in this state.
pub fn in_state(state: &'static str) -> impl Fn(&Value) -> bool {
    move |delivery| delivery["state"] == state
}

/// How its attempts ended, in their order.
pub fn outcomes(delivery: &Value) -> Vec<&str> {
    let log = delivery["attempt_log"].as_array().expect("a delivery has a list of attempts");
    let numbers: Vec<u64> = log.iter().filter_map(|attempt| attempt["number"].as_u64()).collect();
    assert!(numbers.len() == log.len() && numbers.is_sorted_by(|a, b| a < b), "{delivery:#}");
    log.iter().map(|attempt| attempt["outcome"].as_str().expect("an attempt has an outcome")).collect()
}

/// How many seconds lie between two requests.
pub fn waited(earlier: &ChatArrival, later: &ChatArrival) -> f64 {
    later.at.since(earlier.at).as_secs_f64()
}
