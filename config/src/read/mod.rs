//! From nodes to raw types: one declaration of a mapping gives its reader, its known keys and its schema.

mod defined;
mod field;
mod leaf;
pub(crate) mod mapping;
mod phrase;
mod refused;

pub(crate) use defined::{Defined, Definitions, Named};
pub(crate) use field::{Field, FromNode, Item, Keyed};
pub(crate) use leaf::{Columns, Count, Flag, Items, SecretText, SecretValue, Table, Text};
pub use mapping::nearest;
pub(crate) use mapping::{Key, Keys, mapping, read_field, read_keys};
pub(crate) use phrase::{Phrase, Phrased, quoted};
pub(crate) use refused::{AlertsOnly, NotYet, ReportsOnly};
