//! The door: from a request's body to its rows.

use std::time::Duration;

use arrow::array::RecordBatch;
use watchfire_model::{ProjectName, Timestamp};

use super::from_json;
use super::proto::Malformed;
use super::read_records::records_of;
use super::record::Record;
use super::refused;
use super::row::Scratch;
use super::rows::{Rows, Stop};
use super::{logs, metrics, traces};
use crate::limits::{ACCEPTED_FUTURE, ACCEPTED_PAST, DECODED_BYTES_MAX};
use crate::table::{Shredding, Table};

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// `ExportTraceServiceRequest`.
    Traces,
    /// `ExportLogsServiceRequest`.
    Logs,
    /// `ExportMetricsServiceRequest`.
    Metrics,
}

impl Signal {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Logs, Self::Metrics];

    /// Its word, also at the end of its path `/v1/…`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
        }
    }

    /// One of what it consists of, as the answer of a partial success counts them.
    pub(super) const fn item(self) -> &'static str {
        match self {
            Self::Traces => "span",
            Self::Logs => "log record",
            Self::Metrics => "data point",
        }
    }
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Protobuf: `application/x-protobuf`, and gRPC.
    Protobuf,
    /// OTLP's JSON: `application/json`.
    Json,
}

impl Encoding {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Protobuf => "protobuf",
            Self::Json => "JSON",
        }
    }
}

/// When a request arrived, whose it is, and which times are believed.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The column `created_at`, and the time of rows that have none of their own.
    pub at: Timestamp,
    /// The column `project_id`.
    pub project: ProjectName,
    /// How long before `at` a row may have ended. A span counts by its end.
    pub accepted_past: Duration,
    /// How long after `at` a row may end.
    pub accepted_future: Duration,
}

impl Arrival {
    /// With the usual limits, [`ACCEPTED_PAST`] and [`ACCEPTED_FUTURE`].
    pub const fn new(at: Timestamp, project: ProjectName) -> Self {
        Self { at, project, accepted_past: ACCEPTED_PAST, accepted_future: ACCEPTED_FUTURE }
    }

    /// The first instant that is believed.
    pub(super) fn accepted_from(&self) -> Timestamp {
        self.at.minus(self.accepted_past)
    }

    /// The last instant that is believed.
    pub(super) fn accepted_until(&self) -> Timestamp {
        self.at.plus(self.accepted_future)
    }

    pub(super) fn accepts(&self, at: Timestamp) -> bool {
        (self.accepted_from()..=self.accepted_until()).contains(&at)
    }
}

/// What a request gives.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// Its rows, one batch or none for each table; pending spans are a batch of their own. No batch is empty.
    ///
    /// Where items were dropped for their times there is one more record, `logfire ingest error`, whatever the signal.
    pub rows: Vec<TableRows>,
    /// How many spans, log records or data points were dropped: `rejected_*` of the partial success.
    pub rejected: u64,
    /// Why, in words: `error_message` of the partial success.
    pub message: Option<String>,
}

/// Rows of one table.
#[derive(Debug, Clone)]
pub struct TableRows {
    /// Which one.
    pub table: Table,
    /// In the columns of [`Table::stored_schema`], in the order of the wire.
    pub batch: RecordBatch,
}

/// Why a body gives no rows.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are no such request; sending them again is of no use.
    #[error("the body is no OTLP request with {} in {}: {reason}", signal.as_str(), encoding.as_str())]
    Malformed {
        /// What it should have been about.
        signal: Signal,
        /// How it should have been written.
        encoding: Encoding,
        /// What is wrong, and where.
        reason: String,
    },
    /// A small body that becomes very large: the sender may try again with smaller batches.
    #[error(
        "the rows of the batch take more than {size_bytes} bytes of memory, more than the limit of {limit_bytes} bytes; \
         send smaller batches"
    )]
    TooLarge {
        /// How many bytes they would take at least.
        size_bytes: usize,
        /// [`crate::limits::DECODED_BYTES_MAX`].
        limit_bytes: usize,
    },
}

/// The rows of a request; `body` is not compressed.
///
/// Each span is a row, preceded by a row for each of its events that is no exception; each log record and each point of
/// a metric is a row. Any bytes give an error or rows, within the limits of [`crate::limits`], and never a panic.
///
/// # Errors
/// See [`DecodeError`]; nothing of the request is taken then.
pub fn decode(
    signal: Signal,
    encoding: Encoding,
    body: &[u8],
    arrival: &Arrival,
    shredding: &Shredding,
) -> Result<Decoded, DecodeError> {
    let rows = rows(signal, encoding, body, arrival, shredding)?;
    let (rejected, message) = (rows.refused.count(), rows.refused.message(signal, arrival));
    Ok(Decoded { rows: rows.into_batches(), rejected, message })
}

/// The records of a request with traces in protobuf, whatever their times: [`decode`] for those who look at single rows.
///
/// # Errors
/// As [`decode`].
pub fn decode_traces(body: &[u8], arrived_at: Timestamp, project: &ProjectName) -> Result<Vec<Record>, DecodeError> {
    records(Signal::Traces, body, arrived_at, project)
}

/// The records of a request with logs; otherwise as [`decode_traces`].
///
/// # Errors
/// As [`decode`].
pub fn decode_logs(body: &[u8], arrived_at: Timestamp, project: &ProjectName) -> Result<Vec<Record>, DecodeError> {
    records(Signal::Logs, body, arrived_at, project)
}

fn records(
    signal: Signal,
    body: &[u8],
    arrived_at: Timestamp,
    project: &ProjectName,
) -> Result<Vec<Record>, DecodeError> {
    let for_ever = Duration::MAX;
    let arrival =
        Arrival { accepted_past: for_ever, accepted_future: for_ever, ..Arrival::new(arrived_at, project.clone()) };
    let shredding = Shredding::new([]);
    let rows = rows(signal, Encoding::Protobuf, body, &arrival, &shredding)?;
    Ok(records_of(&rows.into_records()))
}

fn rows<'a>(
    signal: Signal,
    encoding: Encoding,
    body: &[u8],
    arrival: &'a Arrival,
    shredding: &'a Shredding,
) -> Result<Rows<'a>, DecodeError> {
    let malformed = |reason| DecodeError::Malformed { signal, encoding, reason };
    let transcoded;
    let request = match encoding {
        Encoding::Protobuf => body,
        Encoding::Json => {
            transcoded = from_json::to_protobuf(signal, body).map_err(|error| malformed(error.to_string()))?;
            &transcoded
        }
    };
    let (mut rows, mut scratch) = (Rows::new(arrival, shredding), Scratch::new(shredding));
    let read = match signal {
        Signal::Traces => traces::read(request, &mut rows, &mut scratch),
        Signal::Logs => logs::read(request, &mut rows, &mut scratch),
        Signal::Metrics => metrics::read(request, &mut rows, &mut scratch),
    };
    match read.and_then(|()| refused::tell(signal, &mut rows, &mut scratch)) {
        Ok(()) => Ok(rows),
        Err(Stop::Malformed(error)) => Err(malformed(Malformed::told(&error, request))),
        Err(Stop::TooLarge { size_bytes }) => Err(DecodeError::TooLarge { size_bytes, limit_bytes: DECODED_BYTES_MAX }),
    }
}
