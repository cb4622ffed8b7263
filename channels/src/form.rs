//! How plainly a message is written. A receiver that refuses one form gets the next.

/// Forms, from the best looking to the one that every receiver takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Form {
    /// With everything the receiver can show.
    #[default]
    Native,
    /// Tables as text with a fixed width.
    Mono,
    /// Text alone.
    Plain,
}

impl Form {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Native, Self::Mono, Self::Plain];

    /// The word for it in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Mono => "mono",
            Self::Plain => "plain",
        }
    }

    /// Reads the word; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == word)
    }
}
