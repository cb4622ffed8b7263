//! Attributes that have a column of their own, behind the same SQL.
//!
//! Reading one attribute out of JSON costs some twenty times a column. So the attributes that queries ask for most are
//! kept twice: inside `attributes`, and in a column that people do not see.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

/// What the names of shredded columns begin with; no column that people see does.
const PREFIX: &str = "_attribute:";

/// The attributes that are shredded unless somebody chooses others.
const DEFAULT_KEYS: [&str; 14] = [
    "gen_ai.request.model",
    "gen_ai.response.model",
    "gen_ai.system",
    "gen_ai.provider.name",
    "gen_ai.operation.name",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.aggregated_usage.input_tokens",
    "gen_ai.aggregated_usage.output_tokens",
    "operation.cost",
    "http.route",
    "http.response.status_code",
    "db.system",
    "logfire.exception.fingerprint",
];

/// Which attributes have a column of their own. Cheap to clone.
///
/// The column of an attribute holds the JSON text of its value (`"gpt-4o"` with its quotes, `123`, `null`), exactly as
/// it stands in `attributes`, and NULL where `attributes` has no such key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shredding {
    keys: Arc<[String]>,
    /// The [`length_bit`]s of the keys.
    lengths: u64,
}

/// One bit for each length; the last one for all that are longer.
fn length_bit(key: &str) -> u64 {
    1 << key.len().min(63)
}

impl Shredding {
    /// These keys of `attributes`; one that is named twice counts once.
    pub fn new(keys: impl IntoIterator<Item = String>) -> Self {
        let mut once: Vec<String> = Vec::new();
        for key in keys {
            if !once.contains(&key) {
                once.push(key);
            }
        }
        let lengths = once.iter().fold(0, |lengths, key| lengths | length_bit(key));
        Self { keys: once.into(), lengths }
    }

    /// The keys, in the order of their columns.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The place of a key among [`Shredding::keys`]; `None` for an attribute without a column.
    pub fn place_of(&self, key: &str) -> Option<usize> {
        // Most attributes differ from all keys in their length already.
        if self.lengths & length_bit(key) == 0 {
            return None;
        }
        self.keys.iter().position(|known| known == key)
    }

    /// The name of the column of a key, whether it is shredded or not.
    pub fn column_of(key: &str) -> String {
        format!("{PREFIX}{key}")
    }

    /// The key that a column is of; `None` for a column that people see.
    pub fn key_of(column: &str) -> Option<&str> {
        column.strip_prefix(PREFIX)
    }

    /// These columns, and behind them those of the shredded attributes.
    pub(super) fn stored(&self, schema: &Schema) -> SchemaRef {
        let shown = schema.fields().iter().cloned();
        let shredded = self.keys.iter().map(|key| Arc::new(Field::new(Self::column_of(key), DataType::Utf8, true)));
        Arc::new(Schema::new(shown.chain(shredded).collect::<Vec<_>>()))
    }
}

impl Default for Shredding {
    fn default() -> Self {
        Self::new(DEFAULT_KEYS.map(str::to_owned))
    }
}
