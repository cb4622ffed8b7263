//! From a request's body to its rows.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use watchfire_model::{ProjectName, Timestamp};

use super::record::Record;
use super::wire::{self, Shape};
use super::{logs, traces};
use crate::limits::DECODED_BYTES_MAX;

/// Why a body gives no rows.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are no such request.
    #[error("the body is no OTLP request with {signal} in protobuf: {reason}")]
    Malformed {
        /// `traces` or `logs`.
        signal: &'static str,
        /// What the decoder stumbled over.
        reason: String,
    },
    /// A small body that becomes very large: the sender may try again with smaller batches.
    #[error(
        "the batch takes more than {size_bytes} bytes of memory, more than the limit of {limit_bytes} bytes; \
         send smaller batches"
    )]
    TooLarge {
        /// How many bytes it would take at least.
        size_bytes: usize,
        /// [`crate::limits::DECODED_BYTES_MAX`].
        limit_bytes: usize,
    },
}

/// The rows of an `ExportTraceServiceRequest` in protobuf, uncompressed.
///
/// Each span is a row, preceded by a row for each of its events that is no exception. `arrived_at`
/// is the column `created_at`, and the time of rows that have none; `project` is whose they are.
/// Never panics: any bytes give an error or rows, within the limits of [`crate::limits`].
pub fn decode_traces(body: &[u8], arrived_at: Timestamp, project: &ProjectName) -> Result<Vec<Record>, DecodeError> {
    let request: ExportTraceServiceRequest = message(body, Shape::TracesRequest, "traces")?;
    traces::rows(&request, arrived_at, project)
}

/// The rows of an `ExportLogsServiceRequest` in protobuf, uncompressed; otherwise as [`decode_traces`].
pub fn decode_logs(body: &[u8], arrived_at: Timestamp, project: &ProjectName) -> Result<Vec<Record>, DecodeError> {
    let request: ExportLogsServiceRequest = message(body, Shape::LogsRequest, "logs")?;
    logs::rows(&request, arrived_at, project)
}

fn message<M: Message + Default>(body: &[u8], shape: Shape, signal: &'static str) -> Result<M, DecodeError> {
    within_limit(wire::decoded_bytes(body, shape))?;
    M::decode(body).map_err(|error| DecodeError::Malformed { signal, reason: error.to_string() })
}

fn within_limit(size_bytes: usize) -> Result<(), DecodeError> {
    if size_bytes > DECODED_BYTES_MAX {
        return Err(DecodeError::TooLarge { size_bytes, limit_bytes: DECODED_BYTES_MAX });
    }
    Ok(())
}

/// An instant from nanoseconds since 1970; `None` for zero, which means that it is not known.
///
/// Every 64-bit number is an instant (the last ones are of the year 2554); the query engine
/// computes with nanoseconds in signed 64 bits, so those after 2262 stand still there.
pub(super) fn instant(unix_nanos: u64) -> Option<Timestamp> {
    let nanos = i64::try_from(unix_nanos).unwrap_or(i64::MAX);
    (nanos != 0).then(|| Timestamp::from_micros(nanos / 1_000))
}

/// Rows of one request, within its limit.
#[derive(Debug, Default)]
pub(super) struct Rows {
    records: Vec<Record>,
    size_bytes: usize,
}

impl Rows {
    pub(super) fn push(&mut self, record: Record) -> Result<(), DecodeError> {
        self.size_bytes += record.size_bytes();
        self.records.push(record);
        within_limit(self.size_bytes)
    }

    pub(super) fn into_records(self) -> Vec<Record> {
        self.records
    }
}
