//! Reads the text of a pattern. croner does the fields; what it would read wrongly is refused or
//! mended before.

use croner::CronPattern;
use croner::parser::{CronParser, Year};

use super::dates::Dates;
use super::field::CronField;
use super::local_day::Kind;
use super::times_of_day::TimesOfDay;

/// The bit by which croner marks "the last such weekday of the month".
const LAST_WEEKDAY_BIT: u8 = 1 << 6;

/// A pattern, ready to be walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pub text: String,
    pub kind: Kind,
    pub dates: Dates,
    pub times: TimesOfDay,
}

/// Why a text is no cron pattern. `Display` says what is wrong, [`help`](Self::help) how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// There is no pattern.
    #[error("the cron pattern is empty")]
    Empty,
    /// A word after `@` that we do not know.
    #[error("`{nickname}` is not a cron nickname")]
    Nickname {
        /// The word, with its `@`.
        nickname: String,
    },
    /// The zone belongs elsewhere.
    #[error("`{prefix}` does not belong into the cron pattern")]
    ZonePrefix {
        /// `TZ=…` or `CRON_TZ=…`.
        prefix: String,
    },
    /// Not five, six or seven fields.
    #[error("the cron pattern `{pattern}` has {found} field{}, not 5, 6 or 7", if *found == 1 { "" } else { "s" })]
    FieldCount {
        /// The whole pattern.
        pattern: String,
        /// How many fields it has.
        found: usize,
    },
    /// A field that cannot be read.
    #[error("the {field} `{text}` of the cron pattern `{pattern}` cannot be read")]
    Field {
        /// The whole pattern.
        pattern: String,
        /// Which field.
        field: CronField,
        /// What stands there, as it was written.
        text: String,
    },
}

impl PatternError {
    /// One sentence, without a full stop, about how to mend it.
    pub fn help(&self) -> String {
        match self {
            Self::Empty => "write five fields: minute, hour, day of month, month, day of week".to_owned(),
            Self::Nickname { nickname } if nickname.eq_ignore_ascii_case("@every") => {
                "write `every: 5m` instead of `cron`".to_owned()
            }
            Self::Nickname { .. } => {
                "the nicknames are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly".to_owned()
            }
            Self::ZonePrefix { .. } => "name the zone in `timezone`".to_owned(),
            Self::FieldCount { .. } => "write five fields: minute, hour, day of month, month, day of week; \
                 a sixth in front is the second, a seventh at the end the year"
                .to_owned(),
            Self::Field { field, text, .. } => help_for(*field, text),
        }
    }
}

impl Pattern {
    /// Reads five, six or seven fields or a nickname.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.trim();
        let fields = fields(text)?;
        let all = || CronField::ALL.into_iter().zip(&fields);
        if let Some((field, _)) = all().find(|(field, text)| !is_well_formed(*field, text)) {
            return Err(wrong_field(text, field));
        }
        // croner does not say which field it cannot read, so each is tried alone.
        let dates = read(&fields).map_err(|()| {
            let alone = |field| {
                std::array::from_fn(
                    |other| if other == field as usize { fields[other].clone() } else { "*".to_owned() },
                )
            };
            let wrong = CronField::ALL.into_iter().find(|field| read(&alone(*field)).is_err());
            wrong_field(text, wrong.unwrap_or(CronField::Minute))
        })?;
        let [second, minute, hour, .., year] = &fields;
        let interval = [second, minute, hour].iter().any(|field| field.contains(['*', '/']));
        Ok(Self {
            text: text.to_owned(),
            kind: if interval { Kind::Interval } else { Kind::ClockTimes },
            dates: Dates::new(&dates, last_day_as_well(&fields).as_ref(), year == "*"),
            times: TimesOfDay::new(&dates.hours.values(), &dates.minutes.values(), &dates.seconds.values()),
        })
    }
}

/// Has croner read seven fields.
fn read(fields: &[String; 7]) -> Result<CronPattern, ()> {
    // `a/n` is `a-max/n`, which croner calls sloppy.
    let parser = CronParser::builder().year(Year::Required).sloppy_ranges(true).build();
    let mut pattern = parser.parse(&fields.join(" ")).map_err(drop)?.pattern;
    // croner takes 7 for Sunday everywhere but in `7L`.
    if pattern.days_of_week.is_bit_set(7, LAST_WEEKDAY_BIT).map_err(drop)? {
        pattern.days_of_week.set_bit(0, LAST_WEEKDAY_BIT).map_err(drop)?;
    }
    Ok(pattern)
}

/// The pattern without its `LW`, if it has both `L` and `LW`: croner reads the two as `LW` alone.
fn last_day_as_well(fields: &[String; 7]) -> Option<CronPattern> {
    let days: Vec<&str> = fields[CronField::DayOfMonth as usize].split(',').collect();
    if !days.contains(&"L") || !days.contains(&"LW") {
        return None;
    }
    let mut fields = fields.clone();
    fields[CronField::DayOfMonth as usize] = days.into_iter().filter(|day| *day != "LW").collect::<Vec<_>>().join(",");
    read(&fields).ok()
}

/// Splits into all seven fields, in upper case, with wildcards written in one way.
fn fields(text: &str) -> Result<[String; 7], PatternError> {
    let written = text.to_ascii_uppercase();
    let first_word = || text.split_whitespace().next().unwrap_or_default().to_owned();
    let spelled_out = match written.as_str() {
        "" => return Err(PatternError::Empty),
        "@YEARLY" | "@ANNUALLY" => "0 0 1 1 *",
        "@MONTHLY" => "0 0 1 * *",
        "@WEEKLY" => "0 0 * * 0",
        "@DAILY" | "@MIDNIGHT" => "0 0 * * *",
        "@HOURLY" => "0 * * * *",
        _ if written.starts_with('@') => return Err(PatternError::Nickname { nickname: first_word() }),
        _ if written.starts_with("TZ=") || written.starts_with("CRON_TZ=") => {
            return Err(PatternError::ZonePrefix { prefix: first_word() });
        }
        other => other,
    };
    let mut found: Vec<&str> = spelled_out.split_whitespace().collect();
    match found.len() {
        5 => {
            found.insert(0, "0");
            found.push("*");
        }
        6 => found.push("*"),
        7 => {}
        count => return Err(PatternError::FieldCount { pattern: text.to_owned(), found: count }),
    }
    let mut fields = CronField::ALL.into_iter().zip(found).map(|(field, text)| plain_wildcards(field, text));
    Ok(std::array::from_fn(|_| fields.next().unwrap_or_default()))
}

/// `?` is `*`, and in the fields that name days so is `*/1`: it restricts nothing.
fn plain_wildcards(field: CronField, text: &str) -> String {
    match field {
        CronField::Second | CronField::Minute | CronField::Hour if text == "?" => "*".to_owned(),
        CronField::DayOfMonth | CronField::DayOfWeek => {
            let (and, rest) = text.strip_prefix('+').map_or(("", text), |rest| ("+", rest));
            let restricts_nothing = rest == "?"
                || rest
                    .strip_prefix(['*', '?'])
                    .and_then(|rest| rest.strip_prefix('/'))
                    .is_some_and(|step| step.bytes().all(|digit| digit.is_ascii_digit()) && step.parse() == Ok(1));
            if restricts_nothing { format!("{and}*") } else { text.to_owned() }
        }
        CronField::Second | CronField::Minute | CronField::Hour | CronField::Month | CronField::Year => text.to_owned(),
    }
}

/// Refuses what croner would take, but read as something else or as nothing.
fn is_well_formed(field: CronField, text: &str) -> bool {
    let text = match field {
        CronField::DayOfWeek => text.strip_prefix('+').unwrap_or(text),
        _ => text,
    };
    text.split(',').all(|item| {
        let words_known = item
            .split(|character: char| !character.is_ascii_alphabetic())
            .filter(|word| !word.is_empty())
            .all(|word| field.knows_word(word));
        let nth_at_end = item.split_once('#').is_none_or(|(_, nth)| matches!(nth, "1" | "2" | "3" | "4" | "5" | "L"));
        let starts_somewhere =
            !item.is_empty() && !item.starts_with('/') && (item != "L" || field == CronField::DayOfMonth);
        let weekday_at_end = field != CronField::DayOfMonth || item.find('W').is_none_or(|at| at + 1 == item.len());
        words_known && nth_at_end && starts_somewhere && weekday_at_end
    })
}

/// The error about one field, which shows it as it was written.
fn wrong_field(pattern: &str, field: CronField) -> PatternError {
    let written: Vec<&str> = pattern.split_whitespace().collect();
    // Five fields start with the minute.
    let position = (field as usize).saturating_sub(usize::from(written.len() == 5));
    let text = written.get(position).copied().unwrap_or_default().to_owned();
    PatternError::Field { pattern: pattern.to_owned(), field, text }
}

/// Most often a range runs over the end of its field; else the field's own limits help.
fn help_for(field: CronField, text: &str) -> String {
    let over_the_end = text.split(',').find_map(|item| {
        let (start, end) = item.split_once('-')?;
        let backwards = field.number(start)? > field.number(end)?;
        let (first, last) = field.limits();
        backwards.then(|| format!("a range must not run backwards: write `{start}-{last},{first}-{end}`"))
    });
    over_the_end.unwrap_or_else(|| format!("expected {}", field.expected()))
}
