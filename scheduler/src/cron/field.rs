//! The seven fields of a pattern and what may stand in each.

use std::fmt;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// One field of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CronField {
    /// The first of six or seven fields, 0–59; 0 when there are five.
    Second,
    /// 0–59.
    Minute,
    /// 0–23.
    Hour,
    /// 1–31, `L`, `LW`, `nW`.
    DayOfMonth,
    /// 1–12 or JAN–DEC.
    Month,
    /// 0–7 (0 and 7 are Sunday) or SUN–SAT, `nL`, `n#k`, and `+` in front.
    DayOfWeek,
    /// The last of seven fields, 1–5000; every year when there are fewer.
    Year,
}

impl CronField {
    /// In the order of a pattern with seven fields.
    pub(super) const ALL: [Self; 7] =
        [Self::Second, Self::Minute, Self::Hour, Self::DayOfMonth, Self::Month, Self::DayOfWeek, Self::Year];

    /// Whether a word of letters, in upper case, has a meaning in this field.
    ///
    /// croner does not ask: it would take `MON` for January in the month field.
    pub(super) fn knows_word(self, word: &str) -> bool {
        match self {
            Self::DayOfMonth => matches!(word, "L" | "W" | "LW"),
            Self::Month => MONTHS.contains(&word),
            Self::DayOfWeek => word == "L" || WEEKDAYS.contains(&word.strip_suffix('L').unwrap_or(word)),
            Self::Second | Self::Minute | Self::Hour | Self::Year => false,
        }
    }

    /// The smallest and the greatest number of this field.
    pub(super) const fn limits(self) -> (u16, u16) {
        match self {
            Self::Second | Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (0, 6),
            Self::Year => (1, 5000),
        }
    }

    /// The number that a value stands for: digits, or the name of a month or weekday.
    pub(super) fn number(self, value: &str) -> Option<usize> {
        let value = value.to_ascii_uppercase();
        let names: &[&str] = match self {
            Self::Month => &MONTHS,
            Self::DayOfWeek => &WEEKDAYS,
            Self::Second | Self::Minute | Self::Hour | Self::DayOfMonth | Self::Year => &[],
        };
        match names.iter().position(|name| *name == value) {
            Some(position) => Some(position + usize::from(self.limits().0)),
            None => value.parse().ok(),
        }
    }

    /// What may stand here, for people.
    pub(super) const fn expected(self) -> &'static str {
        match self {
            Self::Second | Self::Minute => "`*`, 0-59, a list `0,30`, a range `0-29` or a step `*/15`",
            Self::Hour => "`*`, 0-23, a list `9,17`, a range `9-17` or a step `*/6`",
            Self::DayOfMonth => {
                "`*`, 1-31, a list, a range, a step, `L` (last day), `LW` (last weekday) or `15W` (nearest weekday)"
            }
            Self::Month => "`*`, 1-12 or JAN-DEC, a list, a range or a step",
            Self::DayOfWeek => {
                "`*`, 0-7 (0 and 7 are Sunday) or SUN-SAT, a list, a range, a step, `FRI#2` (second Friday) or `FRIL` (last Friday)"
            }
            Self::Year => "`*`, a year up to 5000, a list, a range or a step",
        }
    }
}

impl fmt::Display for CronField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
            Self::Year => "year",
        })
    }
}
