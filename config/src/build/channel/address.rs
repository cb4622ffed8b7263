//! Addresses that are secrets: whoever knows them can write into the channel.

use secrecy::SecretString;
use watchfire_channels::{check_url, travels_in_the_clear};

use crate::build::Surroundings;
use crate::build::secret::{Literal, refused, secret};
use crate::read::{Field, SecretText};
use crate::report::Report;

/// The address under `url`. One that stands in the file itself is warned of in the words of `literal`.
pub(super) fn address(
    field: &Field<SecretText>,
    literal: &str,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<SecretString> {
    let (value, node) = (field.value.as_ref()?, field.node()?);
    let (text, is_literal) = secret("url", node, value, Literal::Allowed, around, report)?;
    let url = match check_url(&text) {
        Ok(url) => url,
        Err(error) => {
            refused("bad_url", "url", node, &error, report);
            return None;
        }
    };
    if is_literal {
        report.warning(node.at, "literal_url", literal).help("write `url: ${NAME}` or `url: {file: path}`");
    }
    if travels_in_the_clear(&url) {
        report
            .warning(node.at, "plain_http", "messages to this address can be read on their way")
            .help("use an address that begins with `https://`");
    }
    Some(SecretString::from(text.trim().to_owned()))
}
