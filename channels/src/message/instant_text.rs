//! Instants and windows in the zone of the reader, always with the zone's name.

use chrono::{DateTime, NaiveDate, Timelike};
use chrono_tz::Tz;
use watchfire_model::{Timestamp, Window};

/// `2026-11-20 07:00 CET`; seconds and thousandths only where there are some.
pub fn instant_text(at: Timestamp, zone: Tz) -> String {
    match local(at, zone) {
        Some(local) => format!("{} {} {}", date(&local), clock(&local), zone_name(&local)),
        None => at.to_string(),
    }
}

/// `2026-11-20`: the day in the zone.
pub fn date_text(at: Timestamp, zone: Tz) -> String {
    local(at, zone).map_or_else(|| at.to_string(), |local| date(&local))
}

/// `07:00 CET`, with the date before it when that is another day than `today`'s.
pub fn clock_text(at: Timestamp, today: Timestamp, zone: Tz) -> String {
    match (local(at, zone), local(today, zone)) {
        (Some(local), Some(today)) if local.date_naive() == today.date_naive() => {
            format!("{} {}", clock(&local), zone_name(&local))
        }
        _ => instant_text(at, zone),
    }
}

/// `06:00–06:15 Europe/Berlin (CET)`; dates where it crosses midnight, whole days as days.
///
/// `today` leaves the date out when both ends lie on it; `None` always writes it.
pub fn window_text(window: Window, today: Option<Timestamp>, zone: Tz) -> String {
    let (Some(start), Some(end)) = (local(window.start, zone), local(window.end, zone)) else {
        return format!("{}–{}", window.start, window.end);
    };
    let name = zone_words(&end, zone);
    let (first, last) = (start.date_naive(), end.date_naive());
    if is_midnight(&start) && is_midnight(&end) && first < last {
        let last = last.pred_opt().unwrap_or(last);
        let days = if first == last { first.to_string() } else { format!("{first} to {last}") };
        return format!("{days} {name}");
    }
    let day = today.and_then(|today| local(today, zone)).map(|today| today.date_naive());
    let between = two_clocks(&start, &end, day);
    format!("{between} {name}")
}

/// `06:00 → 06:23 UTC`, with dates where the days differ.
pub fn span_text(start: Timestamp, end: Timestamp, today: Timestamp, zone: Tz) -> String {
    match (local(start, zone), local(end, zone), local(today, zone)) {
        (Some(start), Some(end), Some(today)) => {
            let between = two_clocks(&start, &end, Some(today.date_naive())).replacen('–', " → ", 1);
            format!("{between} {}", zone_name(&end))
        }
        _ => format!("{start} → {end}"),
    }
}

fn two_clocks(start: &DateTime<Tz>, end: &DateTime<Tz>, today: Option<NaiveDate>) -> String {
    let (first, last) = (start.date_naive(), end.date_naive());
    // The clock alone is a riddle when it is set back between the two.
    let from = if first == last && start.offset_abbreviation() != end.offset_abbreviation() {
        format!("{} {}", clock(start), zone_name(start))
    } else {
        clock(start)
    };
    if first != last {
        format!("{} {from}–{} {}", date(start), date(end), clock(end))
    } else if Some(first) == today {
        format!("{from}–{}", clock(end))
    } else {
        format!("{} {from}–{}", date(start), clock(end))
    }
}

trait Abbreviation {
    fn offset_abbreviation(&self) -> String;
}

impl Abbreviation for DateTime<Tz> {
    fn offset_abbreviation(&self) -> String {
        self.format("%Z").to_string()
    }
}

/// `None` outside the years that a calendar knows.
fn local(at: Timestamp, zone: Tz) -> Option<DateTime<Tz>> {
    let utc = at.to_chrono()?;
    // At the very ends of chrono's years the shift into a zone would leave them.
    (utc.timestamp().unsigned_abs() < 8_000_000_000_000).then(|| utc.with_timezone(&zone))
}

fn is_midnight(local: &DateTime<Tz>) -> bool {
    local.num_seconds_from_midnight() == 0 && local.nanosecond() == 0
}

fn date(local: &DateTime<Tz>) -> String {
    local.format("%Y-%m-%d").to_string()
}

fn clock(local: &DateTime<Tz>) -> String {
    let form = match (local.nanosecond() / 1_000_000, local.second()) {
        (0, 0) => "%H:%M",
        (0, _) => "%H:%M:%S",
        _ => "%H:%M:%S%.3f",
    };
    local.format(form).to_string()
}

/// `CET`; zones without an abbreviation have their offset, `UTC+03`.
fn zone_name(local: &DateTime<Tz>) -> String {
    let name = local.offset_abbreviation();
    if name.starts_with(['+', '-']) { format!("UTC{name}") } else { name }
}

/// `Europe/Berlin (CET)`, or `UTC`.
fn zone_words(local: &DateTime<Tz>, zone: Tz) -> String {
    let (name, short) = (zone.name(), zone_name(local));
    if name == short || name == "Etc/UTC" { short } else { format!("{name} ({short})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn instants_say_their_zone() {
        for (instant, zone, text) in [
            ("2026-11-20T06:00:00Z", Tz::UTC, "2026-11-20 06:00 UTC"),
            ("2026-11-20T06:00:07Z", Tz::Europe__Berlin, "2026-11-20 07:00:07 CET"),
            ("2026-07-20T06:00:00.5Z", Tz::Europe__Berlin, "2026-07-20 08:00:00.500 CEST"),
            ("2026-11-20T06:00:00Z", Tz::America__Sao_Paulo, "2026-11-20 03:00 UTC-03"),
        ] {
            assert_eq!(instant_text(at(instant), zone), text);
        }
        assert_eq!(instant_text(Timestamp::from_micros(i64::MAX), Tz::Pacific__Kiritimati), "9223372036854775807");
        assert_eq!(date_text(at("2026-11-20T23:30:00Z"), Tz::Europe__Berlin), "2026-11-21");
        assert_eq!(clock_text(at("2026-11-20T05:52:00Z"), at("2026-11-20T06:00:00Z"), Tz::UTC), "05:52 UTC");
        assert_eq!(clock_text(at("2026-11-19T05:52:00Z"), at("2026-11-20T06:00:00Z"), Tz::UTC), "2026-11-19 05:52 UTC");
    }

    #[test]
    fn windows_have_dates_where_the_clock_alone_would_mislead() {
        for (start, end, text) in [
            ("2026-11-20T05:00:00Z", "2026-11-20T05:15:00Z", "06:00–06:15 Europe/Berlin (CET)"),
            ("2026-11-19T22:50:00Z", "2026-11-19T23:05:00Z", "2026-11-19 23:50–2026-11-20 00:05 Europe/Berlin (CET)"),
            ("2026-11-18T05:00:00Z", "2026-11-18T05:15:00Z", "2026-11-18 06:00–06:15 Europe/Berlin (CET)"),
            ("2026-11-18T23:00:00Z", "2026-11-19T23:00:00Z", "2026-11-19 Europe/Berlin (CET)"),
            ("2026-11-08T23:00:00Z", "2026-11-15T23:00:00Z", "2026-11-09 to 2026-11-15 Europe/Berlin (CET)"),
            ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25 02:30 CEST–02:30 Europe/Berlin (CET)"),
        ] {
            let window = Window { start: at(start), end: at(end) };
            assert_eq!(window_text(window, Some(at("2026-11-20T05:16:00Z")), Tz::Europe__Berlin), text);
        }
        let window = Window { start: at("2026-11-20T05:00:00Z"), end: at("2026-11-20T05:15:00Z") };
        assert_eq!(window_text(window, None, Tz::UTC), "2026-11-20 05:00–05:15 UTC");
        let (start, end) = (at("2026-11-20T06:00:00Z"), at("2026-11-20T06:23:00Z"));
        assert_eq!(span_text(start, end, end, Tz::UTC), "06:00 → 06:23 UTC");
    }
}
