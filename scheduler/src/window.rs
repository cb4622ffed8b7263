//! Which span of time a slot may read.

use std::time::Duration;

use chrono::{Datelike, Days, Months, NaiveDate};
use chrono_tz::Tz;
use watchfire_model::{Timestamp, Window};

use crate::cadence::Cadence;
use crate::zone;

/// How long a rule looks back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowSpec {
    /// So much time.
    Span(Duration),
    /// The local day before the slot's.
    PreviousDay,
    /// The ISO week, from Monday, before the slot's.
    PreviousWeek,
    /// The local month before the slot's.
    PreviousMonth,
    /// From the slot before; what `cron` rules get when nothing is said.
    SincePreviousSlot,
    /// From the end of the last successful run's window; reports.
    SinceLastRun,
    /// No window: the tables are no streams.
    None,
}

/// The half-open window `[start, end)` of a slot; `None` under [`WindowSpec::None`].
///
/// `delay` moves the window into the past, not the slot: a span ends at `slot - delay`, and a
/// calendar word means the day, week or month before the one that holds `slot - delay`, from
/// local midnight to local midnight in `zone`, so that a day may have 23, 24 or 25 hours. Where
/// midnight does not exist, the day starts at the end of the gap.
///
/// `last_window_end` is where the last successful run of the rule ended its window; without it
/// `SinceLastRun` reads from the previous slot. A run that was already read further gives an
/// empty window, never one that runs backwards.
pub fn window_of(
    spec: WindowSpec,
    delay: Duration,
    cadence: &Cadence,
    zone: Tz,
    slot: Timestamp,
    last_window_end: Option<Timestamp>,
) -> Option<Window> {
    let end = slot.minus(delay);
    match spec {
        WindowSpec::Span(span) => Some(Window { start: end.minus(span), end }),
        WindowSpec::PreviousDay => {
            let day = local_day_of(zone, end)?;
            calendar_window(zone, day_before(zone, day)?, day)
        }
        WindowSpec::PreviousWeek => {
            let day = local_day_of(zone, end)?;
            let monday = day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into()))?;
            calendar_window(zone, monday.checked_sub_days(Days::new(7))?, monday)
        }
        WindowSpec::PreviousMonth => {
            let first = local_day_of(zone, end)?.with_day(1)?;
            calendar_window(zone, first.checked_sub_months(Months::new(1))?, first)
        }
        WindowSpec::SincePreviousSlot => Some(Window { start: previous_slot(cadence, slot).minus(delay), end }),
        WindowSpec::SinceLastRun => {
            let start = last_window_end.unwrap_or_else(|| previous_slot(cadence, slot).minus(delay));
            Some(Window { start: start.min(end), end })
        }
        WindowSpec::None => None,
    }
}

/// The window before one that [`window_of`] gave, to compare with; it ends where that one starts.
///
/// Of a calendar word it is the day, week or month before, of `SincePreviousSlot` what the slot before read,
/// of a span and of `SinceLastRun` the same length once more. `None` under [`WindowSpec::None`].
pub fn previous_window(
    spec: WindowSpec,
    delay: Duration,
    cadence: &Cadence,
    zone: Tz,
    window: Window,
) -> Option<Window> {
    let Window { start, end } = window;
    match spec {
        // The start of a calendar window is the end of the one before, so it stands in for the slot.
        WindowSpec::PreviousDay | WindowSpec::PreviousWeek | WindowSpec::PreviousMonth => {
            window_of(spec, Duration::ZERO, cadence, zone, start, None)
        }
        WindowSpec::SincePreviousSlot => {
            Some(Window { start: previous_slot(cadence, start.plus(delay)).minus(delay), end: start })
        }
        WindowSpec::Span(_) | WindowSpec::SinceLastRun => {
            Some(Window { start: start.minus(end.since(start)), end: start })
        }
        WindowSpec::None => None,
    }
}

/// The slot before one; before the very first, as far back as the next one is ahead.
fn previous_slot(cadence: &Cadence, slot: Timestamp) -> Timestamp {
    cadence
        .newest_at_or_before(Timestamp::from_micros(slot.as_micros().saturating_sub(1)))
        .unwrap_or_else(|| slot.minus(cadence.nominal_interval(slot)))
}

fn calendar_window(zone: Tz, from: NaiveDate, to: NaiveDate) -> Option<Window> {
    let instant = |date| Timestamp::from_seconds(zone::first_instant_of(zone, date));
    Some(Window { start: instant(from), end: instant(to) })
}

/// The local date that has begun last at an instant.
///
/// In a fold over midnight the clock shows the old date once more; the new one has begun all the
/// same, and days that follow each other must not overlap.
fn local_day_of(zone: Tz, at: Timestamp) -> Option<NaiveDate> {
    let seconds = at.as_micros().div_euclid(1_000_000);
    let shown = zone::local_date(zone, seconds)?;
    let next = shown.succ_opt()?;
    Some(if zone::first_instant_of(zone, next) <= seconds { next } else { shown })
}

/// The last local date before one; a zone that crossed the date line may have skipped a date.
fn day_before(zone: Tz, day: NaiveDate) -> Option<NaiveDate> {
    let before = day.pred_opt()?;
    if zone::stretches_of(zone, before).is_empty() { before.pred_opt() } else { Some(before) }
}
