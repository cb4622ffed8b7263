//! Reads tables of PostgreSQL and SQLite as Arrow batches.
//!
//! ```text
//!  DatabaseAddress ─► Database ─► table(name) ─► Table: columns, and how SQL reads each of them
//!                        │
//!                        └─► rows(sql, schema) ─► Rows: a stream of batches, stopped when dropped
//! ```
//!
//! Nothing is opened before it is asked, and a database is only read: its connections are read-only.
//! What SQL is sent is composed by `telemetry`, which knows the query; how each database writes
//! literals, casts and columns is said here, by [`Dialect`] and [`Column`].
//!
//! Deliberately absent: the query engine, and what a window is.
//!
//! Start reading at `database.rs`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod batch;
mod column;
mod connections;
mod database;
mod dialect;
mod error;
pub mod limits;
mod postgres;
mod rows;
mod sqlite;

pub use column::{Column, Comparison, Table};
pub use database::Database;
pub use dialect::{Dialect, Literal};
pub use error::Error;
pub use rows::Rows;
