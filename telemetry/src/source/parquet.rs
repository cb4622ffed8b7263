//! Parquet files: only their schema is read here, their rows by the scan.

use std::fs::File;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use super::files::FileVersion;

/// The columns of a file, from its footer.
pub(crate) fn schema(version: &FileVersion) -> Result<SchemaRef, String> {
    let file = File::open(&version.path).map_err(|error| error.to_string())?;
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|error| error.to_string())?;
    Ok(Arc::clone(metadata.schema()))
}
