//! Words that every room shares: instants, windows, values, instance keys,
//! what a query saw ([`Outcome`]) and what is told to people ([`Notification`]).
//!
//! Nothing here reads a clock, a file or the network, and nothing waits.
//! The types that are stored as immutable snapshots ([`Notification`] and what
//! it is made of) derive `Serialize`: a mirror of them in `store` would be the
//! same fields twice. Everything that people outside see is written by the room
//! that owns that face (`channels` for the webhook body, `cli` for its JSON).
//!
//! Start reading at [`outcome`] (query to decision) and [`notification`]
//! (decision to delivery).

pub mod channel;
pub mod duration;
pub mod fingerprint;
pub mod ids;
pub mod instance;
pub mod notification;
pub mod outcome;
pub mod project;
pub mod query;
pub mod severity;
pub mod source;
pub mod time;
pub mod value;

pub use channel::ChannelClass;
pub use duration::{format_duration, parse_duration};
pub use fingerprint::Fingerprint;
pub use ids::{ChannelName, NotificationId, ProjectName, RuleName, RuleUid, ThreadKey, Topic};
pub use instance::InstanceKey;
pub use notification::{
    Change, ChangeKind, ConditionName, ErrorFacts, Notification, NotificationKind, Reason, RuleEnd, RuleFacts, RuleKind,
};
pub use outcome::{Failure, FailureCode, Observation, ObservedRow, Outcome};
pub use project::{DEFAULT_ORGANIZATION, DEFAULT_PROJECT, Project, Token, TokenHash, TokenScope};
pub use query::{Keep, QuerySpec, SlotContext};
pub use severity::Severity;
pub use source::{DatabaseAddress, DatabaseUrl, SourceFormat, SourceKind, SourceSpec};
pub use time::{Slot, Timestamp, Window};
pub use value::{Column, ColumnType, Value};
