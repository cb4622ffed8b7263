//! SQLite.

mod cell;
mod columns;
mod reading;
mod watched;

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use futures::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::batch::Batch;
use crate::connections::{Connections, Connector};
use crate::error::Error;
use crate::limits::BUSY_TIMEOUT;
use crate::rows::{Outlet, Rows};
use watched::Watched;

pub(crate) use columns::table;
pub(crate) use reading::Reading;

/// A file.
pub(crate) struct File {
    options: SqliteConnectOptions,
    /// For people.
    pub(crate) place: String,
}

impl File {
    pub(crate) fn new(path: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .create_if_missing(false)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("query_only", "on")
            // A file from elsewhere must not call functions through its views.
            .pragma("trusted_schema", "off")
            .disable_statement_logging();
        Self { options, place: format!("the SQLite file {}", path.display()) }
    }
}

impl Connector for File {
    type Connection = SqliteConnection;

    fn place(&self) -> &str {
        &self.place
    }

    async fn connect(&self) -> Result<SqliteConnection, Error> {
        SqliteConnection::connect_with(&self.options).await.map_err(|error| Error::of(&self.place, error))
    }
}

/// The form in which a value is read. Instants and dates are numbers already.
pub(crate) fn selected(value: &str, data_type: &DataType) -> Option<String> {
    match data_type {
        DataType::Boolean | DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::Utf8 | DataType::Date32 => {
            Some(value.to_owned())
        }
        instant if crate::dialect::is_instant(instant) => Some(value.to_owned()),
        DataType::Float32 | DataType::Float64 => Some(format!("CAST({value} AS REAL)")),
        DataType::Binary => Some(format!("CAST({value} AS BLOB)")),
        _ => None,
    }
}

/// The rows of a statement.
pub(crate) fn rows(file: Arc<Connections<File>>, sql: String, schema: SchemaRef) -> Rows {
    Rows::new(|outlet| async move {
        if let Err(error) = read(&file, sql, schema, &outlet).await {
            // Whoever does not wait for the answer does not miss it.
            let _ = outlet.send(Err(error)).await;
        }
    })
}

async fn read(file: &Arc<Connections<File>>, sql: String, schema: SchemaRef, outlet: &Outlet) -> Result<(), Error> {
    let place = &file.connector.place;
    let failed = |error| Error::of(place, error);
    let internal = |reason: String| Error::Internal { place: place.clone(), reason };
    let mut batch = Batch::new(schema).map_err(internal)?;
    let mut lease = file.lease().await?;
    let watched = Watched::begin(lease.connection()).await.map_err(failed)?;
    {
        // Each slot has its own literals: keeping the statement would only push others out.
        let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        let mut rows = query.fetch(lease.connection());
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            cell::take(&mut batch, &row).map_err(|what| Error::Value(format!("{place}: {what}")))?;
            if batch.is_full()
                && let Some(full) = batch.take().map_err(|error| internal(error.to_string()))?
                && outlet.send(Ok(full)).await.is_err()
            {
                return Ok(());
            }
        }
    }
    watched.end(lease.connection()).await.map_err(failed)?;
    lease.give_back();
    if let Some(rest) = batch.take().map_err(|error| internal(error.to_string()))? {
        let _ = outlet.send(Ok(rest)).await;
    }
    Ok(())
}
