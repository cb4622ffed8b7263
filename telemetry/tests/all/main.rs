//! Telemetry from outside: SQL and files in, outcomes out.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod answer;
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
mod levels;
mod limits;
mod memory;
mod metrics;
mod metrics_kept;
mod no_data;
mod postgres;
mod projects;
mod reference_queries;
mod reference_rows;
mod result_file;
mod sources;
mod state_tables;
mod unheard;
mod verdicts;
mod window;
