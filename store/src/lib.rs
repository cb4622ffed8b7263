//! Remembers: rules and their state, what ran, and what is still to be told, in SQLite or PostgreSQL.
//!
//! ```text
//!  a rule      free ──claim──► claimed by X (epoch + 1) ──commit / release──► free
//!                                  │ X dies or falls silent
//!                                  └──────────────────────────────────────► free (epoch fences X)
//!
//!  a delivery  pending ──claim──► sending ──► done
//!                 ▲                  │ ├────► dead ──retry by hand──► pending
//!                 └──── later ───────┘ └ the lease ends: pending
//! ```
//!
//! Three promises rest here. A slot is decided once: a commit is guarded by the rule's incarnation and
//! epoch and must move `decided_through` on. A notification is neither lost nor doubled: it is written in
//! the transaction of the state that it tells, under an id that a replay derives again. A lane is read in
//! order: of each (channel, lane) at most one row is out, and it is the oldest.
//!
//! This room decides nothing: it does not know cadences, what fires, or how a message is sent, and it
//! reads no clock but the database's own, and that one only for leases. It is the only room that names
//! `sqlx`. Every statement is one text for both databases; only claiming differs.
//!
//! Start reading at [`Store`], then `evaluation` (how a decision becomes durable) and `delivery`
//! (how it leaves).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod attempt_list;
mod compaction;
mod database;
mod delivery;
mod delivery_finish;
mod delivery_list;
mod error;
mod evaluation;
mod folder;
mod instance_list;
mod outbox;
mod project_state;
mod report_result;
mod rule;
mod rule_summary;
mod run;
mod schema;
mod state_load;
mod state_write;
mod store;
mod target;
mod telemetry_files;

pub use attempt_list::AttemptRow;
pub use delivery::ClaimedDelivery;
pub use delivery_finish::{Attempt, DeliveryEnd, DeliveryFinish};
pub use delivery_list::{DeliveryFilter, DeliveryRow, DeliveryState};
pub use error::Error;
pub use evaluation::{CommitOutcome, EvaluationCommit};
pub use instance_list::InstancePlace;
pub use outbox::{DeliveryId, OutboxNotice, OutboxReceiver};
pub use report_result::{ReportResult, StoredBody, StoredResult};
pub use rule::{ClaimedRule, Closing, RuleRow};
pub use rule_summary::{RuleSummary, Trouble};
pub use run::{RunFilter, RunPlace, RunRange, RunRecord, RunResult, RunRow, RunStatus, SkippedSlots};
pub use schema::AppliedMigration;
pub use store::Store;
pub use target::StoreTarget;
pub use telemetry_files::{TelemetryFile, TelemetryFileChange, TelemetryFileList};
