//! The product from outside: one test binary, one module for each kind of trouble.

#![allow(clippy::unwrap_used, reason = "tests")]

mod arrows;
mod database_trouble;
mod disk_full;
mod flood;
mod folder_lock;
mod kill;
mod reload;
mod scene;
mod shutdown;
mod sources;
mod start;
mod webhook_answers;
