//! Opsgenie, and Jira Service Management, which takes the same requests.
//!
//! ```text
//!  first of a thread ──► POST /v2/alerts                 an alert is opened, under the thread's key as its alias
//!  later ones ─────────► POST /v2/alerts/{alias}/notes   an open alert keeps its text, so changes are notes
//!  its end ────────────► POST /v2/alerts/{alias}/close
//! ```
//!
//! Everything is answered with 202: accepted, not done. [`crate::Sender`] asks once what came of it.

mod alert;
mod answer;
mod description;

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};
use url::Url;
use watchfire_model::{Notification, NotificationKind, Reason, ThreadKey};

use crate::channel::{RenderError, Telling};
use crate::check::{SpecError, check_header_value, check_url};
use crate::form::Form;
use crate::html::cut_units;
use crate::limits::{OPSGENIE_ALIAS_MAX, OPSGENIE_NOTE_MAX, OPSGENIE_ROWS_MAX, OPSGENIE_TABLE_WIDTH};
use crate::message::Message;
use crate::message::text::lines;
use crate::plain_text::plain_text;
use crate::spec::OpsgenieSpec;
use crate::wire::{HeaderText, Vendor, Wire, WireRequest};

pub(crate) use answer::{classify, follow_up, settled};

/// Who we are in an alert.
const SOURCE: &str = "watchfire";

/// The words for the addresses of the vendor, with the addresses.
pub const BASES: [(&str, &str); 3] = [
    ("us", "https://api.opsgenie.com"),
    ("eu", "https://api.eu.opsgenie.com"),
    ("jsm", "https://api.atlassian.com/jsm/ops/integration"),
];

/// The base address that a word in a definition stands for.
pub fn base_of(word: &str) -> Option<&'static str> {
    BASES.iter().find(|(known, _)| *known == word).map(|(_, base)| *base)
}

/// Makes the request that tells a message, or nothing for what should call nobody.
///
/// # Errors
/// When the address or the key of the definition cannot be used.
pub fn render(spec: &OpsgenieSpec, message: &Message, telling: &Telling<'_>) -> Result<Wire, RenderError> {
    let alias = alias(telling.notification);
    let (path, body): (&[&str], Json) = match step(telling.notification, telling.root.is_some()) {
        Step::Create => (&[], alert::body(spec, message, telling, &alias)),
        Step::Note => (&[&alias, "notes"], note(message, telling.form)),
        Step::Close => (&[&alias, "close"], note(message, telling.form)),
        Step::Nothing(why) => return Ok(Wire::Nothing { why: why.to_owned() }),
    };
    Ok(Wire::Http(WireRequest {
        vendor: Vendor::Opsgenie,
        method: Method::POST,
        url: String::from(address(spec, path)?).into(),
        headers: headers(spec)?,
        body: body.to_string().into_bytes(),
        attempted_at: telling.attempted_at,
    }))
}

/// What a notification does to the alerts there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Opens one.
    Create,
    /// Says more about an open one.
    Note,
    /// Ends it.
    Close,
    /// Calls nobody, because.
    Nothing(&'static str),
}

/// `is_known` says that an earlier message of the same thread has arrived there.
///
/// Whatever is the first that this receiver hears of a trouble opens an alert, also a raise of its severity:
/// an assignment to criticals only hears of nothing before.
fn step(notification: &Notification, is_known: bool) -> Step {
    match notification.kind {
        NotificationKind::AlertNoData if notification.reason == Reason::DataBack => Step::Close,
        NotificationKind::AlertResolved | NotificationKind::AlertRecovered => Step::Close,
        NotificationKind::AlertStarted
        | NotificationKind::AlertMatches
        | NotificationKind::AlertRepeated
        | NotificationKind::AlertUpdated
        | NotificationKind::AlertChanged
        | NotificationKind::AlertNoData
        | NotificationKind::AlertFailed
        | NotificationKind::IssueNew
        | NotificationKind::IssueRegressed
        | NotificationKind::IssueEscalating => {
            if is_known {
                Step::Note
            } else {
                Step::Create
            }
        }
        NotificationKind::ChannelBroken | NotificationKind::Test => Step::Create,
        // An alert that nothing ever closes would be left behind, and somebody woken for what is over.
        NotificationKind::AlertSummary => Step::Nothing("it was over before it could be told, which pages nobody"),
        NotificationKind::ReportReady => Step::Nothing("a report pages nobody"),
        NotificationKind::IssueDigest => Step::Nothing("a digest pages nobody"),
    }
}

/// The name of the alert there: the same from its start to its end.
fn alias(notification: &Notification) -> String {
    let key = notification.thread.as_ref().map_or_else(|| notification.id.as_str(), ThreadKey::as_str);
    let safe = key.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' });
    safe.take(OPSGENIE_ALIAS_MAX).collect()
}

/// A note, or the note of a close: what the message says, as text.
fn note(message: &Message, form: Form) -> Json {
    let text = match form {
        Form::Native | Form::Mono => plain_text(message, OPSGENIE_TABLE_WIDTH, OPSGENIE_ROWS_MAX),
        Form::Plain => format!("{}: {}", message.state, message.title),
    };
    json!({"source": SOURCE, "user": SOURCE, "note": cut_units(&lines(&text), OPSGENIE_NOTE_MAX)})
}

fn address(spec: &OpsgenieSpec, path: &[&str]) -> Result<Url, SpecError> {
    let mut url = check_url(&spec.base_url)?;
    url.set_fragment(None);
    url.path_segments_mut().expect("an http address has a path").pop_if_empty().extend(["v2", "alerts"]).extend(path);
    url.set_query((!path.is_empty()).then_some("identifierType=alias"));
    Ok(url)
}

fn headers(spec: &OpsgenieSpec) -> Result<Vec<(String, HeaderText)>, SpecError> {
    let key = format!("GenieKey {}", spec.auth_key.expose_secret().trim());
    check_header_value(&key)?;
    Ok(vec![
        ("content-type".to_owned(), HeaderText::new("application/json")),
        ("user-agent".to_owned(), HeaderText::new(crate::wire::USER_AGENT)),
        ("authorization".to_owned(), HeaderText::new(key)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_words_stand_for_addresses() {
        assert_eq!(base_of("us"), Some("https://api.opsgenie.com"));
        assert_eq!(base_of("eu"), Some("https://api.eu.opsgenie.com"));
        assert_eq!(base_of("jsm"), Some("https://api.atlassian.com/jsm/ops/integration"));
        assert_eq!(base_of("https://api.opsgenie.com"), None);
    }

    #[test]
    fn any_base_address_leads_to_the_alerts_with_or_without_a_slash() {
        let spec = |base: &str| OpsgenieSpec { auth_key: "key".into(), base_url: base.to_owned(), teams: Vec::new() };
        for (base, create, close) in [
            (
                "https://api.opsgenie.com",
                "https://api.opsgenie.com/v2/alerts",
                "https://api.opsgenie.com/v2/alerts/th_1/close?identifierType=alias",
            ),
            (
                "http://127.0.0.1:9/jsm/ops/integration/",
                "http://127.0.0.1:9/jsm/ops/integration/v2/alerts",
                "http://127.0.0.1:9/jsm/ops/integration/v2/alerts/th_1/close?identifierType=alias",
            ),
        ] {
            assert_eq!(address(&spec(base), &[]).unwrap().as_str(), create);
            assert_eq!(address(&spec(base), &["th_1", "close"]).unwrap().as_str(), close);
        }
        assert_eq!(
            address(&spec("api.opsgenie.com"), &[]).unwrap_err().to_string(),
            "the address is no URL (relative URL without a base)"
        );
    }
}
