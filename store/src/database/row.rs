//! Values on their way out of a statement.

use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use watchfire_model::Timestamp;

use crate::error::Error;

/// A row of either database. Columns are read by name.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    pub(crate) fn maybe_int(&self, column: &str) -> Result<Option<i64>, Error> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn maybe_text(&self, column: &str) -> Result<Option<String>, Error> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn bytes(&self, column: &str) -> Result<Vec<u8>, Error> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn int(&self, column: &str) -> Result<i64, Error> {
        self.maybe_int(column)?.ok_or_else(|| Error::corrupt(format!("`{column}` is NULL")))
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, Error> {
        self.maybe_text(column)?.ok_or_else(|| Error::corrupt(format!("`{column}` is NULL")))
    }

    pub(crate) fn count(&self, column: &str) -> Result<u64, Error> {
        let value = self.int(column)?;
        u64::try_from(value).map_err(|_| Error::corrupt(format!("`{column}` is {value}, a count is never negative")))
    }

    pub(crate) fn maybe_count(&self, column: &str) -> Result<Option<u64>, Error> {
        self.maybe_int(column)?.map(|_| self.count(column)).transpose()
    }

    pub(crate) fn flag(&self, column: &str) -> Result<bool, Error> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn instant(&self, column: &str) -> Result<Timestamp, Error> {
        Ok(Timestamp::from_micros(self.int(column)?))
    }

    pub(crate) fn maybe_instant(&self, column: &str) -> Result<Option<Timestamp>, Error> {
        Ok(self.maybe_int(column)?.map(Timestamp::from_micros))
    }

    /// A column that holds JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, Error> {
        parse_json(column, &self.text(column)?)
    }

    /// A column that holds JSON or NULL.
    pub(crate) fn maybe_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, Error> {
        self.maybe_text(column)?.map(|text| parse_json(column, &text)).transpose()
    }

    /// A column that holds one of a fixed set of words.
    pub(crate) fn word<T>(&self, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Error> {
        let word = self.text(column)?;
        parse(&word).ok_or_else(|| Error::corrupt(format!("`{column}` holds the unknown word `{word}`")))
    }
}

fn parse_json<T: DeserializeOwned>(column: &str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::corrupt(format!("`{column}`: {error}")))
}
