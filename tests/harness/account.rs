//! Settles what arrived against what a timeline must have sent.
//!
//! An episode is told by one notification for its start, whose slot and id are those of the start also
//! when it is told after an outage, and one for its end. An episode that passed inside an outage is told
//! by one summary in the slot of its end. Nothing else is excused.

use std::collections::BTreeMap;

use watchfire_model::{NotificationId, ProjectName, Reason, RuleUid, Timestamp};

use crate::receiver::Arrival;
use crate::timeline::{Episode, Timeline};

/// What arrived, beside what had to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// Sentences about what is missing. More arrivals can mend it.
    pub missing: Vec<String>,
    /// Sentences about what must never happen. Nothing mends it.
    pub wrong: Vec<String>,
    /// Episodes told by a start and an end.
    pub told: usize,
    /// Episodes told by one summary.
    pub summed_up: usize,
    /// Arrivals of a notification that had arrived before.
    pub repeated: usize,
}

impl Account {
    /// Settles all arrivals. Only accepted ones count as delivered.
    ///
    /// Episodes that end after `until` may have been told, in part or in full, but need not have been.
    pub fn settle(timeline: &Timeline, arrivals: &[Arrival], until: Timestamp) -> Self {
        let mut account = Self::default();
        let names = timeline.names();
        for arrival in arrivals.iter().filter(|arrival| !names.iter().any(|name| name == arrival.rule())) {
            account.wrong.push(format!("`{}` is about no rule of the timeline: {}", arrival.id(), arrival.body));
        }
        for name in &names {
            let of_rule: Vec<&Arrival> = arrivals.iter().filter(|a| a.rule() == name && a.answer.accepts()).collect();
            account.settle_rule(name, &timeline.episodes(name), &of_rule, until);
        }
        account
    }

    /// Whether everything that had to arrive has arrived.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    fn settle_rule(&mut self, name: &str, episodes: &[Episode], arrivals: &[&Arrival], until: Timestamp) {
        let firsts = self.first_arrivals(name, arrivals);
        let mut unexplained = firsts.clone();
        for episode in episodes {
            self.settle_episode(name, episode, &mut unexplained, until);
        }
        for arrival in unexplained {
            self.wrong.push(format!("{name}: nothing explains {}", arrival.body));
        }
        for pair in firsts.windows(2) {
            let place = |arrival: &Arrival| (arrival.body["episode"].as_u64(), arrival.body["seq"].as_u64());
            if place(pair[1]) <= place(pair[0]) {
                self.wrong.push(format!(
                    "{name}: `{}` (episode and seq {:?}) arrived before `{}` ({:?})",
                    pair[0].id(),
                    place(pair[0]),
                    pair[1].id(),
                    place(pair[1])
                ));
            }
        }
    }

    /// The first arrival of each id, in order, with a complaint about each that is not what its id says.
    fn first_arrivals<'a>(&mut self, name: &str, arrivals: &[&'a Arrival]) -> Vec<&'a Arrival> {
        let mut seen: BTreeMap<&str, &Arrival> = BTreeMap::new();
        let mut firsts = Vec::new();
        for arrival in arrivals {
            if let Some(first) = seen.get(arrival.id()) {
                self.repeated += 1;
                if first.body != arrival.body {
                    self.wrong.push(format!("{name}: two bodies for one id:\n  {}\n  {}", first.body, arrival.body));
                }
                continue;
            }
            seen.insert(arrival.id(), arrival);
            firsts.push(*arrival);
            let derived = derived_id(name, arrival);
            if derived.as_deref() != Some(arrival.id()) {
                self.wrong.push(format!("{name}: the id should be {derived:?}: {}", arrival.body));
            }
        }
        firsts
    }

    /// Takes the notifications of one episode out of `unexplained`.
    fn settle_episode(&mut self, name: &str, episode: &Episode, unexplained: &mut Vec<&Arrival>, until: Timestamp) {
        let mut take = |wanted: &dyn Fn(&Arrival) -> bool| {
            let place = unexplained.iter().position(|arrival| wanted(arrival) && episode.is_of(arrival));
            place.map(|place| unexplained.remove(place))
        };
        let at = |arrival: &Arrival, slot| arrival.instant("scheduled_for") == Some(slot);
        let started = take(&|a| a.kind() == "alert.started" && at(a, episode.starts_at));
        let resolved = take(&|a| a.kind() == "alert.resolved" && at(a, episode.ends_at));
        let summary = match (started, resolved) {
            (None, None) => take(&|a| a.kind() == "alert.summary" && at(a, episode.ends_at)),
            (Some(_), _) | (None, Some(_)) => None,
        };
        let missing = match (started, resolved, summary) {
            (Some(_), Some(_), _) => {
                self.told += 1;
                return;
            }
            (_, _, Some(_)) => {
                self.summed_up += 1;
                return;
            }
            (Some(_), None, None) => "the end",
            (None, Some(_), None) => "the start",
            (None, None, None) => "all",
        };
        if episode.ends_at <= until {
            self.missing.push(format!("{name}: {missing} of {episode}"));
        }
    }
}

impl Episode {
    /// Whether a notification says that it is about this episode.
    fn is_of(&self, arrival: &Arrival) -> bool {
        let number = arrival.body["episode"].as_u64();
        let since = arrival.instant("since");
        number.is_none_or(|number| number == self.number)
            && since.is_none_or(|since| since == self.starts_at)
            && arrival.instant("scheduled_for").is_some_and(|at| at >= self.starts_at)
            && (number.is_some() || since.is_some())
    }
}

/// The id that a notification must have, from its own facts; `None` when it lacks one.
fn derived_id(rule: &str, arrival: &Arrival) -> Option<String> {
    let uid = RuleUid::derive(&ProjectName::new("default"), rule);
    let reason = Reason::parse(arrival.text("reason"))?;
    let id = NotificationId::derive(&uid, FIRST_INCARNATION, None, arrival.instant("scheduled_for")?, reason);
    Some(id.as_str().to_owned())
}

/// The incarnation of a rule that was never deleted.
const FIRST_INCARNATION: u64 = 1;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::answer::Answer;

    const START: i64 = 1_008;
    const END: i64 = 1_016;

    /// One rule with one episode, from second 1,008 to second 1,016.
    fn timeline() -> Timeline {
        let timeline = Timeline::new(Timestamp::from_seconds(1_000), 1, 8, 9, 5);
        let episode = timeline.episodes("flips-00")[0];
        assert_eq!(
            (episode.starts_at, episode.ends_at),
            (Timestamp::from_seconds(START), Timestamp::from_seconds(END))
        );
        timeline
    }

    fn arrival(kind: &str, reason: &str, slot: i64, seq: u64) -> Arrival {
        let at = Timestamp::from_seconds(slot);
        let mut arrival = Arrival {
            at,
            path: "/".into(),
            headers: BTreeMap::new(),
            body: json!({
                "type": kind, "reason": reason, "rule": {"name": "flips-00"}, "episode": 1, "seq": seq,
                "since": Timestamp::from_seconds(START).to_string(), "scheduled_for": at.to_string(),
            }),
            answer: Answer::ok(),
        };
        arrival.body["id"] = derived_id("flips-00", &arrival).into();
        arrival
    }

    fn started(slot: i64) -> Arrival {
        arrival("alert.started", "started_firing", slot, 1)
    }

    fn resolved(slot: i64) -> Arrival {
        arrival("alert.resolved", "resolved", slot, 2)
    }

    fn settle(arrivals: &[Arrival]) -> Account {
        let timeline = timeline();
        Account::settle(&timeline, arrivals, timeline.ends_at())
    }

    #[test]
    fn a_start_and_an_end_at_their_slots_settle_an_episode_however_often_they_arrive() {
        let account = settle(&[started(START), started(START), resolved(END), started(START)]);
        assert_eq!(account, Account { told: 1, repeated: 2, ..Account::default() });
    }

    #[test]
    fn what_has_not_arrived_is_missing_and_what_was_refused_has_not_arrived() {
        assert_eq!(settle(&[]).missing.len(), 1);
        assert_eq!(settle(&[started(START)]).missing.len(), 1);
        let refused = Arrival { answer: Answer::status(500), ..resolved(END) };
        assert!(!settle(&[started(START), refused]).is_complete());
    }

    #[test]
    fn what_ends_later_may_arrive_but_need_not() {
        let before_the_end = Timestamp::from_seconds(END - 1);
        for arrivals in [vec![], vec![started(START)], vec![started(START), resolved(END)]] {
            let account = Account::settle(&timeline(), &arrivals, before_the_end);
            assert!(account.is_complete() && account.wrong.is_empty(), "{account:?}");
        }
    }

    #[test]
    fn one_summary_stands_for_an_episode_that_passed_while_the_server_was_away() {
        let summary = arrival("alert.summary", "caught_up", END, 2);
        let account = settle(std::slice::from_ref(&summary));
        assert_eq!(account, Account { summed_up: 1, ..Account::default() });
        assert!(!settle(&[started(START), resolved(END), summary]).wrong.is_empty(), "and only instead of the others");
    }

    #[test]
    fn what_must_never_happen_is_wrong() {
        let other_body = {
            let mut arrival = started(START);
            arrival.body["value"] = json!(7);
            arrival
        };
        let other_id = {
            let mut arrival = started(START);
            arrival.body["id"] = json!("nt_0");
            arrival
        };
        let other_rule = {
            let mut arrival = started(START);
            arrival.body["rule"]["name"] = json!("nobody");
            arrival
        };
        let cases: [(&str, Vec<Arrival>); 8] = [
            ("a start under the slot in which it was told", vec![started(START + 3), resolved(END)]),
            ("two starts of one episode", vec![started(START), started(START + 1), resolved(END)]),
            ("an end in the wrong slot", vec![started(START), resolved(END - 1), resolved(END)]),
            ("the end before the start", vec![resolved(END), started(START)]),
            ("a start before its time", vec![started(START - 1), started(START), resolved(END)]),
            ("two bodies for one id", vec![started(START), other_body, resolved(END)]),
            ("an id that is not derived", vec![other_id, resolved(END)]),
            ("a rule that does not exist", vec![started(START), resolved(END), other_rule]),
        ];
        for (case, arrivals) in cases {
            assert!(!settle(&arrivals).wrong.is_empty(), "{case}");
        }
        assert_eq!(timeline().ends_at(), Timestamp::from_seconds(1_000).plus(Duration::from_secs(22)));
    }
}
