//! Who hears of a rule.

use std::collections::BTreeSet;
use std::rc::Rc;

use watchfire_alerts::{Assignment, Repeat};
use watchfire_model::{ChannelName, Severity};

use super::Known;
use super::settings::unknown_channel;
use crate::phrases::RawRepeat;
use crate::raw::{RawAlert, RawNotify};
use crate::read::{Field, Item, Items, Phrased, quoted};
use crate::report::Report;
use crate::yaml::Node;

/// The assignments of a rule; what names no channel is reported and left out.
pub(super) fn assignments(raw: &RawAlert, known: &Known<'_>, report: &mut Report) -> Vec<Assignment> {
    let mut list: Vec<Assignment> = Vec::new();
    for item in raw.notify.value.iter().flat_map(|items| &items.0) {
        let Some((assignment, node)) = assignment(item, known, report) else { continue };
        if list.iter().any(|earlier| overlap(earlier, &assignment)) {
            let message = format!("`notify` names the channel `{}` twice", quoted(assignment.channel.as_str()));
            report
                .error(node.at, "duplicate_channel", message)
                .help("keep one of the two, or give them different `severity` lists");
        }
        list.push(assignment);
    }
    list
}

/// The channel that `owner` names, if it names one; else it is a team.
pub(super) fn owner_channel(raw: &RawAlert, known: &Known<'_>) -> Option<ChannelName> {
    raw.owner.value.as_ref().and_then(|owner| known.channel(&owner.0)).map(|(name, _)| name)
}

/// The reminders that a field asks for.
pub(super) fn repeat(field: &Field<Phrased<RawRepeat>>, report: &mut Report) -> Option<Repeat> {
    match (field.value.as_ref()?.0, field.at()) {
        (RawRepeat::Plain(repeat), _) => Some(repeat),
        (RawRepeat::Backoff, at) => {
            if let Some(at) = at {
                report
                    .error(at, "not_supported_yet", "`repeat: backoff …` is not supported yet")
                    .help("write a duration, for example `repeat: 4h`");
            }
            None
        }
    }
}

fn assignment(item: &Item<RawNotify>, known: &Known<'_>, report: &mut Report) -> Option<(Assignment, Rc<Node>)> {
    let (name, node, raw) = match &item.value {
        RawNotify::Name(name) => (&name.0, &item.node, None),
        RawNotify::Assignment(raw) => (&raw.channel.value.as_ref()?.0, raw.channel.node()?, Some(raw)),
    };
    let found = known.channel(name);
    if found.is_none() {
        unknown_channel(name, node.at, known, report);
    }
    let repeat = raw.and_then(|raw| repeat(&raw.repeat, report));
    let severity = raw.and_then(|raw| set("severity", &raw.severity, report));
    let on = raw.and_then(|raw| set("on", &raw.on, report));
    let (channel, class) = found?;
    Some((Assignment { channel, class, severity, on, repeat }, Rc::clone(node)))
}

/// The words of a list; an empty list would hear nothing, which nobody means.
fn set<T: Copy + Ord>(key: &str, field: &Field<Items<Phrased<T>>>, report: &mut Report) -> Option<BTreeSet<T>> {
    let items = field.value.as_ref()?;
    if items.0.is_empty()
        && let Some(at) = field.at()
    {
        report
            .error(at, "empty_list", format!("`{key}` is an empty list: the channel would hear nothing"))
            .help(format!("remove `{key}` to hear everything"));
    }
    Some(items.0.iter().map(|item| item.value.0).collect())
}

/// Whether one channel would hear the same thing twice.
fn overlap(one: &Assignment, other: &Assignment) -> bool {
    let shared = |a: &BTreeSet<Severity>, b: &BTreeSet<Severity>| !a.is_disjoint(b);
    one.channel == other.channel
        && match (&one.severity, &other.severity) {
            (Some(a), Some(b)) => shared(a, b),
            (None, _) | (_, None) => true,
        }
}
