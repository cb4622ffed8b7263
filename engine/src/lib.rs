//! The shell around the deciding rooms: one use case per file.
//!
//! ```text
//! beat ─► evaluate: claim ─► ask (telemetry) ─► decide (alerts) ─► commit (store) ─┐
//!                                                                                  ▼
//!          deliver: finish (store) ◄─ classify (channels) ◄─ send ◄─ lease ◄─── outbox
//! ```
//!
//! Everything that decides is elsewhere and pure; here is what touches the world, in which
//! order, and how it stops. This room does not know YAML or HTTP. Start reading at
//! [`Engine::start`], then `claim_rules.rs`, `evaluate_rule.rs` and `deliver.rs`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod access;
mod agenda;
mod ask;
mod claim_rules;
pub mod clock;
mod definition;
mod deliver;
mod engine;
mod error;
mod evaluate_rule;
mod evaluate_slot;
mod gate;
mod group_commit;
mod housekeeping;
mod ingest;
mod kill_point;
mod links;
mod look;
mod metrics;
mod outbox;
mod query;
mod report_memory;
mod reports;
mod run_once;
mod shared;
mod state_tables;
mod supervise;
mod sync_rules;
mod telemetry_files;
mod telemetry_metrics;
mod telemetry_work;

pub use access::{Access, Grant};
pub use definition::{Definitions, DefinitionsStatus, Refusal, ReportSpec, RuleDefinition};
pub use engine::{Engine, EngineParts};
pub use error::Error;
pub use ingest::{AcceptedTimes, Encoding, Held, IngestError, Ingested, NoRoom, Room, Sharing, Signal};
pub use links::path_segment;
pub use look::{AlertDetail, AlertFilter, AlertInstance, AlertOverview, HealthName, RuleWords};
pub use reports::{REPORT_RESULT_MAX_BYTES, decode_result};
pub use run_once::{RunReport, WouldNotify, run_once};
pub use state_tables::{no_state_tables, state_tables};
pub use telemetry_files::{Repaired, has_telemetry, open_telemetry, open_telemetry_read_only, repair_telemetry};

// What those who look see of other rooms: the doors above this one know no other room below it.
pub use watchfire_alerts::{Condition, Instance};
pub use watchfire_channels::message::{BYTE_ORDER_MARK, guarded};
pub use watchfire_store::{
    AttemptRow, DeliveryFilter, DeliveryRow, DeliveryState, InstancePlace, RuleSummary, RunFilter, RunPlace, RunRow,
    RunStatus, StoredBody, StoredResult, Trouble,
};
pub use watchfire_telemetry::limits::QUERY_ROWS_MAX;
pub use watchfire_telemetry::{
    Answer, AnswerForm, QueryError, QueryMistake, QueryRequest, QueryZone, SqlSpan, Unwritten,
};
