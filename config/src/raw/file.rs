//! The top of a file with definitions.

use crate::raw::{RawAlert, RawChannel, RawProject, RawReport, RawSource, RawToken};
use crate::read::{Definitions, Named, NotYet, Text, mapping};

mapping! {
    /// Definitions of Watchfire.
    pub(crate) struct RawFile, "a file" {
        /// The version of this format: 1.
        version: Text;
        /// Where messages go.
        channels: Definitions<RawChannel>;
        /// Rules with a state: they tell when something starts, ends or changes.
        alerts: Definitions<RawAlert>;
        /// Queries whose results are sent on a schedule.
        reports: Definitions<RawReport>;
        /// Tables that are read where they lie.
        sources: Definitions<RawSource>;
        /// Whose telemetry is kept apart, and who may send and see it; default the project `default` without tokens.
        projects: Definitions<RawProject>;
        /// Issue sources; not supported yet.
        issues: NotYet;
        /// How exceptions are grouped; not supported yet.
        issue_settings: NotYet;
        /// Who is on call; not supported yet.
        schedules: NotYet;
        /// Routing by labels; not supported yet.
        policies: NotYet;
        /// Muting for a time; not supported yet.
        silences: NotYet;
    }
}

impl Named for RawChannel {
    const WORD: &'static str = "channel";
    const SECRETIVE: bool = true;
}

impl Named for RawAlert {
    const WORD: &'static str = "rule";
    const SECRETIVE: bool = false;
}

impl Named for RawReport {
    const WORD: &'static str = "report";
    const SECRETIVE: bool = false;
}

impl Named for RawSource {
    const WORD: &'static str = "source";
    const SECRETIVE: bool = true;
}

impl Named for RawProject {
    const WORD: &'static str = "project";
    const SECRETIVE: bool = true;
}

impl Named for RawToken {
    const WORD: &'static str = "token";
    const SECRETIVE: bool = true;
}
