//! YAML in, domain types out.
//!
//! ```text
//!  files ──► yaml (tree with places) ──► raw (keys and types) ──► build ──► Definitions
//!                      │                        │                   │
//!                      └────────────────────────┴───────────────────┴──► Problems, each with its place
//! ```
//!
//! [`load`] reads a folder and gives what is valid, every mistake at once, and the SQL of all rules
//! with a map back into the files, so that the query engine's errors point there too.
//! [`json_schema`] comes from the same declarations (`raw/`) that read the files.
//!
//! This room does not know SQL beyond its tokens, does not read a clock, asks the environment only
//! through the function it is given, and never repeats the value of a secret.
//! Start reading at `load.rs`, then `raw/alert.rs` and `build/rule.rs`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod build;
mod definitions;
mod files;
mod load;
mod mask;
mod overrides;
mod phrases;
mod problem;
mod raw;
mod read;
mod render;
mod report;
mod schema;
mod settings;
mod source_text;
mod text_map;
mod yaml;

pub use definitions::{Definitions, ProjectDefinition, ReportSpec, RuleDefinition, SqlCheck, WantedColumn};
pub use files::LoadError;
pub use load::{Loaded, load};
pub use problem::{Place, Problem, ProblemSeverity};
pub use read::nearest;
pub use schema::json_schema;
pub use settings::{
    AddressRange, DeliverySettings, LimitSettings, ServerSettings, Settings, StorageSettings, TelemetrySettings,
};
pub use text_map::TextMap;
