//! What is wrong with a message, by the rules of its receiver and by ours.

use serde_json::{Map, Value};

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, as a JSON pointer into the body.
    pub at: String,
    /// The receiver's own word for it, which its answer repeats; [`HARM`] for what it would take.
    pub code: &'static str,
    /// What the rule is, with the number found.
    pub what: String,
}

/// The code of what the receiver would take, though its readers would be worse off.
pub const HARM: &str = "harm";

impl Fault {
    /// Whether the receiver refuses the message for it.
    pub fn is_refused(&self) -> bool {
        self.code != HARM
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: {}", self.at, self.code, self.what)
    }
}

/// Collects faults with the code that the part at hand is refused with.
pub(crate) struct Judge {
    pub(crate) code: &'static str,
    pub(crate) found: Vec<Fault>,
}

impl Judge {
    pub(crate) const fn new(code: &'static str) -> Self {
        Self { code, found: Vec::new() }
    }

    pub(crate) fn fault(&mut self, at: &str, what: impl Into<String>) {
        self.coded(self.code, at, what);
    }

    pub(crate) fn harm(&mut self, at: &str, what: impl Into<String>) {
        self.coded(HARM, at, what);
    }

    pub(crate) fn coded(&mut self, code: &'static str, at: &str, what: impl Into<String>) {
        self.found.push(Fault { at: at.to_owned(), code, what: what.into() });
    }

    /// The object at this place; a fault and `None` when it is something else.
    pub(crate) fn object<'a>(&mut self, at: &str, value: &'a Value) -> Option<&'a Map<String, Value>> {
        let object = value.as_object();
        if object.is_none() {
            self.fault(at, "must be an object");
        }
        object
    }

    /// Every key must be one of these.
    pub(crate) fn keys(&mut self, at: &str, object: &Map<String, Value>, known: &[&str]) {
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            self.fault(at, format!("unknown key `{key}`"));
        }
    }

    /// The items at this place; a fault when it is no list, or has fewer or more items than it may.
    pub(crate) fn list<'a>(&mut self, at: &str, value: &'a Value, min: usize, max: usize) -> &'a [Value] {
        let Some(items) = value.as_array() else {
            self.fault(at, "must be a list");
            return &[];
        };
        if items.len() < min || items.len() > max {
            self.fault(at, format!("has {} items, must have {min} to {max}", items.len()));
        }
        items
    }

    /// The text at this place; a fault when it is none, or has fewer or more characters than it may.
    pub(crate) fn text<'a>(&mut self, at: &str, value: &'a Value, min: usize, max: usize) -> &'a str {
        let Some(text) = value.as_str() else {
            self.fault(at, "must be a text");
            return "";
        };
        let chars = text.chars().count();
        if chars < min || chars > max {
            self.fault(at, format!("has {chars} characters, must have {min} to {max}"));
        }
        text
    }

    /// A whole web address of at most so many characters.
    pub(crate) fn address(&mut self, at: &str, value: &Value, max: usize) {
        let text = self.text(at, value, 1, max);
        if !is_address(text) {
            self.fault(at, format!("`{text}` is no http or https address"));
        }
    }

    /// Where there is a value, it must be true or false.
    pub(crate) fn flag(&mut self, at: &str, value: Option<&Value>) {
        if value.is_some_and(|value| !value.is_boolean()) {
            self.fault(at, "must be true or false");
        }
    }
}

/// Whether a text is an absolute http or https address.
pub(crate) fn is_address(text: &str) -> bool {
    let is_plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    is_plain && reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
