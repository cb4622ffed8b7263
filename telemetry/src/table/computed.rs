//! Columns that are made of others while a table is read.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use datafusion_functions_json::udfs::json_get_json_udf;
use watchfire_ingest::table::Shredding;

use crate::function::metric::{value_columns, value_field, value_of};

/// The column that shredded attributes are taken from.
pub(crate) const ATTRIBUTES: &str = "attributes";

/// A column that `metrics` has, and no other table of ours.
const METRIC_NAME: &str = "metric_name";

/// How a column is made of others.
pub(crate) struct Computed {
    pub expr: Expr,
    /// The columns that it is made of.
    pub inputs: Vec<String>,
}

/// How the column `name` is made where the rows at hand, of these columns, lack it; `None`: it cannot be made.
pub(crate) fn column(name: &str, at_hand: &Schema) -> Option<Computed> {
    if name == value_field().name() && at_hand.column_with_name(METRIC_NAME).is_some() {
        let function = Arc::new(ScalarUDF::new_from_impl(MetricValue::new()));
        let inputs: Vec<String> = value_columns().map(str::to_owned).collect();
        let arguments = inputs.iter().map(|name| Expr::Column(Column::new_unqualified(name))).collect();
        return Some(Computed { expr: function.call(arguments), inputs });
    }
    let key = Shredding::key_of(name)?;
    at_hand.column_with_name(ATTRIBUTES)?;
    let function = Arc::new(ScalarUDF::new_from_impl(AttributeText::new()));
    let arguments = vec![Expr::Column(Column::new_unqualified(ATTRIBUTES)), lit(key)];
    Some(Computed { expr: function.call(arguments), inputs: vec![ATTRIBUTES.to_owned()] })
}

/// `attribute_text(attributes, key)`: what the column of a shredded attribute holds.
///
/// It is `json_get_json` as plain text: the columns of rows that have it are not marked as JSON either.
#[derive(Debug, PartialEq, Eq, Hash)]
struct AttributeText {
    signature: Signature,
}

impl AttributeText {
    fn new() -> Self {
        Self { signature: Signature::exact(vec![DataType::Utf8, DataType::Utf8], Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for AttributeText {
    fn name(&self) -> &str {
        "attribute_text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        json_get_json_udf().invoke_with_args(args)
    }
}

/// `metric_value(…)`: the column `value` of the columns that [`value_columns`] names, in that order.
#[derive(Debug, PartialEq, Eq, Hash)]
struct MetricValue {
    signature: Signature,
}

impl MetricValue {
    fn new() -> Self {
        Self { signature: Signature::any(value_columns().count(), Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for MetricValue {
    fn name(&self) -> &str {
        "metric_value"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(value_field().data_type().clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let batch = RecordBatch::try_from_iter_with_nullable(
            value_columns().zip(columns).map(|(name, column)| (name, column, true)),
        )?;
        Ok(ColumnarValue::Array(value_of(&batch)?))
    }
}
