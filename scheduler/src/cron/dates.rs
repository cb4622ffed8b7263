//! The date part of a pattern: which calendar dates it names.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use croner::{CronPattern, Weekday};

/// Years that a pattern can name. croner's own limits, and far inside chrono's.
pub(super) const FIRST_YEAR: i32 = croner::YEAR_LOWER_LIMIT;
pub(super) const LAST_YEAR: i32 = croner::YEAR_UPPER_LIMIT;

/// A month of each length, to ask croner about: February in a plain and a leap year, April, January.
const MONTH_OF_LENGTH: [(i32, u32, u32); 4] = [(2023, 2, 28), (2024, 2, 29), (2023, 4, 30), (2023, 1, 31)];

/// The dates of a pattern, ready to be walked month by month.
///
/// Which days of a month match depends only on how long the month is and on the weekday it starts
/// with, so croner is asked once for all 28 kinds of months, and a pattern that matches no date
/// is known without searching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dates {
    /// `days[length - 28][weekday of the first, Sunday = 0]`: bit n is day n + 1.
    days: [[u32; 7]; 4],
    /// Bit n is month n.
    months: u16,
    /// `None`: every year.
    years: Option<BTreeSet<i32>>,
    /// Whether any kind of month that the pattern names has a day that it names.
    possible: bool,
}

impl Dates {
    /// Asks croner about every kind of month; `any_year` when the pattern has no year field.
    ///
    /// Days that `also` names in the months and years of `pattern` are named too.
    pub fn new(pattern: &CronPattern, also: Option<&CronPattern>, any_year: bool) -> Self {
        let months = pattern.months.values();
        let mut days = [[0; 7]; 4];
        std::iter::once(pattern).chain(also).for_each(|pattern| add_days(&mut days, pattern));
        Self {
            days,
            months: months.iter().fold(0, |set, month| set | 1 << month),
            years: (!any_year).then(|| pattern.years.values().into_iter().map(i32::from).collect()),
            possible: months.iter().any(|month| kinds_of(*month, &days).iter().any(|days| *days != 0)),
        }
    }

    /// The first named date at `date` or after it.
    pub fn at_or_after(&self, date: NaiveDate) -> Option<NaiveDate> {
        if !self.possible {
            return None;
        }
        let mut year = date.year();
        let mut month = date.month();
        let mut open_days = u32::MAX << date.day0();
        loop {
            let next = self.year_at_or_after(year)?;
            if next != year {
                (year, month, open_days) = (next, 1, u32::MAX);
            }
            while month <= 12 {
                let days = self.days_in(year, month)? & open_days;
                if days != 0 {
                    return NaiveDate::from_ymd_opt(year, month, days.trailing_zeros() + 1);
                }
                (month, open_days) = (month + 1, u32::MAX);
            }
            (year, month) = (year + 1, 1);
        }
    }

    /// The last named date at `date` or before it.
    pub fn at_or_before(&self, date: NaiveDate) -> Option<NaiveDate> {
        if !self.possible {
            return None;
        }
        let mut year = date.year();
        let mut month = date.month();
        let mut open_days = u32::MAX >> (31 - date.day0());
        loop {
            let previous = self.year_at_or_before(year)?;
            if previous != year {
                (year, month, open_days) = (previous, 12, u32::MAX);
            }
            while month >= 1 {
                let days = self.days_in(year, month)? & open_days;
                if days != 0 {
                    return NaiveDate::from_ymd_opt(year, month, days.ilog2() + 1);
                }
                (month, open_days) = (month - 1, u32::MAX);
            }
            (year, month) = (year - 1, 12);
        }
    }

    /// Whether a date is named.
    pub fn contains(&self, date: NaiveDate) -> bool {
        let year = date.year();
        self.year_at_or_after(year) == Some(year)
            && self.days_in(year, date.month()).is_some_and(|days| days >> date.day0() & 1 == 1)
    }

    /// The named days of one month; `None` when chrono does not know that month.
    fn days_in(&self, year: i32, month: u32) -> Option<u32> {
        if !self.names_month(month) {
            return Some(0);
        }
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        let length = usize::from(first.num_days_in_month());
        Some(self.days[length - 28][first.weekday().num_days_from_sunday() as usize])
    }

    fn names_month(&self, month: u32) -> bool {
        self.months >> month & 1 == 1
    }

    fn year_at_or_after(&self, year: i32) -> Option<i32> {
        match &self.years {
            Some(years) => years.range(year..).next().copied(),
            None => (year <= LAST_YEAR).then(|| year.max(FIRST_YEAR)),
        }
    }

    fn year_at_or_before(&self, year: i32) -> Option<i32> {
        match &self.years {
            Some(years) => years.range(..=year).next_back().copied(),
            None => (year >= FIRST_YEAR).then(|| year.min(LAST_YEAR)),
        }
    }
}

/// The rows of the table that a month can have: February has two lengths, the others one.
fn kinds_of(month: u16, days: &[[u32; 7]; 4]) -> &[u32] {
    let lengths = match month {
        2 => 0..2,
        4 | 6 | 9 | 11 => 2..3,
        _ => 3..4,
    };
    days[lengths].as_flattened()
}

fn add_days(table: &mut [[u32; 7]; 4], pattern: &CronPattern) {
    for ((year, month, length), row) in MONTH_OF_LENGTH.into_iter().zip(table) {
        for (first, days) in (0..).zip(row) {
            for day in 1..=length {
                let weekday = Weekday::from_days_from_sunday((first + day - 1) % 7);
                // croner only refuses days that the month does not have.
                if pattern.day_match(year, month, day, weekday).unwrap_or(false) {
                    *days |= 1 << (day - 1);
                }
            }
        }
    }
}
