//! Telemetry from outside: SQL and files in, outcomes out.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod check;
mod harness;
mod limits;
mod no_data;
mod reference_queries;
mod result_file;
mod sources;
mod verdicts;
mod window;
