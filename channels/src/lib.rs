//! How does a notification become a message, and arrive?
//!
//! ```text
//!  Notification ──render──► WireRequest ──send──► Answer ──next_step──► done | retry at | dead
//!                 (pure)                 (once)            (pure)
//! ```
//!
//! One file per channel renders a [`Notification`](watchfire_model::Notification) to wire bytes;
//! [`Sender`] sends them once and [`classify()`] says what the answer means; [`delivery`] decides
//! the next attempt, and nobody else retries. [`lane()`] names what must arrive in order.
//! Everything but [`Sender`] is pure: time and chance are arguments.
//!
//! This room does not know rules, SQL, storage or queues. Secrets stay wrapped until a request is
//! built; whatever a request or an answer shows of itself is masked.
//!
//! Start reading at [`render`], then [`webhook`] and [`delivery`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

pub mod address;
pub mod channel;
pub mod check;
pub mod classify;
pub mod delivery;
pub mod discord;
pub mod email;
pub mod form;
mod headline;
mod html;
pub mod lane;
pub mod limits;
pub mod message;
pub mod opsgenie;
mod plain_text;
pub mod presentation;
mod redact;
mod retry_after;
pub mod send;
pub mod slack;
mod smtp;
pub mod spec;
pub mod template;
pub mod test_message;
pub mod webhook;
pub mod wire;

pub use address::masked_address;
pub use channel::{RenderError, Telling, render};
pub use check::{SpecError, check_header_name, check_header_value, check_secret, check_url, travels_in_the_clear};
pub use classify::{SendOutcome, classify};
pub use delivery::{DeadReason, NextStep, expires_at, next_step};
pub use form::Form;
pub use lane::lane;
pub use message::{Message, compose};
pub use presentation::{Format, Presentation};
pub use send::{Answer, SendError, Sender};
pub use spec::{ChannelSpec, DiscordSpec, EmailSpec, OpsgenieSpec, SlackSpec, SmtpSpec, SmtpTls, Target, WebhookSpec};
pub use template::{ColumnUse, Template, TemplateError};
pub use test_message::test_notification;
pub use wire::{HeaderText, Vendor, Wire, WireMail, WireRequest};
