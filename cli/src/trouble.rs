//! A command that has no answer says why: on stderr for people, and as JSON where JSON was asked for.

use serde_json::json;

use crate::arguments::Output;
use crate::output;

/// Tells why there is no answer. With `--output json`, stdout gets one value all the same, shaped as over HTTP.
pub(crate) fn tell(form: Output, code: &str, message: &str, help: Option<&str>) {
    let hint = help.map(|help| format!("; {help}")).unwrap_or_default();
    eprintln!("watchfire: {message}{hint}");
    if form == Output::Json {
        let value = json!({"error": {"code": code, "message": message, "where": null, "help": help}});
        if let Err(trouble) = output::json(&value) {
            eprintln!("watchfire: stdout cannot be written: {trouble}");
        }
    }
}

/// An error with its causes, each said once: many repeat their cause in their own words.
pub(crate) fn sentence(trouble: &anyhow::Error) -> String {
    trouble.chain().fold(String::new(), |sentence, cause| {
        let cause = cause.to_string();
        match sentence.as_str() {
            "" => cause,
            said if said.contains(&cause) => sentence,
            _ => format!("{sentence}: {cause}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::sentence;

    #[test]
    fn a_cause_is_said_once() {
        let said =
            Err::<(), _>(anyhow!("no such file")).context("cannot read a: no such file").context("no definitions");
        assert_eq!(sentence(&said.expect_err("it is an error")), "no definitions: cannot read a: no such file");
    }
}
