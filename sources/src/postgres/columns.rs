//! The columns of a table, from PostgreSQL's catalog.

use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::reading::{Declared, Reading, of};
use crate::column::{self, Column, Table, hint};
use crate::dialect::{Dialect, instant_type};
use crate::error::Error;

/// Where a name leads, as the session's search path and PostgreSQL's rules for quotes have it.
const FIND: &str = "
    SELECT c.oid AS id, n.nspname AS folder, c.relname AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = pg_catalog.to_regclass($1) AND c.relkind IN ('r', 'v', 'm', 'f', 'p')";

/// Domains are what they are made of; other people's types have no name here.
const COLUMNS: &str = "
    SELECT a.attname::text AS name,
           CASE WHEN b.typnamespace = 'pg_catalog'::regnamespace AND b.typtype = 'b' THEN b.typname::text ELSE '' END
               AS type,
           CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier,
           COALESCE(NOT l.collisdeterministic, false) AS is_collated,
           pg_catalog.format_type(a.atttypid, a.atttypmod) AS shown
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
    LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
    WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum";

/// What there is, for who misspelt a name.
const TABLES: &str = "
    SELECT n.nspname || '.' || c.relname AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname NOT LIKE 'pg\\_%'
    ORDER BY 1 LIMIT 1000";

/// The table of this name.
pub(crate) async fn table(
    connection: &mut PgConnection,
    place: &str,
    name: &str,
    time_column: Option<&str>,
) -> Result<Table, Error> {
    let failed = |error| Error::of(place, error);
    let found = sqlx::query(FIND).bind(name).fetch_optional(&mut *connection).await;
    let found = match found {
        Ok(found) => found,
        // What cannot be read as a name names nothing.
        Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code == "42602" || code == "42601") => {
            None
        }
        Err(error) => return Err(failed(error)),
    };
    let Some(found) = found else {
        let known: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(&mut *connection).await.map_err(failed)?;
        return Err(Error::NoTable { place: place.to_owned(), table: name.to_owned(), hint: hint(name, &known) });
    };
    let (folder, relation): (String, String) =
        (found.try_get("folder").map_err(failed)?, found.try_get("name").map_err(failed)?);
    let id: sqlx::postgres::types::Oid = found.try_get("id").map_err(failed)?;
    let rows = sqlx::query(COLUMNS).bind(id).fetch_all(&mut *connection).await.map_err(failed)?;
    let mut columns = Vec::with_capacity(rows.len());
    for row in &rows {
        columns.push(column(row, time_column).map_err(|error| error.unwrap_or_else(failed))?);
    }
    let quoted = format!("{}.{}", Dialect::Postgres.name(&folder), Dialect::Postgres.name(&relation));
    Ok(Table::new(quoted, columns))
}

/// Our error, or the driver's.
enum ColumnError {
    Ours(Error),
    Driver(sqlx::Error),
}

impl ColumnError {
    fn unwrap_or_else(self, make: impl FnOnce(sqlx::Error) -> Error) -> Error {
        match self {
            Self::Ours(error) => error,
            Self::Driver(error) => make(error),
        }
    }
}

fn column(row: &PgRow, time_column: Option<&str>) -> Result<Column, ColumnError> {
    let get = |field| row.try_get::<String, _>(field).map_err(ColumnError::Driver);
    let (name, type_name) = (get("name")?, get("type")?);
    let modifier = row.try_get("modifier").map_err(ColumnError::Driver)?;
    let is_collated = row.try_get("is_collated").map_err(ColumnError::Driver)?;
    let (mut data_type, mut reading, is_json) = of(&Declared { name: &type_name, modifier, is_collated });
    if time_column == Some(name.as_str()) {
        match type_name.as_str() {
            "timestamptz" | "timestamp" | "date" => {}
            "text" | "varchar" => (data_type, reading) = (instant_type(), Reading::Cast("timestamptz")),
            _ => {
                let shown = get("shown")?;
                let reason =
                    format!("is of type {shown}; name a column of type timestamptz, timestamp or date, or make a view");
                return Err(ColumnError::Ours(Error::TimeColumn { column: name, reason }));
            }
        }
    }
    Ok(Column { name, data_type, is_json, reading: column::Reading::Postgres(reading) })
}
