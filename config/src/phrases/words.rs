//! Words of which only a few exist.

use schemars::{Schema, json_schema};
use watchfire_alerts::{FirstRun, Mode};
use watchfire_model::{ChangeKind, Reason, Severity, SourceFormat, TokenScope};

use crate::read::Phrase;

impl Phrase for Mode {
    const CODE: &'static str = "unknown_notify_when";
    const NOUN: &'static str = "a firing mode";
    const EXPECTED: &'static str = "any_results, transitions, onset or data_change";
    const EXAMPLE: &'static str = "transitions";
    const WORDS: &'static [&'static str] = &[
        "any_results",
        "transitions",
        "onset",
        "data_change",
        "always",
        "has_matches",
        "has_matches_changed",
        "starts_having_matches",
        "matches_changed",
    ];

    fn parse(text: &str) -> Option<Self> {
        match text {
            "any_results" | "has_matches" => Some(Self::AnyResults),
            "transitions" | "has_matches_changed" => Some(Self::Transitions),
            "onset" | "starts_having_matches" => Some(Self::Onset),
            "data_change" | "matches_changed" => Some(Self::DataChange),
            "always" => Some(Self::Always),
            _ => None,
        }
    }

    /// `always` is read to be refused in better words: it is for reports.
    fn schema() -> Schema {
        let words: Vec<_> = Self::WORDS.iter().filter(|word| **word != "always").collect();
        json_schema!({"enum": words})
    }
}

impl Phrase for Severity {
    const CODE: &'static str = "unknown_severity";
    const NOUN: &'static str = "a severity";
    const EXPECTED: &'static str = "info, warning, error or critical";
    const EXAMPLE: &'static str = "warning";
    const WORDS: &'static [&'static str] = &["info", "warning", "error", "critical"];

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Phrase for TokenScope {
    const CODE: &'static str = "unknown_scope";
    const NOUN: &'static str = "a scope of tokens";
    const EXPECTED: &'static str = "write, read or admin";
    const EXAMPLE: &'static str = "write";
    const WORDS: &'static [&'static str] = &["write", "read", "admin"];

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Phrase for Reason {
    const CODE: &'static str = "unknown_reason";
    const NOUN: &'static str = "a reason of notifications";
    const EXPECTED: &'static str = "a reason such as started_firing or resolved";
    const EXAMPLE: &'static str = "[started_firing, resolved]";
    const WORDS: &'static [&'static str] = &[
        "started_firing",
        "resolved",
        "severity_raised",
        "severity_lowered",
        "repeat",
        "matches",
        "rows_changed",
        "missing",
        "no_data",
        "data_back",
        "query_failed",
        "query_recovered",
        "first_firing",
        "new_instances",
        "some_resolved",
        "all_resolved",
        "flapping",
        "flapping_over",
        "silence_ended",
        "overflow",
        "caught_up",
    ];

    fn parse(text: &str) -> Option<Self> {
        // A report, a test and a broken channel are never told by an alert.
        Self::parse(text).filter(|reason| <Self as Phrase>::WORDS.contains(&reason.as_str()))
    }
}

impl Phrase for ChangeKind {
    const CODE: &'static str = "unknown_change";
    const NOUN: &'static str = "a kind of change";
    const EXPECTED: &'static str = "added, removed or changed";
    const EXAMPLE: &'static str = "[added, removed]";
    const WORDS: &'static [&'static str] = &["added", "removed", "changed"];

    fn parse(text: &str) -> Option<Self> {
        [Self::Added, Self::Removed, Self::Changed].into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Phrase for FirstRun {
    const CODE: &'static str = "unknown_first_run";
    const NOUN: &'static str = "a policy for the first run";
    const EXPECTED: &'static str = "silent or report";
    const EXAMPLE: &'static str = "silent";
    const WORDS: &'static [&'static str] = &["silent", "report"];

    fn parse(text: &str) -> Option<Self> {
        match text {
            "silent" => Some(Self::Silent),
            "report" => Some(Self::Report),
            _ => None,
        }
    }
}

/// `notify_severity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RaisedOrBoth {
    Raised,
    Both,
}

impl Phrase for RaisedOrBoth {
    const CODE: &'static str = "unknown_notify_severity";
    const NOUN: &'static str = "a policy for severity changes";
    const EXPECTED: &'static str = "raised or both";
    const EXAMPLE: &'static str = "both";
    const WORDS: &'static [&'static str] = &["raised", "both"];

    fn parse(text: &str) -> Option<Self> {
        match text {
            "raised" => Some(Self::Raised),
            "both" => Some(Self::Both),
            _ => None,
        }
    }
}

/// `type` of a source.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SourceType {
    Files(SourceFormat),
    Postgres,
    Sqlite,
}

impl Phrase for SourceType {
    const CODE: &'static str = "unknown_source_type";
    const NOUN: &'static str = "a type of source";
    const EXPECTED: &'static str = "parquet, csv, ndjson, postgres or sqlite";
    const EXAMPLE: &'static str = "parquet";
    const WORDS: &'static [&'static str] = &["parquet", "csv", "ndjson", "postgres", "sqlite"];

    fn parse(text: &str) -> Option<Self> {
        match text {
            "parquet" => Some(Self::Files(SourceFormat::Parquet)),
            "csv" => Some(Self::Files(SourceFormat::Csv)),
            "ndjson" => Some(Self::Files(SourceFormat::Ndjson)),
            "postgres" => Some(Self::Postgres),
            "sqlite" => Some(Self::Sqlite),
            _ => None,
        }
    }
}
