//! What a rule means, from its YAML to the bodies that arrive: definitions, telemetry, decisions,
//! store and webhook together, one sentence of the semantics per test.

mod absence;
mod catch_up;
mod change;
mod condition;
mod edit;
mod mode;
mod severity;
mod trouble;
mod window;

use std::collections::BTreeSet;

use harness::{Arrival, Exit, Product};
use serde_json::Value;

use crate::scene::{SOON, Scene};

/// Rules over one source `hosts`, decided every second, and what arrives from them.
pub(crate) struct Walk {
    /// Definitions, sources and the receiver.
    pub scene: Scene,
}

impl Walk {
    /// Rules as YAML (see [`rule`]) over a source that holds `rows`. Channels: `hook`, `pager`, `owner`, `fallback`.
    pub(crate) async fn new(rules: &[String], rows: &str) -> Self {
        let walk = Self { scene: Scene::new().await };
        walk.hosts(rows);
        walk.rules(rules);
        walk
    }

    /// Defines these rules and no others.
    pub(crate) fn rules(&self, rules: &[String]) {
        let channels = self.scene.channels(&["hook", "pager", "owner", "fallback"]);
        let sources = "sources:\n  - {name: hosts, type: ndjson, path: hosts.ndjson}\n";
        self.scene.dir.definitions("rules.yaml", &(channels + sources + "alerts:\n" + &rules.concat()));
    }

    /// Puts rows in place of all that the source held: `host level`, separated by commas; `-` is NULL.
    pub(crate) fn hosts(&self, rows: &str) {
        let cell = |word: &str| if word == "-" { Value::Null } else { word.into() };
        let level = |word: &str| word.parse::<f64>().map_or(Value::Null, Value::from);
        let row = |text: &str| {
            let (host, rest) = text.trim().split_once(' ').expect("a host and its level");
            format!("{}\n", serde_json::json!({"host": cell(host), "level": level(rest)}))
        };
        let text: String = rows.split(',').filter(|text| !text.trim().is_empty()).map(row).collect();
        self.scene.dir.write("hosts.ndjson", &text);
    }

    /// Starts the server.
    pub(crate) async fn start(&self) -> Product {
        self.scene.launch().start().await
    }

    /// What has arrived about a rule, each message once, in the order of its slots: type, reason and key.
    pub(crate) fn heard(&self, rule: &str) -> Vec<String> {
        told(&self.scene.receiver.arrivals(), rule)
    }

    /// Waits until so many messages about a rule have arrived, and returns what they say.
    pub(crate) async fn hears(&self, rule: &str, count: usize) -> Vec<String> {
        let what = format!("{count} messages about `{rule}`");
        let enough = |all: &[Arrival]| told(all, rule).len() >= count;
        told(&self.scene.receiver.wait_for(&what, SOON, enough).await, rule)
    }

    /// The last body about a rule.
    pub(crate) fn last(&self, rule: &str) -> Value {
        let arrivals = self.scene.receiver.arrivals();
        let last = arrivals.iter().rfind(|arrival| arrival.rule() == rule);
        last.expect("something was told of it").body.clone()
    }

    /// Stops the server in peace, so that nothing is under way any more.
    pub(crate) async fn stop(&self, mut product: Product) {
        product.terminate();
        assert_eq!(product.exit(SOON).await, Exit::code(0));
    }
}

/// A rule over the source `hosts`: its name, `|`-separated fields beside the usual ones.
///
/// Unless a field says otherwise it selects all rows, has no window and tells `hook`.
pub(crate) fn rule(name: &str, fields: &str) -> String {
    let fields: Vec<&str> = fields.split('|').map(str::trim).filter(|field| !field.is_empty()).collect();
    let given = |key: &str| fields.iter().any(|field| field.starts_with(key));
    let mut text = format!("  - name: {name}\n    every: 1s\n");
    for (key, line) in
        [("query:", "query: SELECT host, level FROM hosts"), ("window:", "window: none"), ("notify:", "notify: [hook]")]
    {
        if !given(key) {
            text += &format!("    {line}\n");
        }
    }
    fields.iter().fold(text, |text, field| text + &format!("    {field}\n"))
}

/// Messages about a rule, in words.
pub(crate) fn told(all: &[Arrival], rule: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    for arrival in all.iter().filter(|arrival| arrival.rule() == rule) {
        let key = match &arrival.body["instance"] {
            Value::Object(parts) => parts.values().map(|part| format!(" {}", part.as_str().unwrap_or("-"))).collect(),
            _ => String::new(),
        };
        let kind = arrival.kind().trim_start_matches("alert.");
        let path = arrival.path.trim_start_matches('/');
        let to = if path == "hook" { String::new() } else { format!(" > {path}") };
        let line = format!("{kind} {}{key}{to}", arrival.text("reason"));
        seen.insert((arrival.instant("scheduled_for"), line));
    }
    seen.into_iter().map(|(_, line)| line).collect()
}
