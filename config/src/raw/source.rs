//! Tables that are read where they lie.

use crate::phrases::Format;
use crate::read::{Phrased, Text, mapping};

mapping! {
    /// A table that is read where it lies.
    pub(crate) struct RawSource, "a source" {
        /// The table's name in SQL.
        name: Text, required;
        /// How its files are written.
        r#type: Phrased<Format>, required;
        /// A file, a folder or a glob; absolute, or relative to the file that names it.
        path: Text, required;
        /// The column that windows cut; default none, and every run reads all of it.
        time_column: Text;
    }
}
