//! A table as text of a fixed width, and as cards of `name: value` where it is too wide for that.

use super::table::{Align, Cell, Table};
use super::text::{cut_width, width};

/// The narrowest that a column of texts is made to fit.
const TEXT_MIN_WIDTH: usize = 8;

/// What stands between columns.
const GAP: usize = 2;

/// A table as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mono {
    /// Lines without a break at the end; none is wider than was asked for.
    pub text: String,
    /// How many rows of the table stand in it.
    pub shown_rows: usize,
    /// How many columns had to be left out; the last line names them.
    pub dropped_columns: usize,
}

impl Table {
    /// Header, dashes, rows and total, aligned by display width, at most `max_width` wide and `max_rows` rows.
    ///
    /// Texts are narrowed first, the widest most; then columns are left out, texts before numbers and from the
    /// end, and a last line names them. Numbers are never cut, unless one alone is wider than everything.
    pub fn mono(&self, max_width: usize, max_rows: usize) -> Mono {
        let shown = &self.rows[..self.rows.len().min(max_rows)];
        let lines: Vec<&Vec<Cell>> = shown.iter().chain(&self.total).collect();
        let natural: Vec<usize> = (0..self.columns.len()).map(|place| self.natural_width(place, &lines)).collect();
        let least: Vec<usize> = (0..self.columns.len()).map(|place| self.least_width(place, &lines)).collect();
        let kept = self.kept(&least, max_width);
        let widths = narrowed(&kept, &natural, &least, max_width);

        let mut text = String::new();
        let header = kept.iter().map(|place| (self.columns[*place].name.as_str(), self.columns[*place].align));
        push_line(&mut text, header, &widths);
        let dashes: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        push_line(&mut text, dashes.iter().map(|dash| (dash.as_str(), Align::Left)), &widths);
        for line in lines {
            let cells = kept
                .iter()
                .map(|place| (line.get(*place).map_or("", |cell| cell.text.as_str()), self.columns[*place].align));
            push_line(&mut text, cells, &widths);
        }
        let dropped: Vec<&str> = (0..self.columns.len())
            .filter(|place| !kept.contains(place))
            .map(|place| self.columns[place].name.as_str())
            .collect();
        if !dropped.is_empty() {
            text.push_str(&cut_width(&dropped_line(&dropped), max_width));
        }
        Mono { text: text.trim_end().to_owned(), shown_rows: shown.len(), dropped_columns: dropped.len() }
    }

    fn natural_width(&self, place: usize, lines: &[&Vec<Cell>]) -> usize {
        width(&self.columns[place].name).max(self.content_width(place, lines)).max(1)
    }

    fn content_width(&self, place: usize, lines: &[&Vec<Cell>]) -> usize {
        lines.iter().filter_map(|line| line.get(place)).map(|cell| width(&cell.text)).max().unwrap_or(0)
    }

    /// Numbers keep all their digits; texts, and all names, may be cut.
    fn least_width(&self, place: usize, lines: &[&Vec<Cell>]) -> usize {
        let (name, content) = (width(&self.columns[place].name), self.content_width(place, lines));
        match self.columns[place].align {
            Align::Left => name.max(content).clamp(1, TEXT_MIN_WIDTH),
            Align::Right => content.max(name.clamp(1, TEXT_MIN_WIDTH)),
        }
    }

    /// The columns that have room: the first one always, then numbers, then texts, in the order of the table.
    fn kept(&self, least: &[usize], max_width: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        order.sort_by_key(|place| (*place != 0, self.columns[*place].align == Align::Left, *place));
        let mut kept = Vec::new();
        let mut left = max_width;
        for place in order {
            let needed = least[place] + if kept.is_empty() { 0 } else { GAP };
            if needed <= left {
                left -= needed;
                kept.push(place);
            } else if kept.is_empty() {
                return vec![place];
            }
        }
        kept.sort_unstable();
        kept
    }
}

/// The widths of the columns that are kept: natural where there is room, else the widest give up most.
fn narrowed(kept: &[usize], natural: &[usize], least: &[usize], max_width: usize) -> Vec<usize> {
    let room = max_width.saturating_sub(GAP * kept.len().saturating_sub(1));
    let fits = |cap: usize| kept.iter().map(|place| natural[*place].min(cap.max(least[*place]))).sum::<usize>() <= room;
    let widest = kept.iter().map(|place| natural[*place]).max().unwrap_or(0);
    // The greatest cap under which all fit: a binary search, since wider caps never need less room.
    let (mut low, mut high) = (0, widest);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(middle) { low = middle } else { high = middle - 1 }
    }
    kept.iter().map(|place| natural[*place].min(low.max(least[*place])).min(max_width)).collect()
}

fn push_line<'a>(text: &mut String, cells: impl Iterator<Item = (&'a str, Align)>, widths: &[usize]) {
    let mut line = String::new();
    for (place, ((cell, align), room)) in cells.zip(widths).enumerate() {
        let cell = cut_width(cell, *room);
        let blanks = " ".repeat(room.saturating_sub(width(&cell)));
        if place > 0 {
            line.push_str(&" ".repeat(GAP));
        }
        match align {
            Align::Left => line.extend([cell.as_str(), blanks.as_str()]),
            Align::Right => line.extend([blanks.as_str(), cell.as_str()]),
        }
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

fn dropped_line(names: &[&str]) -> String {
    let noun = if names.len() == 1 { "column" } else { "columns" };
    format!("+ {} more {noun}: {}", names.len(), names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::table::TableColumn;
    use insta::assert_snapshot;
    use proptest::prelude::*;

    fn table(names: &str, rows: &[&str]) -> Table {
        let split = |line: &str| -> Vec<String> { line.split('|').map(str::to_owned).collect() };
        let rows: Vec<Vec<Cell>> = rows.iter().map(|row| split(row).into_iter().map(Cell::text).collect()).collect();
        let columns = split(names)
            .into_iter()
            .map(|name| match name.strip_prefix('#') {
                Some(number) => TableColumn { name: number.to_owned(), align: Align::Right },
                None => TableColumn { name, align: Align::Left },
            })
            .collect();
        Table { columns, row_count: rows.len() as u64, rows, total: None }
    }

    fn three_rows() -> Table {
        table(
            "service|route|#err_pct|#req",
            &["checkout|POST /pay|7.41|18,204", "checkout|POST /cart|6.02|9,771", "gateway|GET /quote|5.38|44,120"],
        )
    }

    #[test]
    fn a_table_is_aligned_and_has_its_total_below() {
        let mut table = three_rows();
        table.total = Some(["Total", "", "", "72,095"].map(Cell::text).into());
        let mono = table.mono(56, 20);
        assert_eq!((mono.shown_rows, mono.dropped_columns), (3, 0));
        assert_snapshot!(mono.text, @r"
        service   route       err_pct     req
        --------  ----------  -------  ------
        checkout  POST /pay      7.41  18,204
        checkout  POST /cart     6.02   9,771
        gateway   GET /quote     5.38  44,120
        Total                          72,095
        ");
    }

    #[test]
    fn texts_are_narrowed_before_columns_are_left_out_and_numbers_are_never_cut() {
        let table = table(
            "message|#a_number_with_a_long_name|host|#ms",
            &[
                "a long message that nobody can shorten well|1,234,567.89|a.host.example.com|7",
                "日本語のメッセージ|2||9",
            ],
        );
        assert_snapshot!(table.mono(44, 20).text, @r"
        message       a_number_wi…  host          ms
        ------------  ------------  ------------  --
        a long mess…  1,234,567.89  a.host.exam…   7
        日本語のメ…              2                 9
        ");
        assert_snapshot!(table.mono(28, 1).text, @r"
        message     a_number_wi…  ms
        ----------  ------------  --
        a long me…  1,234,567.89   7
        + 1 more column: host
        ");
        assert_snapshot!(table.mono(6, 1).text, @r"
        messa…
        ------
        a lon…
        + 3 m…
        ");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked_for(
            cells in proptest::collection::vec(proptest::collection::vec("\\PC{0,30}", 4), 0..5),
            max_width in 1_usize..80,
            max_rows in 0_usize..6,
        ) {
            let mut table = three_rows();
            table.rows = cells.into_iter().map(|row| row.iter().map(|cell| {
                Cell::text(crate::message::text::one_line(cell))
            }).collect()).collect();
            let mono = table.mono(max_width, max_rows);
            prop_assert!(mono.text.lines().all(|line| width(line) <= max_width), "{}", mono.text);
            prop_assert!(mono.text.lines().count() <= mono.shown_rows + 3);
        }
    }
}
