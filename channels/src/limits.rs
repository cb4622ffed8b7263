//! The numbers of this room, each once, with its unit. Those of one vendor alone stand in its own folder.

use std::time::Duration;

use crate::pace::Pace;

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

/// How many receivers one mail may have; what every mail server must take (RFC 5321, 4.5.3.1.8).
pub const MAIL_RECEIVERS_MAX: usize = 100;

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

/// How many deliveries of one channel of a vendor with a pace may be in flight at once.
pub const PACED_IN_FLIGHT_MAX: usize = 16;

/// Slack asks for about one message a second in each channel, and bears short bursts.
pub const SLACK_PACE: Pace = Pace { interval: Duration::from_secs(1), burst: 3 };

/// A Discord channel takes about 30 messages a minute from webhooks, five in two seconds.
pub const DISCORD_PACE: Pace = Pace { interval: Duration::from_millis(2_400), burst: 4 };

/// Opsgenie's limit depends on the plan; five a second is below all of them.
pub const OPSGENIE_PACE: Pace = Pace { interval: Duration::from_millis(200), burst: 5 };

/// What a mail server takes from one client without growing suspicious.
pub const MAIL_PACE: Pace = Pace { interval: Duration::from_millis(200), burst: 5 };
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

/// The most characters of a message's title.
pub const TITLE_MAX_CHARS: usize = 200;

/// The most characters of the words for a message's state.
pub const STATE_MAX_CHARS: usize = 100;

/// The most characters of the text below the title.
pub const SUMMARY_MAX_CHARS: usize = 2_000;

/// The most facts of a message.
pub const FACTS_MAX: usize = 10;

/// The most characters of a fact's name.
pub const FACT_NAME_MAX_CHARS: usize = 60;

/// The most characters of a fact's value.
pub const FACT_VALUE_MAX_CHARS: usize = 300;

/// The most links of a message.
pub const LINKS_MAX: usize = 10;

/// The most characters of a link's words.
pub const LINK_LABEL_MAX_CHARS: usize = 60;

/// The most bytes of a link's address; a longer one is left out, since a cut address leads nowhere.
pub const LINK_URL_MAX_BYTES: usize = 2_000;

/// The most parts of a footer.
pub const FOOTER_MAX: usize = 10;

/// The most characters of one part of a footer.
pub const FOOTER_PART_MAX_CHARS: usize = 250;

/// The most characters of an error's text; its middle is cut.
pub const ERROR_MAX_CHARS: usize = 3_000;

/// The most changed rows of a message.
pub const CHANGE_LINES_MAX: usize = 50;

/// The most characters of one changed row.
pub const CHANGE_LINE_MAX_CHARS: usize = 300;

/// The most rows that a template sees.
pub const TEMPLATE_ROWS_MAX: usize = 1_000;

/// The most bytes that a template may yield; one that yields more fails.
pub const TEMPLATE_OUTPUT_MAX_BYTES: usize = 64 * 1024;

/// The most steps that a template may take, counted as passes through `each` times the elements in them.
pub const TEMPLATE_STEPS_MAX: usize = 100_000;

/// The most bytes of a template in a file.
pub const TEMPLATE_TEXT_MAX_BYTES: usize = 16 * 1024;

/// The most blocks inside each other in a template.
pub const TEMPLATE_DEPTH_MAX: usize = 8;

/// The most characters of one cell that a template sees.
pub const TEMPLATE_CELL_MAX_CHARS: usize = 2_000;

/// The most bytes of cells that a template sees; rows beyond them are left out.
pub const TEMPLATE_CELLS_MAX_BYTES: usize = 4 * 1024 * 1024;

/// How many instances a template is rendered for in one message; the others are counted.
pub const TEMPLATE_INSTANCES_MAX: usize = 3;
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

/// In how many attempts a mail that somebody has is tried for those who were put off.
pub const MAIL_PARTIAL_ROUNDS_MAX: u32 = 3;
