//! What may be shown of a talk with a mail server: no password, and no address in full.

use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use secrecy::ExposeSecret;

use crate::redact::Redactor;
use crate::send::kept;
use crate::wire::WireMail;

/// The words as they are kept with the attempt. Many servers quote what they refuse.
pub(super) fn shown(text: &str, mail: &WireMail) -> String {
    let mut redactor = Redactor::default();
    if let Some(password) = mail.smtp.password.as_ref().map(ExposeSecret::expose_secret) {
        let user = mail.smtp.username.as_deref().unwrap_or_default();
        redactor.header(password);
        for sent in [password.to_owned(), format!("\0{user}\0{password}"), format!("{user}\0{user}\0{password}")] {
            redactor.header(&BASE64.encode(sent));
        }
    }
    let mut text = redactor.apply(text, false);
    for address in mail.to.iter().chain([&mail.from]) {
        text = text.replace(address.as_str(), &masked(address));
    }
    kept(&text)
}

/// `o…@example.com`: enough to know whom among one's own receivers.
fn masked(address: &str) -> String {
    match (address.chars().next(), address.rsplit_once('@')) {
        (Some(first), Some((_, domain))) => format!("{first}…@{domain}"),
        _ => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{SmtpSpec, SmtpTls};

    #[test]
    fn no_password_and_no_whole_address_is_shown() {
        let mail = WireMail {
            smtp: SmtpSpec {
                host: "mail.example.com".into(),
                port: 587,
                tls: SmtpTls::Starttls,
                username: Some("ops".into()),
                password: Some("hunter2 and more".into()),
            },
            from: "watchfire@example.com".into(),
            to: vec!["ann@example.com".into(), "süd@example.com".into()],
            message: b"Subject: hunter2".to_vec(),
            remote: "ann@example.com".into(),
        };
        let encoded = BASE64.encode("\0ops\0hunter2 and more");
        let said = format!(
            "535 AUTH PLAIN {encoded} for hunter2 and more from <watchfire@example.com> to ann@example.com, süd@example.com"
        );
        assert_eq!(
            shown(&said, &mail),
            "535 AUTH PLAIN [removed] for [removed] from <w…@example.com> to a…@example.com, s…@example.com"
        );
        let debug = format!("{mail:?}");
        for secret in ["hunter2", "ann", "example.com\""] {
            assert!(!debug.replace("mail.example.com", "").contains(secret), "{debug}");
        }
    }
}
