//! Requests in, rows out.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod captures;
mod door;
mod metrics;
mod otlp_bytes;
mod otlp_json;
mod otlp_rules;
mod shredding;
