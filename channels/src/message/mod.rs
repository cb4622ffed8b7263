//! What a notification says to people, before any receiver's dialect: fields, never wire bytes.
//!
//! ```text
//!  Notification + Presentation ──compose──► Message ──one file per channel──► Wire
//! ```
//!
//! Texts are as they came from the data, not escaped: each channel does that for its own dialect. The order
//! of the fields is the order of reading: state and severity, title, what changed, value, table, links, ids.

mod compose;
mod csv;
mod duration_text;
mod instant_text;
mod mono;
pub(crate) mod number_text;
pub mod table;
pub mod text;
mod value_text;

use watchfire_model::{Severity, Timestamp};

pub use compose::compose;
pub(crate) use compose::difference;
pub use csv::{BYTE_ORDER_MARK, csv_of, guarded};
pub use duration_text::duration_text;
pub use instant_text::{clock_text, date_text, instant_text, span_text, window_text};
pub use mono::Mono;
pub use table::{Align, Cell, Table, TableColumn, count_line};
pub use value_text::{name_text, value_text};

/// A message as people will read it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Color and symbol.
    pub tone: Tone,
    /// The current severity, where there is one.
    pub severity: Option<Severity>,
    /// State and severity in words, for example `FIRING (critical)` or `RESOLVED after 23 m`.
    pub state: String,
    /// What it is about, in one line: the template's title, else built from rule and instance. Never empty.
    pub title: String,
    /// What happened, in a sentence or a few lines: the template's body, else built in. May be empty.
    pub summary: String,
    /// Single facts, most important first.
    pub facts: Vec<Fact>,
    /// The rows that prove it.
    pub table: Option<Table>,
    /// Rows that were added, removed or changed.
    pub changes: Option<Changes>,
    /// What failed, word for word.
    pub error: Option<String>,
    /// Addresses for people, most useful first.
    pub links: Vec<Link>,
    /// Where it comes from: rule, cadence, window, how many rows of how many. Short words in order.
    pub footer: Vec<String>,
    /// When it became true.
    pub at: Timestamp,
}

/// What color and symbol a message has. Never the color alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Something fires.
    Firing,
    /// Something changed, or is worth a second look.
    Changed,
    /// It is over.
    Resolved,
    /// A scheduled report.
    Report,
    /// The engine cannot see, or cannot tell.
    Trouble,
    /// Somebody tries a channel.
    Test,
}

impl Tone {
    /// Its color as `0xRRGGBB`.
    pub const fn color(self) -> u32 {
        match self {
            Self::Firing => 0x00D9_2D20,
            Self::Changed => 0x00F7_9009,
            Self::Resolved => 0x0012_B76A,
            Self::Report => 0x002E_90FA,
            Self::Trouble | Self::Test => 0x0066_7085,
        }
    }

    /// Its symbol, one emoji.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Firing => "🔴",
            Self::Changed => "🔶",
            Self::Resolved => "✅",
            Self::Report => "📊",
            Self::Trouble => "⚠️",
            Self::Test => "🧪",
        }
    }
}

/// One fact: a short name and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// For example `Firing since`.
    pub name: String,
    /// For example `5 m (since 06:00 UTC)`.
    pub value: String,
    /// The instant that the value is about, for receivers that show times in their reader's zone.
    pub at: Option<Timestamp>,
}

/// An address with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// For example `Open alert`.
    pub label: String,
    /// The address.
    pub url: String,
}

/// Rows that differ from those of the last run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// One line each, in order.
    pub lines: Vec<ChangeLine>,
    /// How many changes there are in full.
    pub total: u64,
}

/// One change in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeLine {
    /// What happened to the row.
    pub kind: watchfire_model::ChangeKind,
    /// The row's key, and what of it changed: `flag dark-mode · enabled: true → false`.
    pub text: String,
}
