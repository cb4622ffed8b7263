//! Words of reports.

use watchfire_alerts::Mode;
use watchfire_model::Reason;

use super::RawWindow;
use crate::read::Phrase;

/// `compare` of a report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PreviousWindow;

impl Phrase for PreviousWindow {
    const CODE: &'static str = "unknown_compare";
    const NOUN: &'static str = "a comparison";
    const EXPECTED: &'static str = "previous_window";
    const EXAMPLE: &'static str = "previous_window";
    const WORDS: &'static [&'static str] = &["previous_window"];

    fn parse(text: &str) -> Option<Self> {
        (text == "previous_window").then_some(Self)
    }
}

/// `notify_when` of a report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReportMode(pub Mode);

impl Phrase for ReportMode {
    const CODE: &'static str = "unknown_notify_when";
    const NOUN: &'static str = "a mode of reports";
    const EXPECTED: &'static str = "always or any_results";
    const EXAMPLE: &'static str = "any_results";
    const WORDS: &'static [&'static str] = &["always", "any_results"];

    fn parse(text: &str) -> Option<Self> {
        match text {
            "always" => Some(Self(Mode::Always)),
            "any_results" => Some(Self(Mode::AnyResults)),
            _ => None,
        }
    }
}

/// A reason for which a report tells something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReportReason(pub Reason);

impl Phrase for ReportReason {
    const CODE: &'static str = "unknown_reason";
    const NOUN: &'static str = "a reason for which a report tells something";
    const EXPECTED: &'static str = "report, query_failed or query_recovered";
    const EXAMPLE: &'static str = "[report]";
    const WORDS: &'static [&'static str] = &["report", "query_failed", "query_recovered"];

    fn parse(text: &str) -> Option<Self> {
        Reason::parse(text).filter(|reason| Self::WORDS.contains(&reason.as_str())).map(Self)
    }
}

/// `window` of a report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReportWindow(pub RawWindow);

impl Phrase for ReportWindow {
    const CODE: &'static str = RawWindow::CODE;
    const NOUN: &'static str = RawWindow::NOUN;
    const EXPECTED: &'static str = "a duration, previous_day, previous_week, previous_month, since_last_run or none";
    const EXAMPLE: &'static str = "previous_day";

    fn parse(text: &str) -> Option<Self> {
        RawWindow::parse(text).map(Self)
    }

    fn nearest(text: &str) -> Option<&'static str> {
        RawWindow::nearest(text).or_else(|| crate::read::nearest(text, ["since_last_run"]))
    }
}
