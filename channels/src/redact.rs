//! Takes secrets out of what a receiver says: many answers quote the request.

use url::Url;

/// What stands where a secret was.
const REMOVED: &str = "[removed]";

/// Shorter texts are no secrets worth the name, and removing them would make an answer unreadable.
const HEADER_MIN_CHARS: usize = 4;
const SEGMENT_MIN_CHARS: usize = 6;

/// Parts of addresses that are words of the trade and not tokens.
const COMMON_WORDS: [&str; 15] = [
    "alerts",
    "events",
    "false",
    "incoming",
    "integrations",
    "json",
    "messages",
    "notifications",
    "notify",
    "public",
    "services",
    "true",
    "webhook",
    "webhooks",
    "workflows",
];

/// The secrets of one request, in each form in which a receiver might quote them.
#[derive(Default)]
pub(crate) struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// A whole address.
    pub(crate) fn address(&mut self, address: &str) {
        self.add(address.trim(), HEADER_MIN_CHARS);
    }

    /// What an address is made of, but for scheme, host and port.
    pub(crate) fn parts_of(&mut self, url: &Url) {
        self.add(url.as_str(), HEADER_MIN_CHARS);
        let path_and_query = &url[url::Position::BeforePath..url::Position::AfterQuery];
        self.add(path_and_query, SEGMENT_MIN_CHARS);
        self.add(url.path(), SEGMENT_MIN_CHARS);
        for segment in url.path_segments().into_iter().flatten() {
            self.add(segment, SEGMENT_MIN_CHARS);
        }
        for part in [Some(url.username()), url.password(), url.query()].into_iter().flatten() {
            self.add(part, HEADER_MIN_CHARS);
        }
        for pair in url.query().unwrap_or_default().split('&') {
            self.add(pair.split_once('=').map_or(pair, |(_, value)| value), HEADER_MIN_CHARS);
        }
        for (_, value) in url.query_pairs() {
            self.add(&value, HEADER_MIN_CHARS);
        }
    }

    /// The value of a header, and its words after the first, which often names a scheme (`Bearer`).
    pub(crate) fn header(&mut self, value: &str) {
        self.add(value, HEADER_MIN_CHARS);
        for word in value.split_whitespace().skip(1) {
            self.add(word, HEADER_MIN_CHARS);
        }
    }

    /// The text without the secrets.
    ///
    /// `is_cut` says that the text ends where reading stopped: what might be the beginning
    /// of a secret is then dropped from its end.
    pub(crate) fn apply(&self, text: &str, is_cut: bool) -> String {
        // Longest first: the whole address goes before its parts, which would leave its frame behind.
        let mut secrets: Vec<&str> = self.secrets.iter().map(String::as_str).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut clean = text.to_owned();
        for secret in &secrets {
            if clean.contains(secret) {
                clean = clean.replace(secret, REMOVED);
            }
        }
        if is_cut {
            let begun = secrets.iter().map(|secret| begun_bytes(&clean, secret)).max().unwrap_or(0);
            clean.truncate(clean.len() - begun);
        }
        clean
    }

    fn add(&mut self, secret: &str, min_chars: usize) {
        if secret.chars().count() < min_chars || COMMON_WORDS.contains(&secret) {
            return;
        }
        let quoted = serde_json::Value::from(secret).to_string();
        let quoted = quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned();
        let slashed = quoted.replace('/', "\\/");
        for form in [secret.to_owned(), quoted, slashed] {
            if !self.secrets.contains(&form) {
                self.secrets.push(form);
            }
        }
    }
}

/// How many bytes at the end of `text` are the beginning of `secret`.
fn begun_bytes(text: &str, secret: &str) -> usize {
    (1..secret.len()).rev().find(|end| secret.get(..*end).is_some_and(|begin| text.ends_with(begin))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        let mut redactor = Redactor::default();
        let address = "https://ann:pa55word@example.com/services/T0K3N-one/webhook?key=qu%2Fery&x=true";
        redactor.address(address);
        redactor.parts_of(&Url::parse(address).unwrap());
        redactor.header("Bearer abc.def");
        redactor.header("say \"hi\"");
        redactor
    }

    #[test]
    fn secrets_are_removed_in_every_form_in_which_they_are_quoted() {
        for (text, clean) in [
            (
                "no route to https://ann:pa55word@example.com/services/T0K3N-one/webhook?key=qu%2Fery&x=true!",
                "no route to [removed]!",
            ),
            ("POST /services/T0K3N-one/webhook?key=qu%2Fery&x=true: 404", "POST [removed]: 404"),
            ("POST /services/T0K3N-one/webhook: 404", "POST [removed]: 404"),
            (r#"{"path":"\/services\/T0K3N-one\/webhook"}"#, r#"{"path":"[removed]"}"#),
            ("no such token T0K3N-one", "no such token [removed]"),
            ("ann:pa55word is unknown", "ann:[removed] is unknown"),
            ("key qu%2Fery, that is qu/ery", "key [removed], that is [removed]"),
            ("got Bearer abc.def", "got [removed]"),
            ("token abc.def is no Bearer token", "token [removed] is no Bearer token"),
            (r#"{"header":"say \"hi\""}"#, r#"{"header":"[removed]"}"#),
            ("no webhook called x, ask our services desk: true", "no webhook called x, ask our services desk: true"),
        ] {
            assert_eq!(redactor().apply(text, false), clean, "{text}");
        }
    }

    #[test]
    fn a_secret_that_the_end_of_reading_cuts_in_two_is_removed_too() {
        assert_eq!(redactor().apply("the token was T0K3N-o", true), "the token was ");
        assert_eq!(redactor().apply("the token was T0K3N-one", true), "the token was [removed]");
        assert_eq!(redactor().apply("the token was T0K3N-o", false), "the token was T0K3N-o");
        assert_eq!(redactor().apply("", true), "");
    }
}
