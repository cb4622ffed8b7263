//! The form that a client wants, by its `Accept`.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// A form of an answer, before it is known which path writes it how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    JsonLines,
    ArrowStream,
    Csv,
    Parquet,
}

/// The media types that are answered, as errors list them.
pub(super) const ANSWERED: &str = "application/json, application/x-ndjson, application/vnd.apache.arrow.stream, \
                                   text/csv, application/vnd.apache.parquet";

impl Form {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JsonLines => "application/x-ndjson",
            Self::ArrowStream => "application/vnd.apache.arrow.stream",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    fn of(media: &str) -> Option<Self> {
        Some(match media {
            "application/json" | "application/*" | "*/*" => Self::Json,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Self::JsonLines,
            "application/vnd.apache.arrow.stream" => Self::ArrowStream,
            "text/csv" | "text/*" => Self::Csv,
            "application/vnd.apache.parquet" => Self::Parquet,
            _ => return None,
        })
    }
}

/// What a client takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accept {
    /// `None`: no form that there is.
    pub(super) form: Option<Form>,
    /// Whether errors may be `application/problem+json`.
    pub(super) takes_problems: bool,
}

impl Accept {
    /// Reads the header; who says nothing takes JSON.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
        let mut wanted: Vec<(String, f32)> = lines.flat_map(|line| line.split(',')).filter_map(range).collect();
        let takes_problems = wanted.iter().any(|(media, _)| media == "application/problem+json");
        wanted.retain(|(media, _)| media != "application/problem+json");
        // The sort is stable: of two that are wanted alike, the one that is named first.
        wanted.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let form = match wanted.as_slice() {
            [] => Some(Form::Json),
            wanted => wanted.iter().find_map(|(media, _)| Form::of(media)),
        };
        Self { form, takes_problems }
    }
}

/// `text/csv;q=0.5` as its type and weight; `None` when it is not wanted at all.
fn range(text: &str) -> Option<(String, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().filter(|media| !media.is_empty())?.to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let weight = weight.map_or(1.0, |weight| weight.trim().parse().unwrap_or(1.0));
    (weight > 0.0).then_some((media, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> (Option<Form>, bool) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT, line.parse().unwrap());
        }
        let accept = Accept::of(&headers);
        (accept.form, accept.takes_problems)
    }

    #[test]
    fn the_form_that_is_wanted_most_is_found() {
        assert_eq!(of(&[]), (Some(Form::Json), false));
        assert_eq!(of(&["*/*"]), (Some(Form::Json), false));
        assert_eq!(of(&["application/json, application/problem+json;q=0.9"]), (Some(Form::Json), true));
        assert_eq!(of(&["application/problem+json"]), (Some(Form::Json), true));
        assert_eq!(of(&["application/problem+json;q=0"]), (Some(Form::Json), false));
        assert_eq!(of(&["text/csv"]), (Some(Form::Csv), false));
        assert_eq!(of(&["text/html, TEXT/CSV;q=0.2, application/json;q=0.1"]), (Some(Form::Csv), false));
        assert_eq!(of(&["application/json;q=0.1", "application/x-ndjson"]), (Some(Form::JsonLines), false));
        assert_eq!(of(&["application/vnd.apache.arrow.stream"]), (Some(Form::ArrowStream), false));
        assert_eq!(of(&["application/vnd.apache.parquet"]), (Some(Form::Parquet), false));
        assert_eq!(of(&["text/html,application/xhtml+xml,*/*;q=0.8"]), (Some(Form::Json), false));
        assert_eq!(of(&["image/png"]), (None, false));
        assert_eq!(of(&["text/csv;q=0"]), (Some(Form::Json), false));
    }
}
