//! The scene of most tests: one source with one level, rules over it, channels of one receiver.

use std::time::Duration;

use harness::{Arrival, ConfigDir, Launch, Receiver};

/// How long something may take that the product does within a second or two on an idle machine.
pub const SOON: Duration = Duration::from_secs(40);

/// A folder of definitions, and a receiver for its channels.
pub struct Scene {
    /// Definitions, sources and data.
    pub dir: ConfigDir,
    /// Takes the messages.
    pub receiver: Receiver,
}

impl Scene {
    /// A source `levels` whose level is 0, in `sources.yaml`, and a receiver.
    pub async fn new() -> Self {
        let scene = Self { dir: ConfigDir::new(), receiver: Receiver::start().await };
        scene.dir.definitions("sources.yaml", "sources:\n  - {name: levels, type: ndjson, path: levels.ndjson}\n");
        scene.level(0);
        scene
    }

    /// The same with one rule `high` in `rules.yaml` that fires while the level is above 0, and tells the channel
    /// `hook`, at `/hook`.
    pub async fn with_one_rule() -> Self {
        let scene = Self::new().await;
        scene.dir.definitions("rules.yaml", &(scene.channels(&["hook"]) + &alerts(&[("high", "level > 0", "[hook]")])));
        scene
    }

    /// Sets the level: one row `{"level": …}`, the whole file at once.
    pub fn level(&self, level: i64) {
        self.dir.write("levels.ndjson", &format!("{{\"level\":{level}}}\n"));
    }

    /// Definitions of webhook channels; each leads to the path of its own name.
    pub fn channels(&self, names: &[&str]) -> String {
        let line = |name: &&str| {
            let url = self.receiver.url(&format!("/{name}"));
            format!("  - {{name: {name}, type: webhook, url: \"{url}\"}}\n")
        };
        names.iter().map(line).fold("channels:\n".to_owned(), |text, line| text + &line)
    }

    /// A launch with this folder.
    pub fn launch(&self) -> Launch {
        Launch::new(&self.dir)
    }

    /// Waits for a message of this type about this rule, accepted, and returns the first.
    pub async fn told(&self, kind: &str, rule: &str) -> Arrival {
        let is_it = |arrival: &Arrival| arrival.kind() == kind && arrival.rule() == rule && arrival.answer.accepts();
        let what = format!("`{kind}` of `{rule}`");
        let arrivals = self.receiver.wait_for(&what, SOON, |all| all.iter().any(is_it)).await;
        arrivals.into_iter().find(|arrival| is_it(arrival)).expect("it was just seen")
    }

    /// How many messages of this type about this rule have arrived, each id once.
    pub fn count(&self, kind: &str, rule: &str) -> usize {
        let arrivals = self.receiver.arrivals();
        let of_it = arrivals.iter().filter(|arrival| arrival.kind() == kind && arrival.rule() == rule);
        of_it.map(Arrival::id).collect::<std::collections::BTreeSet<_>>().len()
    }
}

/// Definitions of rules over the source `levels`, each decided every second: name, `when`, `notify`.
pub fn alerts(rules: &[(&str, &str, &str)]) -> String {
    let rule = |(name, when, notify): &(&str, &str, &str)| {
        format!(
            "  - name: {name}\n    query: SELECT level FROM levels\n    every: 1s\n    window: none\n    \
             when: {when}\n    notify_when: transitions\n    catch_up: all within 10m\n    notify: {notify}\n"
        )
    };
    rules.iter().map(rule).fold("alerts:\n".to_owned(), |text, line| text + &line)
}
