//! What people and scripts see of the engine: how rules stand, what ran, what was told.
//!
//! Everything here reads the store through one narrow gate, so that however many ask, evaluations and
//! deliveries always find a connection. Nothing here changes anything.

mod alerts;
mod explain;
mod gate;
mod history;
mod rule_words;
mod state;

pub use alerts::{AlertDetail, AlertFilter, AlertInstance, AlertOverview};
pub(crate) use gate::Gate;
pub use rule_words::RuleWords;
pub use state::HealthName;
