//! Addresses for people, the most useful first.

use url::Url;
use watchfire_model::{Notification, RuleKind};

use crate::limits::{LINK_LABEL_MAX_CHARS, LINK_URL_MAX_BYTES, LINKS_MAX};
use crate::message::Link;
use crate::message::text::one_line_cut;

/// The names that have words of ours, in the order of use.
const KNOWN: [&str; 6] = ["alert", "query", "runbook", "silence", "report", "csv"];

pub(super) fn of(notification: &Notification) -> Vec<Link> {
    let known = KNOWN.iter().filter_map(|name| notification.links.get_key_value(*name));
    let others = notification.links.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str()));
    known
        .chain(others)
        .filter(|(_, url)| is_shown(url))
        .take(LINKS_MAX)
        .map(|(name, url)| Link { label: label(name, notification), url: url.clone() })
        .collect()
}

/// Receivers refuse a whole message for one bad address, and a cut one leads nowhere.
fn is_shown(url: &str) -> bool {
    let is_clean = !url.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '|' | '"'));
    is_clean
        && url.len() <= LINK_URL_MAX_BYTES
        && Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn label(name: &str, notification: &Notification) -> String {
    let kind = notification.rule.as_ref().map(|rule| rule.kind);
    match name {
        "alert" => match kind {
            Some(RuleKind::Report) => "Open report",
            Some(RuleKind::Issue) => "Open issue",
            Some(RuleKind::Alert) | None => "Open alert",
        }
        .to_owned(),
        "query" => "Query".to_owned(),
        "runbook" => "Runbook".to_owned(),
        "silence" => "Silence".to_owned(),
        "report" => "Report".to_owned(),
        "csv" => "CSV".to_owned(),
        other => {
            let words = one_line_cut(&other.replace('_', " "), LINK_LABEL_MAX_CHARS);
            let mut letters = words.chars();
            match letters.next() {
                Some(first) => first.to_uppercase().chain(letters).collect(),
                None => "Link".to_owned(),
            }
        }
    }
}
