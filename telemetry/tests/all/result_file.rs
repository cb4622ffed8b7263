//! Results as Parquet files: every cell comes back as it was, and other readers see natural types.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;
use watchfire_model::{Column, ColumnType, ProjectName, SourceFormat, SourceKind, SourceSpec, Timestamp, Value};
use watchfire_storage::{Storage, StorageOptions};
use watchfire_telemetry::result_file::{Written, read, write, write_within};
use watchfire_telemetry::{Limits, Telemetry};

fn column(name: &str, kind: ColumnType) -> Column {
    Column { name: name.into(), kind }
}

/// Cells that a column of this type may hold; decimals with two digits after the point.
fn cell(kind: ColumnType) -> BoxedStrategy<Value> {
    let json = prop_oneof![
        Just(json!(null)),
        Just(json!({"b": [1.5, "ü", {"a": -0.0}], "a": 18_446_744_073_709_551_615_u64})),
        ".*".prop_map(serde_json::Value::String),
        any::<f64>().prop_map(|number| json!(number)),
    ];
    match kind {
        ColumnType::String => ".*".prop_map(Value::String).boxed(),
        ColumnType::Int => prop_oneof![
            any::<i64>().prop_map(|n| Value::Int(n.into())),
            any::<u64>().prop_map(|n| Value::Int(n.into())),
        ]
        .boxed(),
        ColumnType::Float => prop_oneof![
            any::<f64>().prop_map(Value::Float),
            Just(Value::Float(f64::NAN)),
            Just(Value::Float(f64::NEG_INFINITY)),
            Just(Value::Float(-0.0)),
        ]
        .boxed(),
        ColumnType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        ColumnType::Timestamp => any::<i64>().prop_map(|n| Value::Timestamp(Timestamp::from_micros(n))).boxed(),
        ColumnType::Duration => any::<i64>().prop_map(Value::Duration).boxed(),
        ColumnType::Json => json.prop_map(Value::Json).boxed(),
        ColumnType::Binary => any::<Vec<u8>>().prop_map(Value::Binary).boxed(),
        ColumnType::List => {
            let item = prop_oneof![decimal(), "[a-z]{0,3}".prop_map(Value::String), Just(Value::Null)];
            let same = prop::sample::select(vec![ColumnType::String, ColumnType::Int, ColumnType::Timestamp])
                .prop_flat_map(|kind| prop::collection::vec(cell(kind), 0..4));
            prop_oneof![same, prop::collection::vec(item, 0..3)].prop_map(Value::List).boxed()
        }
    }
}

fn decimal() -> impl Strategy<Value = Value> {
    "(-?[1-9][0-9]{0,20}|0)\\.[0-9]{2}".prop_map(Value::Decimal)
}

/// Columns, among them some of one name, with their cells; most hold their own kind, some any.
fn result() -> impl Strategy<Value = (Vec<Column>, Vec<Vec<Value>>)> {
    let kinds = prop::sample::select(ColumnType::ALL.to_vec());
    let names = prop::sample::select(vec!["a", "b", "ü b", ""]);
    let cells = |kind| {
        let own = cell(kind);
        let foreign = prop::sample::select(ColumnType::ALL.to_vec()).prop_flat_map(cell);
        move |rows: usize| {
            prop_oneof![
                4 => prop::collection::vec(prop::option::of(own.clone()), rows),
                2 => prop::collection::vec(prop::option::of(decimal().boxed()), rows),
                1 => prop::collection::vec(prop::option::of(foreign.clone().boxed()), rows),
                1 => Just(vec![None; rows]),
            ]
        }
    };
    (prop::collection::vec((names, kinds), 1..6), 0_usize..6).prop_flat_map(move |(columns, rows)| {
        let filled: Vec<_> = columns.iter().map(|(_, kind)| cells(*kind)(rows)).collect();
        let columns: Vec<Column> = columns.into_iter().map(|(name, kind)| column(name, kind)).collect();
        (Just(columns), filled).prop_map(move |(columns, filled)| {
            let row = |row: usize| filled.iter().map(|cells| cells[row].clone().unwrap_or(Value::Null)).collect();
            (columns, (0..rows).map(row).collect())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn what_was_written_is_read_back((columns, rows) in result()) {
        let (columns_read, rows_read) = read(write(&columns, &rows).unwrap()).unwrap();
        prop_assert_eq!(columns_read, columns);
        // The kinds of the cells too, which `==` would not see: 1.50 is not 1.5, nor a float.
        prop_assert_eq!(format!("{rows_read:?}"), format!("{rows:?}"));
    }

    #[test]
    fn bytes_that_are_no_result_are_refused(bytes in any::<Vec<u8>>()) {
        prop_assert!(read(bytes).is_err());
    }
}

#[test]
fn a_result_without_rows_or_without_columns_is_one_too() {
    let columns = [column("a", ColumnType::Int), column("b", ColumnType::Json)];
    assert_eq!(read(write::<Vec<Value>>(&columns, &[]).unwrap()).unwrap(), (columns.to_vec(), vec![]));
    assert_eq!(read(write::<Vec<Value>>(&[], &[]).unwrap()).unwrap(), (vec![], vec![]));
}

#[test]
fn a_row_that_is_not_as_wide_as_the_columns_is_refused() {
    let error = write(&[column("a", ColumnType::Int)], &[vec![]]).unwrap_err();
    assert_snapshot!(error, @"the stored result cannot be read or written as Parquet: a row has 0 cells for 1 columns");
}

#[test]
fn a_large_result_keeps_its_first_rows_that_fit() {
    // Text that does not compress, and ever longer.
    let rows: Vec<Vec<Value>> = (0..2_000_u64)
        .map(|n| {
            let words = (0..n / 20).map(|word| (n * 2_654_435_761 + word).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            vec![Value::Int(n.into()), Value::String(words.map(|word| format!("{word:x}")).collect())]
        })
        .collect();
    let columns = [column("n", ColumnType::Int), column("text", ColumnType::String)];
    let whole = write_within(&columns, &rows, usize::MAX).unwrap();
    assert_eq!(whole.rows, 2_000);
    let limit = whole.bytes.len() / 3;
    let Written { bytes, rows: kept } = write_within(&columns, &rows, limit).unwrap();
    assert!(bytes.len() <= limit && kept > 500, "{kept} rows in {} of {limit} bytes", bytes.len());
    assert_eq!(read(bytes).unwrap().1, rows[..kept]);
    assert_eq!(write_within(&columns, &rows, 10).unwrap().rows, 0);
}

#[tokio::test]
async fn other_readers_see_natural_types() {
    let columns = [
        column("at", ColumnType::Timestamp),
        column("n", ColumnType::Int),
        column("big", ColumnType::Int),
        column("cost", ColumnType::Float),
        column("price", ColumnType::Float),
        column("tags", ColumnType::List),
        column("attributes", ColumnType::Json),
    ];
    let row = vec![
        Value::Timestamp(Timestamp::from_seconds(1_795_154_400)),
        Value::Int(1),
        Value::Int(u64::MAX.into()),
        Value::Float(0.5),
        Value::Decimal("12.50".into()),
        Value::List(vec![Value::String("a".into()), Value::Null]),
        Value::Json(json!({"k": [1]})),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("result.parquet");
    std::fs::write(&path, write(&columns, &[row]).unwrap()).unwrap();
    let source = SourceSpec {
        name: "kept".into(),
        project: ProjectName::new("default"),
        kind: SourceKind::Files { format: SourceFormat::Parquet, path },
        time_column: None,
    };
    let telemetry =
        Telemetry::new(Limits::default(), &[source], Storage::in_memory(StorageOptions::default())).unwrap();
    let sql = "SELECT arrow_typeof(at), arrow_typeof(n), arrow_typeof(big), arrow_typeof(cost), arrow_typeof(price),
        arrow_typeof(tags), arrow_typeof(attributes), price, attributes ->> 'k' FROM kept";
    let found = telemetry.query(sql, Timestamp::EPOCH, 10).await.unwrap();
    let shown: Vec<String> = found.rows[0].iter().map(|value| value.to_json().to_string()).collect();
    assert_snapshot!(shown.join("\n"), @r#"
    "Timestamp(µs, \"UTC\")"
    "Int64"
    "UInt64"
    "Float64"
    "Decimal128(38, 2)"
    "List(Utf8)"
    "Utf8"
    "12.50"
    "[1]"
    "#);
}
