//! Where telemetry is kept, as the tables see it.

use std::fmt;
use std::sync::Arc;

use object_store::ObjectStore;
use watchfire_ingest::table::{Shredding, Table};
use watchfire_model::ProjectName;
use watchfire_storage::{Reach, Snapshot, Storage};

/// What the tables need of [`Storage`]; tests put files of their own behind it.
pub(crate) trait Keeper: fmt::Debug + Send + Sync {
    /// The rows of a table as they are now; those beyond `reach` may be left out.
    fn snapshot(&self, project: &ProjectName, table: Table, reach: Reach) -> Snapshot;

    /// The attributes with a column of their own.
    fn shredding(&self) -> &Shredding;

    /// Where the files are.
    fn objects(&self) -> Arc<dyn ObjectStore>;
}

impl Keeper for Storage {
    fn snapshot(&self, project: &ProjectName, table: Table, reach: Reach) -> Snapshot {
        self.snapshot(project, table, reach)
    }

    fn shredding(&self) -> &Shredding {
        &self.options().shredding
    }

    fn objects(&self) -> Arc<dyn ObjectStore> {
        self.objects()
    }
}
