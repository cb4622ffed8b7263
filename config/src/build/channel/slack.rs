//! Slack.

use watchfire_channels::SlackSpec;

use super::address::address;
use crate::build::Surroundings;
use crate::phrases::Layout;
use crate::raw::RawSlack;
use crate::report::Report;

/// What a literal address means.
const LITERAL: &str = "the address of the webhook stands in the file; whoever reads it can write into the channel";

pub(super) fn target(raw: &RawSlack, around: &Surroundings<'_>, report: &mut Report) -> Option<SlackSpec> {
    let plain_blocks = raw.layout.value.as_ref().is_some_and(|layout| layout.0 == Layout::Blocks);
    Some(SlackSpec { url: address(&raw.url, LITERAL, around, report)?, plain_blocks })
}
