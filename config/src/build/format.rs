//! How messages look in one channel.

use watchfire_channels::Format;
use watchfire_model::ChannelClass;

use crate::problem::Place;
use crate::raw::RawFormat;
use crate::read::Field;
use crate::report::Report;

/// The look that a rule wants in a channel of this class, if it wants any; `None` as class: nobody knows it.
///
/// Columns that are summed are added to `totals`, to be looked for in the result.
pub(super) fn format(
    field: &Field<RawFormat>,
    class: Option<ChannelClass>,
    totals: &mut Vec<(String, Place)>,
    report: &mut Report,
) -> Option<Format> {
    let raw = field.value.as_ref()?;
    let table = raw.table.value.as_ref();
    let columns = table.and_then(|table| table.total.value.as_ref());
    for column in columns.iter().flat_map(|columns| &columns.0) {
        totals.push((column.value.0.clone(), report.source.place(column.at())));
    }
    without_effect(field, raw, class, report);
    Some(Format {
        max_rows: table.and_then(|table| table.max_rows.value.as_ref()).map(|count| count.0),
        total: columns.iter().flat_map(|columns| columns.names()).map(str::to_owned).collect(),
        has_bars: raw.chart.value.is_some(),
        attaches_csv: raw.attach.value.is_some(),
    })
}

fn without_effect(field: &Field<RawFormat>, raw: &RawFormat, class: Option<ChannelClass>, report: &mut Report) {
    match (class, field.key_at(), raw.attach.key_at()) {
        (Some(ChannelClass::Webhook), Some(at), _) => {
            let message = "`format` has no effect on a webhook, which gets the rows as data";
            report.warning(at, "no_effect", message).help("remove it");
        }
        (Some(ChannelClass::Chat | ChannelClass::Paging), _, Some(at)) => {
            let message = "`attach` has an effect in mail only: this channel takes no files";
            report.warning(at, "no_effect", message).help("remove it, or add a channel of `type: email`");
        }
        (Some(ChannelClass::Webhook | ChannelClass::Mail | ChannelClass::Chat | ChannelClass::Paging) | None, _, _) => {
        }
    }
}
