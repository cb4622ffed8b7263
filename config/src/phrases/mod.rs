//! The words and short phrases of definitions.

mod cadence;
mod change;
mod channel_words;
mod format_words;
mod patience;
mod report_words;
mod settings;
mod words;

pub(crate) use cadence::{RawWindow, Zone};
pub(crate) use change::RawTolerance;
pub(crate) use channel_words::{Layout, Tls};
pub(crate) use format_words::{Bar, Csv};
pub(crate) use patience::RawRepeat;
pub(crate) use report_words::{PreviousWindow, ReportMode, ReportReason, ReportWindow};
pub(crate) use settings::{ByteSize, HostPort, Span};
pub(crate) use words::{RaisedOrBoth, SourceType};
