//! Channels: one file for each type.

mod address;
mod discord;
mod email;
mod opsgenie;
mod slack;
mod webhook;

use watchfire_channels::{ChannelSpec, Target};
use watchfire_model::ChannelName;

use super::Surroundings;
use super::names::check_name;
use crate::raw::RawChannel;
use crate::report::Report;

/// Makes a channel; `None` when something about it is wrong, which is then reported.
pub(crate) fn channel(raw: &RawChannel, around: &Surroundings<'_>, report: &mut Report) -> Option<ChannelSpec> {
    check_name(raw.name(), report);
    let before = report.errors();
    let target = match raw {
        RawChannel::Webhook(raw) => webhook::target(raw, around, report).map(Target::Webhook),
        RawChannel::Slack(raw) => slack::target(raw, around, report).map(Target::Slack),
        RawChannel::Discord(raw) => discord::target(raw, around, report).map(Target::Discord),
        RawChannel::Opsgenie(raw) => opsgenie::target(raw, around, report).map(Target::Opsgenie),
        RawChannel::Email(raw) => email::target(raw, around, report).map(Target::Email),
        RawChannel::Unknown { .. } => None,
    };
    let name = ChannelName::new(raw.name().value.as_ref()?.0.trim());
    target.filter(|_| report.errors() == before).map(|target| ChannelSpec { name, target })
}
