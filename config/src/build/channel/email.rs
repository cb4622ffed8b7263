//! Mail.

use secrecy::SecretString;
use watchfire_channels::email::check_mail_address;
use watchfire_channels::limits::MAIL_RECEIVERS_MAX;
use watchfire_channels::{EmailSpec, SmtpSpec, SmtpTls, check_host, is_loopback};

use crate::build::Surroundings;
use crate::build::secret::{Literal, references, secret};
use crate::raw::{RawEmail, RawSmtp};
use crate::read::{Field, quoted};
use crate::report::Report;
use crate::yaml::Node;

pub(super) fn target(raw: &RawEmail, around: &Surroundings<'_>, report: &mut Report) -> Option<EmailSpec> {
    let smtp = raw.smtp.value.as_ref().and_then(|smtp| server(smtp, around, report));
    let from = raw.from.value.as_ref().zip(raw.from.node());
    let from = from.and_then(|(text, node)| mailbox("from", &text.0, node, around, report));
    let to = receivers(raw, around, report);
    Some(EmailSpec { smtp: smtp?, from: from?, to: to? })
}

fn receivers(raw: &RawEmail, around: &Surroundings<'_>, report: &mut Report) -> Option<Vec<String>> {
    let (items, at) = (&raw.to.value.as_ref()?.0, raw.to.at()?);
    if items.is_empty() {
        report
            .error(at, "empty_list", "`to` is an empty list: nobody would get the mail")
            .help("write for example `to: [oncall@example.com]`");
        return None;
    }
    if items.len() > MAIL_RECEIVERS_MAX {
        let message = format!("`to` has {} receivers, and one mail goes to at most {MAIL_RECEIVERS_MAX}", items.len());
        report.error(at, "over_limit", message).help("write to a mailing list, or make another channel");
    }
    items.iter().map(|item| mailbox("to", &item.value.0, &item.node, around, report)).collect()
}

fn mailbox(key: &str, text: &str, node: &Node, around: &Surroundings<'_>, report: &mut Report) -> Option<String> {
    let address = references(key, node, text, around, report)?.text.trim().to_owned();
    if let Err(error) = check_mail_address(&address) {
        let message = format!("`{key}`: `{}` is no mail address", quoted(text));
        report.error(node.at, "bad_mail_address", message).help(error.help());
        return None;
    }
    Some(address)
}

fn server(raw: &RawSmtp, around: &Surroundings<'_>, report: &mut Report) -> Option<SmtpSpec> {
    let tls = raw.tls.value.as_ref().map_or(SmtpTls::Starttls, |tls| tls.0.0);
    let host = host(raw, around, report);
    let port = port(raw, tls, report);
    let username = text("username", &raw.username, around, report);
    let password = password(raw, around, report);
    both_or_neither(raw, report);
    let (host, is_this_machine) = host?;
    let is_login = !raw.username.is_absent() || !raw.password.is_absent();
    if is_login
        && tls == SmtpTls::None
        && !is_this_machine
        && let Some(at) = raw.tls.at()
    {
        report
            .warning(at, "plain_login", "user name and password can be read on their way to the server")
            .help("write `tls: starttls` or `tls: implicit`");
    }
    Some(SmtpSpec { host, port: port?, tls, username, password })
}

fn text(key: &str, field: &Field<crate::read::Text>, around: &Surroundings<'_>, report: &mut Report) -> Option<String> {
    let (value, node) = (field.value.as_ref()?, field.node()?);
    references(key, node, &value.0, around, report).map(|expanded| expanded.text.trim().to_owned())
}

/// The server's name, and whether it is this machine.
fn host(raw: &RawSmtp, around: &Surroundings<'_>, report: &mut Report) -> Option<(String, bool)> {
    let name = text("host", &raw.host, around, report)?;
    match check_host(&name) {
        Ok(host) => Some((name.trim_start_matches('[').trim_end_matches(']').to_owned(), is_loopback(&host))),
        Err(error) => {
            let message = format!("`host: {}` is no name or address of a server", quoted(&raw.host.value.as_ref()?.0));
            report.error(raw.host.at()?, "bad_host", message).help(error.help());
            None
        }
    }
}

fn port(raw: &RawSmtp, tls: SmtpTls, report: &mut Report) -> Option<u16> {
    let usual = match tls {
        SmtpTls::None => 25,
        SmtpTls::Starttls => 587,
        SmtpTls::Implicit => 465,
    };
    if raw.port.is_absent() {
        return Some(usual);
    }
    let (given, at) = (raw.port.value.as_ref()?.0, raw.port.at()?);
    let Ok(port) = u16::try_from(given) else {
        report
            .error(at, "over_limit", format!("`port` is {given}, and ports end at {}", u16::MAX))
            .help(format!("write `port: {usual}`, or leave it out"));
        return None;
    };
    // On these ports a server speaks one of the two; the other waits until it is given up.
    let other = match (port, tls) {
        (465, SmtpTls::Starttls | SmtpTls::None) => Some("implicit"),
        (25 | 587, SmtpTls::Implicit) => Some("starttls"),
        _ => None,
    };
    if let Some(word) = other {
        report
            .warning(at, "unusual_port", format!("servers speak `tls: {word}` on port {port}"))
            .help(format!("write `tls: {word}`, or leave `port` out"));
    }
    Some(port)
}

fn password(raw: &RawSmtp, around: &Surroundings<'_>, report: &mut Report) -> Option<SecretString> {
    let (value, node) = (raw.password.value.as_ref()?, raw.password.node()?);
    secret("password", node, value, Literal::Refused, around, report).map(|(text, _)| SecretString::from(text))
}

fn both_or_neither(raw: &RawSmtp, report: &mut Report) {
    let (given, missing) = match (raw.username.key_at(), raw.password.key_at()) {
        (Some(at), None) => ((at, "username"), "password"),
        (None, Some(at)) => ((at, "password"), "username"),
        (Some(_), Some(_)) | (None, None) => return,
    };
    let help = match missing {
        "password" => "add `password: ${NAME}`, or remove `username`".to_owned(),
        missing => format!("add `{missing}: …`, or remove `{}`", given.1),
    };
    let message = format!("`smtp` has `{}` without `{missing}`", given.1);
    report.error(given.0, "incomplete_login", message).help(help);
}
