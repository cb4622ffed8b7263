//! `value`, the column of `metrics` that the `metric_*` functions take: a point as one struct, made of the columns that
//! are kept.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StructArray, UInt64Array, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::Result;
use watchfire_ingest::table::metrics;

/// The column's name.
const NAME: &str = "value";
/// Tells series apart; made of [`SERIES_COLUMNS`].
pub(super) const SERIES: &str = "series";

/// What is the same for all points of one series, and is not of any two.
const SERIES_COLUMNS: [&str; 6] = [
    "metric_name",
    "attributes",
    "otel_resource_attributes",
    "otel_scope_name",
    "otel_scope_version",
    "otel_scope_attributes",
];

/// The fields of the struct that are columns of `metrics` as they are: a point's kind, its time, what it measured.
const COPIED: [&str; 19] = [
    "metric_type",
    "aggregation_temporality",
    "is_monotonic",
    "start_timestamp",
    "recorded_timestamp",
    "scalar_value",
    "histogram_min",
    "histogram_max",
    "histogram_sum",
    "histogram_count",
    "histogram_bucket_counts",
    "histogram_explicit_bounds",
    "exp_histogram_scale",
    "exp_histogram_zero_count",
    "exp_histogram_zero_threshold",
    "exp_histogram_positive_bucket_counts",
    "exp_histogram_negative_bucket_counts",
    "exp_histogram_positive_bucket_counts_offset",
    "exp_histogram_negative_bucket_counts_offset",
];

/// The column `value`.
pub(crate) fn value_field() -> Field {
    Field::new(NAME, value_type(), true)
}

/// Its type.
pub(crate) fn value_type() -> DataType {
    DataType::Struct(fields().clone())
}

/// The columns of `metrics` that [`value_of`] reads: a scan that has to make `value` needs them, and no others.
pub(crate) fn value_columns() -> impl Iterator<Item = &'static str> {
    SERIES_COLUMNS.into_iter().chain(COPIED)
}

/// The column `value` for rows of `metrics`, of [`value_type`] and as long as the batch.
///
/// Columns are found by name; one that is missing is NULL in every row, one of another type is cast. Copies nothing but
/// a number that tells series apart.
pub(crate) fn value_of(batch: &RecordBatch) -> Result<ArrayRef> {
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(fields().len());
    for field in fields() {
        let column = match (field.name().as_str(), batch.column_by_name(field.name())) {
            (SERIES, _) => series_of(batch)?,
            (_, Some(column)) if column.data_type() == field.data_type() => Arc::clone(column),
            (_, Some(column)) => cast(column, field.data_type())?,
            (_, None) => new_null_array(field.data_type(), batch.num_rows()),
        };
        columns.push(column);
    }
    Ok(Arc::new(StructArray::try_new_with_length(fields().clone(), columns, None, batch.num_rows())?))
}

/// Whether a column can be read as `value`, whoever made it.
pub(super) fn is_value(data_type: &DataType) -> bool {
    let DataType::Struct(theirs) = data_type else { return false };
    let has =
        |field: &Arc<Field>| theirs.find(field.name()).is_some_and(|(_, own)| same(own.data_type(), field.data_type()));
    fields().iter().all(has)
}

/// A type in a sentence; that of a struct alone would be a page.
pub(super) fn told(data_type: &DataType) -> String {
    match data_type {
        DataType::Struct(_) => "another struct".to_owned(),
        other => other.to_string(),
    }
}

/// Whether two types hold the same; what lists call their items does not matter.
fn same(left: &DataType, right: &DataType) -> bool {
    match (left, right) {
        (DataType::List(left), DataType::List(right)) => left.data_type() == right.data_type(),
        _ => left == right,
    }
}

pub(super) fn fields() -> &'static Fields {
    static FIELDS: LazyLock<Fields> = LazyLock::new(|| {
        let schema = metrics::schema();
        let copied = COPIED.into_iter().map(|name| {
            let field = schema.field_with_name(name).expect("COPIED names columns of `metrics`");
            Arc::new(field.clone().with_nullable(true))
        });
        copied.chain([Arc::new(Field::new(SERIES, DataType::UInt64, true))]).collect()
    });
    &FIELDS
}

/// One number for each row that is the same for the rows of one series. Two series of the same number are as likely as
/// any two 64-bit hashes.
fn series_of(batch: &RecordBatch) -> Result<ArrayRef> {
    let mut columns = Vec::new();
    for name in SERIES_COLUMNS {
        if let Some(column) = batch.column_by_name(name) {
            columns.push(cast(column, &DataType::Utf8)?);
        }
    }
    let series = (0..batch.num_rows()).map(|row| {
        let mut hasher = DefaultHasher::new();
        for column in &columns {
            let column = column.as_string::<i32>();
            column.is_valid(row).then(|| column.value(row)).hash(&mut hasher);
        }
        hasher.finish()
    });
    Ok(Arc::new(UInt64Array::from_iter_values(series)))
}
