//! Opsgenie and Jira Service Management.

use secrecy::SecretString;
use url::Url;
use watchfire_channels::limits::OPSGENIE_RESPONDERS_MAX;
use watchfire_channels::opsgenie::{BASES, base_of};
use watchfire_channels::{OpsgenieSpec, SpecError, check_header_value, check_url, travels_in_the_clear};

use crate::build::Surroundings;
use crate::build::secret::{Literal, references, secret};
use crate::raw::RawOpsgenie;
use crate::read::{nearest, quoted};
use crate::report::Report;
use crate::yaml::Span;

/// What follows the base in every request.
const PATH: &str = "/v2/alerts";

pub(super) fn target(raw: &RawOpsgenie, around: &Surroundings<'_>, report: &mut Report) -> Option<OpsgenieSpec> {
    let auth_key = auth_key(raw, around, report);
    let base_url = base_url(raw, around, report);
    let teams = teams(raw, report);
    Some(OpsgenieSpec { auth_key: auth_key?, base_url: base_url?, teams })
}

fn auth_key(raw: &RawOpsgenie, around: &Surroundings<'_>, report: &mut Report) -> Option<SecretString> {
    let (value, node) = (raw.auth_key.value.as_ref()?, raw.auth_key.node()?);
    let (text, _) = secret("auth_key", node, value, Literal::Refused, around, report)?;
    // It travels in a header.
    if check_header_value(text.trim()).is_err() {
        report
            .error(node.at, "bad_key_value", "`auth_key` holds a character that no key has")
            .help("copy the key of the API integration again; it is one line of letters, digits and `-`");
        return None;
    }
    Some(SecretString::from(text.trim().to_owned()))
}

fn base_url(raw: &RawOpsgenie, around: &Surroundings<'_>, report: &mut Report) -> Option<String> {
    let is_jsm = raw.r#type.value.as_ref().is_some_and(|kind| kind.0 == "jsm");
    let field = &raw.base_url;
    if field.is_absent() {
        return base_of(if is_jsm { "jsm" } else { "us" }).map(str::to_owned);
    }
    let (value, node) = (field.value.as_ref()?, field.node()?);
    let text = references("base_url", node, &value.0, around, report)?.text.trim().to_owned();
    match base_of(&text) {
        Some(_) if is_jsm && text != "jsm" => {
            let message = format!("`type: jsm` and `base_url: {text}` name two different services");
            report.error(node.at, "bad_url", message).help("remove `base_url`, or write `type: opsgenie`");
            None
        }
        Some(base) => Some(base.to_owned()),
        None => given_base(&text, &value.0, node.at, report),
    }
}

/// A base that is written out: an address to which the path can be appended.
///
/// Messages show `written`, the text of the file: what stands in for a `${NAME}` in it may be a secret.
fn given_base(text: &str, written: &str, at: Span, report: &mut Report) -> Option<String> {
    let url = match check_url(text) {
        Ok(url) => url,
        Err(error) => {
            not_a_base(written.trim(), &error, at, report);
            return None;
        }
    };
    if let Some((message, help)) = cannot_be_followed(&url, text == written.trim()) {
        report.error(at, "bad_url", message).help(help);
        return None;
    }
    if travels_in_the_clear(&url) {
        report
            .warning(at, "plain_http", "the key and all messages to this address can be read on their way")
            .help("use an address that begins with `https://`");
    }
    Some(text.trim_end_matches('/').to_owned())
}

fn not_a_base(text: &str, error: &SpecError, at: Span, report: &mut Report) {
    if text.contains([':', '/', '.']) {
        report.error(at, "bad_url", format!("`base_url`: {error}")).help("write `us`, `eu`, `jsm` or a whole address");
        return;
    }
    let help = match nearest(text, BASES.iter().map(|(word, _)| *word)) {
        Some(word) => format!("did you mean `{word}`?"),
        None => "write `us`, `eu`, `jsm` or a whole address".to_owned(),
    };
    report.error(at, "bad_url", format!("`base_url: {}` is neither a word nor an address", quoted(text))).help(help);
}

/// Why nothing can be appended to an address. What `is_literal` in the file may be shown.
fn cannot_be_followed(url: &Url, is_literal: bool) -> Option<(&'static str, String)> {
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        let help = "leave out user, password, `?…` and `#…`; the key has a place of its own".to_owned();
        return Some(("`base_url` is more than the beginning of an address", help));
    }
    let path = url.path().trim_end_matches('/');
    path.ends_with(PATH).then(|| {
        let base = url.as_str().trim_end_matches('/');
        let help = match base.strip_suffix(PATH).filter(|_| is_literal) {
            Some(base) => format!("write `base_url: {base}`"),
            None => "leave out `/v2/alerts` where the variable is set".to_owned(),
        };
        ("`base_url` ends with `/v2/alerts`, which is appended to it", help)
    })
}

fn teams(raw: &RawOpsgenie, report: &mut Report) -> Vec<String> {
    let teams = raw.teams.value.iter().flat_map(|items| &items.0);
    let teams: Vec<_> = teams.map(|item| item.value.0.trim().to_owned()).collect();
    if let Some(at) = raw.teams.at()
        && teams.len() > OPSGENIE_RESPONDERS_MAX
    {
        let message =
            format!("`teams` names {} teams, and an alert takes at most {OPSGENIE_RESPONDERS_MAX}", teams.len());
        report.error(at, "over_limit", message).help("make another channel for the rest of them");
    }
    teams
}
