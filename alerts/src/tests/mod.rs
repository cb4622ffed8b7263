//! Timelines through [`evaluate`](crate::evaluate).

mod absence;
mod audience;
mod catch_up;
mod change;
mod compare;
mod condition;
mod health;
mod message;
mod mode;
mod property;
mod recorded;
mod totals;
