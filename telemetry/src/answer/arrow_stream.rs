//! An answer as an Arrow IPC stream.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;

use super::out::Out;
use super::run::Answer;

pub(super) fn stream(out: &mut Out, answer: &Answer) -> Result<(), ArrowError> {
    // The mark of JSON makes an extension type of a text in some readers, which few tools take from there.
    let fields = answer.schema.fields().iter().map(|field| field.as_ref().clone().with_metadata(HashMap::new()));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let mut writer = StreamWriter::try_new(&mut *out, &schema)?;
    for batch in &answer.batches {
        if writer.get_ref().is_over() {
            return Ok(());
        }
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        writer.write(&RecordBatch::try_new_with_options(Arc::clone(&schema), batch.columns().to_vec(), &options)?)?;
    }
    writer.finish()
}
