//! Why the sources cannot be set up, or a kept result cannot be read. What a query runs into is a `Failure` instead.

/// The definitions of sources or the machine do not allow a start, or a kept result is damaged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Two sources have the same name.
    #[error("two sources are named `{name}`; a table has one source")]
    DuplicateSource {
        /// The name.
        name: String,
    },
    /// The name belongs to a table or table function that no source can stand for.
    #[error("a source cannot be named `{name}`: that name is built in; only `records` and `metrics` may be replaced")]
    ReservedName {
        /// The name.
        name: String,
    },
    /// A table of a database stands for a built-in table.
    #[error("the source `{name}` is a table of a database, and only files may stand for the built-in table `{name}`")]
    DatabaseRecords {
        /// The name.
        name: String,
    },
    /// The path is no usable pattern.
    #[error("source `{name}`: `{path}` is not a usable pattern: {reason}")]
    Pattern {
        /// The source.
        name: String,
        /// Its path.
        path: String,
        /// What the pattern's parser says.
        reason: String,
    },
    /// The query engine could not be started.
    #[error("the query engine could not be started: {0}")]
    Engine(String),
    /// The bytes are not a result as this program writes it.
    #[error("the stored result cannot be read or written as Parquet: {0}")]
    ResultFile(String),
}
