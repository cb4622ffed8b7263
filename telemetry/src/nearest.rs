//! The name that somebody may have meant.

/// The known name that is closest to `word`, if one is close enough to be a slip of the fingers.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let scored = known.into_iter().map(|name| (strsim::damerau_levenshtein(&word, &name.to_lowercase()), name));
    let within = (word.chars().count() / 3).max(1);
    scored.filter(|(distance, _)| *distance <= within).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["service_name", "span_name", "duration"];
        assert_eq!(nearest("servce_name", known), Some("service_name"));
        assert_eq!(nearest("Duration", known), Some("duration"));
        assert_eq!(nearest("cost", known), None);
    }
}
