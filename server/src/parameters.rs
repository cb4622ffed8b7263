//! The parameters after `?`: every mistake at once, each with what would be right.

use axum::http::StatusCode;
use serde_json::Value;
use url::form_urlencoded;
use watchfire_model::Timestamp;

use crate::error::ApiError;
use crate::page;

/// Most items of a page.
pub(crate) const LIMIT_MAX: usize = 1000;
/// Items of a page when nobody says how many.
pub(crate) const LIMIT_DEFAULT: usize = 100;

/// The parameters of one request, with what is wrong with them.
pub(crate) struct Parameters {
    given: Vec<(String, String)>,
    problems: Vec<Problem>,
}

struct Problem {
    parameter: String,
    message: String,
    help: String,
}

impl Parameters {
    /// Reads the text after `?`; any parameter but `known` is a mistake.
    pub(crate) fn read(text: Option<&str>, known: &[&str]) -> Self {
        let given: Vec<(String, String)> = form_urlencoded::parse(text.unwrap_or("").as_bytes()).into_owned().collect();
        let mut parameters = Self { given: Vec::new(), problems: Vec::new() };
        for (name, value) in given {
            if value.contains('\0') {
                let message =
                    format!("`{}` holds a NUL character (%00), which nothing here does", name.replace('\0', "%00"));
                parameters.wrong(&name.replace('\0', "%00"), message, "leave it out".to_owned());
            } else if known.contains(&name.as_str()) {
                parameters.given.push((name, value));
            } else {
                let help = match known {
                    [] => "this path takes none".to_owned(),
                    known => format!("known are: {}", known.join(", ")),
                };
                parameters.wrong(&name, format!("`{name}` is no parameter of this path"), help);
            }
        }
        parameters
    }

    /// The value of a parameter that may be given once.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let mut values = self.all(name).into_iter();
        let value = values.next()?;
        if values.next().is_some() {
            self.wrong(name, format!("`{name}` is given twice"), "give it once".to_owned());
        }
        Some(value)
    }

    /// The values of a parameter that may be given several times.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.given.iter().filter(|(given, _)| given == name).map(|(_, value)| value.clone()).collect()
    }

    /// One of a few words.
    pub(crate) fn word<T>(&mut self, name: &str, words: &[&str], parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let found = parse(&text);
        if found.is_none() {
            self.wrong(name, format!("`{text}` is no `{name}`"), format!("one of: {}", words.join(", ")));
        }
        found
    }

    /// How many items a page has.
    pub(crate) fn limit(&mut self) -> usize {
        let Some(text) = self.text("limit") else { return LIMIT_DEFAULT };
        let limit = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
        limit.unwrap_or_else(|| {
            let message = format!("`limit` is {text}; a page has 1 to {LIMIT_MAX} items");
            self.wrong("limit", message, "turn to the next page with `cursor`".to_owned());
            LIMIT_DEFAULT
        })
    }

    /// An instant.
    pub(crate) fn instant(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        let instant = Timestamp::parse(&text);
        if instant.is_none() {
            let help = "write for example 2026-11-20T06:00:00Z; in a URL a `+` is written %2B".to_owned();
            self.wrong(name, format!("`{name}` is {text}, which is no RFC 3339 instant"), help);
        }
        instant
    }

    /// Where the page before ended, as [`page::cursor`] wrote it for this list.
    pub(crate) fn cursor<T>(&mut self, list: &str, read: impl Fn(&[Value]) -> Option<T>) -> Option<T> {
        let text = self.text("cursor")?;
        let place = page::place(list, &text).filter(|parts| !parts.iter().any(has_nul)).and_then(|parts| read(&parts));
        if place.is_none() {
            let help = "take `next` of the page before, with the same other parameters".to_owned();
            self.wrong("cursor", "`cursor` is none of this list".to_owned(), help);
        }
        place
    }

    /// Notes a mistake that only the handler can see.
    pub(crate) fn wrong(&mut self, parameter: &str, message: String, help: String) {
        self.problems.push(Problem { parameter: parameter.to_owned(), message, help });
    }

    /// All mistakes as one error.
    pub(crate) fn end(self) -> Result<(), ApiError> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let all = |part: fn(&Problem) -> &str| {
            let mut parts: Vec<&str> = self.problems.iter().map(part).collect();
            parts.dedup();
            parts.join("; ")
        };
        Err(ApiError {
            status: StatusCode::BAD_REQUEST,
            code: "bad_parameter",
            message: all(|problem| &problem.message),
            place: Some(format!("?{}", all(|problem| &problem.parameter).replace("; ", "&"))),
            help: Some(all(|problem| &problem.help)),
        })
    }
}

/// PostgreSQL takes no NUL in a text.
fn has_nul(part: &Value) -> bool {
    part.as_str().is_some_and(|text| text.contains('\0'))
}

/// For a path that takes no parameters.
pub(crate) fn none(text: Option<&str>) -> Result<(), ApiError> {
    Parameters::read(text, &[]).end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> (String, String, String) {
        let mut parameters = Parameters::read(Some(text), &["rule", "before", "limit", "cursor", "state"]);
        parameters.text("rule");
        parameters.instant("before");
        parameters.limit();
        parameters.word("state", &["ok", "bad"], |word| ["ok", "bad"].contains(&word).then_some(()));
        parameters.cursor("runs", |_| Some(()));
        match parameters.end() {
            Ok(()) => (String::new(), String::new(), String::new()),
            Err(error) => (error.message, error.place.unwrap_or_default(), error.help.unwrap_or_default()),
        }
    }

    #[test]
    fn what_is_right_is_read() {
        let next = page::cursor("runs", &[1.into()]);
        for text in ["", "rule=a%20b&limit=1000", "before=2026-11-20T06%3A00%3A00Z&limit=1&state=ok"] {
            assert_eq!(mistakes(text).0, "", "{text}");
        }
        assert_eq!(mistakes(&format!("cursor={next}")).0, "");
        let mut parameters = Parameters::read(Some("rule=a+b%3Dc"), &["rule"]);
        assert_eq!(parameters.text("rule").as_deref(), Some("a b=c"));
    }

    #[test]
    fn every_mistake_is_named_at_once_with_what_would_be_right() {
        let (message, place, help) = mistakes("limit=1001&rul=x&before=soon&state=worse&cursor=abc&rule=a&rule=b");
        assert_eq!(
            message,
            "`rul` is no parameter of this path; `rule` is given twice; `before` is soon, which is no RFC 3339 instant; \
             `limit` is 1001; a page has 1 to 1000 items; `worse` is no `state`; `cursor` is none of this list"
        );
        assert_eq!(place, "?rul&rule&before&limit&state&cursor");
        assert!(help.starts_with("known are: rule, before, limit, cursor, state; give it once; "), "{help}");
        assert!(help.contains("one of: ok, bad"), "{help}");
        for limit in ["0", "-1", "x", "", "99999999999999999999"] {
            assert!(mistakes(&format!("limit={limit}")).0.contains("1 to 1000"), "{limit}");
        }
    }

    #[test]
    fn a_nul_reaches_no_database() {
        assert_eq!(mistakes("rule=a%00b").0, "`rule` holds a NUL character (%00), which nothing here does");
        let cursor = page::cursor("runs", &["a\0b".into()]);
        assert_eq!(mistakes(&format!("cursor={cursor}")).0, "`cursor` is none of this list");
    }

    #[test]
    fn a_cursor_of_another_list_is_none() {
        let other = page::cursor("deliveries", &[1.into()]);
        assert_eq!(mistakes(&format!("cursor={other}")).0, "`cursor` is none of this list");
    }
}
