//! When a rule is due, what it reads then, and what happens to what it missed.

use std::time::Duration;

use chrono_tz::Tz;
use watchfire_model::{Timestamp, Window};

use crate::cadence::Cadence;
use crate::catch_up::CatchUp;
use crate::window::{WindowSpec, previous_window, window_of};

/// The time side of one rule; every default is already filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// When it is due.
    pub cadence: Cadence,
    /// How long it looks back.
    pub window: WindowSpec,
    /// How long late rows are waited for: the window moves, the slot does not.
    pub delay: Duration,
    /// Whose calendar `previous_day` and its like follow.
    pub zone: Tz,
    /// What happens to missed slots.
    pub catch_up: CatchUp,
}

impl Schedule {
    /// The window of a slot; see [`window_of`].
    pub fn window_of(&self, slot: Timestamp, last_window_end: Option<Timestamp>) -> Option<Window> {
        window_of(self.window, self.delay, &self.cadence, self.zone, slot, last_window_end)
    }

    /// The window before one of this schedule, to compare with; see [`previous_window`].
    pub fn previous_window(&self, window: Window) -> Option<Window> {
        previous_window(self.window, self.delay, &self.cadence, self.zone, window)
    }
}
