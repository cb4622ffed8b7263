//! Tables as the query engine sees them.

pub(crate) mod information_schema;
pub(crate) mod memory;
pub(crate) mod metrics;
pub(crate) mod provider;
pub(crate) mod records;
pub(crate) mod scan;
