//! From bytes to rows, by the rules of the room `ingest`.

use watchfire_ingest::table::{Shredding, Table};
use watchfire_ingest::{DecodeError, Record, batch, decode_logs, decode_traces};
use watchfire_model::{ProjectName, Timestamp};
use watchfire_storage::Rows;

use super::{IngestError, Ingested};

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Log records.
    Logs,
    /// Points of metrics.
    Metrics,
}

/// How its body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Protobuf.
    Protobuf,
    /// OTLP's JSON.
    Json,
}

impl Signal {
    /// Its word in paths and figures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
        }
    }
}

/// When a request came, and for whom.
pub(super) struct Arrival {
    pub(super) at: Timestamp,
    pub(super) project: ProjectName,
}

/// What a request holds.
pub(super) struct Decoded {
    pub(super) rows: Vec<Rows>,
    pub(super) ingested: Ingested,
}

pub(super) fn decode(
    signal: Signal,
    encoding: Encoding,
    body: &[u8],
    arrival: &Arrival,
    _shredding: &Shredding,
) -> Result<Decoded, IngestError> {
    let records = match (signal, encoding) {
        (Signal::Traces, Encoding::Protobuf) => decode_traces(body, arrival.at, &arrival.project)?,
        (Signal::Logs, Encoding::Protobuf) => decode_logs(body, arrival.at, &arrival.project)?,
        (Signal::Metrics, _) | (_, Encoding::Json) => {
            return Err(IngestError::Malformed(format!("{} in this form are not taken yet", signal.as_str())));
        }
    };
    let records: Vec<&Record> = records.iter().collect();
    let rows = Rows { project: arrival.project.clone(), table: Table::Records, batch: batch(&records) };
    Ok(Decoded { rows: vec![rows], ingested: Ingested::default() })
}

impl From<DecodeError> for IngestError {
    fn from(fault: DecodeError) -> Self {
        match &fault {
            DecodeError::Malformed { .. } => Self::Malformed(fault.to_string()),
            DecodeError::TooLarge { .. } => Self::TooLarge(fault.to_string()),
        }
    }
}
