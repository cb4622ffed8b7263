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
    Expected { place: "Slack", rule: "failing-services", words: "FIRING", what: "the start of `failing-services`" },
    Expected { place: "Slack", rule: "failing-services", words: "RESOLVED", what: "the end of `failing-services`" },
    Expected { place: "Discord", rule: "declined-payments", words: "declined-payments", what: "`declined-payments`" },
    Expected {
        place: "Mail",
        rule: "slow-operations",
        words: "slow-operations",
        what: "the start of `slow-operations`",
    },
    Expected {
        place: "Slack",
        rule: "feature-flags",
        words: "gift-cards",
        what: "the changed rows of `feature-flags`",
    },
    Expected { place: "Opsgenie", rule: "exceptions", words: "OPEN", what: "the incident of `exceptions`" },
    Expected {
        place: "Opsgenie",
        rule: "exceptions",
        words: "CLOSED",
        what: "the end of the incident of `exceptions`",
    },
    Expected { place: "Mail", rule: "llm-cost", words: "llm-cost", what: "the report `llm-cost`" },
    Expected { place: "Slack", rule: "llm-cost", words: "llm-cost", what: "the report `llm-cost`" },
];

/// What of it has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    came: [bool; EXPECTED.len()],
}

impl Progress {
    /// Notes a message.
    pub(crate) fn note(&mut self, seen: &Seen) {
        for (came, expected) in self.came.iter_mut().zip(&EXPECTED) {
            let is_it = seen.place == expected.place
                && seen.text.contains(expected.rule)
                && seen.text.to_uppercase().contains(&expected.words.to_uppercase());
            *came |= is_it;
        }
    }

    /// How many have come, and of how many.
    pub(crate) fn count(&self) -> (usize, usize) {
        (self.came.iter().filter(|came| **came).count(), EXPECTED.len())
    }

    /// What has not come.
    pub(crate) fn missing(&self) -> Vec<String> {
        let pairs = self.came.iter().zip(&EXPECTED).filter(|(came, _)| !**came);
        pairs.map(|(_, expected)| format!("{} at {}", expected.what, expected.place)).collect()
    }
}
