//! What tells the instances of a rule apart.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::value::Value;

/// One value of a rule's `per` columns, in the order in which the rule names them.
///
/// NULL is a legal value and equals NULL. A rule without `per` has no key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstanceKey(Vec<(String, Value)>);

impl InstanceKey {
    /// A key from its columns and their values.
    pub fn new(parts: Vec<(String, Value)>) -> Self {
        Self(parts)
    }

    /// The columns and their values.
    pub fn parts(&self) -> &[(String, Value)] {
        &self.0
    }

    /// The stable hash of this key. The order of the columns does not count.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut sorted: Vec<&(String, Value)> = self.0.iter().collect();
        sorted.sort();
        let mut builder = Fingerprint::builder("instance/1");
        for (column, value) in sorted {
            builder.text(column);
            builder.text(&value.canonical_text());
        }
        builder.finish()
    }

    /// The key as people and scripts see it: an object of exactly the `per` columns.
    pub fn to_json(&self) -> serde_json::Value {
        self.0.iter().map(|(column, value)| (column.clone(), value.to_json())).collect::<serde_json::Map<_, _>>().into()
    }
}

/// `service=checkout, region=eu`: for logs and messages, not for identity.
impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (column, value)) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { ", " };
            match value.to_json() {
                serde_json::Value::String(text) => write!(f, "{separator}{column}={text}")?,
                other => write!(f, "{separator}{column}={other}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(parts: &[(&str, &str)]) -> InstanceKey {
        InstanceKey::new(parts.iter().map(|(k, v)| ((*k).to_owned(), Value::String((*v).to_owned()))).collect())
    }

    #[test]
    fn the_order_of_columns_does_not_change_a_fingerprint() {
        assert_eq!(key(&[("a", "1"), ("b", "2")]).fingerprint(), key(&[("b", "2"), ("a", "1")]).fingerprint());
        assert_ne!(key(&[("a", "1"), ("b", "2")]).fingerprint(), key(&[("a", "2"), ("b", "1")]).fingerprint());
        assert_ne!(key(&[("a", "1=b")]).fingerprint(), key(&[("a", "1"), ("b", "")]).fingerprint());
    }

    #[test]
    fn null_is_a_value_of_its_own() {
        let null = InstanceKey::new(vec![("a".into(), Value::Null)]);
        let again = InstanceKey::new(vec![("a".into(), Value::Null)]);
        assert_eq!(null.fingerprint(), again.fingerprint());
        assert_ne!(null.fingerprint(), key(&[("a", "")]).fingerprint());
        assert_ne!(null.fingerprint(), key(&[("a", "null")]).fingerprint());
        assert_eq!(null.to_json(), serde_json::json!({"a": null}));
    }
}
