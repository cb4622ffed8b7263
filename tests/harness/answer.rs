//! How a receiver treats one request.

use std::time::Duration;

/// What a receiver does with a request that it has read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Answers at once with this status and these headers, name and value.
    Status(u16, Vec<(&'static str, String)>),
    /// Answers 200 after so long.
    Slow(Duration),
    /// Never answers, and keeps the connection open.
    Hang,
    /// Closes the connection without a byte.
    Close,
}

impl Answer {
    /// Takes the message.
    pub const fn ok() -> Self {
        Self::Status(200, Vec::new())
    }

    /// Answers with a status and no headers.
    pub const fn status(status: u16) -> Self {
        Self::Status(status, Vec::new())
    }

    /// Answers 429 with this `Retry-After`.
    pub fn retry_after(wish: impl Into<String>) -> Self {
        Self::Status(429, vec![("retry-after", wish.into())])
    }

    /// Answers 301 and points to another address.
    pub fn moved_to(address: impl Into<String>) -> Self {
        Self::Status(301, vec![("location", address.into())])
    }

    /// Whether the sender may count the message as delivered.
    pub fn accepts(&self) -> bool {
        match self {
            Self::Status(status, _) => (200..300).contains(status),
            Self::Slow(_) => true,
            Self::Hang | Self::Close => false,
        }
    }
}
