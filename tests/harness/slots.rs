//! Which slots of a rule have their decision, as `watchfire runs --output json` tells it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use watchfire_model::Timestamp;

/// How often each slot of one rule was decided; single runs and ranges alike.
///
/// `runs` is the array that the command prints, `every` the distance of two slots of the rule.
/// Panics where an entry is not what the contract says.
pub fn decided(runs: &Value, rule: &str, every: Duration) -> BTreeMap<Timestamp, u64> {
    let mut slots = BTreeMap::new();
    let entries = runs.as_array().unwrap_or_else(|| panic!("`runs` prints an array, not {runs}"));
    for entry in entries.iter().filter(|entry| entry["rule"] == rule) {
        let instant = |field: &str| {
            Timestamp::parse(entry[field].as_str()?).or_else(|| panic!("`{field}` is no instant: {entry}"))
        };
        match (instant("first"), instant("last")) {
            (Some(first), Some(last)) => {
                let range = std::iter::successors(Some(first), |slot| Some(slot.plus(every)));
                let range: Vec<Timestamp> = range.take_while(|slot| *slot <= last).collect();
                assert_eq!(
                    entry["count"].as_u64(),
                    u64::try_from(range.len()).ok(),
                    "a range counts its slots: {entry}"
                );
                range.into_iter().for_each(|slot| *slots.entry(slot).or_default() += 1);
            }
            _ => {
                let slot = instant("scheduled_for").unwrap_or_else(|| panic!("a run has a slot: {entry}"));
                *slots.entry(slot).or_default() += 1;
            }
        }
    }
    slots
}

/// Every slot that was decided twice, and every slot between the first and the last that never was.
pub fn mistakes(runs: &Value, rule: &str, every: Duration) -> Vec<String> {
    let slots = decided(runs, rule, every);
    let (Some(first), Some(last)) = (slots.keys().next(), slots.keys().next_back()) else {
        return vec![format!("{rule}: no slot was decided")];
    };
    let all = std::iter::successors(Some(*first), |slot| Some(slot.plus(every))).take_while(|slot| slot <= last);
    all.filter_map(|slot| match slots.get(&slot).copied().unwrap_or(0) {
        1 => None,
        times => Some(format!("{rule}: slot {slot} was decided {times} times")),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn run(second: u32) -> Value {
        json!({"rule": "a", "scheduled_for": format!("2026-11-20T06:00:{second:02}Z")})
    }

    fn range(first: u32, last: u32) -> Value {
        json!({
            "rule": "a", "first": format!("2026-11-20T06:00:{first:02}Z"),
            "last": format!("2026-11-20T06:00:{last:02}Z"), "count": last - first + 1,
        })
    }

    #[test]
    fn runs_and_ranges_together_decide_each_slot_once() {
        let runs = json!([run(1), range(2, 5), run(6), {"rule": "b", "scheduled_for": "2026-11-20T06:00:03Z"}]);
        assert_eq!(mistakes(&runs, "a", SECOND), Vec::<String>::new());
    }

    #[test]
    fn a_slot_that_is_missing_or_decided_twice_is_named() {
        let twice = json!([run(1), range(1, 3)]);
        assert_eq!(mistakes(&twice, "a", SECOND), ["a: slot 2026-11-20T06:00:01Z was decided 2 times"]);
        let missing = json!([run(1), run(3)]);
        assert_eq!(mistakes(&missing, "a", SECOND), ["a: slot 2026-11-20T06:00:02Z was decided 0 times"]);
        assert_eq!(mistakes(&json!([]), "a", SECOND), ["a: no slot was decided"]);
    }
}
