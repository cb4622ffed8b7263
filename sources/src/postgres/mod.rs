//! PostgreSQL.

mod cell;
mod columns;
mod reading;

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use futures::TryStreamExt;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::batch::Batch;
use crate::connections::{Connections, Connector};
use crate::error::Error;
use crate::limits::STATEMENT_TIMEOUT;
use crate::rows::{Outlet, Rows};

pub(crate) use columns::table;
pub(crate) use reading::Reading;

/// A server and one of its databases.
pub(crate) struct Server {
    options: PgConnectOptions,
    /// For people.
    pub(crate) place: String,
}

impl Server {
    /// `None` when the address cannot be read.
    pub(crate) fn new(url: &str) -> Option<Self> {
        let options: PgConnectOptions = url.trim().parse().ok()?;
        let database = match options.get_database() {
            // A password that holds a `/` looks like this.
            Some(database) if database.contains('@') => "of a name with `@`",
            Some(database) => database,
            None => "of the user's name",
        };
        let place = match options.get_socket() {
            Some(folder) => format!("PostgreSQL in {}, database {database}", folder.display()),
            None => format!("PostgreSQL at {}:{}, database {database}", options.get_host(), options.get_port()),
        };
        let options = options.application_name("watchfire").disable_statement_logging();
        Some(Self { options, place })
    }
}

impl Connector for Server {
    type Connection = PgConnection;

    fn place(&self) -> &str {
        &self.place
    }

    async fn connect(&self) -> Result<PgConnection, Error> {
        let of = |error| Error::of(&self.place, error);
        let mut connection = PgConnection::connect_with(&self.options).await.map_err(of)?;
        sqlx::raw_sql(AssertSqlSafe(settings())).execute(&mut connection).await.map_err(of)?;
        Ok(connection)
    }
}

/// What each session is told first: to read only, how long, and how our texts are meant.
fn settings() -> String {
    let millis = STATEMENT_TIMEOUT.as_millis();
    format!(
        "SET default_transaction_read_only = on;
         SET statement_timeout = {millis};
         SET TimeZone = 'UTC';
         SET standard_conforming_strings = on;
         SELECT set_config('client_connection_check_interval', '1s', false)
         WHERE current_setting('server_version_num')::int >= 140000"
    )
}

/// The form in which a value is read: one of few types, whose binary form [`cell`] knows.
pub(crate) fn selected(value: &str, data_type: &DataType) -> Option<String> {
    let of_type = |data_type: &DataType| {
        Some(match data_type {
            DataType::Boolean => "bool",
            DataType::Int16 => "int2",
            DataType::Int32 => "int4",
            DataType::Int64 => "int8",
            DataType::Float32 => "float4",
            DataType::Float64 => "float8",
            // Its own binary form is a format of its own; a text of digits is not.
            DataType::Decimal128(_, scale) if *scale >= 0 => "text",
            DataType::Utf8 => "text",
            DataType::Binary => "bytea",
            instant if crate::dialect::is_instant(instant) => "timestamptz",
            DataType::Date32 => "date",
            DataType::Time64(arrow::datatypes::TimeUnit::Microsecond) => "time",
            DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano) => "interval",
            _ => return None,
        })
    };
    match data_type {
        DataType::List(item) => Some(format!("CAST({value} AS {}[])", of_type(item.data_type())?)),
        DataType::Decimal128(_, scale) if *scale >= 0 => {
            // A sum has the scale of its parts, an average many more digits.
            Some(format!("CAST(round(CAST({value} AS numeric), {scale}) AS text)"))
        }
        other => Some(format!("CAST({value} AS {})", of_type(other)?)),
    }
}

/// The rows of a statement.
pub(crate) fn rows(server: Arc<Connections<Server>>, sql: String, schema: SchemaRef) -> Rows {
    Rows::new(|outlet| async move {
        if let Err(error) = read(&server, sql, schema, &outlet).await {
            // Whoever does not wait for the answer does not miss it.
            let _ = outlet.send(Err(error)).await;
        }
    })
}

async fn read(server: &Arc<Connections<Server>>, sql: String, schema: SchemaRef, outlet: &Outlet) -> Result<(), Error> {
    let place = &server.connector.place;
    let internal = |reason: String| Error::Internal { place: place.clone(), reason };
    let mut batch = Batch::new(schema).map_err(internal)?;
    let mut lease = server.lease().await?;
    {
        // Each slot has its own literals: keeping the statement would only push others out.
        let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        let mut rows = query.fetch(lease.connection());
        while let Some(row) = rows.try_next().await.map_err(|error| Error::of(place, error))? {
            cell::take(&mut batch, &row).map_err(|what| Error::Value(format!("{place}: {what}")))?;
            if batch.is_full()
                && let Some(full) = batch.take().map_err(|error| internal(error.to_string()))?
                && outlet.send(Ok(full)).await.is_err()
            {
                // Nobody reads on. The connection is not given back, and so closes; the server notices.
                return Ok(());
            }
        }
    }
    lease.give_back();
    if let Some(rest) = batch.take().map_err(|error| internal(error.to_string()))? {
        let _ = outlet.send(Ok(rest)).await;
    }
    Ok(())
}
