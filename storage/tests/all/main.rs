//! Storage as those who use it see it, on a real folder.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod durable;
mod kills;
mod list_in_file;
mod reading;
mod rows;
