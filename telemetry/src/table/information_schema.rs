//! `information_schema.tables` and `.columns`, of our tables alone.
//!
//! The engine's own `information_schema` also shows its settings and functions; people
//! who share a server must not see those.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider};
use datafusion::common::Result;
use datafusion::datasource::MemTable;

use crate::session::{CATALOG, SCHEMA};

/// The name of the schema.
pub(crate) const NAME: &str = "information_schema";

/// The schema over these tables (name, columns).
pub(crate) fn provider(tables: &[(String, SchemaRef)]) -> Result<Arc<dyn SchemaProvider>> {
    let schema = MemorySchemaProvider::new();
    schema.register_table("tables".to_owned(), Arc::new(self::tables(tables)?))?;
    schema.register_table("columns".to_owned(), Arc::new(columns(tables)?))?;
    Ok(Arc::new(schema))
}

fn tables(tables: &[(String, SchemaRef)]) -> Result<MemTable> {
    let names = tables.iter().map(|(name, _)| name.as_str());
    table(vec![
        ("table_catalog", repeated(CATALOG, tables.len())),
        ("table_schema", repeated(SCHEMA, tables.len())),
        ("table_name", Arc::new(StringArray::from_iter_values(names))),
        ("table_type", repeated("BASE TABLE", tables.len())),
    ])
}

fn columns(tables: &[(String, SchemaRef)]) -> Result<MemTable> {
    let all = || {
        tables.iter().flat_map(|(name, schema)| {
            schema.fields().iter().enumerate().map(move |(index, field)| (name, index, field))
        })
    };
    let count = all().count();
    let nullable = all().map(|(_, _, field)| if field.is_nullable() { "YES" } else { "NO" });
    table(vec![
        ("table_catalog", repeated(CATALOG, count)),
        ("table_schema", repeated(SCHEMA, count)),
        ("table_name", Arc::new(StringArray::from_iter_values(all().map(|(name, _, _)| name)))),
        ("column_name", Arc::new(StringArray::from_iter_values(all().map(|(_, _, field)| field.name())))),
        ("ordinal_position", Arc::new(UInt64Array::from_iter_values(all().map(|(_, index, _)| index as u64 + 1)))),
        ("is_nullable", Arc::new(StringArray::from_iter_values(nullable))),
        (
            "data_type",
            Arc::new(StringArray::from_iter_values(all().map(|(_, _, field)| field.data_type().to_string()))),
        ),
    ])
}

fn repeated(text: &str, count: usize) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, count)))
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Result<MemTable> {
    let fields: Vec<Field> = columns.iter().map(|(name, column)| Field::new(*name, data_type(column), false)).collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays = columns.into_iter().map(|(_, column)| column).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
    MemTable::try_new(schema, vec![vec![batch]])
}

fn data_type(column: &ArrayRef) -> DataType {
    column.data_type().clone()
}
