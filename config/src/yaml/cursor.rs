//! A reading position over the lines of a file, and the runs of blanks that YAML folds.

/// One character of a scalar's value and where it stands: line and column from 0.
pub(super) type Placed = (char, (usize, usize));

/// A reading position; line breaks read as one `\n` each.
pub(super) struct Cursor<'a> {
    lines: &'a [Vec<char>],
    pub line: usize,
    pub column: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(lines: &'a [Vec<char>], (line, column): (usize, usize)) -> Self {
        Self { lines, line, column }
    }

    pub(super) fn at(&self) -> (usize, usize) {
        (self.line, self.column)
    }

    /// The next character; `None` at the end of the file.
    pub(super) fn peek(&self) -> Option<char> {
        let line = self.lines.get(self.line)?;
        match line.get(self.column) {
            Some(c) => Some(*c),
            // The last line has no break.
            None if self.line + 1 < self.lines.len() => Some('\n'),
            None => None,
        }
    }

    /// Takes the next character.
    pub(super) fn take(&mut self) -> Option<Placed> {
        let (c, at) = (self.peek()?, self.at());
        if c == '\n' {
            self.line += 1;
            self.column = 0;
        } else {
            self.column += 1;
        }
        Some((c, at))
    }

    /// Reads blanks and line breaks, stopping at `end`, and appends what YAML makes of them:
    /// blanks inside a line stay, one break becomes a space, more become one break fewer.
    ///
    /// `escaped_break` says that a `\` just swallowed a break, which leaves no space.
    pub(super) fn fold(&mut self, end: Option<(usize, usize)>, escaped_break: bool, value: &mut Vec<Placed>) {
        let (mut blanks, mut breaks, mut first_break) = (Vec::new(), Vec::new(), None);
        let mut broken = escaped_break;
        while let Some(c) = self.peek().filter(|c| matches!(c, ' ' | '\t' | '\n')) {
            if end.is_some_and(|end| self.at() >= end) {
                break;
            }
            let at = self.at();
            self.take();
            match (c, broken) {
                ('\n', false) => {
                    first_break = Some(at);
                    broken = true;
                }
                ('\n', true) => breaks.push(('\n', at)),
                (_, false) => blanks.push((c, at)),
                (_, true) => {}
            }
        }
        match first_break {
            _ if !broken => value.append(&mut blanks),
            Some(at) if breaks.is_empty() => value.push((' ', at)),
            _ => value.append(&mut breaks),
        }
    }
}
