//! What files may say, key by key: the readers and the schema come from these declarations.

mod alert;
mod channel;
mod file;
mod settings;
mod severity;
mod source;

pub(crate) use alert::{RawAlert, RawNotify};
pub(crate) use channel::{RawChannel, RawWebhook};
pub(crate) use file::RawFile;
pub(crate) use settings::{RawDelivery, RawLimits, RawServer, RawSettings, RawStorage, RawTelemetry};
pub(crate) use severity::RawSeverity;
pub(crate) use source::RawSource;
