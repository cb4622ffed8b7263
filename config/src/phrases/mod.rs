//! The words and short phrases of definitions.

mod cadence;
mod change;
mod patience;
mod settings;
mod words;

pub(crate) use cadence::{RawWindow, Zone};
pub(crate) use change::RawTolerance;
pub(crate) use patience::RawRepeat;
pub(crate) use settings::{ByteSize, HostPort, Span};
pub(crate) use words::{Format, RaisedOrBoth};
