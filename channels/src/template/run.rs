//! Filling a template within its bounds: so many bytes come out, so many steps are taken, then it stops.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use handlebars::template::TemplateElement;
use handlebars::{
    BlockContext, BlockParams, Context, Handlebars, Helper, HelperDef, HelperResult, Output, PathAndJson,
    RenderContext, RenderError, RenderErrorReason, Renderable, Template, no_escape, to_json,
};
use serde_json::Value as Json;

use super::context::TemplateContext;
use super::helpers;
use crate::limits::{TEMPLATE_OUTPUT_MAX_BYTES, TEMPLATE_STEPS_MAX};

static REGISTRY: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(no_escape);
    // `log` would write into our log, `lookup` hides which column is meant, and `raw` is refused when parsing.
    for name in ["log", "lookup", "raw"] {
        registry.unregister_helper(name);
    }
    helpers::register(&mut registry);
    registry
});

/// Fills a template. Errors are sentences for people.
pub(super) fn render(template: &Template, context: &TemplateContext) -> Result<String, String> {
    let mut out = Bounded { text: String::new() };
    let mut scope = RenderContext::new(None);
    let budget = Budget(Arc::new(AtomicUsize::new(TEMPLATE_STEPS_MAX)));
    scope.register_local_helper("each", Box::new(Each(budget.clone())));
    helpers::register_counted(&mut scope, &budget);
    match template.render(&REGISTRY, &context.0, &mut scope, &mut out) {
        Ok(()) => Ok(out.text),
        Err(problem) => Err(words(&problem)),
    }
}

fn words(problem: &RenderError) -> String {
    let what = match problem.reason() {
        RenderErrorReason::MissingVariable(Some(name)) => format!("there is no `{name}` in this message"),
        RenderErrorReason::MissingVariable(None) => "a name is not in this message".to_owned(),
        RenderErrorReason::IOError(problem) => problem.to_string(),
        other => other.to_string(),
    };
    match (problem.line_no, problem.column_no) {
        (Some(line), Some(column)) => format!("line {line}, column {column}: {what}"),
        _ => what,
    }
}

/// What a helper says when it cannot go on.
pub(super) fn problem(words: impl Into<String>) -> RenderError {
    RenderErrorReason::Other(words.into()).into()
}

/// Output that ends at its limit.
struct Bounded {
    text: String,
}

impl Output for Bounded {
    fn write(&mut self, part: &str) -> Result<(), io::Error> {
        if self.text.len() + part.len() > TEMPLATE_OUTPUT_MAX_BYTES {
            return Err(io::Error::other(format!("it yields more than {TEMPLATE_OUTPUT_MAX_BYTES} bytes")));
        }
        self.text.push_str(part);
        Ok(())
    }
}

/// The steps that one rendering may still take.
#[derive(Clone)]
pub(super) struct Budget(Arc<AtomicUsize>);

impl Budget {
    /// Takes steps, before the work is done.
    pub(super) fn take(&self, steps: usize) -> Result<(), RenderError> {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(steps))
            .map(drop)
            .map_err(|_| problem(format!("it takes more than {TEMPLATE_STEPS_MAX} steps")))
    }
}

/// The block `each`, counted: blocks inside each other multiply, so the work is known before it is done.
struct Each(Budget);

impl HelperDef for Each {
    fn call<'reg: 'rc, 'rc>(
        &self,
        call: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        scope: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let over = call.param(0).ok_or_else(|| problem("`each` takes 1 argument"))?;
        if over.is_value_missing() {
            return Err(RenderError::strict_error(over.relative_path()));
        }
        let items = items(over.value()).ok_or_else(|| {
            problem(format!("`each`: `{}` is no list", over.relative_path().map_or("this", String::as_str)))
        })?;
        let body = if items.is_empty() { call.inverse() } else { call.template() };
        let Some(body) = body else { return Ok(()) };
        if items.is_empty() {
            return body.render(registry, context, scope, out);
        }
        self.0.take(items.len().saturating_mul(1 + weight(body)))?;
        scope.push_block(BlockContext::new());
        let last = items.len() - 1;
        for (place, (key, item)) in items.iter().enumerate() {
            if let Some(block) = scope.block_mut() {
                block.set_local_var("index", to_json(place));
                block.set_local_var("key", key.map_or(Json::Null, |key| Json::String(key.to_owned())));
                block.set_local_var("first", Json::Bool(place == 0));
                block.set_local_var("last", Json::Bool(place == last));
                let key = key.map_or_else(|| to_json(place), |key| Json::String(key.to_owned()));
                enter(block, call, over, &key, item)?;
            }
            body.render(registry, context, scope, out)?;
        }
        scope.pop_block();
        Ok(())
    }
}

/// The items with their keys; none for NULL, `None` for what is no list.
fn items(over: &Json) -> Option<Vec<(Option<&str>, &Json)>> {
    match over {
        Json::Array(list) => Some(list.iter().map(|item| (None, item)).collect()),
        Json::Object(map) => Some(map.iter().map(|(key, item)| (Some(key.as_str()), item)).collect()),
        Json::Null => Some(Vec::new()),
        Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    }
}

/// Makes an item the block's own: by its path where it has one, so that nothing is copied.
fn enter<'rc>(
    block: &mut BlockContext<'rc>,
    call: &Helper<'rc>,
    over: &PathAndJson<'rc>,
    key: &Json,
    item: &Json,
) -> Result<(), RenderError> {
    match over.context_path() {
        Some(path) => {
            let mut path = path.clone();
            path.push(key.as_str().map_or_else(|| key.to_string(), str::to_owned));
            *block.base_path_mut() = path;
        }
        None => block.set_base_value(item.clone()),
    }
    let (value_name, key_name) = match (call.block_param(), call.block_param_pair()) {
        (Some(value), _) => (value, None),
        (None, Some((value, key))) => (value, Some(key)),
        (None, None) => return Ok(()),
    };
    let mut params = BlockParams::new();
    match over.context_path() {
        Some(_) => params.add_path(value_name, Vec::new())?,
        None => params.add_value(value_name, item.clone())?,
    }
    if let Some(name) = key_name {
        params.add_value(name, key.clone())?;
    }
    block.set_block_params(params);
    Ok(())
}

/// How many elements a pass goes through at most. An `each` inside counts for itself.
fn weight(template: &Template) -> usize {
    let inner = |template: Option<&Template>| template.map_or(0, weight);
    template
        .elements
        .iter()
        .map(|element| match element {
            TemplateElement::HelperBlock(call) if call.name.as_name() == Some("each") => {
                1 + inner(call.inverse.as_ref())
            }
            TemplateElement::HelperBlock(call) => 1 + inner(call.template.as_ref()) + inner(call.inverse.as_ref()),
            _ => 1,
        })
        .sum()
}
