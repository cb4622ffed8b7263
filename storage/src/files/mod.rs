//! The Parquet files of telemetry, and what keeps them in order.
//!
//! ```text
//!  hot rows ─► write ─┐                       ┌─► listed ──► compact ─► (new file listed, old ones doomed)
//!                     ├─► object ─► list commit                 └─────► retain ──► doomed ─► deleted
//!  files ──► merge ───┘        └─ no commit: an orphan, swept later
//! ```
//!
//! A file is part of a table when the list says so, and only then; its footer repeats what the list says, so that
//! [`rebuild`] can make the list again. Nothing is ever changed in place: a path is written once and deleted once.
//! What decides (`plan`, `expired`, `Doomed`, the choice of `rebuild`) is pure and gets its `now`; what writes and
//! reads goes through `object_store` and encodes on blocking threads.
//!
//! Start reading at `write.rs`, then `footer.rs`.

mod days;
mod doom;
mod file_writer;
mod folder;
mod footer;
mod limits;
mod merge;
mod object_reader;
mod order;
mod place;
mod plan;
mod repair;
mod retain;
mod sweep;
#[cfg(test)]
mod testing;
mod trouble;
mod write;

pub use doom::{Doomed, delete};
pub use folder::LocalFolder;
pub use merge::merge;
pub use plan::{Compaction, plan};
pub use repair::{Known, Rebuilt, rebuild};
pub use retain::expired;
pub(crate) use sweep::flushed_through;
pub use sweep::{Swept, sweep};
pub use write::{Flush, write};
