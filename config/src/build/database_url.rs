//! The address of a database server: a secret as soon as it has a password.

use url::Url;
use watchfire_model::DatabaseUrl;

use super::Surroundings;
use super::environment::expand;
use super::secret::{Literal, secret};
use crate::read::{Field, SecretText, SecretValue};
use crate::report::Report;

/// The address under `url`. A password in the file itself is a mistake; nothing of the address is repeated.
pub(super) fn database_url(
    field: &Field<SecretText>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<DatabaseUrl> {
    let (value, node) = (field.value.as_ref()?, field.node()?);
    let (text, _) = secret("url", node, value, Literal::Allowed, around, report)?;
    if let SecretValue::Text(written) = &value.0
        && has_password(&without_references(written))
    {
        report
            .error(node.at, "literal_secret", "`url` holds a password that stands in the file itself")
            .help("write `url: \"${NAME}\"`, `url: {file: path}`, or `postgres://user:${PASSWORD}@host/database`");
        return None;
    }
    if Url::parse(text.trim()).is_ok_and(|url| is_torn(&url)) {
        report
            .error(node.at, "bad_url", "`url` has an `@` behind its host, where the end of a password may stand")
            .help("write the signs `@`, `/`, `?` and `#` of a password or a name as `%40`, `%2F`, `%3F` and `%23`");
        return None;
    }
    let is_address = Url::parse(text.trim()).is_ok_and(|url| matches!(url.scheme(), "postgres" | "postgresql"));
    if !is_address {
        report
            .error(node.at, "bad_url", "`url` is no address of a PostgreSQL database")
            .help("write `postgres://user:${PASSWORD}@host:5432/database`");
        return None;
    }
    Some(DatabaseUrl::new(text.trim()))
}

/// Whether a `/`, `?` or `#` in the password may have ended the address of the server: the rest of the password counts as
/// the name of the database then, which is shown to people.
fn is_torn(url: &Url) -> bool {
    let has_user = !url.username().is_empty() || url.password().is_some();
    let in_query = match has_user {
        // `user=name@server` is known from elsewhere.
        true => url.query_pairs().any(|(key, _)| key.contains('@')),
        false => url.query().is_some_and(|query| query.contains('@')),
    };
    url.path().contains('@') || url.fragment().is_some_and(|fragment| fragment.contains('@')) || in_query
}

/// What stands in the file, without what comes from elsewhere.
fn without_references(written: &str) -> String {
    // A variable without a value leaves its default, which stands in the file.
    let nothing = |name: &str| name.is_empty().then(String::new);
    let mut rest = written.to_owned();
    while let Some(start) = rest.find("${") {
        let Some(end) = rest[start..].find('}').map(|end| start + end + 1) else { break };
        let default = expand(&rest[start..end], &nothing).map(|expanded| expanded.text).unwrap_or_default();
        rest.replace_range(start..end, &default);
    }
    rest
}

fn has_password(text: &str) -> bool {
    let Ok(url) = Url::parse(text.trim()) else { return false };
    let in_query = url.query_pairs().any(|(key, value)| key == "password" && !value.is_empty());
    url.password().is_some_and(|password| !password.is_empty()) || in_query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_password_that_stands_in_the_file_is_found() {
        let found = |written: &str| has_password(&without_references(written));
        assert!(found("postgres://joe:secret@db/shop"));
        assert!(found("postgres://db/shop?password=secret"));
        assert!(found("${DB:-postgres://joe:secret@db/shop}"));
        assert!(!found("postgres://joe@db/shop"));
        assert!(!found("postgres://joe:${PASSWORD}@db/shop"));
        assert!(!found("${DB}"));
    }

    #[test]
    fn an_address_that_a_password_tore_apart_is_known() {
        let torn = |text: &str| is_torn(&Url::parse(text).unwrap());
        for text in [
            "postgres://joe:2024/s3cret@db.example.com/shop",
            "postgres://joe:2024?s3cret@db.example.com/shop",
            "postgres://joe:2024#s3cret@db.example.com/shop",
            "postgres://joe:s3@2024/cret@db.example.com/shop",
            "postgres://joe:s3@2024?cret@db.example.com/shop",
        ] {
            assert!(torn(text), "{text}");
        }
        for text in [
            "postgres://joe:s3%2Fcret%40@db.example.com/shop%40home",
            "postgres://joe:s3@cret@db.example.com/shop",
            "postgres://joe:secret@db.example.com/shop?options=-c%20a%3D@b",
            "postgres://db.example.com/shop",
        ] {
            assert!(!torn(text), "{text}");
        }
    }
}
