//! Mistakes in a rule's SQL, found without running it, each with its place in the text.

use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Query, SetExpr, Statement as SqlStatement};
use watchfire_model::{Failure, FailureCode, QuerySpec, Timestamp, Window};

use crate::Telemetry;
use crate::engine::{Asked, Engine, Refusal};
use crate::failure;
use crate::parse::{Parsed, Question};
use crate::part::{PartError, SqlPart};
use crate::place::{Place, of_error};
use crate::runtime::Asker;
use crate::sought;

/// A mistake, or a doubt, about a text of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlProblem {
    /// Which text.
    pub part: SqlPart,
    /// The line inside that text, from 1; 0 when unknown.
    pub line: usize,
    /// The column inside that line, in characters from 1; 0 when unknown.
    pub column: usize,
    /// How many characters it spans; 0 when unknown.
    pub length: usize,
    /// Whether it is a mistake; else it is a doubt.
    pub severity_is_error: bool,
    /// A word for scripts: `invalid_sql`, `unknown_key`, `always_fires`, `limit_without_order`, `source`,
    /// `source_unreachable`, `wrong_source`, `window_on`,
    /// `name_taken`, `not_a_number`, ….
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
}

/// The columns that the result of a rule's query must have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sought {
    /// They, in the order in which [`SqlPart::Key`] counts them.
    pub columns: Vec<SoughtColumn>,
    /// Whether the result is joined with that of the window before: each numeric column `x` is followed by
    /// `x_prev` and `x_change`.
    pub compares: bool,
}

/// One column that a rule names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoughtColumn {
    /// Its name.
    pub name: String,
    /// Whether it is summed, and must be a number for that.
    pub is_summed: bool,
}

/// Any instant: the plan is not run.
const SOME_TIME: Timestamp = Timestamp::from_seconds(1_767_225_600);

impl Telemetry {
    /// Plans a rule's question without running it, and tells every mistake it finds.
    ///
    /// The columns of `sought` (`per` and the like) must be in the result, or be added to it by a comparison, whose
    /// names must be free. A query that always returns
    /// one row, under a rule without `when`, has the code `always_fires`: an error for an alert,
    /// nothing wrong with a report.
    pub async fn check(&self, query: &QuerySpec, sought: &Sought) -> Vec<SqlProblem> {
        let engine = self.engine.clone();
        let (question, window_on, sought) = (Question::of(query), query.window_on.clone(), sought.clone());
        let timeout = query.timeout.max(engine.limits.query_timeout);
        let work = async move { Ok(Box::pin(check(&engine, question, window_on, &sought)).await) };
        self.runtime.run(Asker::Person, timeout, work).await.unwrap_or_else(|failure| vec![of_failure(&failure)])
    }
}

async fn check(engine: &Engine, question: Question, window_on: Option<String>, sought: &Sought) -> Vec<SqlProblem> {
    let window = Some(Window { start: SOME_TIME, end: SOME_TIME });
    let window_on_again = window_on.clone();
    let asked = Asked { asker: Asker::Rule, at: SOME_TIME, window, window_on, environments: None };
    match engine.prepare(&question, asked.clone()).await {
        Err(Refusal::Parts(mut errors)) => {
            // Conditions that do not parse hide the mistakes of those that do.
            if errors.iter().all(|error| error.part != SqlPart::Query)
                && let Err(Refusal::Parts(more)) = engine.prepare(&without(&question, &errors), asked).await
            {
                errors.extend(more);
            }
            let mut problems: Vec<_> = errors.iter().map(|error| of_part(error, &question)).collect();
            // Nor do they hide a misspelt key: the columns are those of the query alone.
            let bare = Question { when: None, recover_when: None, severity: Vec::new(), ..question.clone() };
            let asked =
                Asked { asker: Asker::Rule, at: SOME_TIME, window, window_on: window_on_again, environments: None };
            if errors.iter().all(|error| error.part != SqlPart::Query)
                && let Ok(ready) = engine.prepare(&bare, asked).await
            {
                problems.extend(sought::problems(sought, &ready.layout().columns));
            }
            problems
        }
        Err(Refusal::Failed(failure)) => vec![of_failure(&failure)],
        Err(Refusal::WrongSource(failure)) => vec![wrong_source(failure)],
        Err(Refusal::Unreachable(failure)) => vec![unchecked(&failure)],
        Err(Refusal::NeverFilled) => Vec::new(),
        Ok(ready) => {
            let mut problems = sought::problems(sought, &ready.layout().columns);
            if let Some(entry) = engine.known(Asker::Rule, &question) {
                let plan = entry.planned.as_ref().map(|planned| &planned.plan);
                problems.extend(plan.filter(|_| question.when.is_none()).and_then(always_fires));
                problems.extend(limit_without_order(&entry.parsed));
            }
            problems
        }
    }
}

/// The question with `true` in place of the parts that are already known to be wrong.
fn without(question: &Question, errors: &[PartError]) -> Question {
    let mut question = question.clone();
    for error in errors {
        let text = match error.part {
            SqlPart::When => question.when.as_mut(),
            SqlPart::RecoverWhen => question.recover_when.as_mut(),
            SqlPart::Severity(index) => question.severity.get_mut(index).map(|(_, text)| text),
            SqlPart::Query | SqlPart::Key(_) => None,
        };
        if let Some(text) = text {
            *text = "true".to_owned();
        }
    }
    question
}

/// A total over everything is one row at every slot, whatever happened.
fn always_fires(plan: &LogicalPlan) -> Option<SqlProblem> {
    let mut node = plan;
    loop {
        node = match node {
            LogicalPlan::Projection(inner) => &inner.input,
            LogicalPlan::Sort(inner) => &inner.input,
            LogicalPlan::SubqueryAlias(inner) => &inner.input,
            LogicalPlan::Aggregate(aggregate) if aggregate.group_expr.is_empty() => break,
            _ => return None,
        };
    }
    let message = "the query always returns exactly one row, so that the rule fires at every run".to_owned();
    let help = "add `when`, like `when: n > 0`, or `HAVING` to the query".to_owned();
    Some(problem(SqlPart::Query, Place::UNKNOWN, "always_fires", message, Some(help)))
}

fn limit_without_order(parsed: &Arc<Parsed>) -> Option<SqlProblem> {
    let query = query_of(&parsed.statement)?;
    let cuts = query.limit_clause.is_some() || query.fetch.is_some();
    let is_total = matches!(query.body.as_ref(), SetExpr::Values(_));
    if !cuts || query.order_by.is_some() || is_total {
        return None;
    }
    let message = "LIMIT without ORDER BY keeps other rows at every run".to_owned();
    let help = Some("add ORDER BY".to_owned());
    let mut problem = problem(SqlPart::Query, Place::UNKNOWN, "limit_without_order", message, help);
    problem.severity_is_error = false;
    Some(problem)
}

fn query_of(statement: &Statement) -> Option<&Query> {
    match statement {
        Statement::Statement(statement) => match statement.as_ref() {
            SqlStatement::Query(query) => Some(query),
            _ => None,
        },
        _ => None,
    }
}

pub(crate) fn of_part(error: &PartError, question: &Question) -> SqlProblem {
    let text = match error.part {
        SqlPart::Query | SqlPart::Key(_) => question.sql.as_str(),
        part => question.conditions().find(|(of, _)| *of == part).map_or("", |(_, text)| text),
    };
    let place = of_error(error, text);
    let root = error.error.find_root();
    let message = failure::sentence(root);
    // The position has its own fields.
    let message = message.split(" at Line: ").next().unwrap_or_default().to_owned();
    let (message, hint) = match message.split_once("; ") {
        Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
        None => (message, None),
    };
    let help = hint.or_else(|| failure::help(root, &message).map(str::to_owned));
    problem(error.part, place, code_of(root), message, help)
}

fn code_of(root: &DataFusionError) -> &'static str {
    match failure::of(root).code {
        FailureCode::InvalidQuery => "invalid_sql",
        other => other.as_str(),
    }
}

fn of_failure(failure: &Failure) -> SqlProblem {
    let code = match failure.code {
        FailureCode::InvalidQuery => "window_on",
        other => other.as_str(),
    };
    let help = (code == "window_on").then(|| "name a column of a table that the query reads".to_owned());
    problem(SqlPart::Query, Place::UNKNOWN, code, failure.message.clone(), help)
}

/// A doubt: the SQL may be right, and nobody can say so now.
/// A doubt and no mistake: a table that is away while somebody migrates a database must not keep the server, and with
/// it all other rules, from starting.
fn wrong_source(failure: Failure) -> SqlProblem {
    let help = Some("mend `table` or `time_column` of the source".to_owned());
    let mut problem = problem(SqlPart::Query, Place::UNKNOWN, "wrong_source", failure.message, help);
    problem.severity_is_error = false;
    problem
}

fn unchecked(failure: &Failure) -> SqlProblem {
    let message = format!("{}; the SQL over it was not checked", failure.message);
    let help = Some("check again where the database can be reached".to_owned());
    let mut problem = problem(SqlPart::Query, Place::UNKNOWN, "source_unreachable", message, help);
    problem.severity_is_error = false;
    problem
}

pub(crate) fn problem(
    part: SqlPart,
    place: Place,
    code: &'static str,
    message: String,
    help: Option<String>,
) -> SqlProblem {
    let Place { line, column, length } = place;
    SqlProblem { part, line, column, length, severity_is_error: true, code, message, help }
}
