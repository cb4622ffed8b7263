//! What people and scripts see of the engine: how rules stand, what ran, what was told.
//!
//! Everything here reads the store in turns, so that however many ask, evaluations and
//! deliveries always find a connection. Nothing here changes anything.

mod alerts;
mod explain;
mod history;
mod rule_words;
mod state;
mod turns;

pub use alerts::{AlertDetail, AlertFilter, AlertInstance, AlertOverview};
pub use rule_words::RuleWords;
pub use state::HealthName;
pub(crate) use state::worst_condition;
pub(crate) use turns::Turns;
