//! Pieces that columns of all tables are made of.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringBuilder, TimestampMicrosecondArray};
use arrow::datatypes::SchemaRef;

use crate::table::instant_type;

/// A column of texts. Without the room for a thousand that builders make else: most requests are smaller.
pub(super) fn texts() -> StringBuilder {
    StringBuilder::with_capacity(0, 0)
}

/// The column, with no more memory than it needs: batches stay in memory for a while.
pub(super) fn finished(column: &mut StringBuilder) -> ArrayRef {
    let mut column = column.finish();
    column.shrink_to_fit();
    Arc::new(column)
}

/// A column of instants in microseconds.
pub(super) fn instants(micros: &mut Vec<i64>) -> ArrayRef {
    let mut micros = std::mem::take(micros);
    micros.shrink_to_fit();
    Arc::new(TimestampMicrosecondArray::from(micros).with_data_type(instant_type()))
}

/// A batch of a table from its columns by name, in any order, and those of shredded attributes, in theirs.
pub(super) fn table_batch(
    schema: SchemaRef,
    mut columns: Vec<(&'static str, ArrayRef)>,
    shredded: Vec<ArrayRef>,
) -> RecordBatch {
    let shown = schema.fields().len() - shredded.len();
    let in_order = schema.fields().iter().take(shown).map(|field| {
        let place = columns.iter().position(|(name, _)| name == field.name());
        columns.swap_remove(place.expect("every column of the table is made of rows")).1
    });
    let in_order = in_order.chain(shredded).collect();
    RecordBatch::try_new(schema, in_order).expect("every column has the table's type and one value per row")
}
