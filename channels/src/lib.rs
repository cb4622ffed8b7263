//! How does a notification become a message, and arrive?
//!
//! One file per channel: it renders a [`Notification`](watchfire_model::Notification) to wire bytes
//! (pure), sends them once, and classifies the answer. [`delivery`] decides the next attempt; nobody
//! else retries. This room does not know rules, SQL or storage.

pub mod spec;
