//! Keeps secrets out of lines that are shown.

use crate::problem::Place;

/// Words in a key whose value is masked wherever it stands, also in a file that is no YAML.
const SECRET_KEYS: [&str; 6] = ["secret", "token", "password", "api_key", "auth_key", "authorization"];
/// What a signing secret begins with.
const SECRET_PREFIX: &str = "whsec_";

/// The line with every secret in it replaced by as many `*`.
///
/// Known secrets come as places. A line may also hold one that nobody could read, for example
/// behind a missing quote: what follows a key that names a secret is masked too, unless it only
/// refers to the environment or a file.
pub(crate) fn mask(line: &[char], hidden: &[&Place]) -> Vec<char> {
    let mut masked = line.to_vec();
    for place in hidden {
        let start = (place.column - 1).min(masked.len());
        let end = (start + place.length).min(masked.len());
        masked[start..end].fill('*');
    }
    // ASCII folding keeps one character for each, so that positions stay the same.
    let lower: Vec<char> = masked.iter().map(char::to_ascii_lowercase).collect();
    for word in SECRET_KEYS {
        for start in occurrences(&lower, word) {
            if let Some(value) = value_after(&lower, start + word.len()) {
                hide_value(&mut masked, value);
            }
        }
    }
    for start in occurrences(&lower, SECRET_PREFIX) {
        let end = lower[start..].iter().position(|c| !is_token(*c)).map_or(lower.len(), |length| start + length);
        masked[start..end].fill('*');
    }
    masked
}

fn occurrences(text: &[char], word: &str) -> Vec<usize> {
    let word: Vec<char> = word.chars().collect();
    text.windows(word.len()).enumerate().filter(|(_, window)| *window == word).map(|(index, _)| index).collect()
}

/// Where the value begins, when the word ends a key.
fn value_after(line: &[char], end_of_word: usize) -> Option<usize> {
    let key_end = line[end_of_word..].iter().position(|c| !(is_token(*c) || matches!(c, '"' | '\'')))? + end_of_word;
    let colon = line[key_end..].iter().position(|c| !c.is_whitespace())? + key_end;
    if line[colon] != ':' {
        return None;
    }
    let value = line[colon + 1..].iter().position(|c| !c.is_whitespace())? + colon + 1;
    (value > colon + 1).then_some(value)
}

fn hide_value(line: &mut [char], start: usize) {
    let rest: String = line[start..].iter().collect();
    let refers = ["${", "\"${", "'${", "{"].iter().any(|sign| rest.starts_with(sign));
    if !refers {
        line[start..].fill('*');
    }
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '/' | '=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_key_of_secrets_is_masked_even_where_nobody_could_read_it() {
        for (line, shown) in [
            ("secret: abc", "secret: ***"),
            ("  \"auth_key\":  'a", "  \"auth_key\":  **"),
            ("Authorization: Bearer x", "Authorization: ********"),
            ("secret: ${NAME}", "secret: ${NAME}"),
            ("password: {file: p}", "password: {file: p}"),
            ("x: whsec_abc, y: 1", "x: *********, y: 1"),
            ("description: the token: is old", "description: the token: ******"),
            ("secret", "secret"),
            ("token:", "token:"),
        ] {
            let line: Vec<char> = line.chars().collect();
            assert_eq!(mask(&line, &[]).into_iter().collect::<String>(), shown);
        }
    }
}
