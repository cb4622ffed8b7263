//! The rows of a notification as a file.

use csv::ReaderBuilder;
use lettre::message::SinglePart;
use lettre::message::header::{ContentDisposition, ContentTransferEncoding, ContentType};
use watchfire_model::Notification;

use super::thread::label;
use crate::limits::MAIL_CSV_MAX_BYTES;
use crate::message::csv_of;

/// The file and how many rows it has.
pub(super) struct CsvFile {
    bytes: Vec<u8>,
    rows: u64,
    row_count: u64,
}

impl CsvFile {
    /// The file of all rows that were kept, as many as a mail may carry.
    pub(super) fn of(notification: &Notification) -> Self {
        let mut rows = notification.rows.as_slice();
        let mut bytes = csv_of(&notification.columns, rows);
        while bytes.len() > MAIL_CSV_MAX_BYTES && !rows.is_empty() {
            rows = rows.split_at(rows.len() / 2).0;
            bytes = csv_of(&notification.columns, rows);
        }
        Self { rows: count(&bytes), bytes, row_count: notification.row_count }
    }

    /// What the mail says about it.
    pub(super) fn note(&self) -> String {
        if self.rows == self.row_count {
            format!("Attached: {} rows as CSV.", self.rows)
        } else {
            format!("Attached: the first {} of {} rows as CSV.", self.rows, self.row_count)
        }
    }

    /// The part that carries it. Its name holds the rule and the day.
    pub(super) fn part(self, notification: &Notification) -> SinglePart {
        let rule = notification.rule.as_ref().map_or_else(|| "rows".to_owned(), |rule| label(rule.name.as_str()));
        let at = notification.occurred_at.to_string();
        let day = at.get(..10).unwrap_or_default();
        SinglePart::builder()
            .header(ContentDisposition::attachment(&format!("{rule}-{day}.csv")))
            .header(ContentType::parse("text/csv; charset=utf-8").expect("it is a content type"))
            .header(ContentTransferEncoding::Base64)
            .body(self.bytes)
    }
}

/// How many rows the file has below its header.
fn count(file: &[u8]) -> u64 {
    ReaderBuilder::new().flexible(true).from_reader(file).into_byte_records().count() as u64
}
