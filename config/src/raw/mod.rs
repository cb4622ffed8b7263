//! What files may say, key by key: the readers and the schema come from these declarations.

mod alert;
mod channel;
mod file;
mod format;
mod message;
mod notify;
mod project;
mod report;
mod rule_keys;
mod settings;
mod severity;
mod source;

pub(crate) use alert::RawAlert;
pub(crate) use channel::{RawChannel, RawDiscord, RawEmail, RawOpsgenie, RawSlack, RawSmtp, RawWebhook};
pub(crate) use file::RawFile;
pub(crate) use format::RawFormat;
pub(crate) use message::RawMessage;
pub(crate) use notify::{RawAssignment, RawNotify, RawReportAssignment};
pub(crate) use project::{RawProject, RawToken};
pub(crate) use report::RawReport;
pub(crate) use rule_keys::RuleKeys;
pub(crate) use settings::{RawDelivery, RawLimits, RawServer, RawSettings, RawStorage, RawTelemetry};
pub(crate) use severity::RawSeverity;
pub(crate) use source::RawSource;
