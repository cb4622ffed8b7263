//! One suite, two databases. SQLite always runs; PostgreSQL runs when `WATCHFIRE_TEST_POSTGRES` holds
//! the address of a server on which databases may be made, and says that it was skipped otherwise.

#![allow(clippy::unwrap_used, reason = "tests")]

mod deliveries;
mod evaluations;
mod lanes;
mod leases;
mod lies;
mod looking;
mod opening;
mod results;
mod rules;
mod runs;
mod states;
mod support;
mod telemetry_files;
