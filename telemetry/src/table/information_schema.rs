//! `information_schema.tables` and `.columns`, of our tables alone.
//!
//! The engine's own `information_schema` also shows its settings and functions; people
//! who share a server must not see those.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider};
use datafusion::common::Result;
use datafusion::datasource::MemTable;

use crate::session::{CATALOG, SCHEMA};
use crate::state_tables::{self, StateTable};

/// The name of the schema.
pub(crate) const NAME: &str = "information_schema";

/// The schema over these tables (name, columns).
pub(crate) fn provider(tables: &[(String, SchemaRef)]) -> Result<Arc<dyn SchemaProvider>> {
    let schema = MemorySchemaProvider::new();
    schema.register_table("tables".to_owned(), Arc::new(self::tables(tables)?))?;
    schema.register_table("columns".to_owned(), Arc::new(columns(tables)?))?;
    Ok(Arc::new(schema))
}

/// The schema and the name in it: tables of the state bring their schema along.
fn parts(name: &str) -> (&str, &str) {
    match StateTable::of_full_name(name) {
        Some(table) => (state_tables::SCHEMA, table.as_str()),
        None => (SCHEMA, name),
    }
}

fn tables(tables: &[(String, SchemaRef)]) -> Result<MemTable> {
    let (schemas, names): (Vec<_>, Vec<_>) = tables.iter().map(|(name, _)| parts(name)).unzip();
    table(vec![
        ("table_catalog", repeated(CATALOG, tables.len())),
        ("table_schema", Arc::new(StringArray::from(schemas))),
        ("table_name", Arc::new(StringArray::from(names))),
        ("table_type", repeated("BASE TABLE", tables.len())),
    ])
}

fn columns(tables: &[(String, SchemaRef)]) -> Result<MemTable> {
    let (mut schemas, mut of, mut names, mut places, mut nullable, mut types) =
        (vec![], vec![], vec![], vec![], vec![], vec![]);
    for (table, schema) in tables {
        let (within, table) = parts(table);
        for (place, field) in (1_u64..).zip(schema.fields()) {
            schemas.push(within);
            of.push(table);
            names.push(field.name().as_str());
            places.push(place);
            nullable.push(if field.is_nullable() { "YES" } else { "NO" });
            types.push(field.data_type().to_string());
        }
    }
    table(vec![
        ("table_catalog", repeated(CATALOG, of.len())),
        ("table_schema", Arc::new(StringArray::from(schemas))),
        ("table_name", Arc::new(StringArray::from(of))),
        ("column_name", Arc::new(StringArray::from(names))),
        ("ordinal_position", Arc::new(UInt64Array::from(places))),
        ("is_nullable", Arc::new(StringArray::from(nullable))),
        ("data_type", Arc::new(StringArray::from(types))),
    ])
}

fn repeated(text: &str, count: usize) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, count)))
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Result<MemTable> {
    let fields: Vec<Field> =
        columns.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), false)).collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays = columns.into_iter().map(|(_, column)| column).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
    MemTable::try_new(schema, vec![vec![batch]])
}
