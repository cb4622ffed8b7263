//! The messages of OTLP as they lie in a request's body.
//!
//! Each type holds what the tables need of one message, borrowed from the body; what it does not name is passed over.
//! Field numbers are those of the `.proto` files of OTLP 1.x. A message that comes twice where there should be one counts
//! as its last.

mod envelope;
mod fields;
mod logs;
mod metrics;
mod traces;
mod value;

pub(super) use envelope::{Sender, items};
pub(super) use fields::{Field, Fields, Malformed};
pub(super) use logs::LogRecord;
pub(super) use metrics::{Buckets, ExponentialPoint, HistogramPoint, Metric, MetricData, NumberPoint};
pub(super) use traces::{Event, Link, Span, StatusCode};
pub(super) use value::{Text, Value, any_value, list, object};
