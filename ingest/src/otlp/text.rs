//! Texts that have a greatest length.

/// The longest beginning of `text` of at most `max` bytes that ends at a character's border.
pub(super) fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// [`cut`], owned.
pub(super) fn cut_owned(text: &str, max: usize) -> String {
    cut(text, max).to_owned()
}

/// The text, or `None` when it is empty: protobuf does not tell an empty text from none.
pub(super) fn non_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
