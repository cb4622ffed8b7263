//! Stable hashes of identities: SHA-256 over length-prefixed parts.
//!
//! The length before each part keeps `("ab", "c")` apart from `("a", "bc")`;
//! joined `k=v` text would collide.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A hash of 128 bits, shown as 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Starts a hash; `domain` keeps hashes of different kinds of things apart.
    pub fn builder(domain: &str) -> FingerprintBuilder {
        let mut builder = FingerprintBuilder { hasher: Sha256::new() };
        builder.text(domain);
        builder
    }

    /// The 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Collects the parts of one hash, in order.
pub struct FingerprintBuilder {
    hasher: Sha256,
}

impl FingerprintBuilder {
    /// Adds one part of text.
    pub fn text(&mut self, part: &str) {
        self.bytes(part.as_bytes());
    }

    /// Adds one number as a part.
    pub fn number(&mut self, part: u64) {
        self.bytes(&part.to_le_bytes());
    }

    /// Adds one part of bytes.
    pub fn bytes(&mut self, part: &[u8]) {
        self.hasher.update((part.len() as u64).to_le_bytes());
        self.hasher.update(part);
    }

    /// The hash of all parts so far.
    pub fn finish(self) -> Fingerprint {
        let digest = self.hasher.finalize();
        Fingerprint(digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parts: &[&str]) -> Fingerprint {
        let mut builder = Fingerprint::builder("test");
        parts.iter().for_each(|part| builder.text(part));
        builder.finish()
    }

    #[test]
    fn the_border_between_parts_counts() {
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a", ""]), of(&["a"]));
        assert_eq!(of(&["a", "b"]), of(&["a", "b"]));
    }

    #[test]
    fn the_hash_never_changes() {
        assert_eq!(of(&["a", "b"]).as_str(), "ae69fc23bdb73197be36b2782b425a2e");
    }
}
