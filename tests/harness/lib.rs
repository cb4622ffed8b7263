//! Starts the product as people start it, stands in for its neighbours, and counts what arrives.
//!
//! [`Product`] runs the real binary; [`Receiver`] takes its webhooks and holds it to the contract of
//! their bodies; [`ChatReceiver`] takes its messages as Slack and Discord do; [`ConfigDir`] holds definitions and source files; [`postgres`] gives each test a
//! database of its own, [`sqlite`] writes files of SQLite; [`Timeline`] and [`Account`] say which messages a whole run must have sent.
//!
//! No room of the product is used here but `model`, whose ids of messages are a public contract:
//! what these tests see is what people see. Nothing here sleeps; everything waits for a signal
//! with a timeout. Start reading at [`Product`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

pub mod account;
pub mod answer;
pub mod config_dir;
pub mod contract;
pub mod http;
pub mod launch;
pub mod log;
pub mod postgres;
pub mod product;
pub mod receiver;
pub mod slots;
pub mod sqlite;
pub mod timeline;

pub use account::Account;
pub use answer::Answer;
pub use config_dir::ConfigDir;
pub use launch::{Answered, Launch};
pub use product::{Exit, Product};
pub use receiver::chat::{ChatAnswer, ChatArrival, ChatReceiver};
pub use receiver::{Arrival, Receiver};
pub use timeline::Timeline;

use std::time::{SystemTime, UNIX_EPOCH};

use watchfire_model::Timestamp;

/// The wall clock of this machine, which the product under test also reads.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970");
    Timestamp::from_micros(i64::try_from(since.as_micros()).expect("the clock is before the year 294,000"))
}
