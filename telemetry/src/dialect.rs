//! What people write for PostgreSQL, in the words of the engine: changes to the syntax before it is planned.
//!
//! - `x::jsonb`, `x::uuid`, `x::character varying`, …: types that the engine has by other names;
//! - `x::varchar(5)`: the first five characters;
//! - `x #>> '{a,1}'`: the path of keys that the text is;
//! - `x SIMILAR TO 'a%'`: the regular expression that it means;
//! - `x ILIKE ANY (ARRAY[…])`: one comparison for each;
//! - `jsonb_array_elements(x)` and other functions that return sets: `unnest` of the list;
//! - `to_timestamp(x, 'YYYY-MM-DD')`: patterns with percent signs;
//! - window functions in `HAVING`: a filter behind them (`QUALIFY`);
//! - the same expression twice in a list without names: the second gets a name of its own.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::common::{DataFusionError, Result, plan_datafusion_err};
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CharacterLength, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, Query, Select, SelectItem, TableFactor, Value, VisitMut, VisitorMut,
    visit_expressions,
};

use crate::function::{percent_signs, returns_set};

/// Makes the changes in place.
pub(crate) fn translate(syntax: &mut impl VisitMut) -> Result<()> {
    match syntax.visit(&mut Translator) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Translator;

impl VisitorMut for Translator {
    type Break = DataFusionError;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        windows_behind_having(select);
        name_twins(select);
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        match query.fetch {
            Some(_) => ControlFlow::Break(plan_datafusion_err!("FETCH FIRST is not known here; write `LIMIT 10`")),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Self::Break> {
        match unheard(factor) {
            Some(text) => ControlFlow::Break(plan_datafusion_err!("{text}")),
            None => ControlFlow::Continue(()),
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        let changed = match expr {
            Expr::Cast { .. } => cast(expr),
            Expr::BinaryOp { .. } => path(expr),
            Expr::SimilarTo { .. } => similar_to(expr),
            Expr::Like { any: true, .. } | Expr::ILike { any: true, .. } => like_any(expr),
            Expr::Function(function) => called(function),
            _ => Ok(None),
        };
        match changed {
            Ok(None) => ControlFlow::Continue(()),
            Ok(Some(new)) => {
                *expr = new;
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }
}

/// What is said about a table that the engine would not hear: it would read all rows.
fn unheard(factor: &TableFactor) -> Option<&'static str> {
    const SAMPLE: &str = "TABLESAMPLE is not known here; narrow the window, or take some rows with LIMIT";
    const HINTS: &str = "hints and versions of tables are not known here; leave them out";
    match factor {
        TableFactor::Table { sample: Some(_), .. } | TableFactor::Derived { sample: Some(_), .. } => Some(SAMPLE),
        TableFactor::Table { with_hints, index_hints, partitions, version, .. }
            if !with_hints.is_empty() || !index_hints.is_empty() || !partitions.is_empty() || version.is_some() =>
        {
            Some(HINTS)
        }
        _ => None,
    }
}

/// A cast to a type that the engine has by another name.
fn cast(expr: &mut Expr) -> Result<Option<Expr>> {
    let Expr::Cast { kind, expr: inner, data_type, .. } = expr else { return Ok(None) };
    let other = match data_type {
        DataType::JSON | DataType::JSONB => {
            let inner = std::mem::replace(inner.as_mut(), Expr::value(Value::Null));
            return Ok(Some(call("jsonb", vec![inner])));
        }
        DataType::CharacterVarying(Some(length))
        | DataType::CharVarying(Some(length))
        | DataType::Varchar(Some(length))
        | DataType::Character(Some(length))
        | DataType::Char(Some(length)) => {
            // The engine would keep all of it.
            let CharacterLength::IntegerLength { length, .. } = length else { return Ok(None) };
            let length = Expr::value(Value::Number(length.to_string(), false));
            let text = Expr::Cast {
                kind: kind.clone(),
                expr: Box::new(std::mem::replace(inner.as_mut(), Expr::value(Value::Null))),
                data_type: DataType::Text,
                array: false,
                format: None,
            };
            return Ok(Some(call("left", vec![text, length])));
        }
        DataType::Uuid
        | DataType::CharacterVarying(_)
        | DataType::CharVarying(_)
        | DataType::Character(_)
        | DataType::Nvarchar(_)
        | DataType::Clob(_) => DataType::Text,
        DataType::Int64 => DataType::BigInt(None),
        DataType::Int32 => DataType::Integer(None),
        DataType::Int16 => DataType::SmallInt(None),
        DataType::Float64 => DataType::Double(datafusion::sql::sqlparser::ast::ExactNumberInfo::None),
        DataType::Float32 => DataType::Real,
        DataType::Regclass => {
            return Err(plan_datafusion_err!("`::regclass` names tables of PostgreSQL; there are none here"));
        }
        _ => return Ok(None),
    };
    *data_type = other;
    Ok(None)
}

/// `x #>> '{a,1}'`: the engine would look for a key of that name.
fn path(expr: &mut Expr) -> Result<Option<Expr>> {
    let Expr::BinaryOp { left, op, right } = expr else { return Ok(None) };
    let name = match op {
        BinaryOperator::HashArrow => "jsonb_extract_path",
        BinaryOperator::HashLongArrow => "jsonb_extract_path_text",
        _ => return Ok(None),
    };
    let steps = steps(right)?;
    let mut arguments = vec![std::mem::replace(left.as_mut(), Expr::value(Value::Null))];
    arguments.extend(steps.into_iter().map(|step| Expr::value(Value::SingleQuotedString(step))));
    Ok(Some(call(name, arguments)))
}

/// The keys of a path: `'{a,1}'`, also with `::text[]`, or `ARRAY['a', '1']`.
fn steps(path: &Expr) -> Result<Vec<String>> {
    let text = |expr: &Expr| match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    let found =
        match path {
            Expr::Nested(inner) => return steps(inner),
            Expr::Cast { expr, data_type: DataType::Array(_), .. } => return steps(expr),
            Expr::Array(array) => array.elem.iter().map(text).collect::<Option<Vec<_>>>(),
            other => match text(other) {
                Some(text) => Some(listed_steps(&text).ok_or_else(|| {
                    plan_datafusion_err!("'{text}' is no path; write it like `x #>> '{{key,inner}}'`")
                })?),
                None => None,
            },
        };
    found.filter(|steps| !steps.is_empty()).ok_or_else(|| {
        plan_datafusion_err!(
            "a path is written out, like `x #>> '{{key,inner}}'`; for a key that is computed write `x->key`"
        )
    })
}

/// The elements of a list as PostgreSQL writes it: `{a,"b,c"}`. A backslash takes the next character as it is.
fn listed_steps(text: &str) -> Option<Vec<String>> {
    let inside = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let (mut steps, mut rest) = (Vec::new(), inside.trim());
    if rest.is_empty() {
        return None;
    }
    loop {
        let (step, after) =
            if let Some(quoted) = rest.strip_prefix('"') { quoted_step(quoted)? } else { bare_step(rest)? };
        steps.push(step);
        match after.trim_start().strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None if after.trim().is_empty() => return Some(steps),
            None => return None,
        }
    }
}

fn quoted_step(rest: &str) -> Option<(String, &str)> {
    let mut step = String::new();
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((step, &rest[at + 1..])),
            '\\' => step.push(characters.next()?.1),
            other => step.push(other),
        }
    }
    None
}

fn bare_step(rest: &str) -> Option<(String, &str)> {
    let end = rest.find(',').unwrap_or(rest.len());
    let step = rest[..end].trim();
    let is_plain = !step.is_empty() && !step.contains(['"', '{', '}', '\\']);
    is_plain.then(|| (step.to_owned(), &rest[end..]))
}

/// `SIMILAR TO`: the engine takes its pattern for a regular expression as it is.
fn similar_to(expr: &mut Expr) -> Result<Option<Expr>> {
    let Expr::SimilarTo { negated, expr: inner, pattern, escape_char } = expr else { return Ok(None) };
    let text = match pattern.as_ref() {
        Expr::Value(value) if escape_char.is_none() => match &value.value {
            Value::SingleQuotedString(text) => text,
            _ => return Err(no_pattern()),
        },
        _ => return Err(no_pattern()),
    };
    let mut regex = "^(?s:".to_owned();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            '\\' => regex.extend(characters.next().into_iter().flat_map(|escaped| ['\\', escaped])),
            '.' | '^' | '$' => regex.extend(['\\', character]),
            other => regex.push(other),
        }
    }
    regex.push_str(")$");
    let op = if *negated { BinaryOperator::PGRegexNotMatch } else { BinaryOperator::PGRegexMatch };
    let left = Box::new(Expr::Nested(Box::new(std::mem::replace(inner.as_mut(), Expr::value(Value::Null)))));
    Ok(Some(Expr::BinaryOp { left, op, right: Box::new(Expr::value(Value::SingleQuotedString(regex))) }))
}

fn no_pattern() -> DataFusionError {
    plan_datafusion_err!(
        "SIMILAR TO takes a plain text as its pattern; write a regular expression, like `x ~ '^(a|b)$'`"
    )
}

/// `x LIKE ANY (ARRAY[a, b])` is `x LIKE a OR x LIKE b`.
fn like_any(expr: &mut Expr) -> Result<Option<Expr>> {
    let (is_case_blind, negated, inner, pattern, escape) = match expr {
        Expr::Like { negated, expr, pattern, escape_char, .. } => (false, *negated, expr, pattern, escape_char),
        Expr::ILike { negated, expr, pattern, escape_char, .. } => (true, *negated, expr, pattern, escape_char),
        _ => return Ok(None),
    };
    let mut list = pattern.as_ref();
    while let Expr::Nested(nested) = list {
        list = nested;
    }
    let patterns = match list {
        Expr::Array(array) => array.elem.clone(),
        Expr::Tuple(items) => items.clone(),
        Expr::Value(_) => vec![list.clone()],
        _ => {
            return Err(plan_datafusion_err!(
                "LIKE ANY takes its patterns one by one: `x LIKE ANY (ARRAY['a%', 'b%'])`, or write `x ~ '^(a|b)'`"
            ));
        }
    };
    let one = |pattern: Expr| {
        let (expr, pattern, escape_char) = (inner.clone(), Box::new(pattern), escape.clone());
        if is_case_blind {
            Expr::ILike { negated, any: false, expr, pattern, escape_char }
        } else {
            Expr::Like { negated, any: false, expr, pattern, escape_char }
        }
    };
    // `NOT LIKE ANY` holds when one of them does not match, which the same joining says.
    let joined = patterns.into_iter().map(one).reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::Or,
        right: Box::new(right),
    });
    Ok(Some(Expr::Nested(Box::new(joined.unwrap_or_else(|| Expr::value(Value::Boolean(false)))))))
}

fn called(function: &mut Function) -> Result<Option<Expr>> {
    let [part] = function.name.0.as_slice() else { return Ok(None) };
    let Some(name) = part.as_ident().map(|ident| ident.value.to_lowercase()) else { return Ok(None) };
    if name == "mod"
        && let FunctionArguments::List(list) = &function.args
        && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(left)), FunctionArg::Unnamed(FunctionArgExpr::Expr(right))] =
            list.args.as_slice()
    {
        let nested = |side: &Expr| Box::new(Expr::Nested(Box::new(side.clone())));
        let (left, right) = (nested(left), nested(right));
        return Ok(Some(Expr::BinaryOp { left, op: BinaryOperator::Modulo, right }));
    }
    if returns_set(&name) {
        return Ok(Some(call("unnest", vec![Expr::Function(function.clone())])));
    }
    if matches!(name.as_str(), "to_timestamp" | "to_date")
        && let FunctionArguments::List(list) = &mut function.args
        && let [_, FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(pattern)))] = list.args.as_mut_slice()
        && let Value::SingleQuotedString(text) = &mut pattern.value
        && !text.contains('%')
    {
        *text = percent_signs(text)?;
    }
    Ok(None)
}

fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))).collect();
    let list = FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() };
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(list),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// The engine cannot plan `HAVING sum(count(*)) OVER () >= 10`. What a window function decides is decided behind it:
/// each such part of `HAVING` becomes one of `QUALIFY`.
fn windows_behind_having(select: &mut Select) {
    let Some(having) = select.having.take() else { return };
    let windows: HashSet<String> = select
        .projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } if has_window(expr) => Some(alias.value.clone()),
            _ => None,
        })
        .collect();
    let names_window = |expr: &Expr| {
        let found = visit_expressions(expr, |part| match part {
            Expr::Identifier(name) if windows.contains(&name.value) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        found.is_break()
    };
    for part in conjuncts(having) {
        let place = if has_window(&part) || names_window(&part) { &mut select.qualify } else { &mut select.having };
        *place = Some(match place.take() {
            Some(left) => Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::And, right: Box::new(part) },
            None => part,
        });
    }
}

fn has_window(expr: &Expr) -> bool {
    let found = visit_expressions(expr, |part| match part {
        Expr::Function(function) if function.over.is_some() => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

fn conjuncts(expr: Expr) -> Vec<Expr> {
    let (mut parts, mut open) = (Vec::new(), vec![expr]);
    while let Some(expr) = open.pop() {
        match expr {
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => open.extend([*right, *left]),
            other => parts.push(other),
        }
    }
    parts
}

/// `SELECT now(), now()`: PostgreSQL allows two columns of one name, the engine does not.
fn name_twins(select: &mut Select) {
    let mut seen = HashSet::new();
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
            continue;
        }
        let text = expr.to_string();
        if seen.insert(text.clone()) {
            continue;
        }
        let free = (2..).map(|count| format!("{text}_{count}")).find(|name| seen.insert(name.clone()));
        let Some(name) = free else { continue };
        let expr = std::mem::replace(expr, Expr::value(Value::Null));
        *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', name) };
    }
}

#[cfg(test)]
mod tests {
    use super::listed_steps;

    #[test]
    fn a_path_is_split_outside_of_quotes_only() {
        let steps = |text: &str| listed_steps(text).map(|steps| steps.join("|"));
        assert_eq!(steps("{a,1}").as_deref(), Some("a|1"));
        assert_eq!(steps(r#" { "a,b" , c } "#).as_deref(), Some("a,b|c"));
        assert_eq!(steps(r#"{"say \"hi\"","}"}"#).as_deref(), Some(r#"say "hi"|}"#));
        assert_eq!(steps(r#"{http.route}"#).as_deref(), Some("http.route"));
        for wrong in ["a,b", "{}", "{a,}", "{\"a}", "{\"a\"b}", "{a\"b}"] {
            assert_eq!(steps(wrong), None, "{wrong}");
        }
    }
}
