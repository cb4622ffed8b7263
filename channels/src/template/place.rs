//! Where in a template's text something stands. The parser keeps the place of each element; inside one, names are
//! found by looking for them.

/// Walks through the text of a template in its own order.
#[derive(Debug)]
pub(super) struct Places<'a> {
    text: &'a str,
    /// Up to here everything has been found.
    offset: usize,
}

impl<'a> Places<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, offset: 0 }
    }

    /// Goes on to an element that the parser saw at this line and column. Never goes back.
    pub(super) fn enter(&mut self, line: usize, column: usize) {
        let start: usize = self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let rest = &self.text[start..];
        let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
        self.offset = self.offset.max(start + within);
    }

    /// The line and column of the next `name` that is not part of a longer one; the cursor moves behind it.
    pub(super) fn find(&mut self, name: &str) -> (usize, usize) {
        let mut from = self.offset;
        while let Some(found) = self.text[from..].find(name).filter(|_| !name.is_empty()) {
            let (start, end) = (from + found, from + found + name.len());
            let before = self.text[..start].chars().next_back();
            let after = self.text[end..].chars().next();
            if !before.is_some_and(is_of_name) && !after.is_some_and(is_of_name) {
                self.offset = end;
                return self.line_column_of(start);
            }
            from = end;
        }
        self.line_column_of(self.offset)
    }

    /// The line and column of a byte.
    pub(super) fn line_column_of(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        (line, column)
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@' | '[' | ']')
}
