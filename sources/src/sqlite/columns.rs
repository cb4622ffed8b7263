//! The columns of a table, from SQLite's pragmas.

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row};

use super::reading::{Kind, Reading};
use super::watched::Watched;
use crate::column::{self, Column, Table, hint};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::limits::SNIFFED_ROWS;

/// What there is. Tables of SQLite itself begin with `sqlite_`.
const TABLES: &str = "
    SELECT name, type, wr, strict FROM pragma_table_list
    WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";

/// Columns that can be selected, generated ones too.
const COLUMNS: &str = "SELECT name, type, pk FROM pragma_table_xinfo($1) WHERE hidden <> 1 ORDER BY cid";

/// The table of this name. A view is asked for some rows, which may take it any time: dropping the answer stops it.
pub(crate) async fn table(
    connection: &mut SqliteConnection,
    place: &str,
    name: &str,
    time_column: Option<&str>,
) -> Result<Table, Error> {
    let failed = |error| Error::of(place, error);
    let watched = Watched::begin(connection).await.map_err(failed)?;
    let table = found(connection, place, name, time_column).await?;
    watched.end(connection).await.map_err(failed)?;
    Ok(table)
}

async fn found(
    connection: &mut SqliteConnection,
    place: &str,
    name: &str,
    time_column: Option<&str>,
) -> Result<Table, Error> {
    let failed = |error| Error::of(place, error);
    let wanted = bare(name);
    let known = sqlx::query(TABLES).fetch_all(&mut *connection).await.map_err(failed)?;
    let mut names = Vec::with_capacity(known.len());
    let mut found = None;
    for row in &known {
        let name: String = row.try_get("name").map_err(failed)?;
        if name.eq_ignore_ascii_case(&wanted) {
            found = Some(row);
        }
        names.push(name);
    }
    let Some(found) = found else {
        return Err(Error::NoTable { place: place.to_owned(), table: name.to_owned(), hint: hint(&wanted, &names) });
    };
    let table: String = found.try_get("name").map_err(failed)?;
    let is_table = found.try_get::<String, _>("type").map_err(failed)? == "table";
    let without_row_id: bool = found.try_get("wr").map_err(failed)?;
    let is_strict: bool = found.try_get("strict").map_err(failed)?;
    let rows = sqlx::query(COLUMNS).bind(&table).fetch_all(&mut *connection).await.map_err(failed)?;
    let mut declared = Vec::with_capacity(rows.len());
    for row in &rows {
        let get = |field| row.try_get::<String, _>(field).map_err(failed);
        declared.push((get("name")?, get("type")?, row.try_get::<i64, _>("pk").map_err(failed)?));
    }
    let is_free = |word: &&str| declared.iter().all(|(name, ..)| !name.eq_ignore_ascii_case(word));
    let row_id = ["rowid", "_rowid_", "oid"].into_iter().find(is_free).filter(|_| is_table && !without_row_id);
    let keys = declared.iter().filter(|(_, _, pk)| *pk > 0).count();
    let quoted = Dialect::Sqlite.name(&table);
    let is_time = |name: &str| time_column == Some(name);
    let silent = declared.iter().filter(|(name, declared, _)| !is_time(name) && Kind::declared(declared).is_none());
    let silent: Vec<&str> = silent.map(|(name, ..)| name.as_str()).collect();
    let mut sniffed = sniff(connection, place, &quoted, &silent).await?.into_iter();
    let mut columns = Vec::with_capacity(declared.len());
    for (name, declared, pk) in declared {
        let of_values = Kind::declared(&declared).is_none();
        let kind = match Kind::declared(&declared) {
            _ if is_time(&name) => Kind::Instant,
            Some(kind) => kind,
            None => sniffed.next().expect("every column that declares no type was looked at"),
        };
        // An INTEGER PRIMARY KEY is the row's id itself, which is always whole.
        let is_row_id = declared.eq_ignore_ascii_case("INTEGER") && pk > 0 && keys == 1 && row_id.is_some();
        let plain = matches!(kind, Kind::Whole | Kind::Number | Kind::Text | Kind::Bytes);
        let is_trusted = plain && (is_strict && !declared.eq_ignore_ascii_case("ANY") || is_row_id);
        let reading = Reading { kind, of_values, is_trusted, table: table.clone(), row_id };
        let (data_type, is_json) = (kind.data_type(), kind == Kind::Json);
        columns.push(Column { name, data_type, is_json, reading: column::Reading::Sqlite(reading) });
    }
    Ok(Table::new(quoted, columns))
}

/// The types of columns that declare none, by some of their values: of all columns in one statement, since a view
/// computes its rows anew for each.
async fn sniff(
    connection: &mut SqliteConnection,
    place: &str,
    table: &str,
    columns: &[&str],
) -> Result<Vec<Kind>, Error> {
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let types: Vec<String> = columns.iter().map(|column| format!("typeof({})", Dialect::Sqlite.name(column))).collect();
    let sql = format!("SELECT {} FROM {table} LIMIT {SNIFFED_ROWS}", types.join(", "));
    let failed = |error| Error::of(place, error);
    let rows = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(connection).await.map_err(failed)?;
    let kind = |column| {
        let found: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(column)).collect();
        Ok(Kind::sniffed(&found.map_err(failed)?))
    };
    (0..columns.len()).map(kind).collect()
}

/// A name without quotes and without the schema `main`.
fn bare(name: &str) -> String {
    let name = name.trim();
    let name = name.strip_prefix("main.").unwrap_or(name);
    match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}
