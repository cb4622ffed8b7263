//! Pages of lists: `{"items": […], "next": …}`, and the cursors that lead from one to the next.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A page of items that each know their place. There are more when more than `limit` were found.
///
/// `cursor` makes of the last shown item's place where the next page begins.
pub(crate) fn page<T>(
    mut found: Vec<T>,
    limit: usize,
    cursor: impl Fn(&T) -> String,
    view: impl Fn(&T) -> Value,
) -> Value {
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(cursor);
    json!({"items": found.iter().map(view).collect::<Vec<_>>(), "next": next})
}

/// A place of a list as an opaque text. It names its list, so that none is taken for that of another.
pub(crate) fn cursor(list: &str, place: &[Value]) -> String {
    let parts: Vec<&Value> = place.iter().collect();
    URL_SAFE_NO_PAD.encode(json!([list, parts]).to_string())
}

/// The place that a cursor of this list holds; `None` when it is no such cursor.
pub(crate) fn place(list: &str, cursor: &str) -> Option<Vec<Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (of, place): (String, Vec<Value>) = serde_json::from_slice(&bytes).ok()?;
    (of == list).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place_in_its_own_list() {
        let place_of = [json!("ä/b"), json!(-3)];
        let text = cursor("runs", &place_of);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
        assert_eq!(place("runs", &text).as_deref(), Some(place_of.as_slice()));
        assert_eq!(place("deliveries", &text), None);
        for broken in ["", "!", "bnVsbA", "eyJhIjoxfQ"] {
            assert_eq!(place("runs", broken), None, "{broken}");
        }
    }

    #[test]
    fn only_a_page_with_more_behind_it_has_a_next_one() {
        let shown = |found: Vec<i64>| page(found, 2, ToString::to_string, |item| json!(item));
        assert_eq!(shown(vec![1, 2, 3]), json!({"items": [1, 2], "next": "2"}));
        assert_eq!(shown(vec![1, 2]), json!({"items": [1, 2], "next": null}));
        assert_eq!(shown(vec![]), json!({"items": [], "next": null}));
    }
}
