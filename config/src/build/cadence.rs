//! When a rule is due and what it reads then.

use std::time::Duration;

use chrono::{Datelike, NaiveDate, TimeZone};
use chrono_tz::Tz;
use watchfire_model::{RuleKind, RuleUid, Timestamp, format_duration};
use watchfire_scheduler::{Cadence, CatchUp, Schedule, WindowSpec, spread_offset};

use crate::phrases::RawWindow;
use crate::raw::RuleKeys;
use crate::report::Report;

/// What `every` is when nothing is said.
const EVERY_DEFAULT: Duration = Duration::from_secs(60);

/// The instant from which patterns are looked at, 2026-01-01: no clock is read here, and what a
/// pattern means does not depend on the day on which its file is read.
pub(super) const PATTERNS_FROM: Timestamp = Timestamp::from_seconds(1_767_225_600);

/// A report that was missed at night is still news in the morning, and not the day after.
const REPORT_CATCH_UP_DEFAULT: CatchUp = CatchUp::LatestWithin(Duration::from_secs(12 * 3600));

/// The time side of a rule; where something is wrong it is reported, and a default stands in for it.
pub(super) fn schedule(raw: &RuleKeys<'_>, kind: RuleKind, uid: &RuleUid, report: &mut Report) -> Schedule {
    let catch_up_default = match kind {
        RuleKind::Alert | RuleKind::Issue => CatchUp::Latest,
        RuleKind::Report => REPORT_CATCH_UP_DEFAULT,
    };
    let zone = raw.timezone.value.as_ref().map_or(Tz::UTC, |zone| zone.0.0);
    let cadence = cadence(raw, uid, zone, report)
        .unwrap_or_else(|| Cadence::every(EVERY_DEFAULT, Duration::ZERO).expect("the default interval is in range"));
    Schedule {
        window: window(raw, kind, &cadence, report),
        delay: raw.delay.value.as_ref().map_or(Duration::ZERO, |delay| delay.0),
        zone,
        catch_up: raw.catch_up.value.as_ref().map_or(catch_up_default, |catch_up| catch_up.0),
        cadence,
    }
}

/// How often a rule runs, in the words of its file.
pub(super) fn cadence_words(raw: &RuleKeys<'_>, schedule: &Schedule) -> String {
    match (&schedule.cadence, &raw.cron.value) {
        (Cadence::Cron(_), Some(pattern)) => format!("cron {} {}", pattern.0.trim(), schedule.zone),
        (cadence, _) => format!("every {}", format_duration(cadence.nominal_interval(PATTERNS_FROM))),
    }
}

fn cadence(raw: &RuleKeys<'_>, uid: &RuleUid, zone: Tz, report: &mut Report) -> Option<Cadence> {
    if let (Some((every, every_node)), Some((_, cron))) = (&raw.every.given, &raw.cron.given) {
        let (one, other) = (every_node.text().unwrap_or("…"), cron.text().unwrap_or("…"));
        let message = format!("`{every}: {one}` and `cron: {other}` are both given");
        report.error(cron.at, "every_and_cron", message).help("keep one of the two");
        return None;
    }
    let spread = raw.spread.value.as_ref().is_some_and(|flag| flag.0);
    match &raw.cron.given {
        Some(_) => {
            if spread && let Some(at) = raw.spread.at() {
                let message = "`spread` moves runs inside an interval, and `cron` has none";
                report.error(at, "no_effect", message).help("use `every`, or remove `spread`");
            }
            cron(raw, zone, report)
        }
        None => every(raw, uid, spread, report),
    }
}

fn every(raw: &RuleKeys<'_>, uid: &RuleUid, spread: bool, report: &mut Report) -> Option<Cadence> {
    const WEEK: u64 = 7 * 86_400;
    let interval = match (&raw.every.value, raw.every.is_absent()) {
        (Some(every), _) => every.0,
        (None, true) => EVERY_DEFAULT,
        (None, false) => return None,
    };
    let offset = if spread { spread_offset(uid, interval) } else { Duration::ZERO };
    let at = raw.every.at();
    match (Cadence::every(interval, offset), at) {
        (Ok(cadence), Some(at)) if interval.as_secs().is_multiple_of(WEEK) => {
            report
                .warning(at, "weekly_interval", "weeks are counted from the epoch: it runs on Thursdays at 00:00 UTC")
                .help("write `cron: \"0 0 * * MON\"` with a `timezone`");
            Some(cadence)
        }
        (Ok(cadence), _) => Some(cadence),
        (Err(error), at) => {
            if let Some(at) = at {
                report.error(at, "interval_out_of_range", error.to_string()).help(error.help());
            }
            None
        }
    }
}

fn cron(raw: &RuleKeys<'_>, zone: Tz, report: &mut Report) -> Option<Cadence> {
    let (pattern, at) = (raw.cron.value.as_ref()?, raw.cron.at()?);
    let cadence = match Cadence::cron(&pattern.0, zone) {
        Ok(cadence) => cadence,
        Err(error) => {
            report.error(at, "bad_cron", error.to_string()).help(error.help());
            return None;
        }
    };
    if cadence.next_after(PATTERNS_FROM).is_none() {
        report
            .error(at, "cron_without_dates", format!("`cron: {}` matches no date", pattern.0))
            .help("check day, month and year of the pattern");
        return None;
    }
    if let Some((date, time)) = daily_time(&pattern.0).and_then(|time| Some((skipped_date(zone, time)?, time))) {
        let (hour, minute) = time;
        report
            .warning(at, "cron_in_gap", format!("{hour:02}:{minute:02} does not exist on {date} in {zone}"))
            .help("the run of that day comes right after the gap; choose a time outside of it");
    }
    Some(cadence)
}

/// Hour and minute of a pattern that runs once every day.
fn daily_time(pattern: &str) -> Option<(u32, u32)> {
    let fields: Vec<_> = pattern.split_whitespace().collect();
    let [minute, hour, "*", "*", "*"] = fields[..] else { return None };
    Some((hour.parse().ok()?, minute.parse().ok()?))
}

/// The first date of two years on which the zone's clocks skip this time.
fn skipped_date(zone: Tz, (hour, minute): (u32, u32)) -> Option<NaiveDate> {
    let start = PATTERNS_FROM.to_chrono()?.date_naive();
    start.iter_days().take_while(|date| date.year() < start.year() + 2).find(|date| {
        date.and_hms_opt(hour, minute, 0).is_some_and(|time| zone.from_local_datetime(&time).earliest().is_none())
    })
}

fn window(raw: &RuleKeys<'_>, kind: RuleKind, cadence: &Cadence, report: &mut Report) -> WindowSpec {
    match (raw.window, kind) {
        (Some(RawWindow::Span(span)), _) => WindowSpec::Span(span),
        (Some(RawWindow::PreviousDay), _) => WindowSpec::PreviousDay,
        (Some(RawWindow::PreviousWeek), _) => WindowSpec::PreviousWeek,
        (Some(RawWindow::PreviousMonth), _) => WindowSpec::PreviousMonth,
        (Some(RawWindow::None), _) => WindowSpec::None,
        (Some(RawWindow::SinceLastRun), RuleKind::Report) => WindowSpec::SinceLastRun,
        (Some(RawWindow::SinceLastRun), RuleKind::Alert | RuleKind::Issue) => {
            if let Some(at) = raw.window_at {
                report
                    .error(
                        at,
                        "for_reports_only",
                        "`since_last_run` is for reports: an alert reads the same window again",
                    )
                    .help("remove `window`, or write a duration");
            }
            WindowSpec::SincePreviousSlot
        }
        (None, _) => match cadence {
            Cadence::Every(every) => WindowSpec::Span(every.interval()),
            Cadence::Cron(_) => WindowSpec::SincePreviousSlot,
        },
    }
}
