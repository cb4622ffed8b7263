//! Who hears of a rule.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use watchfire_alerts::{Assignment, Repeat};
use watchfire_channels::Format;
use watchfire_model::{ChannelClass, ChannelName, Reason, Severity};

use super::Known;
use super::format::format;
use super::settings::unknown_channel;
use crate::phrases::RawRepeat;
use crate::problem::Place;
use crate::raw::{RawAssignment, RawFormat, RawNotify, RawReportAssignment, RuleKeys};
use crate::read::{Field, Item, Items, Phrase, Phrased, Text, quoted};
use crate::report::Report;
use crate::yaml::Node;

/// Who hears of a rule, and how it looks there.
#[derive(Default)]
pub(super) struct Audience {
    pub assignments: Vec<Assignment>,
    pub formats: BTreeMap<ChannelName, Format>,
    /// Columns that are summed, each with its place.
    pub totals: Vec<(String, Place)>,
}

/// An entry of `notify` of one kind of rule.
pub(super) trait Hearing {
    /// Whether it is about a report, which pages nobody.
    const IS_REPORT: bool;

    fn channel(&self) -> &Field<Text>;
    fn format(&self) -> &Field<RawFormat>;
    /// What of the rule it hears.
    fn heard(&self, report: &mut Report) -> Heard;
}

/// What one channel hears; `None`: all of it.
#[derive(Default)]
pub(super) struct Heard {
    severity: Option<BTreeSet<Severity>>,
    on: Option<BTreeSet<Reason>>,
    repeat: Option<Repeat>,
}

impl Hearing for RawAssignment {
    const IS_REPORT: bool = false;

    fn channel(&self) -> &Field<Text> {
        &self.channel
    }

    fn format(&self) -> &Field<RawFormat> {
        &self.format
    }

    fn heard(&self, report: &mut Report) -> Heard {
        let repeat = repeat(&self.repeat, report);
        let severity = set("severity", &self.severity, |level| level, report);
        Heard { severity, on: set("on", &self.on, |reason| reason, report), repeat }
    }
}

impl Hearing for RawReportAssignment {
    const IS_REPORT: bool = true;

    fn channel(&self) -> &Field<Text> {
        &self.channel
    }

    fn format(&self) -> &Field<RawFormat> {
        &self.format
    }

    fn heard(&self, report: &mut Report) -> Heard {
        Heard { on: set("on", &self.on, |reason| reason.0, report), ..Heard::default() }
    }
}

/// The audience of a rule; what names no channel is reported and left out.
pub(super) fn audience<T: Hearing>(
    notify: &Field<Items<RawNotify<T>>>,
    known: &Known<'_>,
    report: &mut Report,
) -> Audience {
    let mut audience = Audience::default();
    for item in notify.value.iter().flat_map(|items| &items.0) {
        let Some((assignment, node, look)) = assignment(item, known, report) else { continue };
        if audience.assignments.iter().any(|earlier| overlap(earlier, &assignment)) {
            let message = format!("`notify` names the channel `{}` twice", quoted(assignment.channel.as_str()));
            report
                .error(node.at, "duplicate_channel", message)
                .help("keep one of the two, or give them different `severity` lists");
        }
        let hears_reports = assignment.on.as_ref().is_none_or(|on| on.contains(&Reason::Report));
        if T::IS_REPORT && hears_reports && known.class(assignment.channel.as_str()) == Some(ChannelClass::Paging) {
            report
                .warning(node.at, "pages_nobody", "a report pages nobody: this channel hears of a failing query only")
                .help("add a channel of another type; write `on: [query_failed, query_recovered]` if that is meant");
        }
        if let Some(look) = look {
            look_of(look, &assignment, known, &mut audience, report);
        }
        audience.assignments.push(assignment);
    }
    audience
}

/// Notes how a channel's messages look: in one way, also where a rule names it twice.
fn look_of(
    look: &Field<RawFormat>,
    assignment: &Assignment,
    known: &Known<'_>,
    audience: &mut Audience,
    report: &mut Report,
) {
    let Some(made) = format(look, known.class(assignment.channel.as_str()), &mut audience.totals, report) else {
        return;
    };
    match audience.formats.get(&assignment.channel) {
        Some(earlier) if *earlier != made => {
            if let Some(at) = look.key_at() {
                let message = format!("`{}` has another `format` above", quoted(assignment.channel.as_str()));
                report
                    .error(at, "duplicate_format", message)
                    .help("give both the same `format`, or make a second channel with the same address");
            }
        }
        Some(_) => {}
        None => {
            audience.formats.insert(assignment.channel.clone(), made);
        }
    }
}

/// The channel that `owner` names, if it names one; else it is a team.
pub(super) fn owner_channel(keys: &RuleKeys<'_>, known: &Known<'_>) -> Option<ChannelName> {
    keys.owner.value.as_ref().and_then(|owner| known.channel(&owner.0)).map(|(name, _)| name)
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

/// An assignment, the node that names its channel, and the look that it asks for.
type Assigned<'a> = (Assignment, Rc<Node>, Option<&'a Field<RawFormat>>);

fn assignment<'a, T: Hearing>(
    item: &'a Item<RawNotify<T>>,
    known: &Known<'_>,
    report: &mut Report,
) -> Option<Assigned<'a>> {
    let (name, node, raw) = match &item.value {
        RawNotify::Name(name) => (&name.0, &item.node, None),
        RawNotify::Assignment(raw) => (&raw.channel().value.as_ref()?.0, raw.channel().node()?, Some(raw)),
    };
    let found = known.channel(name);
    if found.is_none() {
        unknown_channel(name, node.at, known, report);
    }
    let Heard { severity, on, repeat } = raw.map(|raw| raw.heard(report)).unwrap_or_default();
    let (channel, class) = found?;
    let look = raw.map(|raw| raw.format());
    Some((Assignment { channel, class, severity, on, repeat }, Rc::clone(node), look))
}

/// The words of a list; an empty list would hear nothing, which nobody means.
fn set<W: Phrase + Copy, T: Ord>(
    key: &str,
    field: &Field<Items<Phrased<W>>>,
    meant: impl Fn(W) -> T,
    report: &mut Report,
) -> Option<BTreeSet<T>> {
    let items = field.value.as_ref()?;
    if items.0.is_empty()
        && let Some(at) = field.at()
    {
        report
            .error(at, "empty_list", format!("`{key}` is an empty list: the channel would hear nothing"))
            .help(format!("remove `{key}` to hear everything"));
    }
    Some(items.0.iter().map(|item| meant(item.value.0)).collect())
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
