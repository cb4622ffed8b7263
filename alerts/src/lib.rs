//! Does a rule fire, and who should hear of it? Pure: no clock, no I/O, nothing that can fail.
//!
//! ```text
//!              breach                      held long enough
//!  inactive ───────────► pending ─────────────────────────────► firing ◄──┐ breach
//!     ▲                     │ no breach                           │       │
//!     └─────────────────────┘                            no breach└─► recovering
//!                                                                         │ clear long enough
//!                     resolved ◄──────────────────────────────────────────┘
//! ```
//!
//! [`evaluate`] takes a [`Rule`], its previous [`RuleState`], the [`Outcome`](watchfire_model::Outcome)
//! of its query and the slot, and gives a [`Decision`]: the next state and the notices to send.
//! A failed query and missing data never move the condition; they are the other axis, [`Health`].
//!
//! This room does not know SQL (verdicts arrive as booleans), channels' wire formats, or storage.
//! Start reading at [`evaluate`]: it branches by outcome and by what the rule looks at, into `watch`
//! (instances: `instances` reads rows, `missing` absences, `condition` moves, `episode` says what there is
//! to tell), `change` (row differences) or `report` (with `compare`: against the window before); `health` is the other axis, `audience` says who hears,
//! `group` puts together what chat channels read, `notice` fills the message.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod audience;
mod change;
mod compare;
mod condition;
pub mod decision;
mod episode;
mod evaluate;
mod forget;
mod group;
mod health;
mod instances;
mod missing;
mod notice;
mod number;
mod overflow;
mod report;
pub mod rule;
pub mod state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod watch;
mod words;

pub use compare::with_earlier;
pub use decision::{Decision, Notice, RunContext, StateChanges, Verdict};
pub use evaluate::{end, evaluate};
pub use rule::{
    Assignment, Change, FirstRun, Hold, Missing, Mode, NoData, OnError, Patience, Repeat, Rule, SeveritySource,
    Tolerance,
};
pub use state::{Absence, Baseline, Clear, Condition, EmptyInput, Health, Instance, RuleState};
