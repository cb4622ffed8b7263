//! Types of columns as clients of Logfire read them: Arrow's own, as `serde` writes them.

use arrow::datatypes::{DataType, Field, FieldRef, Fields, IntervalUnit, Schema, TimeUnit, UnionMode};
use serde_json::{Map, Value as Json, json};

/// Which words the members of a field have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `datatype`, as `/v1/query` answers, and nothing that only Arrow needs.
    V1,
    /// `data_type`, as `/v2/query` answers, and all members of Arrow in fields inside of types.
    V2,
}

/// `{"fields": […], "metadata": {}}`.
pub(super) fn schema(schema: &Schema) -> Json {
    let fields: Vec<Json> = schema.fields().iter().map(|field| Json::Object(column(field, Dialect::V2))).collect();
    json!({"fields": fields, "metadata": {}})
}

/// A column: its name, its type, whether it may be NULL.
pub(super) fn column(field: &Field, dialect: Dialect) -> Map<String, Json> {
    let key = match dialect {
        Dialect::V1 => "datatype",
        Dialect::V2 => "data_type",
    };
    let members = [
        ("name", Json::from(field.name().as_str())),
        (key, data_type(field.data_type(), dialect)),
        ("nullable", Json::from(field.is_nullable())),
    ];
    members.map(|(key, value)| (key.to_owned(), value)).into_iter().collect()
}

/// A field inside of a type.
fn inner(field: &Field, dialect: Dialect) -> Json {
    let mut members = column(field, dialect);
    if dialect == Dialect::V2 {
        members.insert("dict_id".to_owned(), json!(0));
        members.insert("dict_is_ordered".to_owned(), json!(false));
        members.insert("metadata".to_owned(), json!({}));
    }
    Json::Object(members)
}

fn inners(fields: &Fields, dialect: Dialect) -> Json {
    fields.iter().map(|field| inner(field, dialect)).collect()
}

/// A type: a word, or an object of one member that is named by the word and holds what else makes the type.
fn data_type(kind: &DataType, dialect: Dialect) -> Json {
    let of = |word: &str, rest: Json| json!({word: rest});
    let list = |word: &str, field: &FieldRef| of(word, inner(field, dialect));
    match kind {
        DataType::Null => "Null".into(),
        DataType::Boolean => "Boolean".into(),
        DataType::Int8 => "Int8".into(),
        DataType::Int16 => "Int16".into(),
        DataType::Int32 => "Int32".into(),
        DataType::Int64 => "Int64".into(),
        DataType::UInt8 => "UInt8".into(),
        DataType::UInt16 => "UInt16".into(),
        DataType::UInt32 => "UInt32".into(),
        DataType::UInt64 => "UInt64".into(),
        DataType::Float16 => "Float16".into(),
        DataType::Float32 => "Float32".into(),
        DataType::Float64 => "Float64".into(),
        DataType::Timestamp(time, zone) => of("Timestamp", json!([unit(*time), zone.as_deref()])),
        DataType::Date32 => "Date32".into(),
        DataType::Date64 => "Date64".into(),
        DataType::Time32(time) => of("Time32", unit(*time).into()),
        DataType::Time64(time) => of("Time64", unit(*time).into()),
        DataType::Duration(time) => of("Duration", unit(*time).into()),
        DataType::Interval(IntervalUnit::YearMonth) => of("Interval", "YearMonth".into()),
        DataType::Interval(IntervalUnit::DayTime) => of("Interval", "DayTime".into()),
        DataType::Interval(IntervalUnit::MonthDayNano) => of("Interval", "MonthDayNano".into()),
        DataType::Binary => "Binary".into(),
        DataType::FixedSizeBinary(bytes) => of("FixedSizeBinary", json!(bytes)),
        DataType::LargeBinary => "LargeBinary".into(),
        DataType::BinaryView => "BinaryView".into(),
        DataType::Utf8 => "Utf8".into(),
        DataType::LargeUtf8 => "LargeUtf8".into(),
        DataType::Utf8View => "Utf8View".into(),
        DataType::List(field) => list("List", field),
        DataType::ListView(field) => list("ListView", field),
        DataType::LargeList(field) => list("LargeList", field),
        DataType::LargeListView(field) => list("LargeListView", field),
        DataType::FixedSizeList(field, length) => of("FixedSizeList", json!([inner(field, dialect), length])),
        DataType::Struct(fields) => of("Struct", inners(fields, dialect)),
        DataType::Union(fields, mode) => {
            let fields: Vec<Json> = fields.iter().map(|(id, field)| json!([id, inner(field, dialect)])).collect();
            let mode = match mode {
                UnionMode::Sparse => "Sparse",
                UnionMode::Dense => "Dense",
            };
            of("Union", json!([fields, mode]))
        }
        DataType::Dictionary(key, value) => {
            of("Dictionary", json!([data_type(key, dialect), data_type(value, dialect)]))
        }
        DataType::Decimal32(precision, scale) => of("Decimal32", json!([precision, scale])),
        DataType::Decimal64(precision, scale) => of("Decimal64", json!([precision, scale])),
        DataType::Decimal128(precision, scale) => of("Decimal128", json!([precision, scale])),
        DataType::Decimal256(precision, scale) => of("Decimal256", json!([precision, scale])),
        DataType::Map(field, sorted) => of("Map", json!([inner(field, dialect), sorted])),
        DataType::RunEndEncoded(ends, values) => {
            of("RunEndEncoded", json!([inner(ends, dialect), inner(values, dialect)]))
        }
    }
}

const fn unit(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "Second",
        TimeUnit::Millisecond => "Millisecond",
        TimeUnit::Microsecond => "Microsecond",
        TimeUnit::Nanosecond => "Nanosecond",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn item(kind: DataType) -> Arc<Field> {
        Arc::new(Field::new("item", kind, true))
    }

    #[test]
    fn types_are_written_as_clients_read_them() {
        let nested =
            r#"{"name":"item","data_type":"Utf8","nullable":true,"dict_id":0,"dict_is_ordered":false,"metadata":{}}"#;
        for (kind, text) in [
            (DataType::Utf8, r#""Utf8""#.to_owned()),
            (DataType::Boolean, r#""Boolean""#.to_owned()),
            (DataType::Int64, r#""Int64""#.to_owned()),
            (watchfire_ingest::table::instant_type(), r#"{"Timestamp":["Microsecond","UTC"]}"#.to_owned()),
            (DataType::Timestamp(TimeUnit::Nanosecond, None), r#"{"Timestamp":["Nanosecond",null]}"#.to_owned()),
            (DataType::Decimal128(38, 10), r#"{"Decimal128":[38,10]}"#.to_owned()),
            (DataType::Duration(TimeUnit::Microsecond), r#"{"Duration":"Microsecond"}"#.to_owned()),
            (DataType::Interval(IntervalUnit::MonthDayNano), r#"{"Interval":"MonthDayNano"}"#.to_owned()),
            (DataType::List(item(DataType::Utf8)), format!(r#"{{"List":{nested}}}"#)),
            (DataType::FixedSizeList(item(DataType::Utf8), 3), format!(r#"{{"FixedSizeList":[{nested},3]}}"#)),
            (DataType::Struct(vec![item(DataType::Utf8)].into()), format!(r#"{{"Struct":[{nested}]}}"#)),
            (
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
                r#"{"Dictionary":["Int32","Utf8"]}"#.to_owned(),
            ),
        ] {
            assert_eq!(data_type(&kind, Dialect::V2).to_string(), text);
        }
        let list = DataType::List(item(DataType::Utf8));
        assert_eq!(
            data_type(&list, Dialect::V1).to_string(),
            r#"{"List":{"name":"item","datatype":"Utf8","nullable":true}}"#
        );
    }

    #[test]
    fn a_column_has_a_name_a_type_and_says_whether_it_may_be_null() {
        let fields = [Field::new("n", DataType::Int64, false)];
        assert_eq!(
            schema(&Schema::new(fields.to_vec())).to_string(),
            r#"{"fields":[{"name":"n","data_type":"Int64","nullable":false}],"metadata":{}}"#
        );
        assert_eq!(
            Json::Object(column(&fields[0], Dialect::V1)).to_string(),
            r#"{"name":"n","datatype":"Int64","nullable":false}"#
        );
    }
}
