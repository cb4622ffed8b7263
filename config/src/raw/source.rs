//! Tables that are read where they lie.

use crate::phrases::SourceType;
use crate::read::{Phrased, SecretText, Text, mapping};

mapping! {
    /// A table that is read where it lies.
    pub(crate) struct RawSource, "a source" {
        /// The table's name in SQL.
        name: Text, required;
        /// How its files are written, or which database holds it.
        r#type: Phrased<SourceType>, required;
        /// A file, a folder or a glob, for `sqlite` the file of the database; absolute, or relative to the file that names it.
        path: Text;
        /// For `postgres`: `postgres://user:password@host:5432/database`. A password only from the environment or a file.
        url: SecretText;
        /// For `postgres` and `sqlite`: the table or view, as SQL there writes it: `orders`, `public.orders`.
        table: Text;
        /// The column that windows cut; default none, and every run reads all of it.
        time_column: Text;
        /// Whose queries see it; default `default`.
        project: Text;
    }
}
