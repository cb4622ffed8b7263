//! PostgreSQL's patterns for instants and intervals: `YYYY-MM-DD HH24:MI:SS`.

use std::fmt::Write as _;

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::PatternError;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ROMAN: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];
/// PostgreSQL pads names to the longest.
const NAME_WIDTH: usize = 9;

/// What the patterns are rendered for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Moment<'a> {
    /// An instant as clocks show it in a zone: its short name and its distance from UTC in seconds; none for a
    /// timestamp without a zone, and for a date.
    Instant { local: NaiveDateTime, zone: Option<(&'a str, i32)> },
    /// A span of time, which has no month names, no days of the week and no zone.
    Interval { months: i32, days: i32, micros: i64 },
}

/// One word of the notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Hour12,
    Hour24,
    Minute,
    Second,
    /// So many digits of the second's fraction.
    Fraction(usize),
    SecondOfDay,
    /// With or without dots.
    HalfDay(bool),
    YearWithComma,
    /// So many digits of the year.
    Year(usize),
    IsoYear(usize),
    Era(bool),
    MonthName,
    MonthShort,
    Month,
    DayName,
    DayShort,
    DayOfYear,
    IsoDayOfYear,
    Day,
    DayOfWeek,
    IsoDayOfWeek,
    WeekOfMonth,
    Week,
    IsoWeek,
    Century,
    Julian,
    Quarter,
    RomanMonth,
    ZoneName,
    ZoneHours,
    ZoneMinutes,
    Offset,
}

/// The notation, the longest first where one begins as another does.
const WORDS: [(&str, Word); 54] = [
    ("Y,YYY", Word::YearWithComma),
    ("YYYY", Word::Year(4)),
    ("YYY", Word::Year(3)),
    ("YY", Word::Year(2)),
    ("Y", Word::Year(1)),
    ("IYYY", Word::IsoYear(4)),
    ("IYY", Word::IsoYear(3)),
    ("IY", Word::IsoYear(2)),
    ("IDDD", Word::IsoDayOfYear),
    ("ID", Word::IsoDayOfWeek),
    ("IW", Word::IsoWeek),
    ("I", Word::IsoYear(1)),
    ("HH24", Word::Hour24),
    ("HH12", Word::Hour12),
    ("HH", Word::Hour12),
    ("MONTH", Word::MonthName),
    ("Month", Word::MonthName),
    ("MON", Word::MonthShort),
    ("Mon", Word::MonthShort),
    ("MI", Word::Minute),
    ("MM", Word::Month),
    ("MS", Word::Fraction(3)),
    ("US", Word::Fraction(6)),
    ("FF1", Word::Fraction(1)),
    ("FF2", Word::Fraction(2)),
    ("FF3", Word::Fraction(3)),
    ("FF4", Word::Fraction(4)),
    ("FF5", Word::Fraction(5)),
    ("FF6", Word::Fraction(6)),
    ("SSSSS", Word::SecondOfDay),
    ("SSSS", Word::SecondOfDay),
    ("SS", Word::Second),
    ("A.M.", Word::HalfDay(true)),
    ("P.M.", Word::HalfDay(true)),
    ("AM", Word::HalfDay(false)),
    ("PM", Word::HalfDay(false)),
    ("A.D.", Word::Era(true)),
    ("B.C.", Word::Era(true)),
    ("AD", Word::Era(false)),
    ("BC", Word::Era(false)),
    ("DDD", Word::DayOfYear),
    ("DD", Word::Day),
    ("DAY", Word::DayName),
    ("Day", Word::DayName),
    ("DY", Word::DayShort),
    ("Dy", Word::DayShort),
    ("D", Word::DayOfWeek),
    ("WW", Word::Week),
    ("W", Word::WeekOfMonth),
    ("CC", Word::Century),
    ("J", Word::Julian),
    ("Q", Word::Quarter),
    ("RM", Word::RomanMonth),
    ("OF", Word::Offset),
];

/// Those that begin with `TZ`; `T` is also how the suffix `TH` and the prefix `TM` begin.
const ZONE_WORDS: [(&str, Word); 3] = [("TZH", Word::ZoneHours), ("TZM", Word::ZoneMinutes), ("TZ", Word::ZoneName)];

/// How letters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Upper,
    Lower,
    Title,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Field {
        word: Word,
        case: Case,
        /// `FM`: without padding.
        is_tight: bool,
        /// `TH` or `th`: whether in capitals.
        ordinal: Option<bool>,
    },
    Literal(char),
}

/// A pattern that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MomentPattern {
    text: String,
    pieces: Vec<Piece>,
}

impl MomentPattern {
    pub(super) fn parse(pattern: &str) -> Result<Self, PatternError> {
        let mut pieces = Vec::new();
        let mut rest = pattern;
        let mut is_tight = false;
        while let Some(first) = rest.chars().next() {
            if let Some((after, tight)) = prefix(rest) {
                (rest, is_tight) = (after, is_tight || tight);
                continue;
            }
            if first == '"' {
                let (text, after) = super::quoted(rest);
                pieces.extend(text.chars().map(Piece::Literal));
                rest = after;
                continue;
            }
            let Some((name, word)) = word_at(rest) else {
                if first.is_ascii_alphabetic() {
                    return Err(PatternError::unknown(pattern, super::word_at(rest)));
                }
                pieces.push(Piece::Literal(first));
                rest = &rest[first.len_utf8()..];
                continue;
            };
            let written = &rest[..name.len()];
            let case = match written {
                _ if written.chars().all(|letter| !letter.is_ascii_uppercase()) => Case::Lower,
                "Month" | "Mon" | "Day" | "Dy" => Case::Title,
                _ => Case::Upper,
            };
            rest = &rest[name.len()..];
            let ordinal = match rest.get(..2) {
                Some("TH") => Some(true),
                Some("th") => Some(false),
                _ => None,
            };
            rest = if ordinal.is_some() { &rest[2..] } else { rest };
            pieces.push(Piece::Field { word, case, is_tight, ordinal });
            is_tight = false;
        }
        Ok(Self { text: pattern.to_owned(), pieces })
    }

    pub(super) fn render(&self, moment: &Moment<'_>) -> Result<String, PatternError> {
        let mut text = String::with_capacity(self.text.len() + 8);
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => text.push(*literal),
                Piece::Field { word, case, is_tight, ordinal } => {
                    let from = text.len();
                    let known = field(&mut text, *word, *case, *is_tight, moment);
                    known.ok_or_else(|| PatternError::not_of_an_interval(&self.text, name_of(*word)))?;
                    if let Some(is_upper) = ordinal {
                        let ending = super::ordinal(text[from..].bytes().rev().take(2), *is_upper);
                        text.push_str(ending);
                    }
                }
            }
        }
        Ok(text)
    }

    /// The same pattern in the notation with percent signs, for reading; `None` when a part has none.
    pub(super) fn percent_signs(&self) -> Option<String> {
        let mut text = String::new();
        for piece in &self.pieces {
            let part = match piece {
                Piece::Literal('%') => "%%",
                Piece::Literal(literal) => {
                    text.push(*literal);
                    continue;
                }
                Piece::Field { word, .. } => match word {
                    Word::Hour12 => "%I",
                    Word::Hour24 => "%H",
                    Word::Minute => "%M",
                    Word::Second => "%S",
                    Word::Fraction(3) => "%3f",
                    Word::Fraction(6) => "%6f",
                    Word::HalfDay(false) => "%p",
                    Word::Year(4) => "%Y",
                    Word::Year(2) => "%y",
                    Word::IsoYear(4) => "%G",
                    Word::IsoYear(2) => "%g",
                    Word::IsoWeek => "%V",
                    Word::IsoDayOfWeek => "%u",
                    Word::MonthName => "%B",
                    Word::MonthShort => "%b",
                    Word::Month => "%m",
                    Word::DayName => "%A",
                    Word::DayShort => "%a",
                    Word::DayOfYear => "%j",
                    Word::Day => "%d",
                    Word::Offset => "%#z",
                    Word::SecondOfDay
                    | Word::Fraction(_)
                    | Word::HalfDay(true)
                    | Word::YearWithComma
                    | Word::Year(_)
                    | Word::IsoYear(_)
                    | Word::Era(_)
                    | Word::IsoDayOfYear
                    | Word::DayOfWeek
                    | Word::WeekOfMonth
                    | Word::Week
                    | Word::Century
                    | Word::Julian
                    | Word::Quarter
                    | Word::RomanMonth
                    | Word::ZoneName
                    | Word::ZoneHours
                    | Word::ZoneMinutes => return None,
                },
            };
            text.push_str(part);
        }
        Some(text)
    }
}

/// What stands before a word and is none: what follows it, and whether it says that there is no padding.
fn prefix(rest: &str) -> Option<(&str, bool)> {
    let after = |word: &str| rest.strip_prefix(word).or_else(|| rest.strip_prefix(&word.to_ascii_lowercase()));
    if let Some(after) = after("FM") {
        return Some((after, true));
    }
    // Names in the language of the place are English here, and not padded either.
    after("TM").map(|after| (after, true)).or_else(|| after("FX").map(|after| (after, false)))
}

fn word_at(rest: &str) -> Option<(&'static str, Word)> {
    let fits =
        |name: &str| rest.get(..name.len()).is_some_and(|head| head == name || head == name.to_ascii_lowercase());
    WORDS.into_iter().chain(ZONE_WORDS).find(|(name, _)| fits(name))
}

fn name_of(word: Word) -> &'static str {
    WORDS.into_iter().chain(ZONE_WORDS).find(|(_, of)| *of == word).map_or("", |(name, _)| name)
}

/// Writes one field; `None` when the moment has no such thing.
fn field(text: &mut String, word: Word, case: Case, is_tight: bool, moment: &Moment<'_>) -> Option<()> {
    match moment {
        Moment::Instant { local, zone } => instant(text, word, case, is_tight, local, *zone),
        Moment::Interval { months, days, micros } => {
            return interval(text, word, case, is_tight, (*months, *days, *micros));
        }
    }
    Some(())
}

fn instant(
    text: &mut String,
    word: Word,
    case: Case,
    is_tight: bool,
    local: &NaiveDateTime,
    zone: Option<(&str, i32)>,
) {
    let year = i64::from(local.year());
    // There is no year 0: the year before 1 is 1 BC.
    let shown_year = if year > 0 { year } else { 1 - year };
    let iso = local.iso_week();
    let (weekday, iso_weekday) = (local.weekday().num_days_from_sunday(), local.weekday().number_from_monday());
    let micros = i64::from(local.nanosecond() / 1_000).min(999_999);
    let (name, offset) = zone.unwrap_or(("", 0));
    let mut number = |value: i64, width: usize| padded(text, value, if is_tight { 0 } else { width });
    match word {
        Word::Hour12 => number(i64::from(local.hour12().1), 2),
        Word::Hour24 => number(local.hour().into(), 2),
        Word::Minute => number(local.minute().into(), 2),
        Word::Second => number(local.second().into(), 2),
        Word::Fraction(digits) => padded(text, micros / 10_i64.pow(6 - u32::try_from(digits).unwrap_or(6)), digits),
        Word::SecondOfDay => number(local.num_seconds_from_midnight().into(), 0),
        Word::HalfDay(dots) => half_day(text, local.hour() >= 12, dots, case),
        Word::YearWithComma => _ = write!(text, "{},{:03}", shown_year / 1_000, shown_year % 1_000),
        Word::Year(digits) => number(last_digits(shown_year, digits), digits),
        Word::IsoYear(digits) => number(last_digits(iso.year().into(), digits), digits),
        Word::Era(dots) => {
            let era = if year > 0 { ["AD", "A.D."] } else { ["BC", "B.C."] };
            cased(text, era[usize::from(dots)], case, 0);
        }
        Word::MonthName => cased(text, MONTHS[local.month0() as usize], case, if is_tight { 0 } else { NAME_WIDTH }),
        Word::MonthShort => cased(text, &MONTHS[local.month0() as usize][..3], case, 0),
        Word::Month => number(local.month().into(), 2),
        Word::DayName => cased(text, DAYS[weekday as usize], case, if is_tight { 0 } else { NAME_WIDTH }),
        Word::DayShort => cased(text, &DAYS[weekday as usize][..3], case, 0),
        Word::DayOfYear => number(local.ordinal().into(), 3),
        Word::IsoDayOfYear => number(i64::from((iso.week() - 1) * 7 + iso_weekday), 3),
        Word::Day => number(local.day().into(), 2),
        Word::DayOfWeek => number(i64::from(weekday) + 1, 0),
        Word::IsoDayOfWeek => number(iso_weekday.into(), 0),
        Word::WeekOfMonth => number(i64::from((local.day() - 1) / 7 + 1), 0),
        Word::Week => number(i64::from(local.ordinal0() / 7 + 1), 2),
        Word::IsoWeek => number(iso.week().into(), 2),
        Word::Century => number((shown_year - 1) / 100 + 1, 2),
        Word::Julian => number(i64::from(local.num_days_from_ce()) + 1_721_425, 0),
        Word::Quarter => number(i64::from(local.month0() / 3 + 1), 0),
        Word::RomanMonth => cased(text, ROMAN[local.month0() as usize], case, if is_tight { 0 } else { 4 }),
        Word::ZoneName => cased(text, name, case, 0),
        Word::ZoneHours => _ = write!(text, "{}{:02}", sign(offset), offset.abs() / 3_600),
        Word::ZoneMinutes => _ = write!(text, "{:02}", offset.abs() / 60 % 60),
        Word::Offset => {
            _ = write!(text, "{}{:02}", sign(offset), offset.abs() / 3_600);
            if offset % 3_600 != 0 {
                _ = write!(text, ":{:02}", offset.abs() / 60 % 60);
            }
        }
    }
}

fn interval(
    text: &mut String,
    word: Word,
    case: Case,
    is_tight: bool,
    (months, days, micros): (i32, i32, i64),
) -> Option<()> {
    let (years, months) = (i64::from(months / 12), i64::from(months % 12));
    let hours = micros / 3_600_000_000;
    let fraction = micros % 1_000_000;
    let mut number = |value: i64, width: usize| padded(text, value, if is_tight { 0 } else { width });
    // The sign of a time takes a place of its own.
    let clock = |value: i64| 2 + usize::from(value < 0);
    match word {
        Word::Hour12 => {
            let hour = if hours % 12 == 0 { 12 } else { hours % 12 };
            number(hour, clock(hour));
        }
        Word::Hour24 => number(hours, clock(hours)),
        Word::Minute => {
            let minutes = micros / 60_000_000 % 60;
            number(minutes, clock(minutes));
        }
        Word::Second => {
            let seconds = micros / 1_000_000 % 60;
            number(seconds, clock(seconds));
        }
        Word::Fraction(digits) => padded(text, fraction / 10_i64.pow(6 - u32::try_from(digits).unwrap_or(6)), digits),
        Word::SecondOfDay => number(micros / 1_000_000, 0),
        Word::HalfDay(dots) => half_day(text, hours % 24 >= 12, dots, case),
        Word::Year(digits) => number(last_digits(years, digits), digits),
        Word::Month => number(months, 2),
        Word::Day => number(days.into(), 2),
        Word::YearWithComma
        | Word::IsoYear(_)
        | Word::Era(_)
        | Word::MonthName
        | Word::MonthShort
        | Word::DayName
        | Word::DayShort
        | Word::DayOfYear
        | Word::IsoDayOfYear
        | Word::DayOfWeek
        | Word::IsoDayOfWeek
        | Word::WeekOfMonth
        | Word::Week
        | Word::IsoWeek
        | Word::Century
        | Word::Julian
        | Word::Quarter
        | Word::RomanMonth
        | Word::ZoneName
        | Word::ZoneHours
        | Word::ZoneMinutes
        | Word::Offset => return None,
    }
    Some(())
}

fn padded(text: &mut String, value: i64, width: usize) {
    _ = write!(text, "{value:0width$}");
}

fn last_digits(year: i64, digits: usize) -> i64 {
    // Four digits are all of them.
    if digits == 4 { year } else { year % 10_i64.pow(u32::try_from(digits).unwrap_or(4)) }
}

const fn sign(offset: i32) -> char {
    if offset < 0 { '-' } else { '+' }
}

fn half_day(text: &mut String, is_afternoon: bool, dots: bool, case: Case) {
    let words = if is_afternoon { ["PM", "P.M."] } else { ["AM", "A.M."] };
    cased(text, words[usize::from(dots)], case, 0);
}

fn cased(text: &mut String, name: &str, case: Case, width: usize) {
    let name = match case {
        Case::Upper => name.to_ascii_uppercase(),
        Case::Lower => name.to_ascii_lowercase(),
        Case::Title => name.to_owned(),
    };
    _ = write!(text, "{name:<width$}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asked of PostgreSQL 15: pattern, instant, text.
    const INSTANTS: &str = include_str!("../../../testdata/to_char_moments.txt");
    /// Asked of PostgreSQL 15: pattern, months and days and microseconds, text.
    const INTERVALS: &str = include_str!("../../../testdata/to_char_intervals.txt");

    fn compare<'a>(table: &'a str, moment: impl Fn(&'a str) -> Moment<'a>) {
        let mut wrong = Vec::new();
        for line in table.lines() {
            let parts: Vec<&str> = line.rsplitn(3, '|').collect();
            let [shown, value, pattern] = parts[..] else { panic!("{line}") };
            let text = MomentPattern::parse(pattern).and_then(|read| read.render(&moment(value)));
            let text = text.unwrap_or_else(|error| error.to_string());
            if format!("[{text}]") != shown {
                wrong.push(format!("{pattern} of {value}: [{text}], not {shown}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn instants_look_as_in_postgresql() {
        compare(INSTANTS, |value| {
            let local = NaiveDateTime::parse_from_str(value.trim_end_matches("+00"), "%Y-%m-%d %H:%M:%S%.f").unwrap();
            Moment::Instant { local, zone: Some(("UTC", 0)) }
        });
    }

    #[test]
    fn intervals_look_as_in_postgresql() {
        compare(INTERVALS, |value| {
            let parts: Vec<i64> = value.split(' ').map(|part| part.parse().unwrap()).collect();
            Moment::Interval { months: parts[0] as i32, days: parts[1] as i32, micros: parts[2] }
        });
    }

    #[test]
    fn zones_are_told_by_name_and_distance() {
        let local = NaiveDateTime::default();
        let show = |pattern: &str, zone| {
            MomentPattern::parse(pattern).unwrap().render(&Moment::Instant { local, zone }).unwrap()
        };
        assert_eq!(show("TZ OF TZH:TZM", Some(("IST", 19_800))), "IST +05:30 +05:30");
        assert_eq!(show("tz OF", Some(("EST", -18_000))), "est -05");
        assert_eq!(show("[TZ]", None), "[]");
    }

    #[test]
    fn what_is_no_part_of_a_pattern_is_named() {
        let error = |pattern: &str| MomentPattern::parse(pattern).unwrap_err().to_string();
        assert!(error("YYYY-MM-DDTHH24:MI").contains("`H`"), "{}", error("YYYY-MM-DDTHH24:MI"));
        assert!(error("YYYY foo").contains("`foo`"));
        let interval = Moment::Interval { months: 0, days: 1, micros: 0 };
        let error = MomentPattern::parse("Month").unwrap().render(&interval).unwrap_err();
        assert!(error.to_string().contains("MONTH"), "{error}");
    }

    #[test]
    fn patterns_can_be_said_with_percent_signs() {
        let said = |pattern: &str| MomentPattern::parse(pattern).unwrap().percent_signs();
        assert_eq!(said("YYYY-MM-DD\"T\"HH24:MI:SS.US"), Some("%Y-%m-%dT%H:%M:%S.%6f".to_owned()));
        assert_eq!(said("J"), None);
    }
}
