//! Every number of Slack's, once. Those that count characters count them as JSON writes them, where quotes,
//! backslashes and line feeds are two: never less than what Slack counts.

/// All blocks of a message together. Not documented; seen to fail at about 13,200.
pub(super) const BLOCKS_MAX_CHARS: usize = 12_000;

/// The headline, which is also the push message: no screen shows more.
pub(super) const HEADLINE_MAX_CHARS: usize = 600;

/// State and severity within the headline.
pub(super) const STATE_MAX_CHARS: usize = 150;

/// A whole message in its plainest form.
pub(super) const PLAIN_MAX_CHARS: usize = 3_000;

/// The summary; a block may have 3,000.
pub(super) const SUMMARY_MAX_CHARS: usize = 2_000;

/// Fields of a section.
pub(super) const FACTS_MAX: usize = 10;

/// The name of a fact.
pub(super) const FACT_NAME_MAX_CHARS: usize = 60;

/// The value of a fact; a field may have 2,000.
pub(super) const FACT_VALUE_MAX_CHARS: usize = 200;

/// What failed, word for word.
pub(super) const ERROR_MAX_CHARS: usize = 1_500;

/// Lines of changed rows.
pub(super) const CHANGES_MAX_LINES: usize = 30;

/// Changed rows together.
pub(super) const CHANGES_MAX_CHARS: usize = 4_000;

/// All links of a message.
pub(super) const LINKS_MAX_CHARS: usize = 1_800;

/// The address of one link; a longer one is left out, since a cut one leads nowhere.
pub(super) const URL_MAX_CHARS: usize = 1_000;

/// The label of one link.
pub(super) const LABEL_MAX_CHARS: usize = 75;

/// The line of origins at the foot.
pub(super) const FOOTER_MAX_CHARS: usize = 500;

/// Columns of a table block.
pub(super) const TABLE_MAX_COLUMNS: usize = 20;

/// Rows of a table block, without header and total; Slack takes 100, nobody reads them.
pub(super) const TABLE_MAX_ROWS: usize = 50;

/// All cells of a table block together; Slack takes 10,000.
pub(super) const TABLE_MAX_CHARS: usize = 8_000;

/// The name of a column.
pub(super) const COLUMN_NAME_MAX_CHARS: usize = 60;

/// One cell: with 20 columns a header, a row and a total still fit.
pub(super) const CELL_MAX_CHARS: usize = 160;

/// A cell longer than this many characters wraps.
pub(super) const CELL_WRAPS_AFTER_CHARS: usize = 24;

/// How wide a table of text may be, in columns of a terminal.
pub(super) const MONO_MAX_WIDTH: usize = 70;

/// How many rows a table of text may have.
pub(super) const MONO_MAX_ROWS: usize = 20;

/// How many rows a table has in the plainest form.
pub(super) const PLAIN_MAX_ROWS: usize = 10;

/// What must be left for a table, or its number of rows alone is said.
pub(super) const TABLE_MIN_CHARS: usize = 400;
