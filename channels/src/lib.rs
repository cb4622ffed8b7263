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
mod change_lines;
pub mod channel;
pub mod check;
pub mod classify;
pub mod delivery;
pub mod discord;
pub mod email;
mod fit;
pub mod form;
mod headline;
mod html;
pub mod lane;
mod left_out;
pub mod limits;
pub mod message;
mod mono_fit;
pub mod opsgenie;
pub mod pace;
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
mod urls;
pub mod webhook;
pub mod wire;

pub use address::masked_address;
pub use channel::{RenderError, Telling, render};
pub use check::{
    SpecError, check_header_name, check_header_value, check_host, check_secret, check_url, is_loopback,
    travels_in_the_clear,
};
pub use classify::{Scope, SendOutcome, classify};
pub use delivery::{DeadReason, NextStep, expires_at, next_step};
pub use form::Form;
pub use lane::lane;
pub use message::{Message, compose};
pub use presentation::{Format, Presentation};
pub use send::{Answer, SendError, Sender};
pub use spec::{ChannelSpec, DiscordSpec, EmailSpec, OpsgenieSpec, SlackSpec, SmtpSpec, SmtpTls, Target, WebhookSpec};
pub use template::{ColumnUse, Template, TemplateContext, TemplateError};
pub use test_message::{sample_notification, test_notification};
pub use wire::{HeaderText, Vendor, Wire, WireMail, WireRequest};
