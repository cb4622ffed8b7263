//! One database, opened when it is first asked.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use watchfire_model::DatabaseAddress;

use crate::column::Table;
use crate::connections::Connections;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::rows::Rows;
use crate::{postgres, sqlite};

/// A database that is read. Cheap to clone; clones share their connections.
///
/// Its connections belong to the tokio runtime in which they were opened: ask it from one runtime only.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

enum Inner {
    Postgres(Arc<Connections<postgres::Server>>),
    Sqlite(Arc<Connections<sqlite::File>>),
    /// An address that cannot be read.
    Nowhere,
}

impl Database {
    /// The database at an address; nothing is opened yet.
    pub fn new(address: &DatabaseAddress) -> Self {
        Self(Arc::new(match address {
            DatabaseAddress::Postgres { url } => match postgres::Server::new(url.expose()) {
                Some(server) => Inner::Postgres(Connections::new(server)),
                None => Inner::Nowhere,
            },
            DatabaseAddress::Sqlite { path } => Inner::Sqlite(Connections::new(sqlite::File::new(path))),
        }))
    }

    /// Which SQL it takes.
    pub fn dialect(&self) -> Dialect {
        match self.0.as_ref() {
            Inner::Postgres(_) | Inner::Nowhere => Dialect::Postgres,
            Inner::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Whether this is the very same database, so that one statement can read tables of both.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A table or view by its name as SQL writes it, with the columns that it has now.
    ///
    /// `time_column` is read as an instant where its type allows that: a text of PostgreSQL, anything of SQLite.
    ///
    /// # Errors
    /// The database cannot be reached, has no such table, or the time column is none.
    pub async fn table(&self, name: &str, time_column: Option<&str>) -> Result<Table, Error> {
        match self.0.as_ref() {
            Inner::Postgres(server) => {
                let mut lease = server.lease().await?;
                let place = &server.connector.place;
                let table = postgres::table(lease.connection(), place, name, time_column).await?;
                lease.give_back();
                Ok(table)
            }
            Inner::Sqlite(file) => {
                let mut lease = file.lease().await?;
                let place = &file.connector.place;
                let table = sqlite::table(lease.connection(), place, name, time_column).await?;
                lease.give_back();
                Ok(table)
            }
            Inner::Nowhere => Err(Error::Address),
        }
    }

    /// The rows of a statement, whose columns are [`Dialect::selected`] for the types of `schema`, in its order.
    ///
    /// Nothing happens before the first poll. Dropping the answer stops the statement.
    pub fn rows(&self, sql: String, schema: SchemaRef) -> Rows {
        match self.0.as_ref() {
            Inner::Postgres(server) => postgres::rows(Arc::clone(server), sql, schema),
            Inner::Sqlite(file) => sqlite::rows(Arc::clone(file), sql, schema),
            Inner::Nowhere => Rows::new(|sender| async move {
                // Whoever does not wait for the answer does not miss it.
                let _ = sender.send(Err(Error::Address)).await;
            }),
        }
    }
}

/// Which database it is, for people: without user and password.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_ref() {
            Inner::Postgres(server) => f.write_str(&server.connector.place),
            Inner::Sqlite(file) => f.write_str(&file.connector.place),
            Inner::Nowhere => f.write_str("PostgreSQL at an address that cannot be read"),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({self})")
    }
}
