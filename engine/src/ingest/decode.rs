//! From bytes to rows, by the rules of the room `ingest`.

use watchfire_ingest::table::Shredding;
use watchfire_ingest::{Arrival, DecodeError, Encoding, Signal, TableRows, decode};
use watchfire_storage::Rows;

use super::{IngestError, Ingested};

/// What a request holds: the rows to keep, and what is to be said of it.
pub(super) fn rows(
    signal: Signal,
    encoding: Encoding,
    body: &[u8],
    arrival: &Arrival,
    shredding: &Shredding,
) -> Result<(Vec<Rows>, Ingested), DecodeError> {
    let decoded = decode(signal, encoding, body, arrival, shredding)?;
    let of_project = |TableRows { table, batch }| Rows { project: arrival.project.clone(), table, batch };
    let ingested = Ingested { rejected: decoded.rejected, message: decoded.message };
    Ok((decoded.rows.into_iter().map(of_project).collect(), ingested))
}

impl From<DecodeError> for IngestError {
    fn from(fault: DecodeError) -> Self {
        match &fault {
            DecodeError::Malformed { .. } => Self::Malformed(fault.to_string()),
            DecodeError::TooLarge { .. } => Self::TooLarge(fault.to_string()),
        }
    }
}
