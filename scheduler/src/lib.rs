//! What is due, and when? Pure, but for [`ticker`], the process's heartbeat.
//!
//! A [`Cadence`] lists slots; [`owed`](catch_up::owed) says which of them to run and
//! which to skip since the last decided one; [`window`] gives the span that a slot may read.
//! Slots come from epoch arithmetic (`every`) or from our own walk over local dates (`cron`):
//! a clock time runs once per local day, an interval pattern on every real instant.
//!
//! This room does not know rules, queries or storage.
