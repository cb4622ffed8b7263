//! SQL text to syntax: one read-only statement, its conditions, its tables, its parameters.

use std::ops::ControlFlow;

use datafusion::common::{DataFusionError, Result, TableReference, plan_datafusion_err};
use datafusion::execution::session_state::SessionState;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    Expr, ExprWithAlias, FunctionArguments, Ident, ObjectName, SetExpr, Statement as SqlStatement, Value, VisitMut,
    visit_expressions_mut,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use watchfire_model::{QuerySpec, Severity};

use crate::answer::QueryZone;
use crate::dialect::translate;
use crate::function::Parameter;
use crate::growth;
use crate::nearest::nearest;
use crate::part::{PartError, SqlPart};
use crate::session::{CATALOG, SCHEMA};
use crate::state_tables;
use crate::table::information_schema;

/// Deeper nesting than this is refused before it can exhaust a thread's stack.
const NESTING_MAX: usize = 50;

/// Most words and signs of one text; literals and commas are not counted, so that a list of values may be long.
///
/// Each may be one level of a chain (`a + b + c …`), and a chain of a hundred thousand levels is more than a
/// thread's stack: the whole process would end.
const WORDS_MAX: usize = 4_000;

/// Deepest nesting of calls. The parser reads every argument of a call twice (it might be a named one), and so what lies
/// in the twentieth call a million times.
const CALLS_MAX: usize = 12;

/// The texts of one question; the key under which its plan is cached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub sql: String,
    pub when: Option<String>,
    pub recover_when: Option<String>,
    pub severity: Vec<(Severity, String)>,
    /// Most rows of the result, whatever its own LIMIT; `None`: all of them.
    pub limit: Option<usize>,
    /// The zone of its session; `None`: UTC.
    pub zone: Option<QueryZone>,
}

impl Question {
    pub(crate) fn of(query: &QuerySpec) -> Self {
        Self {
            sql: query.sql.clone(),
            when: query.when.clone(),
            recover_when: query.recover_when.clone(),
            severity: query.severity.clone(),
            limit: None,
            zone: None,
        }
    }

    /// A query without conditions.
    pub(crate) fn bare(sql: &str) -> Self {
        Self { sql: sql.to_owned(), when: None, recover_when: None, severity: Vec::new(), limit: None, zone: None }
    }

    /// How long its texts are together.
    pub(crate) fn text_bytes(&self) -> usize {
        self.sql.len() + self.conditions().map(|(_, text)| text.len()).sum::<usize>()
    }

    /// The conditions with their places, in the order in which they are planned.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = (SqlPart, &str)> {
        let when = self.when.iter().map(|text| (SqlPart::When, text.as_str()));
        let recover = self.recover_when.iter().map(|text| (SqlPart::RecoverWhen, text.as_str()));
        let severity =
            self.severity.iter().enumerate().map(|(index, (_, text))| (SqlPart::Severity(index), text.as_str()));
        when.chain(recover).chain(severity)
    }
}

/// A question that was read.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub statement: Statement,
    /// Parallel to [`Question::conditions`].
    pub conditions: Vec<(SqlPart, ExprWithAlias)>,
    /// Our tables that it names, in any order; those of the schema `watchfire` with it.
    pub tables: Vec<String>,
    /// Whether it reads `information_schema`.
    pub shows_tables: bool,
    /// Whether the query, not only a condition, names `$window_start` or `$window_end`.
    pub uses_window: bool,
}

/// Reads a question. Every part is read, so that `check` can tell all mistakes at once.
pub(crate) fn parse(question: &Question, state: &SessionState) -> std::result::Result<Parsed, Vec<PartError>> {
    let mut errors = Vec::new();
    let mut conditions = Vec::new();
    for (part, text) in question.conditions() {
        match condition(text).and_then(|mut expr| {
            growth::within_limit(&expr)?;
            translate(&mut expr)?;
            Ok((bind(&mut expr)?, expr))
        }) {
            // A condition looks at rows of the result; that it names the window filters no scan.
            Ok((_, expr)) => conditions.push((part, expr)),
            Err(error) => errors.push(PartError::new(part, error)),
        }
    }
    match statement(&question.sql).and_then(|mut statement| {
        growth::statement_within_limit(&statement)?;
        let uses_window = bind_statement(&mut statement)?;
        let references = state.resolve_table_references(&statement)?;
        Ok((uses_window, statement, references))
    }) {
        Ok((uses_window, statement, references)) if errors.is_empty() => {
            let (mut tables, shows_tables) = tables(&references);
            // `FROM generate_series(…)` is listed too; sources cannot have such a name.
            tables.retain(|name| !state.table_functions().contains_key(name));
            Ok(Parsed { statement, conditions, tables, shows_tables, uses_window })
        }
        Ok(_) => Err(errors),
        Err(error) => {
            errors.insert(0, PartError::query(error));
            Err(errors)
        }
    }
}

/// Refuses a text that is too long to be walked.
fn within_limit(text: &str) -> Result<()> {
    // What cannot be split into tokens is left to the parser's better sentence.
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize() else { return Ok(()) };
    let counted = |token: &&Token| {
        !matches!(
            token,
            Token::Whitespace(_) | Token::Comma | Token::Number(..) | Token::SingleQuotedString(_) | Token::Period
        )
    };
    let words = tokens.iter().filter(counted).count();
    if words > WORDS_MAX {
        return Err(plan_datafusion_err!("the text has {words} words and signs, more than the limit of {WORDS_MAX}"));
    }
    let depth = call_depth(&tokens);
    if depth > CALLS_MAX {
        return Err(plan_datafusion_err!(
            "calls are nested {depth} deep, more than the limit of {CALLS_MAX}; compute the inner ones in a sub-query"
        ));
    }
    Ok(())
}

/// How many calls lie inside of each other, at most.
fn call_depth(tokens: &[Token]) -> usize {
    let (mut open, mut depth, mut deepest) = (Vec::new(), 0_usize, 0);
    let mut before: Option<&Token> = None;
    for token in tokens {
        match token {
            Token::Whitespace(_) => continue,
            Token::LParen => {
                let is_call = matches!(before, Some(Token::Word(word)) if !stands_before_parenthesis(word.keyword));
                open.push(is_call);
                depth += usize::from(is_call);
                deepest = deepest.max(depth);
            }
            Token::RParen => depth -= usize::from(open.pop().unwrap_or(false)),
            _ => {}
        }
        before = Some(token);
    }
    deepest
}

/// Words that are no name of a function though a parenthesis follows them.
const fn stands_before_parenthesis(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::IN
            | Keyword::AND
            | Keyword::OR
            | Keyword::NOT
            | Keyword::SELECT
            | Keyword::DISTINCT
            | Keyword::FROM
            | Keyword::JOIN
            | Keyword::LATERAL
            | Keyword::ON
            | Keyword::USING
            | Keyword::WHERE
            | Keyword::HAVING
            | Keyword::BY
            | Keyword::AS
            | Keyword::OVER
            | Keyword::FILTER
            | Keyword::VALUES
            | Keyword::EXISTS
            | Keyword::CASE
            | Keyword::WHEN
            | Keyword::THEN
            | Keyword::ELSE
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::ANY
            | Keyword::ALL
            | Keyword::BETWEEN
            | Keyword::UNION
            | Keyword::EXCEPT
            | Keyword::INTERSECT
    )
}

fn statement(sql: &str) -> Result<Statement> {
    within_limit(sql)?;
    let mut parser =
        DFParserBuilder::new(sql).with_dialect(&PostgreSqlDialect {}).with_recursion_limit(NESTING_MAX).build()?;
    let mut statements = parser.parse_statements()?;
    let count = statements.len();
    let statement = statements.pop_front();
    let statement = statement.ok_or_else(|| plan_datafusion_err!("the query is empty; write one SELECT"))?;
    if count > 1 {
        return Err(plan_datafusion_err!("the query has {count} statements; write one SELECT"));
    }
    if let Some(word) = forbidden(&statement) {
        return Err(plan_datafusion_err!("`{word}` is not allowed, queries only read; write one SELECT"));
    }
    Ok(statement)
}

/// The first word of a statement that does more than read.
fn forbidden(statement: &Statement) -> Option<String> {
    if let Statement::Explain(explain) = statement {
        return forbidden(&explain.statement);
    }
    let text = (!is_read_only(statement)).then(|| statement.to_string())?;
    Some(text.split_whitespace().next().unwrap_or_default().to_owned())
}

fn is_read_only(statement: &Statement) -> bool {
    match statement {
        Statement::Statement(statement) => match statement.as_ref() {
            SqlStatement::Query(query) => {
                !matches!(
                    query.body.as_ref(),
                    SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_)
                ) && query.locks.is_empty()
            }
            _ => false,
        },
        Statement::Explain(explain) => is_read_only(&explain.statement),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => false,
    }
}

fn condition(text: &str) -> Result<ExprWithAlias> {
    within_limit(text)?;
    DFParserBuilder::new(text)
        .with_dialect(&PostgreSqlDialect {})
        .with_recursion_limit(NESTING_MAX)
        .build()?
        .parse_into_expr()
}

fn bind_statement(statement: &mut Statement) -> Result<bool> {
    match statement {
        Statement::Statement(statement) => {
            translate(statement.as_mut())?;
            bind(statement.as_mut())
        }
        Statement::Explain(explain) => bind_statement(&mut explain.statement),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => Ok(false),
    }
}

/// Puts the call of its function in place of every parameter; tells whether one was the window's.
fn bind(syntax: &mut impl VisitMut) -> Result<bool> {
    let mut uses_window = false;
    let found = visit_expressions_mut(syntax, |expr| {
        let Expr::Value(value) = expr else { return ControlFlow::Continue(()) };
        let Value::Placeholder(name) = &value.value else { return ControlFlow::Continue(()) };
        let Some(parameter) = Parameter::parse(name) else { return ControlFlow::Break(name.clone()) };
        uses_window |= parameter.is_window();
        *expr = call(parameter);
        ControlFlow::Continue(())
    });
    match found {
        ControlFlow::Continue(()) => Ok(uses_window),
        ControlFlow::Break(name) => Err(unknown_parameter(&name)),
    }
}

fn unknown_parameter(name: &str) -> DataFusionError {
    let known = Parameter::ALL.map(Parameter::name);
    match nearest(name, known) {
        Some(near) => plan_datafusion_err!("`{name}` is no parameter; did you mean `{near}`?"),
        None => plan_datafusion_err!("`{name}` is no parameter; there are `{}`", known.join("`, `")),
    }
}

fn call(parameter: Parameter) -> Expr {
    use datafusion::sql::sqlparser::ast::{Function, FunctionArgumentList};
    let arguments = FunctionArgumentList { duplicate_treatment: None, args: Vec::new(), clauses: Vec::new() };
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::with_quote('"', parameter.name())]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(arguments),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// The names of our tables, and whether `information_schema` is read. Other schemas are left to the planner's error.
fn tables(references: &[TableReference]) -> (Vec<String>, bool) {
    let mut names = Vec::new();
    let mut shows_tables = false;
    for reference in references {
        let is_ours = reference.catalog().is_none_or(|catalog| catalog == CATALOG);
        match reference.schema() {
            None | Some(SCHEMA) if is_ours => names.push(reference.table().to_owned()),
            Some(state_tables::SCHEMA) if is_ours => {
                names.push(format!("{}.{}", state_tables::SCHEMA, reference.table()));
            }
            Some(information_schema::NAME) => shows_tables = true,
            _ => {}
        }
    }
    names.sort();
    names.dedup();
    (names, shows_tables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_lie_in_each_other_are_counted_and_parentheses_are_not() {
        let depth = |sql: &str| call_depth(&Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize().unwrap());
        assert_eq!(depth("SELECT a(b(c(1)), d(2)) FROM (SELECT x FROM t WHERE (x IN (1)))"), 3);
        assert_eq!(depth("SELECT ((1)) WHERE x IN (SELECT (y) FROM t) AND (z)"), 0);
        let nested = |times: usize| format!("SELECT {}x{}", "coalesce(".repeat(times), ", 'a')".repeat(times));
        assert!(within_limit(&nested(CALLS_MAX)).is_ok());
        let told = within_limit(&nested(22)).unwrap_err().to_string();
        assert!(told.contains("nested 22 deep, more than the limit of 12"), "{told}");
    }
}
