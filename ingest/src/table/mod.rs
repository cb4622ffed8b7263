//! The columns of the tables that telemetry is kept in.

pub mod metrics;
pub mod records;
pub mod shredded;

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};

pub use shredded::Shredding;

/// A table that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// Spans, logs, span events, and pending spans: what `records` and `records_all` show.
    Records,
    /// Points of metrics.
    Metrics,
}

impl Table {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Records, Self::Metrics];

    /// Its word, also in paths and file lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Records => records::NAME,
            Self::Metrics => metrics::NAME,
        }
    }

    /// The table of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.as_str() == word)
    }

    /// The column that windows cut.
    pub const fn time_column(self) -> &'static str {
        match self {
            Self::Records => records::TIME_COLUMN,
            Self::Metrics => metrics::TIME_COLUMN,
        }
    }

    /// The columns as they are kept: those that people see, then one for each shredded attribute.
    pub fn stored_schema(self, shredding: &Shredding) -> SchemaRef {
        match self {
            Self::Records => shredding.stored(&records::schema()),
            Self::Metrics => metrics::schema(),
        }
    }
}

/// The column of arrival; every table has it.
pub const ARRIVAL_COLUMN: &str = "created_at";

/// The type of every instant: microseconds, UTC.
pub fn instant_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// What marks a column of text as JSON, as the query engine's JSON functions mark theirs.
pub fn json_metadata() -> HashMap<String, String> {
    let entries = [("ARROW:extension:name", "arrow.json"), ("ARROW:extension:metadata", "{}"), ("is_json", "true")];
    entries.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

fn time(name: &str) -> Field {
    Field::new(name, instant_type(), true)
}

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, true)
}

fn number(name: &str) -> Field {
    Field::new(name, DataType::Int64, true)
}

/// JSON as text, marked so that results show it as JSON.
fn json(name: &str) -> Field {
    text(name).with_metadata(json_metadata())
}
