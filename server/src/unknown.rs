//! Names that do not exist, with those that may have been meant.

use axum::http::StatusCode;

use crate::error::ApiError;

/// How many names are suggested.
const SUGGESTED_MAX: usize = 3;
/// How alike two names must be, from 0 to 1, to be taken for each other.
const ALIKE: f64 = 0.75;

/// Nothing of this kind (`alert`, `report`, `channel`, …) has this name.
pub(crate) fn unknown(kind: &str, code: &'static str, name: &str, known: Vec<String>, place: String) -> ApiError {
    ApiError {
        status: StatusCode::NOT_FOUND,
        code,
        message: format!("no {kind} is named `{name}`"),
        place: Some(place),
        help: Some(suggestion(kind, name, known)),
    }
}

fn suggestion(kind: &str, name: &str, mut known: Vec<String>) -> String {
    known.sort();
    known.dedup();
    let mut alike: Vec<(f64, &String)> =
        known.iter().map(|other| (strsim::jaro_winkler(name, other), other)).filter(|(how, _)| *how >= ALIKE).collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0));
    let listed = |names: Vec<&String>| names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if known.is_empty() {
        format!("the definitions in force hold no {kind}")
    } else if alike.is_empty() {
        let first = listed(known.iter().take(SUGGESTED_MAX).collect());
        let more = if known.len() > SUGGESTED_MAX { ", …" } else { "" };
        format!("there are: {first}{more}")
    } else {
        format!("did you mean {}?", listed(alike.into_iter().take(SUGGESTED_MAX).map(|(_, name)| name).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_are_suggested_else_what_there_is() {
        let known = || ["checkout-errors", "checkout-slow", "disk", "mail"].map(str::to_owned).to_vec();
        assert_eq!(suggestion("alert", "checkout-error", known()), "did you mean `checkout-errors`, `checkout-slow`?");
        assert_eq!(suggestion("alert", "zzz", known()), "there are: `checkout-errors`, `checkout-slow`, `disk`, …");
        assert_eq!(suggestion("alert", "zzz", vec![]), "the definitions in force hold no alert");
    }
}
