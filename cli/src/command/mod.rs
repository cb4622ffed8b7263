//! One file per command.

pub(crate) mod channels;
pub(crate) mod check;
pub(crate) mod deliveries;
pub(crate) mod demo;
pub(crate) mod health;
pub(crate) mod migrate;
pub(crate) mod next;
pub(crate) mod projects;
pub(crate) mod query;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod schema;
pub(crate) mod serve;
