//! Addresses in messages.

use watchfire_model::{Notification, NotificationKind};

/// Adds the links that lead to this server, when it has a public address.
pub(crate) fn fill(notification: &mut Notification, public_url: Option<&str>) {
    let (Some(base), Some(rule)) = (public_url, &notification.rule) else { return };
    let name = path_segment(rule.name.as_str());
    let alert = format!("{}/{}s/{name}", base.trim_end_matches('/'), rule.kind.as_str());
    notification.links.insert("alert".to_owned(), alert);
}

/// Adds the address of the stored result to a report, when this server has a public address.
pub(crate) fn fill_result(notification: &mut Notification, public_url: Option<&str>) {
    let (Some(base), Some(rule), Some(slot)) = (public_url, &notification.rule, notification.scheduled_for) else {
        return;
    };
    if notification.kind != NotificationKind::ReportReady {
        return;
    }
    let name = path_segment(rule.name.as_str());
    let csv = format!("{}/api/reports/{name}/runs/{slot}/result?format=csv", base.trim_end_matches('/'));
    notification.links.insert("csv".to_owned(), csv);
}

/// A name as one segment of a path.
pub fn path_segment(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leaves_its_segment() {
        assert_eq!(path_segment("checkout-5xx"), "checkout-5xx");
        assert_eq!(path_segment("a/b c?ü"), "a%2Fb%20c%3F%C3%BC");
    }
}
