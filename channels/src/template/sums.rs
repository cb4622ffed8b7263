//! Helpers over lists. A message holds only so many rows and changes; where it knows the whole, the whole is told.

use handlebars::{Context, Handlebars, Helper, HelperDef, RenderContext, RenderError, ScopedJson};
use serde_json::Value as Json;

use super::context::CHANGE_COUNT;
use super::helpers::{number_of, present};
use super::run::{Budget, problem};

/// `sum rows "x"`: NULL counts as nothing. Over all rows where the message has the total.
pub(super) struct Sum(pub Budget);

/// `len x`: of a list, an object or a text. Of `rows` and `changes` how many there are in full.
pub(super) struct Len;

impl HelperDef for Sum {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        call: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let rows = present(call, 0)?.as_array().ok_or_else(|| problem("`sum` takes a list of rows"))?;
        let column = present(call, 1)?.as_str().ok_or_else(|| problem("`sum` takes a column's name in quotes"))?;
        self.0.take(rows.len())?;
        if is_root(call, "rows")
            && let Some(total) = whole(context.data(), rows.len(), column)
        {
            return Ok(ScopedJson::Derived(total.clone()));
        }
        let all = context.data().get("row_count").and_then(Json::as_u64).unwrap_or(0);
        if is_root(call, "rows") && all > rows.len() as u64 {
            return Err(problem(format!(
                "`sum`: only {} of {all} rows are here, and their sum would mislead",
                rows.len()
            )));
        }
        if !rows.is_empty() && rows.iter().all(|row| row.get(column).is_none()) {
            return Err(problem(format!("`sum`: there is no column `{column}`")));
        }
        let mut sum = 0.0;
        for value in rows.iter().filter_map(|row| row.get(column)).filter(|value| !value.is_null()) {
            sum += number_of(value).map_err(|words| problem(format!("`sum`: {words}")))?;
        }
        // Noise of floating addition is cut: 0.1 and 0.2 are 0.3.
        let sum: f64 = format!("{sum:.9}").parse().unwrap_or(sum);
        Ok(ScopedJson::Derived(number(sum)))
    }
}

impl HelperDef for Len {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        call: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let whole = |name: &str| context.data().get(name).and_then(Json::as_u64).unwrap_or(0);
        let length = match present(call, 0)? {
            Json::Array(items) if is_root(call, "rows") => whole("row_count").max(items.len() as u64),
            Json::Array(items) if is_root(call, "changes") => whole(CHANGE_COUNT).max(items.len() as u64),
            Json::Array(items) => items.len() as u64,
            Json::Object(map) => map.len() as u64,
            Json::String(text) => text.chars().count() as u64,
            Json::Null => 0,
            Json::Bool(_) | Json::Number(_) => return Err(problem("`len` takes a list or a text")),
        };
        Ok(ScopedJson::Derived(Json::from(length)))
    }
}

/// Whether the first argument is the list of that name at the top.
fn is_root(call: &Helper<'_>, name: &str) -> bool {
    call.param(0).and_then(|argument| argument.context_path()).is_some_and(|path| path == &[name.to_owned()])
}

/// The total over all rows, when the message holds only some of them.
fn whole<'a>(root: &'a Json, held: usize, column: &str) -> Option<&'a Json> {
    let all = root.get("row_count")?.as_u64()?;
    (all > held as u64).then(|| root.get("totals")?.get(column)).flatten().filter(|total| !total.is_null())
}

/// A whole number without a fraction.
fn number(sum: f64) -> Json {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small enough")]
    if sum.fract() == 0.0 && sum.abs() < 9e15 { Json::from(sum as i64) } else { Json::from(sum) }
}
