//! The helpers of templates: values in, text out. None of them touches files, the network or the clock.

use std::str::FromStr;

use chrono_tz::Tz;
use handlebars::{Context, Handlebars, Helper, HelperDef, PathAndJson, RenderContext, RenderError, ScopedJson};
use serde_json::Value as Json;
use watchfire_model::Timestamp;

use super::context::{NOW, ZONE};
use super::run::{Budget, problem};
use super::sums::{Len, Sum};
use crate::message::number_text::{float_text, float_text_with, grouped};
use crate::message::text::{cut, one_line_cut};
use crate::message::{date_text, duration_text, instant_text};

/// The most decimals that somebody may ask for.
const DECIMALS_MAX: usize = 9;

/// Signs that stand before an amount. Other currencies stand before it as their word.
const SIGNS: [(&str, &str); 4] = [("USD", "$"), ("EUR", "€"), ("GBP", "£"), ("JPY", "¥")];

/// A helper that makes text of its arguments. The first one is neither missing nor NULL.
type Write = fn(&Json, Option<&Json>, &Context) -> Result<String, String>;

struct Words(&'static str, Write);

/// Adds the helpers that cost next to nothing.
pub(super) fn register(registry: &mut Handlebars<'static>) {
    let all: [Words; 8] = [
        Words("num", num),
        Words("percent", percent),
        Words("money", money),
        Words("dur", dur),
        Words("ago", ago),
        Words("date", date),
        Words("time", time),
        Words("trunc", trunc),
    ];
    for words in all {
        registry.register_helper(words.0, Box::new(words));
    }
    registry.register_helper("upper", Box::new(Words("upper", |value, _, _| Ok(text_of(value).to_uppercase()))));
    registry.register_helper("len", Box::new(Len));
}

/// Adds the helpers that go through lists.
pub(super) fn register_counted<'rc>(scope: &mut RenderContext<'_, 'rc>, budget: &Budget) {
    scope.register_local_helper("sum", Box::new(Sum(budget.clone())));
    scope.register_local_helper("json", Box::new(ToJson(budget.clone())));
}

impl HelperDef for Words {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        call: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let Self(name, write) = self;
        let value = present(call, 0)?;
        if value.is_null() {
            return Ok(ScopedJson::Derived(Json::String(String::new())));
        }
        let option = match call.param(1) {
            Some(_) => Some(present(call, 1)?),
            None => None,
        };
        let text =
            write(value, option, context).map_err(|problem_words| problem(format!("`{name}`: {problem_words}")))?;
        Ok(ScopedJson::Derived(Json::String(text)))
    }
}

/// An argument that is there; NULL is.
pub(super) fn present<'a>(call: &'a Helper<'_>, place: usize) -> Result<&'a Json, RenderError> {
    let argument: &PathAndJson<'_> =
        call.param(place).ok_or_else(|| problem(format!("`{}` has too few arguments", call.name())))?;
    if argument.is_value_missing() {
        return Err(RenderError::strict_error(argument.relative_path()));
    }
    Ok(argument.value())
}

/// JSON, compact.
struct ToJson(Budget);

impl HelperDef for ToJson {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        call: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let value = present(call, 0)?;
        self.0.take(size(value))?;
        Ok(ScopedJson::Derived(Json::String(value.to_string())))
    }
}

fn size(value: &Json) -> usize {
    match value {
        Json::Array(items) => items.iter().map(size).sum::<usize>() + 1,
        Json::Object(map) => map.values().map(size).sum::<usize>() + 1,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => 1,
    }
}

fn num(value: &Json, decimals: Option<&Json>, _: &Context) -> Result<String, String> {
    if let (Json::Number(number), None) = (value, decimals)
        && (number.is_i64() || number.is_u64())
    {
        return Ok(grouped(&number.to_string()));
    }
    let number = number_of(value)?;
    Ok(match decimals_of(decimals)? {
        Some(decimals) => float_text_with(number, decimals),
        None => float_text(number),
    })
}

/// `0.074` is `7.4 %`; a small share keeps two digits, a whole one has none.
fn percent(value: &Json, decimals: Option<&Json>, _: &Context) -> Result<String, String> {
    let percent = number_of(value)? * 100.0;
    let text = match decimals_of(decimals)? {
        Some(decimals) => float_text_with(percent, decimals),
        None if percent != 0.0 && percent.abs() < 0.1 => two_digits(percent),
        None => float_text_with(percent, 1).trim_end_matches(".0").to_owned(),
    };
    Ok(format!("{text} %"))
}

fn two_digits(number: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "the logarithm of a float lies between -324 and 0")]
    let magnitude = number.abs().log10().floor() as i32;
    let decimals = usize::try_from(1 - magnitude).unwrap_or(0).min(DECIMALS_MAX);
    float_text_with(number, decimals).trim_end_matches('0').to_owned()
}

fn money(value: &Json, currency: Option<&Json>, _: &Context) -> Result<String, String> {
    let amount = number_of(value)?;
    let currency = currency.map(text_of).unwrap_or_default().to_ascii_uppercase();
    let decimals = if currency == "JPY" { 0 } else { 2 };
    let digits = float_text_with(amount.abs(), decimals);
    let minus = if amount < 0.0 && digits.contains(|c: char| ('1'..='9').contains(&c)) { "-" } else { "" };
    Ok(match SIGNS.iter().find(|(word, _)| *word == currency) {
        Some((_, sign)) => format!("{minus}{sign}{digits}"),
        None if currency.is_empty() => format!("{minus}{digits}"),
        None => format!("{} {minus}{digits}", one_line_cut(&currency, 8)),
    })
}

/// Seconds as people say them.
fn dur(value: &Json, _: Option<&Json>, _: &Context) -> Result<String, String> {
    #[expect(clippy::cast_possible_truncation, reason = "a span that is too long is shown as the longest")]
    let micros = (number_of(value)? * 1_000_000.0) as i64;
    Ok(duration_text(micros))
}

/// How long before the message's own instant something was.
fn ago(value: &Json, _: Option<&Json>, context: &Context) -> Result<String, String> {
    let now = instant_of(context.data().get(NOW).unwrap_or(&Json::Null))?;
    let lasted = i64::try_from(now.since(instant_of(value)?).as_micros()).unwrap_or(i64::MAX);
    Ok(format!("{} ago", duration_text(lasted)))
}

fn date(value: &Json, zone: Option<&Json>, context: &Context) -> Result<String, String> {
    Ok(date_text(instant_of(value)?, zone_of(zone, context)?))
}

fn time(value: &Json, zone: Option<&Json>, context: &Context) -> Result<String, String> {
    Ok(instant_text(instant_of(value)?, zone_of(zone, context)?))
}

fn trunc(value: &Json, length: Option<&Json>, _: &Context) -> Result<String, String> {
    let length = length.and_then(Json::as_u64).ok_or("the length must be a whole number")?;
    Ok(cut(&text_of(value), usize::try_from(length).unwrap_or(usize::MAX)))
}

/// A number, or a text that is one: exact decimals and large whole numbers are texts.
pub(super) fn number_of(value: &Json) -> Result<f64, String> {
    let number = match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.parse().ok(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    };
    number.filter(|number| number.is_finite()).ok_or_else(|| format!("{} is no number", shown(value)))
}

fn instant_of(value: &Json) -> Result<Timestamp, String> {
    value.as_str().and_then(Timestamp::parse).ok_or_else(|| format!("{} is no instant", shown(value)))
}

fn decimals_of(value: Option<&Json>) -> Result<Option<usize>, String> {
    let Some(value) = value else { return Ok(None) };
    match value.as_u64().and_then(|decimals| usize::try_from(decimals).ok()) {
        Some(decimals) if decimals <= DECIMALS_MAX => Ok(Some(decimals)),
        Some(_) | None => Err(format!("the number of decimals must be 0 to {DECIMALS_MAX}")),
    }
}

fn zone_of(value: Option<&Json>, context: &Context) -> Result<Tz, String> {
    let name = value.or_else(|| context.data().get(ZONE)).map(text_of).unwrap_or_default();
    Tz::from_str(&name).map_err(|_| format!("{} is no time zone", shown(&Json::String(name))))
}

fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => value.to_string(),
    }
}

fn shown(value: &Json) -> String {
    match value {
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
        Json::String(text) => format!("`{}`", one_line_cut(text, 40)),
        Json::Null | Json::Bool(_) | Json::Number(_) => format!("`{value}`"),
    }
}
