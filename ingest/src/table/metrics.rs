//! The columns of `metrics`.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::{json, number, text, time};

/// The table's name.
pub const NAME: &str = "metrics";
/// The column that the window cuts.
pub const TIME_COLUMN: &str = "recorded_timestamp";

/// The columns as they are kept. `value`, the input of the `metric_*` functions, is made of them when it is asked for.
pub fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| Arc::new(Schema::new(fields())));
    Arc::clone(&SCHEMA)
}

fn fields() -> Vec<Field> {
    vec![
        time("recorded_timestamp"),
        time("start_timestamp"),
        text("metric_name"),
        text("metric_type"),
        text("unit"),
        text("metric_description"),
        text("aggregation_temporality"),
        Field::new("is_monotonic", DataType::Boolean, true),
        float("scalar_value"),
        float("histogram_min"),
        float("histogram_max"),
        float("histogram_sum"),
        number("histogram_count"),
        list("histogram_bucket_counts", DataType::Int64),
        list("histogram_explicit_bounds", DataType::Float64),
        number("exp_histogram_scale"),
        number("exp_histogram_zero_count"),
        float("exp_histogram_zero_threshold"),
        list("exp_histogram_positive_bucket_counts", DataType::Int64),
        list("exp_histogram_negative_bucket_counts", DataType::Int64),
        number("exp_histogram_positive_bucket_counts_offset"),
        number("exp_histogram_negative_bucket_counts_offset"),
        json("attributes"),
        json("otel_scope_attributes"),
        json("otel_resource_attributes"),
        text("otel_scope_name"),
        text("otel_scope_version"),
        text("service_namespace"),
        text("service_name"),
        text("service_version"),
        text("service_instance_id"),
        text("deployment_environment"),
        number("process_pid"),
        text("project_id"),
        time("created_at"),
    ]
}

fn float(name: &str) -> Field {
    Field::new(name, DataType::Float64, true)
}

fn list(name: &str, item: DataType) -> Field {
    Field::new(name, DataType::List(Arc::new(Field::new_list_field(item, true))), true)
}
