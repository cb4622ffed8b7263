//! Values on their way into a statement.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo, Postgres};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments};
use sqlx::{Encode, Type};

/// One `$n` of a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Param<'a> {
    Int(i64),
    MaybeInt(Option<i64>),
    Text(&'a str),
    MaybeText(Option<&'a str>),
    Bytes(&'a [u8]),
    /// Many rows, as [`given`] writes them.
    Rows(&'a str),
}

/// Writes rows as the JSON object that `json_each` unfolds, in order.
pub(crate) fn given<T: Serialize>(rows: &[T]) -> String {
    struct Rows<'a, T>(&'a [T]);
    impl<T: Serialize> Serialize for Rows<'_, T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(self.0.len()))?;
            for (place, row) in self.0.iter().enumerate() {
                map.serialize_entry(&place, row)?;
            }
            map.end()
        }
    }
    serde_json::to_string(&Rows(rows)).expect("rows are structs of texts and numbers")
}

/// Counts are never near the end of the 63 bits that a column holds.
pub(crate) fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A span as the microseconds that columns hold.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// PostgreSQL cannot hold NUL in a text. Free text is not worth a failed commit, so it loses it.
pub(crate) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// A text that PostgreSQL takes as `json`; sqlx's own type for it would need another feature.
struct JsonText<'a>(&'a str);

/// PostgreSQL's fixed number for the type `json`.
const JSON_TYPE: Oid = Oid(114);

impl Type<Postgres> for JsonText<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(JSON_TYPE)
    }
}

impl Encode<'_, Postgres> for JsonText<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <&str as Encode<'_, Postgres>>::encode_by_ref(&self.0, buffer)
    }
}

pub(super) fn for_sqlite<'q>(sql: &'static str, params: &[Param<'_>]) -> Query<'q, Sqlite, SqliteArguments> {
    params.iter().fold(sqlx::query(sql), |query, param| match *param {
        Param::Int(value) => query.bind(value),
        Param::MaybeInt(value) => query.bind(value),
        Param::Text(value) | Param::Rows(value) => query.bind(value.to_owned()),
        Param::MaybeText(value) => query.bind(value.map(str::to_owned)),
        Param::Bytes(value) => query.bind(value.to_vec()),
    })
}

pub(super) fn for_postgres<'q>(sql: &'static str, params: &[Param<'_>]) -> Query<'q, Postgres, PgArguments> {
    params.iter().fold(sqlx::query(sql), |query, param| match *param {
        Param::Int(value) => query.bind(value),
        Param::MaybeInt(value) => query.bind(value),
        Param::Text(value) => query.bind(value),
        Param::MaybeText(value) => query.bind(value),
        Param::Bytes(value) => query.bind(value),
        Param::Rows(value) => query.bind(JsonText(value)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_numbered_in_order() {
        assert_eq!(given(&["a", "b"]), r#"{"0":"a","1":"b"}"#);
        assert_eq!(given::<u8>(&[]), "{}");
    }

    #[test]
    fn free_text_loses_nul_and_nothing_else() {
        assert_eq!(without_nul("a\0b"), "a\u{fffd}b");
        assert_eq!(without_nul("ä"), "ä");
    }
}
