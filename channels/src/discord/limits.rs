//! Every number of Discord's, once. Characters are Unicode scalar values. Two percent of the larger limits
//! are kept spare, since what Discord counts in rare scripts is not documented.

/// All texts of an embed together; Discord takes 6,000.
pub(super) const EMBED_MAX_CHARS: usize = 5_880;

/// The title; Discord takes 256.
pub(super) const TITLE_MAX_CHARS: usize = 250;

/// The description; Discord takes 4,096.
pub(super) const DESCRIPTION_MAX_CHARS: usize = 4_014;

/// A whole message in its plainest form; Discord takes 2,000.
pub(super) const CONTENT_MAX_CHARS: usize = 1_960;

/// The summary within the description.
pub(super) const SUMMARY_MAX_CHARS: usize = 1_500;

/// What failed, word for word.
pub(super) const ERROR_MAX_CHARS: usize = 1_000;

/// Facts; Discord takes 25 fields.
pub(super) const FACTS_MAX: usize = 12;

/// The name of a fact; Discord takes 256.
pub(super) const FACT_NAME_MAX_CHARS: usize = 60;

/// The value of a fact; Discord takes 1,024.
pub(super) const FACT_VALUE_MAX_CHARS: usize = 120;

/// The links together, which are one field; Discord takes 1,024.
pub(super) const LINKS_MAX_CHARS: usize = 1_000;

/// The address of one link; a longer one is left out, since a cut one leads nowhere.
pub(super) const URL_MAX_CHARS: usize = 800;

/// The label of one link.
pub(super) const LABEL_MAX_CHARS: usize = 80;

/// The line of origins at the foot; Discord takes 2,048.
pub(super) const FOOTER_MAX_CHARS: usize = 400;

/// Lines of changed rows.
pub(super) const CHANGES_MAX_LINES: usize = 30;

/// How wide a table may be, in columns: what a desktop shows without wrapping.
pub(super) const MONO_MAX_WIDTH: usize = 56;

/// How many rows a table may have.
pub(super) const MONO_MAX_ROWS: usize = 25;

/// How many rows a table has in the plainest form.
pub(super) const PLAIN_MAX_ROWS: usize = 10;
