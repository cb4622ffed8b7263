//! Texts that have a greatest length.

use std::borrow::Cow;

/// The longest beginning of `text` of at most `max` bytes that ends at a character's border.
pub(super) fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// [`cut`], of a text that may be borrowed.
pub(super) fn cut_text(text: Cow<'_, str>, max: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(cut(text, max)),
        Cow::Owned(mut text) => {
            text.truncate(text.floor_char_boundary(max));
            Cow::Owned(text)
        }
    }
}

/// The text, or `None` when it is empty: protobuf does not tell an empty text from none.
pub(super) fn non_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
