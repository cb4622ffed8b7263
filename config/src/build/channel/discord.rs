//! Discord.

use watchfire_channels::DiscordSpec;

use super::address::address;
use crate::build::Surroundings;
use crate::raw::RawDiscord;
use crate::read::quoted;
use crate::report::Report;

/// What a literal address means.
const LITERAL: &str = "the address of the webhook stands in the file; whoever reads it can write into the channel";

pub(super) fn target(raw: &RawDiscord, around: &Surroundings<'_>, report: &mut Report) -> Option<DiscordSpec> {
    let thread_id = thread_id(raw, report);
    Some(DiscordSpec { url: address(&raw.url, LITERAL, around, report)?, thread_id })
}

/// Discord's ids are numbers of 64 bits.
fn thread_id(raw: &RawDiscord, report: &mut Report) -> Option<String> {
    let (id, at) = (raw.thread_id.value.as_ref()?.0.trim(), raw.thread_id.at()?);
    if id.parse::<u64>().is_err() {
        report
            .error(at, "bad_thread_id", format!("`thread_id: {}` is no id of a thread", quoted(id)))
            .help("copy the id of the thread: a number such as `1308000000000000000`");
    }
    Some(id.to_owned())
}
