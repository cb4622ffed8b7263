//! Requests in, rows out.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod captures;
mod otlp_bytes;
mod otlp_rules;
