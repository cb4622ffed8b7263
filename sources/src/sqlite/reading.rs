//! How a column of SQLite is read, by its declared type.
//!
//! A column of SQLite may hold anything, whatever it declares. A value that does not fit must not pass
//! silently: sums would count a text as 0. So every expression looks at the type of the value and, where it
//! does not fit, calls a function that fails with our words.

use arrow::datatypes::DataType;
use chrono::{DateTime, Days};

use crate::column::Comparison;
use crate::dialect::{Dialect, Literal, instant_type, quoted};
use crate::error::VALUE_MARK;

/// How SQL reads a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(super) kind: Kind,
    /// Whether the kind was seen in some of its values, since the column declares none: it keeps numbers among texts.
    pub(super) of_values: bool,
    /// Whether SQLite itself keeps every other value out.
    pub(super) is_trusted: bool,
    /// The table's name, for errors.
    pub(super) table: String,
    /// What names a row in it, if anything does.
    pub(super) row_id: Option<&'static str>,
}

/// What a column is meant to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Whole,
    Number,
    Bool,
    Text,
    Json,
    Bytes,
    Instant,
    Date,
}

impl Kind {
    /// By the declared type; `None` when that says nothing.
    pub(super) fn declared(declared: &str) -> Option<Self> {
        let declared = declared.to_uppercase();
        let has = |word: &str| declared.contains(word);
        Some(match declared.as_str() {
            "DATE" => Self::Date,
            _ if has("DATETIME") || has("TIMESTAMP") => Self::Instant,
            _ if has("BOOL") => Self::Bool,
            _ if has("JSON") => Self::Json,
            // From here on as SQLite itself goes by the letters.
            _ if has("INT") => Self::Whole,
            _ if has("CHAR") || has("CLOB") || has("TEXT") => Self::Text,
            _ if has("BLOB") => Self::Bytes,
            _ if has("REAL") || has("FLOA") || has("DOUB") => Self::Number,
            _ if has("DEC") || has("NUM") || has("MONEY") => Self::Number,
            _ => return None,
        })
    }

    /// By the types of some of its values.
    pub(super) fn sniffed(found: &[String]) -> Self {
        let only = |allowed: &[&str]| found.iter().all(|found| allowed.contains(&found.as_str()));
        if found.iter().all(|found| found == "null") {
            Self::Text
        } else if only(&["integer", "null"]) {
            Self::Whole
        } else if only(&["integer", "real", "null"]) {
            Self::Number
        } else if only(&["blob", "null"]) {
            Self::Bytes
        } else {
            Self::Text
        }
    }

    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Whole => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::Text | Self::Json => DataType::Utf8,
            Self::Bytes => DataType::Binary,
            Self::Instant => instant_type(),
            Self::Date => DataType::Date32,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Whole => "a whole number",
            Self::Number => "a number",
            Self::Bool => "0 or 1",
            Self::Text => "a text",
            Self::Json => "JSON",
            Self::Bytes => "bytes",
            Self::Instant => "a time like 2026-11-20T06:00:00Z or seconds since 1970",
            Self::Date => "a date like 2026-11-20",
        }
    }
}

/// Whole numbers below this, 2^53, are floating point numbers too.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;

/// A text that begins with a date.
const DATED: &str = "'[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'";

impl Reading {
    /// The value of the column `name` of the table `of`.
    pub(crate) fn value(&self, of: &str, name: &str, column: &str) -> String {
        if self.is_trusted {
            return match self.kind {
                Kind::Text => format!("({name} COLLATE BINARY)"),
                _ => name.to_owned(),
            };
        }
        let wrong = self.wrong(of, name, column);
        let cases = match self.kind {
            Kind::Whole => format!("WHEN 'integer' THEN {name}"),
            Kind::Number => format!("WHEN 'real' THEN {name} WHEN 'integer' THEN CAST({name} AS REAL)"),
            Kind::Bool => format!(
                "WHEN 'integer' THEN {name} <> 0 WHEN 'text' THEN CASE lower({name}) WHEN 'true' THEN 1 WHEN 't' THEN 1 \
                 WHEN 'false' THEN 0 WHEN 'f' THEN 0 ELSE {wrong} END"
            ),
            Kind::Text | Kind::Json => {
                format!(
                    "WHEN 'text' THEN {name} WHEN 'integer' THEN CAST({name} AS TEXT) WHEN 'real' THEN CAST({name} AS TEXT)"
                )
            }
            Kind::Bytes => format!("WHEN 'blob' THEN {name} WHEN 'text' THEN CAST({name} AS BLOB)"),
            Kind::Instant => format!(
                "WHEN 'text' THEN coalesce({}, {wrong}) WHEN 'integer' THEN {epoch} WHEN 'real' THEN {epoch}",
                micros(name),
                epoch = epoch(name)
            ),
            Kind::Date => format!(
                "WHEN 'text' THEN coalesce(CASE WHEN {name} GLOB {DATED} THEN unixepoch(substr({name}, 1, 10)) / 86400 END, {wrong})"
            ),
        };
        format!("CASE typeof({name}) WHEN 'null' THEN NULL {cases} ELSE {wrong} END")
    }

    /// A quick condition that every row meets which meets the comparison.
    pub(crate) fn compared(&self, name: &str, comparison: Comparison, literal: &Literal) -> Option<String> {
        let sign = comparison.sign();
        let plain = |literal| Some(format!("{name} {sign} {}", Dialect::Sqlite.literal(literal)?));
        match (self.kind, literal) {
            _ if self.is_trusted => None,
            (Kind::Whole, Literal::Int(..)) => plain(literal),
            // Whole numbers are rounded before they are compared. Nearer to zero than this nothing is lost by that, and
            // what is further away stays on its side.
            (Kind::Number, Literal::Float(number)) if number.abs() < EXACT_BELOW => plain(literal),
            // SQLite holds a 5 to be less than every text; a column that declares texts turns it into one.
            (Kind::Text, Literal::Text(_)) if !self.of_values => {
                Some(format!("{name} COLLATE BINARY {sign} {}", Dialect::Sqlite.literal(literal)?))
            }
            (Kind::Instant, Literal::Instant(at)) => days(name, comparison, *at),
            (
                Kind::Whole
                | Kind::Number
                | Kind::Bool
                | Kind::Text
                | Kind::Json
                | Kind::Bytes
                | Kind::Instant
                | Kind::Date,
                _,
            ) => None,
        }
    }

    /// Fails with our words when it is evaluated: the path of `json_extract` is shown in its error.
    fn wrong(&self, of: &str, name: &str, column: &str) -> String {
        let head = format!("{VALUE_MARK}table `{}`, column `{column}`: the value ", self.table);
        let tail = format!(" is no {}", self.kind.word().trim_start_matches("a "));
        let row = match self.row_id {
            Some(row_id) => format!(" || ' in row ' || {of}.{row_id}"),
            None => String::new(),
        };
        format!(
            "json_extract('{{}}', {} || CASE typeof({name}) WHEN 'blob' THEN 'of bytes' ELSE substr({name}, 1, 40) END{row} || {})",
            quoted(&head),
            quoted(&tail)
        )
    }
}

/// Microseconds since 1970 of a text, exactly; NULL when it is no time.
///
/// The functions of SQLite count in milliseconds: the digits behind the point are read apart from the rest.
fn micros(name: &str) -> String {
    let behind = format!("substr({name}, instr({name}, '.') + 1)");
    let zone = format!("ltrim({behind}, '0123456789')");
    let digits = format!("substr({behind}, 1, length({behind}) - length({zone}))");
    let seconds = |text: &str| format!("unixepoch({text}) * 1000000");
    let with_fraction = seconds(&format!("(substr({name}, 1, instr({name}, '.') - 1) || {zone})"));
    format!(
        "CASE WHEN NOT {name} GLOB {DATED} THEN NULL WHEN instr({name}, '.') = 0 THEN {} \
         ELSE {with_fraction} + CAST(substr({digits} || '000000', 1, 6) AS INTEGER) END",
        seconds(name)
    )
}

/// Microseconds since 1970 of a number: seconds, or by its size milliseconds or microseconds.
fn epoch(name: &str) -> String {
    format!(
        "CAST(round(CASE WHEN abs({name}) < 100000000000 THEN {name} * 1000000 WHEN abs({name}) < 100000000000000 \
         THEN {name} * 1000 ELSE {name} END) AS INTEGER)"
    )
}

/// Texts are compared by their dates first, a day wider on either side for their zones.
fn days(name: &str, comparison: Comparison, micros: i64) -> Option<String> {
    let date = DateTime::from_timestamp_micros(micros)?.date_naive();
    let (first, last) = (date.checked_sub_days(Days::new(1))?, date.checked_add_days(Days::new(2))?);
    let (from, to) = (format!("{name} >= '{first}'"), format!("{name} < '{last}'"));
    let inside = match comparison {
        Comparison::NotEqual => return None,
        Comparison::Equal => format!("{from} AND {to}"),
        Comparison::Less | Comparison::LessOrEqual => to,
        Comparison::Greater | Comparison::GreaterOrEqual => from,
    };
    // Other years are written with signs or more digits, and are not in the order of their texts.
    let in_order = |date: chrono::NaiveDate| date.format("%Y").to_string().len() == 4;
    (in_order(first) && in_order(last)).then(|| format!("(typeof({name}) <> 'text' OR ({inside}))"))
}
