//! What must arrive before the demo is over.

use super::reader::Seen;

/// One message that must come: from this rule, at this place, with these words in what its reader sees.
struct Expected {
    place: &'static str,
    rule: &'static str,
    words: &'static str,
    what: &'static str,
}

const EXPECTED: [Expected; 9] = [
    Expected {
        place: "Slack",
        rule: "failing-services",
        words: "FIRING",
        what: "the start of `failing-services` at Slack (transitions)",
    },
    Expected {
        place: "Slack",
        rule: "failing-services",
        words: "RESOLVED",
        what: "the end of `failing-services` at Slack (transitions)",
    },
    Expected {
        place: "Discord",
        rule: "declined-payments",
        words: "MATCHES",
        what: "`declined-payments` at Discord (any_results)",
    },
    Expected {
        place: "Mail",
        rule: "slow-operations",
        words: "FIRING",
        what: "the start of `slow-operations` at Mail (onset)",
    },
    Expected {
        place: "Slack",
        rule: "feature-flags",
        words: "gift-cards",
        what: "the changed rows of `feature-flags` at Slack (data_change)",
    },
    Expected {
        place: "Opsgenie",
        rule: "exceptions",
        words: "OPEN  [critical]",
        what: "the incident of `exceptions` at Opsgenie",
    },
    Expected {
        place: "Opsgenie",
        rule: "exceptions",
        words: "CLOSED",
        what: "the end of the incident of `exceptions` at Opsgenie",
    },
    Expected { place: "Mail", rule: "llm-cost", words: "in this report", what: "the report `llm-cost` at Mail" },
    Expected { place: "Slack", rule: "llm-cost", words: "in this report", what: "the report `llm-cost` at Slack" },
];

/// Words of messages that say that a rule could not be evaluated: never what is waited for.
const TROUBLE: &str = "QUERY FAILS";

/// What of it has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    came: [bool; EXPECTED.len()],
}

impl Progress {
    /// Notes a message; what of the expected it is, if it is the first of them.
    pub(crate) fn note(&mut self, seen: &Seen) -> Option<&'static str> {
        let is_it = |expected: &Expected| {
            seen.place == expected.place
                && seen.text.contains(expected.rule)
                && seen.text.contains(expected.words)
                && !seen.text.contains(TROUBLE)
        };
        let place = EXPECTED.iter().position(is_it).filter(|place| !self.came[*place])?;
        self.came[place] = true;
        Some(EXPECTED[place].what)
    }

    /// How many have come, and of how many.
    pub(crate) fn count(&self) -> (usize, usize) {
        (self.came.iter().filter(|came| **came).count(), EXPECTED.len())
    }

    /// What has not come.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let pairs = self.came.iter().zip(&EXPECTED).filter(|(came, _)| !**came);
        pairs.map(|(_, expected)| expected.what).collect()
    }
}
