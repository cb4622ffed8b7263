//! The time side of a rule in the words of its file, for people who ask what it does.

use std::fmt;

use watchfire_model::format_duration;

use crate::catch_up::CatchUp;
use crate::window::WindowSpec;

/// `since_previous_slot` is what a `cron` rule has when its file says nothing.
impl fmt::Display for WindowSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Span(span) => return f.write_str(&format_duration(*span)),
            Self::PreviousDay => "previous_day",
            Self::PreviousWeek => "previous_week",
            Self::PreviousMonth => "previous_month",
            Self::SincePreviousSlot => "since_previous_slot",
            Self::SinceLastRun => "since_last_run",
            Self::None => "none",
        })
    }
}

impl fmt::Display for CatchUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::LatestWithin(most) => write!(f, "latest within {}", format_duration(*most)),
            Self::AllWithin(most) => write!(f, "all within {}", format_duration(*most)),
            Self::None => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn fields_read_as_files_write_them() {
        let hours = |count: u64| Duration::from_secs(count * 3_600);
        let windows = [
            WindowSpec::Span(hours(36)),
            WindowSpec::PreviousDay,
            WindowSpec::PreviousWeek,
            WindowSpec::PreviousMonth,
            WindowSpec::SincePreviousSlot,
            WindowSpec::SinceLastRun,
            WindowSpec::None,
        ];
        assert_eq!(
            windows.map(|window| window.to_string()),
            [
                "1d12h",
                "previous_day",
                "previous_week",
                "previous_month",
                "since_previous_slot",
                "since_last_run",
                "none"
            ]
        );
        let catch_ups =
            [CatchUp::Latest, CatchUp::LatestWithin(hours(12)), CatchUp::AllWithin(hours(1)), CatchUp::None];
        assert_eq!(
            catch_ups.map(|catch_up| catch_up.to_string()),
            ["latest", "latest within 12h", "all within 1h", "none"]
        );
    }
}
