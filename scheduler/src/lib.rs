//! What is due, and when? Pure, but for [`ticker`], the process's heartbeat.
//!
//! ```text
//! Cadence ── slots ──► owed(decided_through, now) ──► run:     Slot, oldest first
//!   │                                            └──► skipped: ranges with a reason
//!   └── Schedule::window_of(slot) ──► the span that the slot may read
//! ```
//!
//! A [`Cadence`] lists slots; [`owed`] says which of them to run and which to skip since the
//! last decided one; [`window`] gives the span that a slot may read.
//! Slots come from epoch arithmetic (`every`) or from our own walk over local dates (`cron`):
//! a clock time runs once per local day, an interval pattern on every real instant.
//!
//! This room does not know rules, queries or storage, and but for [`ticker`] it reads no clock.
//! Start reading at [`cadence`], then [`catch_up`]; gaps and folds are in `cron/local_day.rs`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

pub mod cadence;
pub mod catch_up;
mod cron;
mod every;
pub mod schedule;
pub mod ticker;
pub mod window;
mod words;
mod zone;

pub use cadence::{Cadence, CadenceError, INTERVAL_MAX, INTERVAL_MIN, spread_offset};
pub use catch_up::{CatchUp, ON_TIME_GRACE, Owed, SkipReason, SkippedRange, owed};
pub use cron::{CronCadence, CronField, PatternError};
pub use every::Every;
pub use schedule::Schedule;
pub use window::{WindowSpec, previous_window, window_of};
