//! Mail addresses as definitions write them.

use lettre::Address;
use lettre::message::Mailbox;
use url::Url;

use crate::check::SpecError;

/// Checks `ops@example.com` or `Watchfire <ops@example.com>`.
///
/// # Errors
/// When it is neither.
pub fn check_mail_address(text: &str) -> Result<(), SpecError> {
    mailbox(text).map(|_| ())
}

/// Reads an address with or without a name before it. A domain in another script is written as DNS has it.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, SpecError> {
    let wrong = |why| SpecError::MailAddress { why };
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(wrong("it holds a line break or another control character"));
    }
    let (name, address) = parts(text.trim());
    let address: Address = address.parse().map_err(|_| wrong("expected `name@domain` or `Name <name@domain>`"))?;
    let domain = ascii_domain(address.domain()).ok_or_else(|| wrong("its domain is none"))?;
    let email = Address::new(address.user(), domain).map_err(|_| wrong("its domain is none"))?;
    Ok(Mailbox::new((!name.is_empty()).then(|| name.to_owned()), email))
}

/// The name, in quotes or not, and the address. People write names in any script without quotes, which the
/// grammar of mail headers does not know.
fn parts(text: &str) -> (&str, &str) {
    match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, address)) => {
            let name = name.trim();
            (name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name), address)
        }
        None => ("", text),
    }
}

fn ascii_domain(domain: &str) -> Option<String> {
    if domain.is_ascii() {
        return Some(domain.to_owned());
    }
    Url::parse(&format!("http://{domain}/")).ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_name_before_it_or_not() {
        for (text, name, address) in [
            ("ops@example.com", None, "ops@example.com"),
            (" Ops <ops@example.com> ", Some("Ops"), "ops@example.com"),
            ("\"Ops, on call\" <ops@example.com>", Some("Ops, on call"), "ops@example.com"),
            ("Bereitschaft Süd <süd@exämple.de>", Some("Bereitschaft Süd"), "süd@xn--exmple-cua.de"),
            ("ops@localhost", None, "ops@localhost"),
            ("ops@[127.0.0.1]", None, "ops@[127.0.0.1]"),
        ] {
            let mailbox = mailbox(text).unwrap();
            assert_eq!((mailbox.name.as_deref(), mailbox.email.to_string().as_str()), (name, address), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "ops",
            "@example.com",
            "ops@",
            "a@b@c",
            "ops@exa mple.com",
            "Ops <ops@example.com",
            "a@b.c\r\nBcc: d@e.f",
        ] {
            assert!(matches!(check_mail_address(text), Err(SpecError::MailAddress { .. })), "{text}");
        }
    }
}
