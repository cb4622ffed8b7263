//! Every number of this room, once, with its unit.

use std::time::Duration;

/// How long a connection may take to open: name, TCP and TLS together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one attempt may take in all, unless `delivery.timeout` says otherwise.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// The longest `delivery.timeout`: the lease of a delivery is counted from it.
pub const REQUEST_TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// How long an idle connection is kept. Shorter than what common servers keep, so that
/// a message is seldom written into a connection that its receiver is just closing.
pub const IDLE_CONNECTION_FOR: Duration = Duration::from_secs(4);

/// How many bytes of an answer are read.
pub const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// How many bytes of an answer are kept with the attempt.
pub const DETAIL_MAX_BYTES: usize = 2 * 1024;

/// How many bytes a webhook body may have. Rows and changes are dropped from the end to get there.
pub const WEBHOOK_BODY_MAX_BYTES: usize = 1024 * 1024;

/// How many webhook deliveries of one channel may be in flight at once.
pub const WEBHOOK_IN_FLIGHT_MAX: usize = 64;

/// The fewest random bytes that a signing secret may hold.
pub const SECRET_MIN_BYTES: usize = 24;

/// The most random bytes that a signing secret may hold.
pub const SECRET_MAX_BYTES: usize = 64;

/// The wait that doubles with each failed attempt starts here.
pub const RETRY_BASE: Duration = Duration::from_secs(2);

/// The wait before another attempt never grows beyond this on our own account.
pub const RETRY_CAP: Duration = Duration::from_mins(10);

/// The shortest wait before another attempt.
pub const RETRY_FLOOR: Duration = Duration::from_secs(1);

/// The longest wait that a receiver may ask for; a longer wish is cut to this.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// How often a broken channel is tried again.
pub const BROKEN_PROBE_EVERY: Duration = Duration::from_mins(10);

/// How long a message is worth telling.
pub const EXPIRES_AFTER: Duration = Duration::from_hours(24);

/// How long a report is worth telling.
pub const REPORT_EXPIRES_AFTER: Duration = Duration::from_hours(12);

/// The most characters of one cell in a message. CSV has cells in full.
pub const CELL_MAX_CHARS: usize = 200;

/// The most characters of a column's name in a message.
pub const COLUMN_NAME_MAX_CHARS: usize = 60;

/// The most columns of a message's table. CSV has all of them.
pub const TABLE_MAX_COLUMNS: usize = 20;

/// The most rows of a message's table, before a receiver's own limit.
pub const TABLE_MAX_ROWS: usize = 200;

/// The most bytes of a CSV attachment; rows beyond it are left out.
pub const CSV_MAX_BYTES: usize = 8 * 1024 * 1024;

/// How long Opsgenie gets to work on a request that it has accepted, before it is asked what came of it.
pub const OPSGENIE_STATUS_AFTER: Duration = Duration::from_secs(2);

/// An alert's headline at Opsgenie, in UTF-16 units (its own count), like all its limits below.
pub const OPSGENIE_MESSAGE_MAX: usize = 130;

/// An alert's alias.
pub const OPSGENIE_ALIAS_MAX: usize = 512;

/// An alert's description, HTML and all.
pub const OPSGENIE_DESCRIPTION_MAX: usize = 15_000;

/// What an alert is about.
pub const OPSGENIE_ENTITY_MAX: usize = 512;

/// A note on an alert.
pub const OPSGENIE_NOTE_MAX: usize = 25_000;

/// Names and values of all details together.
pub const OPSGENIE_DETAILS_MAX: usize = 8_000;

/// One value of the details: no single one may push out the others.
pub const OPSGENIE_DETAIL_MAX: usize = 1_000;

/// Tags of an alert.
pub const OPSGENIE_TAGS_MAX: usize = 20;

/// One tag.
pub const OPSGENIE_TAG_MAX: usize = 50;

/// Teams that an alert calls.
pub const OPSGENIE_RESPONDERS_MAX: usize = 50;

/// Rows of a table in a description or a note.
pub const OPSGENIE_ROWS_MAX: usize = 20;

/// How wide a table in a description or a note is, in columns of text.
pub const OPSGENIE_TABLE_WIDTH: usize = 100;

/// How long one address of a mail server may take to accept a connection.
pub const MAIL_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a mail server may take to greet, or to answer one command, within the time of the whole attempt.
pub const MAIL_COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// The shortest wait before a mail is tried again that its server cannot take now: servers that put
/// strangers off (greylisting) want to see some minutes pass.
pub const MAIL_RETRY_AFTER: Duration = Duration::from_mins(5);

/// How many receivers one mail channel may have: no server has to take more in one go.
pub const MAIL_RECEIVERS_MAX: usize = 100;

/// A mail's subject, in characters.
pub const MAIL_SUBJECT_MAX_CHARS: usize = 200;

/// Rows of a table in a mail; the rest is in the CSV file.
pub const MAIL_ROWS_MAX: usize = 50;

/// How wide a table in the text part of a mail is, in columns of text.
pub const MAIL_TABLE_WIDTH: usize = 120;

/// The HTML part of a mail, in bytes: readers cut off what is longer than about 102 KB.
pub const MAIL_HTML_MAX_BYTES: usize = 100_000;

/// The text part of a mail, in characters.
pub const MAIL_TEXT_MAX_CHARS: usize = 100_000;

/// The CSV file of a mail, in bytes, so that the mail stays below the 10 MB that every server takes. Rows are
/// left out from the end to get there, and the mail says so.
pub const MAIL_CSV_MAX_BYTES: usize = 5 * 1024 * 1024;

/// How many mails are remembered that some of their receivers have and others do not.
pub const MAIL_PARTIAL_MAX: usize = 1_000;
