//! How a rule wants its messages to look. Comes from the definitions, never from the stored notification:
//! a message that waits is written as its rule is defined when it is sent.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use watchfire_model::ChannelName;

use crate::template::Template;

/// How the messages of one rule look.
#[derive(Debug, Clone)]
pub struct Presentation {
    /// The zone in which people read instants.
    pub timezone: Tz,
    /// The headline; `None`: the built-in one.
    pub title: Option<Template>,
    /// The text below it; `None`: the built-in one.
    pub body: Option<Template>,
    /// How often it runs, as its file says it, for example `every 1m`.
    pub cadence: Option<String>,
    /// The condition that its rows are tested by (`when`).
    pub condition: Option<String>,
    /// The team or channel that owns it.
    pub owner: Option<String>,
    /// What single channels want otherwise.
    pub formats: BTreeMap<ChannelName, Format>,
}

impl Default for Presentation {
    /// UTC and everything built in: a rule whose definition is gone is told like this.
    fn default() -> Self {
        Self {
            timezone: Tz::UTC,
            title: None,
            body: None,
            cadence: None,
            condition: None,
            owner: None,
            formats: BTreeMap::new(),
        }
    }
}

/// How the messages of one rule look in one channel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Format {
    /// Most rows of a table; `None`: as many as the receiver shows well.
    pub max_rows: Option<usize>,
    /// Columns whose sums stand below the table; of a report over all rows, else over those shown.
    pub total: Vec<String>,
    /// Whether bars are drawn for the first summed column, else for the first numeric one.
    pub has_bars: bool,
    /// Whether all rows are attached as CSV, where the receiver takes files.
    pub attaches_csv: bool,
}
