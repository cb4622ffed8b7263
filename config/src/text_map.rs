//! From a position inside a scalar's value to the place in its file.

use std::sync::Arc;

use crate::problem::Place;
use crate::source_text::SourceText;
use crate::yaml::{Node, NodeValue, scalar_places};

/// Knows where each character of a text stands in its file, however the text is written there:
/// plain, quoted with escapes, literal or folded.
#[derive(Debug, Clone)]
pub struct TextMap {
    source: Arc<SourceText>,
    /// Index of the first character of each line of the value.
    line_starts: Vec<usize>,
    /// Line and column, from 0, of each character of the value and of its end.
    places: Vec<(usize, usize)>,
}

impl TextMap {
    pub(crate) fn of(source: &Arc<SourceText>, node: &Node) -> Self {
        let (places, text) = match &node.value {
            NodeValue::Scalar(scalar) => (scalar_places(&source.lines, scalar), scalar.text.as_str()),
            NodeValue::Sequence(_) | NodeValue::Mapping(_) => (vec![(node.at.line - 1, node.at.column - 1)], ""),
        };
        let breaks = text.chars().enumerate().filter(|(_, c)| *c == '\n').map(|(index, _)| index + 1);
        Self { source: Arc::clone(source), line_starts: [0].into_iter().chain(breaks).collect(), places }
    }

    /// The place in the file of a position inside the value; `line` and `column` count from 1, in characters.
    ///
    /// The place covers the word that starts there. What lies beyond a line is its end,
    /// what lies beyond the text is the end of the text.
    pub fn place(&self, line: usize, column: usize) -> Place {
        let last = self.places.len() - 1;
        let (start, end) = match self.line_starts.get(line.saturating_sub(1)) {
            Some(start) => (*start, self.line_starts.get(line.max(1)).map_or(last, |next| next - 1)),
            None => (last, last),
        };
        let index = (start + column.saturating_sub(1)).min(end);
        let (line, column) = self.places[index];
        let word = |c: &char| c.is_alphanumeric() || *c == '_';
        let rest = self.source.lines.get(line).and_then(|text| text.get(column..)).unwrap_or_default();
        let length = rest.iter().take_while(|c| word(c)).count().max(1);
        Place { file: Arc::clone(&self.source.path), line: line + 1, column: column + 1, length }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::report::Report;
    use crate::yaml::parse;

    /// A value, the line and column of each of its characters, and the lines of its file.
    type Mapped = (String, Vec<(usize, usize)>, Vec<Vec<char>>);

    /// The value of `k` and where it says each of its characters stands: line and column from 1.
    fn mapped(text: &str) -> Option<Mapped> {
        let source = Arc::new(SourceText::new(Path::new("a.yaml").into(), text));
        let mut report = Report::new(Arc::clone(&source));
        let root = parse(&source, &mut report)?;
        let node = &root.entry("k")?.value;
        let value = node.text()?.to_owned();
        let map = TextMap::of(&source, node);
        let mut places = Vec::new();
        for (line, text) in value.split('\n').enumerate() {
            for column in 0..=text.chars().count() {
                let place = map.place(line + 1, column + 1);
                places.push((place.line, place.column));
            }
        }
        Some((value, places, source.lines.clone()))
    }

    fn spot(yaml: &str, word: &str) -> (usize, usize) {
        let (value, places, _) = mapped(yaml).unwrap();
        places[value.chars().collect::<String>().find(word).map(|at| value[..at].chars().count()).unwrap()]
    }

    #[test]
    fn a_word_of_the_value_is_found_in_the_file_in_every_style() {
        for (yaml, line, column) in [
            ("k: a bad b", 1, 6),
            ("k: a\n  bad b", 2, 3),
            ("k: 'it''s bad'", 1, 11),
            ("k: \"a\\t\\u00e4 bad\"", 1, 15),
            ("k: \"a \\\n   bad\"", 2, 4),
            ("k: |\n  a\n  bad", 3, 3),
            ("k: |2-\n    a\n   bad", 3, 4),
            ("k: >\n  a\n  bad\n", 3, 3),
            ("k: >\n\n\n  a\n\n   x\n  bad\n", 7, 3),
            ("k: &anchor |\n\n    a\n    bad\n", 4, 5),
            ("k: !!str\n  # note\n  &anchor 'a bad'", 3, 14),
            ("k: |\r\n  a\r\n  bad\r\n", 3, 3),
        ] {
            assert_eq!(spot(yaml, "bad"), (line, column), "{yaml}");
        }
    }

    #[test]
    fn what_lies_beyond_a_line_or_the_text_is_its_end() {
        let source = Arc::new(SourceText::new(Path::new("a.yaml").into(), "k: |\n  ab\n  c\nl: 1\n"));
        let root = parse(&source, &mut Report::new(Arc::clone(&source))).unwrap();
        let map = TextMap::of(&source, &root.entry("k").unwrap().value);
        let at = |line, column| (map.place(line, column).line, map.place(line, column).column);
        assert_eq!((at(1, 1), at(1, 99), at(2, 1), at(99, 1), at(0, 0)), ((2, 3), (2, 5), (3, 3), at(3, 1), (2, 3)));
    }

    /// Each character must stand where the map says, and later ones later.
    fn holds(yaml: &str) -> Result<(), TestCaseError> {
        let Some((value, places, lines)) = mapped(yaml) else { return Ok(()) };
        if value.trim().is_empty() {
            return Ok(());
        }
        for (index, c) in value.chars().enumerate() {
            let (line, column) = places[index];
            let written = lines[line - 1].get(column - 1).copied().unwrap_or('\n');
            let blank = c.is_whitespace() && written.is_whitespace();
            prop_assert!(c == written || blank || written == '\\', "{c:?} is {written:?} in {yaml:?}");
        }
        prop_assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "{places:?} of {value:?} in {yaml:?}");
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn every_character_of_a_block_stands_where_the_map_says(
            header in "(&a |!!str |&b !!str )?[|>][+-]?",
            lines in proptest::collection::vec("( {0,3}|  )[ab#:'\"\\\\é警\t ]{0,6}", 0..7),
            end in "(\nl: 1)?\n?",
        ) {
            holds(&format!("k: {header}\n  first\n{}{end}", lines.iter().map(|line| format!("  {line}\n")).collect::<String>()))?;
            holds(&format!("k: {header}\n{}{end}", lines.iter().map(|line| format!("  {line}\n")).collect::<String>()))?;
        }

        #[test]
        fn every_character_of_a_block_with_an_indentation_stands_where_the_map_says(
            header in "(&a )?[|>][2-3][+-]?",
            lines in proptest::collection::vec("[ab ]{0,6}", 1..7),
        ) {
            holds(&format!("k: {header}\n{}", lines.iter().map(|line| format!("    {line}\n")).collect::<String>()))?;
        }

        #[test]
        fn every_character_of_a_quoted_text_stands_where_the_map_says(
            anchor in "(&a |!!str )?",
            text in "([ab#:é警\t ]|''|\n  ){0,20}",
            escaped in "([ab#:é警\t ]|\\\\[nt\"\\\\]|\\\\u00e9|\\\\x41|\\\\\n  |\n  ){0,20}",
        ) {
            holds(&format!("k: {anchor}'{text}'\n"))?;
            holds(&format!("k: {anchor}\"{escaped}\" # note\nl: 1\n"))?;
            holds(&format!("x: {{k: 1}}\nk: {anchor}\"{escaped}\"\n"))?;
        }

        #[test]
        fn every_character_of_a_plain_text_stands_where_the_map_says(
            anchor in "(&a |!!str )?",
            text in "a([ab#:'\"é警\t ]|\n ){0,20}b",
        ) {
            holds(&format!("k: {anchor}{text}\nl: 1\n"))?;
            holds(&format!("{{k: {anchor}{text}, l: 1}}\n"))?;
        }
    }
}
