//! The body of a frame: the parts of one append, as Arrow IPC without the schema.
//!
//! ```text
//!  number of parts u32, then for each:
//!  table u8 | is_pending u8 | length of the project's name u16 | the name | rows u32 | a mark for each column, two bits each
//!  | columns that vary, as an IPC message of all rows | columns that do not, as an IPC message of one row
//! ```
//!
//! Columns that are NULL throughout are left out, and those that say the same in each row, as everything about a
//! resource does, are there once: together that is most of what a row takes.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array};
use arrow::buffer::Buffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::MetadataVersion;
use arrow::ipc::reader::read_record_batch;
use arrow::ipc::root_as_message;
use arrow::ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions};
use watchfire_ingest::table::Table;
use watchfire_model::ProjectName;

use super::frame::{Frame, HEAD_BYTES};
use super::read::BadFrame;
use crate::error::AppendError;
use crate::part::{Part, hot_batch};

/// How a column is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// NULL in every row.
    Absent = 0,
    /// A value for each row.
    Varies = 1,
    /// The same value in each row.
    Same = 2,
}

/// The parts as the frame of one append.
///
/// # Errors
/// [`AppendError::TooLarge`] when they are more than `bytes_max`; [`AppendError::Unavailable`] when they cannot be encoded.
pub(crate) fn encode(parts: &[Part], bytes_max: usize) -> Result<Frame, AppendError> {
    let mut bytes = vec![0; HEAD_BYTES];
    let too_many =
        |_| AppendError::TooLarge { reason: "the rows are of too many projects; send fewer at once".to_owned() };
    bytes.extend(u32::try_from(parts.len()).map_err(too_many)?.to_le_bytes());
    for part in parts {
        put(&mut bytes, part)
            .map_err(|error| AppendError::Unavailable { reason: format!("the rows cannot be encoded: {error}") })?;
        if bytes.len() > bytes_max {
            let reason = format!(
                "the rows take more than {bytes_max} bytes in the log, the most that one request may; send fewer at once"
            );
            return Err(AppendError::TooLarge { reason });
        }
    }
    Ok(Frame::new(bytes))
}

fn put(bytes: &mut Vec<u8>, part: &Part) -> Result<(), ArrowError> {
    let rows = &part.batch.rows;
    let table = Table::ALL.iter().position(|table| *table == part.table).expect("the table is one of all");
    bytes.push(u8::try_from(table).expect("two tables"));
    bytes.push(u8::from(part.batch.is_pending));
    let name = part.project.as_str().as_bytes();
    let length = u16::try_from(name.len())
        .map_err(|_| ArrowError::InvalidArgumentError("the project's name is too long".to_owned()))?;
    bytes.extend(length.to_le_bytes());
    bytes.extend(name);
    let count = u32::try_from(rows.num_rows())
        .map_err(|_| ArrowError::InvalidArgumentError("more than 4,294,967,295 rows".to_owned()))?;
    bytes.extend(count.to_le_bytes());
    let marks: Vec<Mark> = rows.columns().iter().map(mark_of).collect();
    for four in marks.chunks(4) {
        bytes.push(four.iter().enumerate().fold(0, |byte, (place, mark)| byte | ((*mark as u8) << (2 * place))));
    }
    put_message(bytes, &chosen(rows, &marks, Mark::Varies, rows.num_rows())?)?;
    put_message(bytes, &chosen(rows, &marks, Mark::Same, 1)?)
}

fn mark_of(column: &ArrayRef) -> Mark {
    if column.null_count() == column.len() {
        Mark::Absent
    } else if column.len() > 1 && column.null_count() == 0 && is_same(column) {
        Mark::Same
    } else {
        Mark::Varies
    }
}

/// Whether a column without NULLs has one value only. Looks as far as the first difference.
fn is_same(column: &ArrayRef) -> bool {
    let data = column.to_data();
    let (start, length) = (data.offset(), data.len());
    match data.data_type() {
        DataType::Utf8 => {
            let offsets = &data.buffers()[0].typed_data::<i32>()[start..=start + length];
            let values = data.buffers()[1].as_slice();
            let value = |row: usize| &values[offsets[row] as usize..offsets[row + 1] as usize];
            (1..length).all(|row| value(row) == value(0))
        }
        DataType::List(_) => {
            // Empty lists are what `tags` mostly are; others are not worth a look.
            let offsets = &data.buffers()[0].typed_data::<i32>()[start..=start + length];
            offsets[0] == offsets[length]
        }
        DataType::Boolean => {
            let values = arrow::array::BooleanArray::from(data);
            matches!(values.true_count(), 0) || values.true_count() == length
        }
        other => other.primitive_width().is_some_and(|width| {
            let bytes = &data.buffers()[0].as_slice()[start * width..(start + length) * width];
            bytes.chunks_exact(width).all(|value| value == &bytes[..width])
        }),
    }
}

/// The columns of one mark, `rows_max` rows of them.
fn chosen(rows: &RecordBatch, marks: &[Mark], mark: Mark, rows_max: usize) -> Result<RecordBatch, ArrowError> {
    let columns = rows.columns().iter().zip(marks).filter(|(_, its)| **its == mark);
    let columns: Vec<ArrayRef> = columns.map(|(column, _)| column.slice(0, rows_max)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows_max));
    RecordBatch::try_new_with_options(schema_of(rows.schema_ref(), marks, mark), columns, &options)
}

fn schema_of(schema: &SchemaRef, marks: &[Mark], mark: Mark) -> SchemaRef {
    let fields = schema.fields().iter().zip(marks).filter(|(_, its)| **its == mark);
    Arc::new(Schema::new(fields.map(|(field, _)| Arc::clone(field)).collect::<Vec<_>>()))
}

/// Length of the message u32, length of its data u32, both of them aligned to eight. No columns are no message.
fn put_message(bytes: &mut Vec<u8>, rows: &RecordBatch) -> Result<(), ArrowError> {
    if rows.num_columns() == 0 {
        bytes.extend([0; 8]);
        return Ok(());
    }
    let options = IpcWriteOptions::try_new(8, false, MetadataVersion::V5)?;
    let (_, encoded) = IpcDataGenerator::default().encode(
        rows,
        &mut DictionaryTracker::new(false),
        &options,
        &mut IpcWriteContext::default(),
    )?;
    let length = |bytes: &[u8]| {
        u32::try_from(bytes.len()).map_err(|_| ArrowError::InvalidArgumentError("more than 4 GiB".to_owned()))
    };
    bytes.extend(length(&encoded.ipc_message)?.to_le_bytes());
    bytes.extend(length(&encoded.arrow_data)?.to_le_bytes());
    align(bytes);
    bytes.extend(encoded.ipc_message);
    align(bytes);
    bytes.extend(encoded.arrow_data);
    Ok(())
}

fn align(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(8), 0);
}

/// The parts that [`encode`] wrote, from the bytes behind the head. `tables` is what the segment's header says.
pub(super) fn decode(body: Vec<u8>, tables: &[(Table, SchemaRef)]) -> Result<Vec<Part>, BadFrame> {
    let body = Buffer::from_vec(body);
    let mut reader = Reader { body: &body, at: 0 };
    let count = reader.u32()?;
    (0..count).map(|_| part(&mut reader, tables)).collect()
}

fn part(reader: &mut Reader<'_>, tables: &[(Table, SchemaRef)]) -> Result<Part, BadFrame> {
    let (table, schema) = tables.get(usize::from(reader.u8()?)).ok_or(BadFrame)?;
    let is_pending = reader.u8()? != 0;
    let name_length = u16::from_le_bytes([reader.u8()?, reader.u8()?]);
    let name = std::str::from_utf8(reader.take(name_length.into())?).map_err(|_| BadFrame)?;
    let project = ProjectName::new(name);
    let count = reader.u32()? as usize;
    let columns = schema.fields().len();
    let packed = reader.take(columns.div_ceil(4))?;
    let marks = (0..columns).map(|place| match (packed[place / 4] >> (2 * (place % 4))) & 3 {
        0 => Ok(Mark::Absent),
        1 => Ok(Mark::Varies),
        2 => Ok(Mark::Same),
        _ => Err(BadFrame),
    });
    let marks = marks.collect::<Result<Vec<Mark>, BadFrame>>()?;
    let varying = reader.message(schema_of(schema, &marks, Mark::Varies))?;
    let same = reader.message(schema_of(schema, &marks, Mark::Same))?;
    let rows = joined(schema, &marks, count, &varying, &same).map_err(|_| BadFrame)?;
    Ok(Part { project, table: *table, batch: hot_batch(rows, *table, is_pending) })
}

fn joined(
    schema: &SchemaRef,
    marks: &[Mark],
    count: usize,
    varying: &[ArrayRef],
    same: &[ArrayRef],
) -> Result<RecordBatch, ArrowError> {
    let firsts = UInt32Array::from_value(0, count);
    let (mut varying, mut same) = (varying.iter(), same.iter());
    let missing = || ArrowError::IpcError("a column is missing".to_owned());
    let columns = schema.fields().iter().zip(marks).map(|(field, mark)| match mark {
        Mark::Absent => Ok(new_null_array(field.data_type(), count)),
        Mark::Varies => varying.next().cloned().ok_or_else(missing),
        Mark::Same => take(same.next().ok_or_else(missing)?, &firsts, None),
    });
    let columns = columns.collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}

struct Reader<'a> {
    body: &'a Buffer,
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], BadFrame> {
        let end = self.at.checked_add(count).ok_or(BadFrame)?;
        let taken = self.body.as_slice().get(self.at..end).ok_or(BadFrame)?;
        self.at = end;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8, BadFrame> {
        Ok(self.take(1)?[0])
    }

    fn u32(&mut self) -> Result<u32, BadFrame> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into().expect("four bytes")))
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    /// The columns of an IPC message; their memory is the frame's.
    fn message(&mut self, schema: SchemaRef) -> Result<Vec<ArrayRef>, BadFrame> {
        let (message_bytes, data_bytes) = (self.u32()? as usize, self.u32()? as usize);
        if message_bytes == 0 {
            return Ok(Vec::new());
        }
        self.align();
        let message = self.take(message_bytes)?;
        self.align();
        let start = self.at;
        self.take(data_bytes)?;
        let data = self.body.slice_with_length(start, data_bytes);
        let message = root_as_message(message).map_err(|_| BadFrame)?;
        let batch = message.header_as_record_batch().ok_or(BadFrame)?;
        let rows = read_record_batch(&data, batch, schema, &HashMap::new(), None, &message.version());
        rows.map(|rows| rows.columns().to_vec()).map_err(|_| BadFrame)
    }
}
