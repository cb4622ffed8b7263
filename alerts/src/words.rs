//! The fields of a rule in the words of its file, for people who ask what it does.

use std::fmt;

use watchfire_model::format_duration;

use crate::rule::{Hold, Missing, Mode, NoData, OnError, Patience, Repeat};

impl Mode {
    /// The word for it in files and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AnyResults => "any_results",
            Self::Transitions => "transitions",
            Self::Onset => "onset",
            Self::DataChange => "data_change",
            Self::Always => "always",
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => f.write_str(&format_duration(*time)),
            Self::Runs(runs) => write_runs(f, *runs),
        }
    }
}

impl fmt::Display for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runs(runs) => write_runs(f, *runs),
            Self::Time(time) => f.write_str(&format_duration(*time)),
        }
    }
}

/// `resolve` is what [`Missing::Recovers`] is when nothing is written.
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recovers => f.write_str("resolve"),
            Self::Resolve(patience) => write!(f, "resolve after {patience}"),
            Self::Keep => f.write_str("keep"),
            Self::Alert(patience) => write!(f, "alert after {patience}"),
        }
    }
}

impl fmt::Display for NoData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("keep"),
            Self::Alert(patience) => write!(f, "alert after {patience}"),
            Self::Resolve => f.write_str("resolve"),
            Self::Ok => f.write_str("ok"),
        }
    }
}

impl fmt::Display for OnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("keep"),
            Self::Alert(patience) => write!(f, "alert after {patience}"),
        }
    }
}

impl fmt::Display for Repeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::Every(distance) => f.write_str(&format_duration(*distance)),
        }
    }
}

fn write_runs(f: &mut fmt::Formatter<'_>, runs: u64) -> fmt::Result {
    write!(f, "{runs} run{}", if runs == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn fields_read_as_files_write_them() {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        let said = [
            Hold::Time(minutes(3)).to_string(),
            Hold::Time(Duration::ZERO).to_string(),
            Hold::Runs(3).to_string(),
            Missing::Recovers.to_string(),
            Missing::Resolve(Patience::Runs(2)).to_string(),
            Missing::Keep.to_string(),
            Missing::Alert(Patience::Time(minutes(90))).to_string(),
            NoData::Alert(Patience::Runs(1)).to_string(),
            NoData::Resolve.to_string(),
            NoData::Ok.to_string(),
            NoData::Keep.to_string(),
            OnError::Alert(Patience::Runs(3)).to_string(),
            OnError::Keep.to_string(),
            Repeat::Every(minutes(240)).to_string(),
            Repeat::Never.to_string(),
        ];
        let written = [
            "3m",
            "0s",
            "3 runs",
            "resolve",
            "resolve after 2 runs",
            "keep",
            "alert after 1h30m",
            "alert after 1 run",
            "resolve",
            "ok",
            "keep",
            "alert after 3 runs",
            "keep",
            "4h",
            "never",
        ];
        assert_eq!(said, written);
    }
}
