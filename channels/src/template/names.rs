//! What a template may name and call.

/// What lies behind a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One value.
    Single,
    /// An object with these members and no others.
    Members(&'static [&'static str]),
    /// An object with a member for each column.
    Row,
    /// An object with a member for each `per` column.
    Key,
    /// A list of rows.
    Rows,
    /// A list of changes.
    Changes,
    /// Members that only the data know.
    Open,
}

/// The names at the top, in the order of the documentation.
pub(super) const TOP: [(&str, Shape); 21] = [
    ("rule", Shape::Members(&["name", "kind", "description", "labels"])),
    ("project", Shape::Single),
    ("instance", Shape::Key),
    ("row", Shape::Row),
    ("rows", Shape::Rows),
    ("previous", Shape::Row),
    ("value", Shape::Single),
    ("last_value", Shape::Single),
    ("peak", Shape::Single),
    ("severity", Shape::Single),
    ("state", Shape::Single),
    ("reason", Shape::Single),
    ("since", Shape::Single),
    ("window", Shape::Members(&["start", "end"])),
    ("slot", Shape::Single),
    ("changes", Shape::Changes),
    ("totals", Shape::Row),
    ("total", Shape::Single),
    ("error", Shape::Members(&["code", "message", "since", "failed_runs", "last_success_at", "next_run_at"])),
    ("link", Shape::Members(&LINKS)),
    ("row_count", Shape::Single),
];

/// The links that a template may name; one that a message does not have is empty.
pub(super) const LINKS: [&str; 6] = ["alert", "query", "runbook", "silence", "report", "csv"];

/// What a change has.
pub(super) const CHANGE: [&str; 5] = ["kind", "key", "before", "after", "diff"];

/// What stands behind `@` inside blocks.
pub(super) const LOCALS: [&str; 4] = ["index", "key", "first", "last"];

/// A helper: its name, the fewest and the most arguments, and whether it is a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signature {
    pub name: &'static str,
    pub least: usize,
    pub most: usize,
    pub is_block: bool,
}

const fn inline(name: &'static str, least: usize, most: usize) -> Signature {
    Signature { name, least, most, is_block: false }
}

const fn block(name: &'static str) -> Signature {
    Signature { name, least: 1, most: 1, is_block: true }
}

/// All helpers.
pub(super) const HELPERS: [Signature; 25] = [
    block("if"),
    block("unless"),
    block("each"),
    block("with"),
    inline("num", 1, 2),
    inline("percent", 1, 2),
    inline("money", 1, 2),
    inline("dur", 1, 1),
    inline("ago", 1, 1),
    inline("date", 1, 2),
    inline("time", 1, 2),
    inline("trunc", 2, 2),
    inline("upper", 1, 1),
    inline("json", 1, 1),
    inline("sum", 2, 2),
    inline("len", 1, 1),
    inline("eq", 2, 2),
    inline("ne", 2, 2),
    inline("gt", 2, 2),
    inline("gte", 2, 2),
    inline("lt", 2, 2),
    inline("lte", 2, 2),
    inline("and", 2, 8),
    inline("or", 2, 8),
    inline("not", 1, 1),
];

/// The helper of that name.
pub(super) fn helper(name: &str) -> Option<&'static Signature> {
    HELPERS.iter().find(|helper| helper.name == name)
}

/// The shape behind a name at the top.
pub(super) fn top(name: &str) -> Option<Shape> {
    TOP.iter().find(|(known, _)| *known == name).map(|(_, shape)| *shape)
}

/// The name that was probably meant.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
