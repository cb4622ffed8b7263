//! A run of many rules that is known before it starts: every row is written first, so the messages
//! that must arrive follow from the timeline alone, however often the server dies on the way.
//!
//! ```text
//! base     quiet              flips_end        end
//!  |--------|-------------------|---------------|
//!  nothing    every rule flips    nothing fires
//!  breaches   on its own period   any more
//! ```
//!
//! The quiet start makes the expectation independent of the second in which the server first saw the
//! rules; the quiet end lets every episode that started also end, and late slots be caught up.

use std::fmt::{self, Write as _};
use std::ops::Range;
use std::time::Duration;

use watchfire_model::Timestamp;

/// The name of the source that holds the timeline.
pub const SOURCE: &str = "beats";

/// Slots are one second apart; each window is one second long, and its row lies in its middle.
const ROW_BEFORE_SLOT: Duration = Duration::from_millis(500);

/// The shortest phase, in slots. A server that is back within so many seconds never misses a whole episode.
const PHASE_SLOTS_MIN: u32 = 8;

/// Rules that flip, second by second.
#[derive(Debug, Clone)]
pub struct Timeline {
    base: Timestamp,
    rules: u32,
    quiet: u32,
    flips_end: u32,
    end: u32,
}

/// One time that a rule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Episode {
    /// Its number within its rule, from 1.
    pub number: u64,
    /// The first slot that breaches.
    pub starts_at: Timestamp,
    /// The first slot after it that is clear.
    pub ends_at: Timestamp,
}

impl fmt::Display for Episode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "episode {}, {} to {}", self.number, self.starts_at, self.ends_at)
    }
}

impl Timeline {
    /// A timeline of `rules` rules from `base` on, a whole second: quiet for `quiet` slots, then `flipping` slots
    /// of flips, then `tail` quiet slots.
    pub fn new(base: Timestamp, rules: u32, quiet: u32, flipping: u32, tail: u32) -> Self {
        assert_eq!(base.as_micros() % 1_000_000, 0, "slots are whole seconds");
        Self { base, rules, quiet, flips_end: quiet + flipping, end: quiet + flipping + tail }
    }

    /// The instant until which nothing breaches: the server must have seen the rules by then.
    pub fn first_flip_at(&self) -> Timestamp {
        self.slot(self.quiet)
    }

    /// The last slot that has rows.
    pub fn ends_at(&self) -> Timestamp {
        self.slot(self.end)
    }

    /// The names of the rules.
    pub fn names(&self) -> Vec<String> {
        (0..self.rules).map(name).collect()
    }

    /// The source's rows, one for each rule and slot: `{"ts", "rule", "level"}`.
    pub fn ndjson(&self) -> String {
        let mut text = String::new();
        for number in 1..=self.end {
            let ts = self.slot(number).minus(ROW_BEFORE_SLOT).to_rfc3339_micros();
            for rule in 0..self.rules {
                let level = u32::from(self.phases(rule).iter().any(|phase| phase.contains(&number)));
                writeln!(text, r#"{{"ts":"{ts}","rule":{rule},"level":{level}}}"#).expect("text takes text");
            }
        }
        text
    }

    /// The definitions: one channel `hook` at `url`, the source, and the rules.
    pub fn yaml(&self, url: &str) -> String {
        let mut text = format!(
            "channels:\n  - {{name: hook, type: webhook, url: \"{url}\"}}\n\
             sources:\n  - {{name: {SOURCE}, type: ndjson, path: {SOURCE}.ndjson, time_column: ts}}\nalerts:\n"
        );
        for rule in 0..self.rules {
            let name = name(rule);
            writeln!(
                text,
                "  - name: {name}\n    query: SELECT level FROM {SOURCE} WHERE rule = {rule}\n    every: 1s\n    \
                 window: 1s\n    when: level > 0\n    notify_when: transitions\n    catch_up: all within 1h\n    \
                 notify: [hook]"
            )
            .expect("text takes text");
        }
        text
    }

    /// What a rule does, in order.
    pub fn episodes(&self, name: &str) -> Vec<Episode> {
        let rule = (0..self.rules).find(|rule| self::name(*rule) == name);
        let phases = rule.map(|rule| self.phases(rule)).unwrap_or_default();
        let episode = |(number, phase): (u64, Range<u32>)| Episode {
            number,
            starts_at: self.slot(phase.start),
            ends_at: self.slot(phase.end),
        };
        (1..).zip(phases).map(episode).collect()
    }

    /// The slots in which a rule breaches. Periods and offsets differ, so that flips spread over all seconds.
    fn phases(&self, rule: u32) -> Vec<Range<u32>> {
        let on = PHASE_SLOTS_MIN + rule % 5;
        let off = PHASE_SLOTS_MIN + rule % 7;
        let first = self.quiet + rule % (on + off);
        (first..)
            .step_by((on + off) as usize)
            .map(|start| start..start + on)
            .take_while(|p| p.end <= self.flips_end)
            .collect()
    }

    fn slot(&self, number: u32) -> Timestamp {
        self.base.plus(Duration::from_secs(number.into()))
    }
}

fn name(rule: u32) -> String {
    format!("flips-{rule:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline() -> Timeline {
        Timeline::new(Timestamp::from_seconds(1_000), 60, 15, 60, 10)
    }

    #[test]
    fn every_rule_has_healthy_rows_before_between_and_after_its_episodes() {
        let timeline = timeline();
        for name in timeline.names() {
            let episodes = timeline.episodes(&name);
            assert!(episodes.len() >= 2, "{name}: {episodes:?}");
            let mut clear_since = Timestamp::from_seconds(1_000);
            for (number, episode) in (1..).zip(&episodes) {
                assert_eq!(episode.number, number);
                assert!(episode.starts_at.since(clear_since) >= Duration::from_secs(8), "{name}: {episodes:?}");
                assert!(episode.ends_at.since(episode.starts_at) >= Duration::from_secs(8), "{name}: {episodes:?}");
                clear_since = episode.ends_at;
            }
            assert!(episodes[0].starts_at >= timeline.first_flip_at());
            assert!(timeline.ends_at().since(clear_since) >= Duration::from_secs(10));
        }
    }

    #[test]
    fn the_rows_of_a_rule_breach_exactly_in_the_windows_of_its_episodes() {
        let timeline = timeline();
        let rows: Vec<serde_json::Value> =
            timeline.ndjson().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.len(), 60 * 85);
        for (rule, name) in timeline.names().iter().enumerate() {
            let episodes = timeline.episodes(name);
            for row in rows.iter().filter(|row| row["rule"] == rule) {
                let ts = Timestamp::parse(row["ts"].as_str().unwrap()).unwrap();
                let slot = ts.plus(ROW_BEFORE_SLOT);
                let fires = episodes.iter().any(|episode| episode.starts_at <= slot && slot < episode.ends_at);
                assert_eq!(row["level"] == 1, fires, "{name} at {slot}");
            }
        }
    }

    #[test]
    fn flips_are_spread_over_the_seconds() {
        let timeline = timeline();
        let mut starts: Vec<Timestamp> =
            timeline.names().iter().flat_map(|name| timeline.episodes(name)).map(|e| e.starts_at).collect();
        starts.sort();
        starts.dedup();
        assert!(starts.len() > 30, "{starts:?}");
    }
}
