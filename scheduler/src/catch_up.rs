//! Which owed slots run and which are skipped, and why.
//!
//! Nothing is forgotten: every slot between the last decided one and now ends in exactly one of
//! [`Owed::run`] and [`Owed::skipped`], or is left for the next call when `max` was reached.

use std::time::Duration;

use watchfire_model::{Slot, Timestamp};

use crate::cadence::Cadence;

/// How late the newest slot may be under `catch_up: none` and still count as on time.
///
/// A claim that waits for a busy machine is not downtime.
pub const ON_TIME_GRACE: Duration = Duration::from_secs(30);

/// What happens to slots that were missed while nobody could run them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CatchUp {
    /// Run the newest, skip the others.
    Latest,
    /// Run the newest unless it is older than this; skip the others.
    LatestWithin(Duration),
    /// Run each, in order; skip those older than this.
    AllWithin(Duration),
    /// Skip all that were missed.
    None,
}

/// Why a slot did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipReason {
    /// A newer slot was owed too, and only the newest runs.
    Superseded,
    /// It was older than the catch-up allows.
    TooOld,
    /// It was missed, and nothing is caught up.
    Missed,
    /// The rule was still running the slot before.
    Overlap,
    /// The rule was disabled.
    Disabled,
}

impl SkipReason {
    /// The word for it in JSON and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Superseded => "superseded",
            Self::TooOld => "too_old",
            Self::Missed => "missed",
            Self::Overlap => "overlap",
            Self::Disabled => "disabled",
        }
    }

    /// Reads the word that [`as_str`](Self::as_str) writes.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Superseded, Self::TooOld, Self::Missed, Self::Overlap, Self::Disabled]
            .into_iter()
            .find(|reason| reason.as_str() == word)
    }
}

/// Neighboring slots that were skipped for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkippedRange {
    /// The oldest of them.
    pub first: Timestamp,
    /// The newest of them.
    pub last: Timestamp,
    /// How many they are, both ends included; at least 1.
    pub count: u64,
    /// Why they did not run.
    pub reason: SkipReason,
}

/// What is to be done about the slots since the last decided one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owed {
    /// Slots to run, oldest first, one at a time.
    pub run: Vec<Slot>,
    /// Slots that do not run, oldest first; all of them are older than those that run.
    pub skipped: Vec<SkippedRange>,
    /// The newest slot in `skipped`, so that skipping alone can be committed.
    pub decided_through: Option<Timestamp>,
}

/// Decides about the slots in `(decided_through, now]`.
///
/// `decided_through` is the last slot that has its decision, `now` the wall clock. Slots up to
/// `busy_until`, the instant at which the rule's last run ended, are skipped as overlapping, but
/// never under `AllWithin`, which keeps order instead. Under `AllWithin` at most `max` slots are to
/// run, the others stay owed, and all but the newest owed slot are marked as being caught up; the
/// other policies run one slot at most.
///
/// A clock that went back owes nothing until it has caught up with `decided_through`.
pub fn owed(
    cadence: &Cadence,
    catch_up: CatchUp,
    decided_through: Timestamp,
    now: Timestamp,
    busy_until: Option<Timestamp>,
    max: usize,
) -> Owed {
    let mut plan = Plan { cadence, through: decided_through, skipped: Vec::new() };
    if let Some(busy_until) = busy_until
        && !matches!(catch_up, CatchUp::AllWithin(_))
    {
        plan.skip_through(busy_until.min(now), SkipReason::Overlap);
    }
    let run = match catch_up {
        CatchUp::Latest => plan.newest(now, Duration::MAX, SkipReason::Superseded, SkipReason::Superseded),
        CatchUp::LatestWithin(limit) => plan.newest(now, limit, SkipReason::Superseded, SkipReason::TooOld),
        CatchUp::None => plan.newest(now, ON_TIME_GRACE, SkipReason::Missed, SkipReason::Missed),
        CatchUp::AllWithin(limit) => plan.all(now, limit, max),
    };
    let decided_through = plan.skipped.last().map(|range| range.last);
    Owed { run, skipped: plan.skipped, decided_through }
}

/// Decides slot by slot range, oldest first.
struct Plan<'a> {
    cadence: &'a Cadence,
    /// Everything up to here is decided.
    through: Timestamp,
    skipped: Vec<SkippedRange>,
}

impl Plan<'_> {
    /// Runs the newest slot unless it is older than `limit`, and skips the others for `older`, or
    /// all of them for `all` when nothing runs.
    fn newest(&mut self, now: Timestamp, limit: Duration, older: SkipReason, all: SkipReason) -> Vec<Slot> {
        let newest = self.cadence.newest_at_or_before(now).filter(|slot| *slot > self.through);
        match newest {
            Some(slot) if now.since(slot) <= limit => {
                self.skip_through(just_before(slot), older);
                vec![Slot::on_time(slot)]
            }
            Some(slot) => {
                self.skip_through(slot, all);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// Skips what is older than `limit` and runs the rest in order, at most `max` at once.
    fn all(&mut self, now: Timestamp, limit: Duration, max: usize) -> Vec<Slot> {
        self.skip_through(just_before(now.minus(limit)), SkipReason::TooOld);
        let newest = self.cadence.newest_at_or_before(now);
        self.cadence
            .slots_after(self.through)
            .take_while(|slot| *slot <= now)
            .take(max)
            .map(|slot| Slot { scheduled_for: slot, catching_up: Some(slot) != newest })
            .collect()
    }

    /// Skips every open slot up to an instant, as one range.
    fn skip_through(&mut self, through: Timestamp, reason: SkipReason) {
        if through <= self.through {
            return;
        }
        let count = self.cadence.count(self.through, through);
        let ends = self.cadence.next_after(self.through).zip(self.cadence.newest_at_or_before(through));
        if let Some((first, last)) = ends
            && count > 0
        {
            self.skipped.push(SkippedRange { first, last, count, reason });
        }
        self.through = through;
    }
}

/// The last instant that is before `instant`.
fn just_before(instant: Timestamp) -> Timestamp {
    Timestamp::from_micros(instant.as_micros().saturating_sub(1))
}
