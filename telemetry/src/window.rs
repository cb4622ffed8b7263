//! The window as a condition on a table's time column.

use arrow::datatypes::Schema;
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, cast, lit};
use datafusion::scalar::ScalarValue;
use watchfire_ingest::table::instant_type;
use watchfire_model::{Timestamp, Window};

/// An instant as a literal of [`instant_type`].
pub(crate) fn instant(at: Option<Timestamp>) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(at.map(Timestamp::as_micros), Some("UTC".into()))
}

/// `column >= start AND column < end`, half-open.
///
/// Text and other time types are read as instants; rows without a time are outside every window.
pub(crate) fn inside(window: Window, column: &str, schema: &Schema) -> Expr {
    let reference = Expr::Column(Column::new_unqualified(column));
    let is_instant = schema.field_with_name(column).is_ok_and(|field| *field.data_type() == instant_type());
    let time = if is_instant { reference } else { cast(reference, instant_type()) };
    let (start, end) = (lit(instant(Some(window.start))), lit(instant(Some(window.end))));
    time.clone().gt_eq(start).and(time.lt(end))
}
