//! Tables of other databases.
//!
//! ```text
//!  optimized plan ─► push_down ─► plan with Remote nodes, each one statement ─► RemoteExec ─► batches
//!                       │
//!                       └ select (the statement so far) ◄─ expression (what the database computes as we do)
//! ```
//!
//! What is pushed down is a list of what may be, not of what may not: an expression goes to the database
//! when `expression` knows how to write it so that it means the same there, and is computed here otherwise.
//! `now()` and the window are literals by then, so the clock of the database plays no part.
//!
//! `datafusion-federation` is not used: it hands over the largest part of a plan that reads one database,
//! whatever functions are in it, refuses plans with `IN (SELECT …)`, and wants to know its tables while
//! planning, where ours are names until a query takes its snapshot.

mod aggregate;
mod exec;
mod expression;
mod node;
mod push_down;
mod select;
mod table;

pub(crate) use exec::{RemoteError, remote_error};
pub(crate) use node::RemotePlanner;
pub(crate) use push_down::push_down;
pub(crate) use table::{DatabaseSource, RemoteTable};
