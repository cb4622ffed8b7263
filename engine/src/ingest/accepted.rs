//! Which times of sent rows are believed.

use std::time::Duration;

use watchfire_ingest::limits::{ACCEPTED_FUTURE, ACCEPTED_PAST};

/// How far from its arrival a row may have ended; others are dropped, and their senders told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedTimes {
    /// How long before it; default [`ACCEPTED_PAST`].
    pub past: Duration,
    /// How long after it; default [`ACCEPTED_FUTURE`].
    pub future: Duration,
}

impl Default for AcceptedTimes {
    fn default() -> Self {
        Self { past: ACCEPTED_PAST, future: ACCEPTED_FUTURE }
    }
}
