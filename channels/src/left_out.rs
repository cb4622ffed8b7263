//! What a message says of rows that it leaves out.

use crate::message::{Message, Table};

/// `showing 20 of 431 rows`, when not all rows are shown and the foot does not already say just that.
pub(crate) fn left_out(message: &Message, table: &Table, shown_rows: usize) -> Option<String> {
    if shown_rows as u64 >= table.row_count {
        return None;
    }
    let line = table.count_line(shown_rows);
    // The whole words: `200 rows` at the foot is all that there are, not what is shown of them.
    let is_said = message.footer.iter().any(|part| line.strip_prefix("showing ") == Some(part.as_str()));
    (!is_said).then_some(line)
}

#[cfg(test)]
mod tests {
    use watchfire_model::Timestamp;

    use super::*;
    use crate::message::Tone;

    #[test]
    fn it_is_said_once_and_only_when_rows_are_missing() {
        let table = Table { columns: Vec::new(), rows: Vec::new(), total: None, row_count: 431 };
        let message = |footer: &str| Message {
            tone: Tone::Report,
            severity: None,
            state: String::new(),
            title: String::new(),
            summary: String::new(),
            facts: Vec::new(),
            table: None,
            changes: None,
            error: None,
            links: Vec::new(),
            footer: vec![footer.to_owned()],
            at: Timestamp::EPOCH,
        };
        assert_eq!(left_out(&message("rule a"), &table, 20).unwrap(), "showing 20 of 431 rows");
        assert_eq!(left_out(&message("50 of 431 rows"), &table, 20).unwrap(), "showing 20 of 431 rows");
        assert_eq!(left_out(&message("431 rows"), &table, 20).unwrap(), "showing 20 of 431 rows");
        assert_eq!(left_out(&message("20 of 431 rows"), &table, 20), None);
        assert_eq!(left_out(&message("rule a"), &table, 431), None);
    }
}
