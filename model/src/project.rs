//! Projects: whose telemetry and rules something is, and who may speak for them.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::ids::ProjectName;

/// The project that is there when nobody defines any.
pub const DEFAULT_PROJECT: &str = "default";
/// The organization of a project whose definition names none.
pub const DEFAULT_ORGANIZATION: &str = "default";

/// A project: rows, rules and tokens that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its name; unique.
    pub name: ProjectName,
    /// A small number, unique, from 1: what stands at the end of a Sentry DSN.
    pub id: u32,
    /// Whose it is, in the words of Logfire's clients.
    pub organization: String,
    /// Who may speak for it, in the order of its definition.
    pub tokens: Vec<Token>,
}

/// A token as it is kept: what it opens, and the hash of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its name; unique within its project.
    pub name: String,
    /// What it opens.
    pub scope: TokenScope,
    /// By which its value is known again.
    pub hash: TokenHash,
}

/// What a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenScope {
    /// Sending telemetry.
    Write,
    /// Looking and asking.
    Read,
    /// Everything.
    Admin,
}

/// SHA-256 of a token's value. Values are long and random, so that no slow hash is needed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl Project {
    /// The project `default` with an id, without tokens.
    pub fn default_with_id(id: u32) -> Self {
        Self {
            name: ProjectName::new(DEFAULT_PROJECT),
            id,
            organization: DEFAULT_ORGANIZATION.to_owned(),
            tokens: Vec::new(),
        }
    }
}

impl TokenScope {
    /// All scopes.
    pub const ALL: [Self; 3] = [Self::Write, Self::Read, Self::Admin];

    /// Its word in definitions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }

    /// The scope of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }

    /// Whether a token of this scope opens what asks for `wanted`.
    pub const fn opens(self, wanted: Self) -> bool {
        match (self, wanted) {
            (Self::Admin, _) | (Self::Write, Self::Write) | (Self::Read, Self::Read) => true,
            (Self::Write, Self::Read | Self::Admin) | (Self::Read, Self::Write | Self::Admin) => false,
        }
    }
}

impl fmt::Display for TokenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TokenHash {
    /// The hash of a value, byte by byte as it is sent.
    pub fn of(value: &[u8]) -> Self {
        Self(Sha256::digest(value).into())
    }
}

/// Not even the hash belongs into a log.
impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_may_do_everything_and_the_others_their_own_thing_only() {
        use TokenScope::{Admin, Read, Write};
        for (scope, opened) in [(Write, vec![Write]), (Read, vec![Read]), (Admin, vec![Write, Read, Admin])] {
            let opens: Vec<_> = TokenScope::ALL.into_iter().filter(|wanted| scope.opens(*wanted)).collect();
            assert_eq!(opens, opened, "{scope}");
        }
    }

    #[test]
    fn a_token_is_known_by_its_value_alone_and_shows_nothing_of_it() {
        assert_eq!(TokenHash::of(b"pylf_v1_local_x"), TokenHash::of(b"pylf_v1_local_x"));
        assert_ne!(TokenHash::of(b"pylf_v1_local_x"), TokenHash::of(b"pylf_v1_local_y"));
        assert_eq!(format!("{:?}", TokenHash::of(b"x")), "TokenHash(…)");
    }
}
