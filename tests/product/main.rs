//! The product from outside: one test binary, one module for each kind of trouble.

#![allow(clippy::unwrap_used, reason = "tests")]

mod api;
mod arrows;
mod bodies;
mod commands;
mod database_trouble;
mod demo;
mod disk_full;
mod dockerfile;
mod dry_run;
mod examples;
mod flood;
mod folder_lock;
mod hostile;
mod kill;
mod main_job;
mod otlp;
mod reload;
mod replicas;
mod reports;
mod scene;
mod semantics;
mod shutdown;
mod sources;
mod start;
mod trouble_told;
mod vendors;
mod watch_the_rules;
mod webhook_answers;
