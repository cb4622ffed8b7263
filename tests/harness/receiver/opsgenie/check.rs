//! What Opsgenie documents about bodies, as plain functions over JSON.

use serde_json::Value;

/// The problems of a body that opens an alert: field and words, nothing when it is fine.
///
/// Unknown fields are problems too, though the real one ignores them: they are a mistake of the sender.
pub fn alert_problems(body: &Value) -> Vec<(String, String)> {
    let mut found = Problems::of(
        body,
        &[
            "message",
            "alias",
            "description",
            "responders",
            "visibleTo",
            "actions",
            "tags",
            "details",
            "entity",
            "source",
            "priority",
            "user",
            "note",
        ],
    );
    found.text("message", 130, true);
    found.text("alias", 512, false);
    found.text("description", 15_000, false);
    found.text("entity", 512, false);
    found.text("source", 100, false);
    found.text("user", 100, false);
    found.text("note", 25_000, false);
    found.texts("tags", 20, 50);
    found.texts("actions", 10, 50);
    let alias = body["alias"].as_str().unwrap_or_default();
    if !alias.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c)) {
        found.add("alias", "has characters that break addresses");
    }
    if !body["priority"].is_null() && !matches!(body["priority"].as_str(), Some("P1" | "P2" | "P3" | "P4" | "P5")) {
        found.add("priority", "is not one of P1 to P5");
    }
    found.details();
    for field in ["responders", "visibleTo"] {
        found.people(field);
    }
    found.found
}

/// The problems of the body of a note or a close.
pub fn note_problems(body: &Value) -> Vec<(String, String)> {
    let mut found = Problems::of(body, &["note", "source", "user"]);
    found.text("note", 25_000, false);
    found.text("source", 100, false);
    found.text("user", 100, false);
    found.found
}

struct Problems<'a> {
    body: &'a Value,
    found: Vec<(String, String)>,
}

impl<'a> Problems<'a> {
    fn of(body: &'a Value, known: &[&str]) -> Self {
        let mut problems = Self { body, found: Vec::new() };
        match body.as_object() {
            Some(fields) => {
                for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
                    problems.add(name, "is not a field");
                }
            }
            None => problems.add("body", "is not an object"),
        }
        problems
    }

    fn add(&mut self, field: &str, words: &str) {
        self.found.push((field.to_owned(), format!("{field} {words}")));
    }

    fn text(&mut self, field: &str, max: usize, is_needed: bool) {
        match &self.body[field] {
            Value::Null if is_needed => self.add(field, "can not be empty"),
            Value::Null => {}
            Value::String(text) if is_needed && text.trim().is_empty() => self.add(field, "can not be empty"),
            Value::String(text) if units(text) > max => {
                self.add(field, &format!("can not be longer than {max} characters"));
            }
            Value::String(text) if text.contains('\0') => self.add(field, "holds a NUL"),
            Value::String(_) => {}
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => self.add(field, "is not a text"),
        }
    }

    fn texts(&mut self, field: &str, max: usize, length_max: usize) {
        let Some(items) = self.list(field, max) else { return };
        for item in items {
            match item.as_str() {
                Some("") | None => self.add(field, "holds what is no text"),
                Some(text) if units(text) > length_max => {
                    self.add(field, &format!("holds a text longer than {length_max} characters"));
                }
                Some(_) => {}
            }
        }
    }

    fn list(&mut self, field: &str, max: usize) -> Option<&'a Vec<Value>> {
        match &self.body[field] {
            Value::Null => None,
            Value::Array(items) if items.len() > max => {
                self.add(field, &format!("has more than {max} entries"));
                None
            }
            Value::Array(items) => Some(items),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                self.add(field, "is not a list");
                None
            }
        }
    }

    fn details(&mut self) {
        let details = &self.body["details"];
        match details {
            Value::Null => {}
            Value::Object(map) => {
                if map.values().any(|value| !value.is_string()) {
                    self.add("details", "holds a value that is no text");
                }
                let all: usize =
                    map.iter().map(|(name, value)| units(name) + units(value.as_str().unwrap_or_default())).sum();
                if all > 8_000 {
                    self.add("details", "has more than 8000 characters");
                }
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                self.add("details", "is not an object");
            }
        }
    }

    fn people(&mut self, field: &str) {
        let Some(items) = self.list(field, 50) else { return };
        for item in items {
            let has_name = ["id", "name", "username"].iter().any(|key| item[key].is_string());
            let has_type = matches!(item["type"].as_str(), Some("team" | "user" | "escalation" | "schedule"));
            if !has_name || !has_type {
                self.add(field, "holds an entry without type and name");
            }
        }
    }
}

/// Java counts UTF-16 units.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}
