//! Tables as the query engine sees them.

pub(crate) mod computed;
pub(crate) mod cut;
pub(crate) mod information_schema;
pub(crate) mod keeper;
pub(crate) mod kept;
pub(crate) mod parquet;
pub(crate) mod provider;
pub(crate) mod scan;

use arrow::datatypes::SchemaRef;
use watchfire_ingest::table::Table;

pub(crate) use watchfire_ingest::table::{metrics, records};

/// The columns of one of our tables as people see them.
pub(crate) fn shown_schema(table: Table) -> SchemaRef {
    match table {
        Table::Records => records::schema(),
        Table::Metrics => metrics::schema(),
    }
}

#[cfg(test)]
mod tests;
