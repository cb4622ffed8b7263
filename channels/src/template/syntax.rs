//! From text to elements, refusing what could harm the parser.

use handlebars::TemplateErrorReason;

use super::TemplateError;
use super::place::Places;
use crate::limits::{TEMPLATE_DEPTH_MAX, TEMPLATE_TEXT_MAX_BYTES};

/// Parses the text. Everything that the parser would do by recursion is counted first.
pub(super) fn parse(text: &str) -> Result<handlebars::Template, TemplateError> {
    if text.len() > TEMPLATE_TEXT_MAX_BYTES {
        let message = format!("the template has {} bytes, more than {TEMPLATE_TEXT_MAX_BYTES}", text.len());
        return Err(error((1, 1), message, None));
    }
    check_depth(text)?;
    handlebars::Template::compile(text).map_err(|problem| {
        let place = problem.pos().unwrap_or((1, 1));
        match problem.reason() {
            TemplateErrorReason::MismatchingClosedHelper(opened, closed) => {
                let opened = opened.trim_matches('"');
                let help = format!("write `{{{{/{opened}}}}}`");
                error(place, format!("`{{{{#{opened}}}}}` is closed by `{{{{/{closed}}}}}`"), Some(help))
            }
            TemplateErrorReason::InvalidParam(argument) => error(
                place,
                format!("`{argument}` is no argument"),
                Some("write a name, a number or a \"text\"".into()),
            ),
            TemplateErrorReason::InvalidSyntax(_) => invalid(text, place),
            other => error(place, other.to_string(), None),
        }
    })
}

/// The parser says where it gave up, not why: the two usual reasons have words.
fn invalid(text: &str, place: (usize, usize)) -> TemplateError {
    if let Some(open) = unclosed_tag(text) {
        let place = Places::new(text).line_column_of(open);
        return error(
            place,
            "`{{` is not closed".to_owned(),
            Some("write `{{name}}`, or `\\{{` for the text `{{`".into()),
        );
    }
    let mut open: Vec<(usize, String)> = Vec::new();
    for (start, tag) in tags(text) {
        if let Some(name) = block_name(tag, '#') {
            open.push((start, name));
        } else if let Some(name) = block_name(tag, '/') {
            match open.pop() {
                Some((_, opened)) if opened == name => {}
                Some((_, opened)) => {
                    let message = format!("`{{{{#{opened}}}}}` is closed by `{{{{/{name}}}}}`");
                    let help = format!("write `{{{{/{opened}}}}}`");
                    return error(Places::new(text).line_column_of(start), message, Some(help));
                }
                None => {
                    let message = format!("`{{{{/{name}}}}}` closes nothing");
                    return error(Places::new(text).line_column_of(start), message, None);
                }
            }
        }
    }
    if let Some((start, name)) = open.pop() {
        let help = format!("write `{{{{/{name}}}}}` where it ends");
        let message = format!("`{{{{#{name}}}}}` is not closed");
        return error(Places::new(text).line_column_of(start), message, Some(help));
    }
    let help = "write `{{name}}`, `{{helper name}}` or `{{#if name}}…{{/if}}`".to_owned();
    error(place, "this is not Handlebars".to_owned(), Some(help))
}

fn unclosed_tag(text: &str) -> Option<usize> {
    let last = text.rfind("{{")?;
    (!text[last..].contains("}}")).then_some(last)
}

/// Everything between `{{` and `}}`, with where it starts.
fn tags(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text[from..].find("{{")?;
        let end = text[start..].find("}}").map_or(text.len(), |end| start + end);
        from = (end + 2).min(text.len());
        Some((start, &text[start + 2..end]))
    })
}

fn block_name(tag: &str, sign: char) -> Option<String> {
    let rest = tag.trim_start_matches(['~', ' ']).strip_prefix(sign)?;
    let name: String =
        rest.trim_start().chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).collect();
    Some(name)
}

fn check_depth(text: &str) -> Result<(), TemplateError> {
    let mut blocks: usize = 0;
    for (start, tag) in tags(text) {
        if tag.starts_with("{{") || tag.trim_start_matches(['~', ' ']).starts_with(['>', '*']) || is_partial_block(tag)
        {
            let message = "raw blocks, partials and decorators are not offered".to_owned();
            let help = Some("write the text into this template".to_owned());
            return Err(error(Places::new(text).line_column_of(start), message, help));
        }
        if block_name(tag, '#').is_some() {
            blocks += 1;
        } else if block_name(tag, '/').is_some() {
            blocks = blocks.saturating_sub(1);
        }
        let mut brackets: usize = 0;
        let deepest = tag.chars().fold(0, |deepest: usize, c| {
            brackets = if c == '(' { brackets + 1 } else { brackets.saturating_sub(usize::from(c == ')')) };
            deepest.max(brackets)
        });
        if blocks.max(deepest) > TEMPLATE_DEPTH_MAX {
            let message = format!("more than {TEMPLATE_DEPTH_MAX} blocks or calls are inside each other");
            return Err(error(Places::new(text).line_column_of(start), message, None));
        }
    }
    Ok(())
}

fn is_partial_block(tag: &str) -> bool {
    let inner = tag.trim_start_matches(['~', ' ']);
    inner.strip_prefix('#').is_some_and(|rest| rest.trim_start().starts_with(['>', '*']))
}

pub(super) fn error((line, column): (usize, usize), message: String, help: Option<String>) -> TemplateError {
    TemplateError { line, column, message, help }
}
