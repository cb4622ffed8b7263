//! Telemetry from outside: SQL and files in, outcomes out.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

#[path = "../../../ingest/tests/all/captures.rs"]
mod captures;
mod casts;
mod check;
mod databases;
mod demo;
mod examples;
mod expected;
mod harness;
mod hostile;
mod limits;
mod memory;
mod metrics;
mod no_data;
mod postgres;
mod projects;
mod reference_queries;
mod reference_rows;
mod result_file;
mod sources;
mod state_tables;
mod verdicts;
mod window;
