//! Tables as the query engine sees them.

pub(crate) mod information_schema;
pub(crate) mod memory;
pub(crate) mod provider;
pub(crate) mod scan;

pub(crate) use watchfire_ingest::table::{metrics, records};
