//! Tables as the query engine sees them.

pub(crate) mod computed;
pub(crate) mod cut;
pub(crate) mod information_schema;
pub(crate) mod keeper;
pub(crate) mod kept;
pub(crate) mod parquet;
pub(crate) mod provider;
pub(crate) mod scan;

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Schema, SchemaRef};
use watchfire_ingest::table::Table;

use crate::function::metric::value_field;

pub(crate) use watchfire_ingest::table::{metrics, records};

/// The columns of one of our tables as they are kept, without those of attributes.
pub(crate) fn stored_schema(table: Table) -> SchemaRef {
    match table {
        Table::Records => records::schema(),
        Table::Metrics => metrics::schema(),
    }
}

/// The columns of one of our tables as people see them: those that are kept, and `value` of metrics.
pub(crate) fn shown_schema(table: Table) -> SchemaRef {
    static METRICS: LazyLock<SchemaRef> = LazyLock::new(|| {
        let mut fields = metrics::schema().fields().to_vec();
        // Where Logfire has it: before what it is made of.
        let place = fields.iter().position(|field| field.name() == "scalar_value").unwrap_or(fields.len());
        fields.insert(place, Arc::new(value_field()));
        Arc::new(Schema::new(fields))
    });
    match table {
        Table::Records => stored_schema(table),
        Table::Metrics => Arc::clone(&METRICS),
    }
}

#[cfg(test)]
mod tests;
