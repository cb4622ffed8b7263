//! `${NAME}` and `${NAME:-default}`.

/// A text with its references replaced.
pub(super) struct Expanded {
    pub text: String,
    /// How many references it has; none: the text is literal.
    pub references: usize,
    /// Whether any reference has a default, used or not.
    pub has_default: bool,
}

/// Why a text cannot be expanded. No variant holds a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// `${` without `}`, or a name that no variable can have.
    Malformed,
    /// The variable is not set, or empty.
    Missing(String),
}

/// Replaces `${NAME}` and `${NAME:-default}`; any other `$` stays as it is.
pub(super) fn expand(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Expanded, Fault> {
    let mut expanded = Expanded { text: String::new(), references: 0, has_default: false };
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let end = rest[start..].find('}').ok_or(Fault::Malformed)? + start;
        let (name, default) = match rest[start + 2..end].split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (&rest[start + 2..end], None),
        };
        if !is_name(name) {
            return Err(Fault::Malformed);
        }
        expanded.text.push_str(&rest[..start]);
        let value = environment(name).filter(|value| !value.trim().is_empty());
        match (value, default) {
            (Some(value), _) => expanded.text.push_str(value.trim()),
            (None, Some(default)) => expanded.text.push_str(default),
            (None, None) => return Err(Fault::Missing(name.to_owned())),
        }
        expanded.references += 1;
        expanded.has_default |= default.is_some();
        rest = &rest[end + 1..];
    }
    expanded.text.push_str(rest);
    Ok(expanded)
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, Fault> {
        let environment = |name: &str| match name {
            "HOST" => Some("example.com\n".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        expand(text, &environment).map(|expanded| expanded.text)
    }

    #[test]
    fn references_are_replaced_wherever_they_stand() {
        for (text, meant) in [
            ("plain $1 {x}", "plain $1 {x}"),
            ("${HOST}", "example.com"),
            ("https://${HOST}/a?b=${NONE:-c}", "https://example.com/a?b=c"),
            ("${EMPTY:-filled}", "filled"),
            ("${NONE:-}", ""),
        ] {
            assert_eq!(expanded(text).as_deref(), Ok(meant), "{text}");
        }
    }

    #[test]
    fn what_is_not_set_is_named_and_what_is_no_reference_is_refused() {
        assert_eq!(expanded("${NONE}"), Err(Fault::Missing("NONE".to_owned())));
        assert_eq!(expanded("${EMPTY}"), Err(Fault::Missing("EMPTY".to_owned())));
        for text in ["${HOST", "${}", "${1A}", "${A B}"] {
            assert_eq!(expanded(text), Err(Fault::Malformed), "{text}");
        }
    }
}
