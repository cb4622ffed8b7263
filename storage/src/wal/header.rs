//! The header of a segment: who wrote it, where the segment before it ends, and the schemas of its rows.
//!
//! The schemas stand here once, so that a frame with one row does not carry kilobytes of column names.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::ipc::convert::try_schema_from_flatbuffer_bytes;
use arrow::ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions};
use watchfire_ingest::table::{Shredding, Table};

const MAGIC: &[u8; 8] = b"WATCHWAL";
const VERSION: u32 = 1;
/// Magic, version, length and checksum of what follows.
const FIXED_BYTES: usize = 20;

/// What a header says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    /// Goes into the checksum of each head.
    pub salt: u32,
    /// The segment before it, and how many of its bytes count; `None` for the first one of a log.
    /// Segments between that one and this never counted.
    pub previous: Option<(u64, u64)>,
    /// The data folder's claimant.
    pub writer: String,
    /// The tables, in the order in which frames number them, with their columns.
    pub tables: Vec<(Table, SchemaRef)>,
}

/// Why a header cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum HeaderError {
    /// Its end is missing, or it is damaged.
    #[error("the header of the segment is damaged")]
    Damaged,
    /// Another version of Watchfire wrote it.
    #[error("the segment has format {found}, and this version of Watchfire reads format {VERSION}")]
    Version {
        /// What it says.
        found: u32,
    },
}

impl Header {
    /// The tables with their columns under a shredding.
    pub(super) fn tables(shredding: &Shredding) -> Vec<(Table, SchemaRef)> {
        Table::ALL.map(|table| (table, table.stored_schema(shredding))).into()
    }

    /// Its bytes; a multiple of eight, so that frames are aligned.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let (previous, previous_bytes) = self.previous.unwrap_or((0, 0));
        body.extend(self.salt.to_le_bytes());
        body.extend(previous.to_le_bytes());
        body.extend(previous_bytes.to_le_bytes());
        put_bytes(&mut body, self.writer.as_bytes());
        body.extend(u32::try_from(self.tables.len()).expect("two tables").to_le_bytes());
        let options = IpcWriteOptions::default();
        for (table, schema) in &self.tables {
            put_bytes(&mut body, table.as_str().as_bytes());
            let message = IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(
                schema,
                &mut DictionaryTracker::new(false),
                &options,
            );
            put_bytes(&mut body, &message.ipc_message);
        }
        body.resize((FIXED_BYTES + body.len()).next_multiple_of(8) - FIXED_BYTES, 0);
        let mut bytes = Vec::with_capacity(FIXED_BYTES + body.len());
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(u32::try_from(body.len()).expect("schemas are kilobytes").to_le_bytes());
        bytes.extend(crc32fast::hash(&body).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    /// Reads what [`Header::to_bytes`] wrote from the beginning of a segment, and says how many bytes it takes.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Self, usize), HeaderError> {
        let mut fixed = Reader(bytes);
        if fixed.take(MAGIC.len()) != Some(MAGIC) {
            return Err(HeaderError::Damaged);
        }
        let (version, length, checksum) = (fixed.u32()?, fixed.u32()?, fixed.u32()?);
        if version != VERSION {
            return Err(HeaderError::Version { found: version });
        }
        let body = fixed.take(length as usize).ok_or(HeaderError::Damaged)?;
        if crc32fast::hash(body) != checksum {
            return Err(HeaderError::Damaged);
        }
        let mut body = Reader(body);
        let salt = body.u32()?;
        let (previous, previous_bytes) = (body.u64()?, body.u64()?);
        let writer = String::from_utf8_lossy(body.bytes()?).into_owned();
        let mut tables = Vec::new();
        for _ in 0..body.u32()? {
            let word = std::str::from_utf8(body.bytes()?).map_err(|_| HeaderError::Damaged)?;
            let table = Table::parse(word).ok_or(HeaderError::Damaged)?;
            let schema = try_schema_from_flatbuffer_bytes(body.bytes()?).map_err(|_| HeaderError::Damaged)?;
            tables.push((table, Arc::new(schema)));
        }
        let previous = (previous > 0).then_some((previous, previous_bytes));
        Ok((Self { salt, previous, writer, tables }, FIXED_BYTES + length as usize))
    }
}

fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend(u32::try_from(bytes.len()).expect("names and schemas are kilobytes").to_le_bytes());
    to.extend(bytes);
}

/// Takes bytes off the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn bytes(&mut self) -> Result<&'a [u8], HeaderError> {
        let length = self.u32()?;
        self.take(length as usize).ok_or(HeaderError::Damaged)
    }

    fn u32(&mut self) -> Result<u32, HeaderError> {
        let bytes = self.take(4).ok_or(HeaderError::Damaged)?;
        Ok(u32::from_le_bytes(bytes.try_into().expect("four bytes")))
    }

    fn u64(&mut self) -> Result<u64, HeaderError> {
        let bytes = self.take(8).ok_or(HeaderError::Damaged)?;
        Ok(u64::from_le_bytes(bytes.try_into().expect("eight bytes")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        let shredding = Shredding::new(["gen_ai.request.model".to_owned()]);
        Header { salt: 7, previous: Some((3, 4_096)), writer: "cl_1".to_owned(), tables: Header::tables(&shredding) }
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let bytes = header().to_bytes();
        assert_eq!(Header::parse(&bytes), Ok((header(), bytes.len())));
        assert_eq!(bytes.len() % 8, 0);
        let first = Header { previous: None, ..header() };
        assert_eq!(Header::parse(&first.to_bytes()).unwrap().0, first);
    }

    #[test]
    fn a_header_that_is_cut_or_changed_anywhere_is_damaged() {
        let bytes = header().to_bytes();
        for length in 0..bytes.len() {
            assert!(Header::parse(&bytes[..length]).is_err(), "{length}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert!(Header::parse(&changed).is_err(), "{at}");
        }
    }

    #[test]
    fn another_version_is_named() {
        let mut bytes = header().to_bytes();
        bytes[8] = 9;
        let error = Header::parse(&bytes).unwrap_err();
        assert_eq!(error.to_string(), "the segment has format 9, and this version of Watchfire reads format 1");
    }
}
