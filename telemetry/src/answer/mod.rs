//! A query that a client sends: within a window or without one, cut to so many rows, written in the form it wants.
//!
//! ```text
//!  QueryRequest ─► turn (a bounded share of the queries) ─► run ─► Answer ─► encode: JSON, CSV, Arrow, Parquet, …
//! ```
//!
//! An [`Answer`] is whole and in memory: [`QUERY_ROWS_MAX`](crate::limits::QUERY_ROWS_MAX) rows at most, and
//! `limits.result_bytes` of them. It keeps its turn until it is dropped, so that what all answers take is bounded too.

mod arrow_stream;
mod csv;
mod data_type;
mod error;
mod explain;
mod form;
mod json;
mod json_cell;
mod out;
mod plain;
mod request;
mod run;
mod turn;
mod zone;

pub use error::{QueryError, QueryMistake, SqlSpan};
pub use explain::Plans;
pub use form::{AnswerForm, Unwritten};
pub use request::QueryRequest;
pub use run::Answer;
pub use zone::QueryZone;

pub(crate) use turn::Turns;
pub(crate) use zone::{SessionZone, set as set_zone};
