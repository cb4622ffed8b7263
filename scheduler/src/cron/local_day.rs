//! The runs of one local day: clock times laid over its stretches of real time.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::times_of_day::TimesOfDay;
use crate::zone::{self, DAY_SECONDS, Stretch};

/// How a pattern meets gaps and folds. See `testdata/README.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Runs on every real instant whose local time matches: none in a gap, both passes of a fold.
    Interval,
    /// Each time runs once per local day: the first pass of a fold, the first instant after a gap.
    ClockTimes,
}

/// A part of a local day in which times of day map to instants in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// The times `[from, to)` run side by side with real time; `midnight` is second 0 of the day, UTC.
    Flow { midnight: i64, from: u32, to: u32 },
    /// The times `[from, to)` all fall on one instant, UTC.
    Point { at: i64, from: u32, to: u32 },
}

/// One local day, cut into pieces in the order of real time.
pub(super) struct LocalDay<'a> {
    times: &'a TimesOfDay,
    pieces: Vec<Piece>,
}

impl<'a> LocalDay<'a> {
    /// Lays `times` over the local `date`.
    pub fn new(zone: Tz, date: NaiveDate, times: &'a TimesOfDay, kind: Kind) -> Self {
        let stretches = zone::stretches_of(zone, date);
        let pieces = match kind {
            Kind::Interval => stretches.iter().map(|stretch| flow(stretch, 0)).collect(),
            Kind::ClockTimes => clock_pieces(&stretches),
        };
        Self { times, pieces }
    }

    /// Whether the day is 24 hours of one offset, so that no other day's runs lie between its own.
    pub fn is_plain(&self) -> bool {
        matches!(self.pieces[..], [Piece::Flow { from: 0, to, .. }] if i64::from(to) == DAY_SECONDS)
    }

    /// The first run after an instant.
    pub fn first_after(&self, after: i64) -> Option<i64> {
        self.pieces.iter().find_map(|piece| match *piece {
            Piece::Flow { midnight, from, to } => {
                let earliest = (after + 1 - midnight).clamp(i64::from(from), i64::from(to)) as u32;
                let time = self.times.at_or_after(earliest).filter(|time| *time < to)?;
                Some(midnight + i64::from(time))
            }
            Piece::Point { at, from, to } => (at > after && self.times.count(from, to) > 0).then_some(at),
        })
    }

    /// The last run at an instant or before it.
    pub fn last_at_or_before(&self, at_or_before: i64) -> Option<i64> {
        self.pieces.iter().rev().find_map(|piece| match *piece {
            Piece::Flow { midnight, from, to } => {
                let end = (at_or_before + 1 - midnight).clamp(i64::from(from), i64::from(to)) as u32;
                let time = self.times.before(end).filter(|time| *time >= from)?;
                Some(midnight + i64::from(time))
            }
            Piece::Point { at, from, to } => (at <= at_or_before && self.times.count(from, to) > 0).then_some(at),
        })
    }

    /// How many runs lie in `(after, through]`.
    pub fn count(&self, after: i64, through: i64) -> u64 {
        let one = |piece: &Piece| match *piece {
            Piece::Flow { midnight, from, to } => {
                let clamp = |time: i64| (time + 1 - midnight).clamp(i64::from(from), i64::from(to)) as u32;
                self.times.count(clamp(after), clamp(through))
            }
            Piece::Point { at, from, to } => u64::from(after < at && at <= through && self.times.count(from, to) > 0),
        };
        self.pieces.iter().map(one).sum()
    }

    /// The first instant that stands for a time which this day does not have.
    pub fn first_moved(&self) -> Option<i64> {
        self.pieces.iter().find_map(|piece| match *piece {
            Piece::Flow { .. } => None,
            Piece::Point { at, from, to } => {
                // Within the day the last time of a point is the end of the gap, which exists.
                let gap_end = if i64::from(to) == DAY_SECONDS { to } else { to - 1 };
                (self.times.count(from, gap_end) > 0).then_some(at)
            }
        })
    }
}

/// A stretch from the time of day `from` on.
fn flow(stretch: &Stretch, from: u32) -> Piece {
    let (start, end) = times_of(stretch);
    Piece::Flow { midnight: stretch.from - i64::from(start), from: start.max(from), to: end }
}

/// Which times of day a stretch covers, `[start, end)`.
fn times_of(stretch: &Stretch) -> (u32, u32) {
    let start = (stretch.from + stretch.offset).rem_euclid(DAY_SECONDS) as u32;
    // A stretch of one local date is at most a day long, so its length fits.
    (start, start + (stretch.to - stretch.from) as u32)
}

/// Maps each time of day to the first instant at which the local clock shows it or a later one.
///
/// That is one definition for plain times, folds (the first pass shows it first) and gaps (what
/// comes first after the gap is later), and since it never falls, runs stay in the day's order.
fn clock_pieces(stretches: &[Stretch]) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(1);
    let mut shown = 0;
    for stretch in stretches {
        let (start, end) = times_of(stretch);
        let mut from = shown;
        if start > shown {
            // The time that equals the end of the gap belongs to it: it is the same instant.
            pieces.push(Piece::Point { at: stretch.from, from: shown, to: start + 1 });
            from = start + 1;
        }
        if from < end {
            pieces.push(flow(stretch, from));
        }
        shown = shown.max(end);
    }
    if let Some(last) = stretches.last()
        && i64::from(shown) < DAY_SECONDS
    {
        pieces.push(Piece::Point { at: last.to, from: shown, to: DAY_SECONDS as u32 });
    }
    pieces
}
