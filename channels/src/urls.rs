//! Web addresses within text: receivers make links of them, so they must stay as they are.

/// A stretch of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// Words.
    Text(&'a str),
    /// An http or https address.
    Url(&'a str),
}

/// Most bytes of what is taken for an address; a longer one is words.
const URL_MAX_BYTES: usize = 500;

/// Cuts a text into words and addresses, in order.
///
/// An address begins a word and ends before a blank, a quote or a bracket; punctuation at its end is words again.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (start, end) = next_url(rest).unwrap_or((rest.len(), rest.len()));
        let (part, after) = if start > 0 {
            (Part::Text(&rest[..start]), &rest[start..])
        } else {
            (Part::Url(&rest[..end]), &rest[end..])
        };
        rest = after;
        Some(part)
    })
}

/// An address with these ASCII characters percent-encoded, which changes nothing about where it leads.
pub(crate) fn encoded(url: &str, characters: &[char]) -> String {
    let mut out = String::with_capacity(url.len());
    for c in url.chars() {
        if characters.contains(&c) {
            out.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// Where the next address begins and ends.
fn next_url(text: &str) -> Option<(usize, usize)> {
    text.match_indices("http").find_map(|(start, _)| {
        let begins_a_word = text[..start].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
        let tail = &text[start..];
        let scheme = ["https://", "http://"].iter().find(|scheme| tail.starts_with(**scheme))?;
        let ends = |c: char| c.is_whitespace() || c.is_control() || "<>\"'`\\|()[]{}*".contains(c);
        let url =
            tail[..tail.find(ends).unwrap_or(tail.len())].trim_end_matches(['.', ',', ';', ':', '!', '?', '_', '~']);
        let is_one = begins_a_word && url.len() > scheme.len() && url.len() <= URL_MAX_BYTES && is_whole(url);
        is_one.then_some((start, start + url.len()))
    })
}

fn is_whole(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_among_words() {
        use Part::{Text, Url};
        for (text, cut) in [
            ("", &[][..]),
            ("no address", &[Text("no address")]),
            ("https://a.example/b_c", &[Url("https://a.example/b_c")]),
            ("see http://a.example/x. Then", &[Text("see "), Url("http://a.example/x"), Text(". Then")]),
            ("(https://a.example)", &[Text("("), Url("https://a.example"), Text(")")]),
            ("https:// xhttp://a.example http", &[Text("https:// xhttp://a.example http")]),
            ("https://a.example https://b.example", &[Url("https://a.example"), Text(" "), Url("https://b.example")]),
            ("https://exa[mple", &[Url("https://exa"), Text("[mple")]),
            ("https://:80/", &[Text("https://:80/")]),
        ] {
            assert_eq!(parts(text).collect::<Vec<_>>(), cut, "{text}");
        }
    }
}
