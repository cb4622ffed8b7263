//! Telemetry from outside: SQL and files in, outcomes out.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod captures;
mod check;
mod demo;
mod expected;
mod harness;
mod limits;
mod memory;
mod no_data;
mod otlp_bytes;
mod otlp_rules;
mod reference_queries;
mod reference_rows;
mod result_file;
mod sources;
mod verdicts;
mod window;
