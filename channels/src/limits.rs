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
