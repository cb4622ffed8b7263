//! The zone of a session, as PostgreSQL has it.
//!
//! Instants are UTC in every plan. With a zone, the functions that look at the calendar or the clock of an instant
//! (`date_trunc`, `date_part`/`EXTRACT`, `to_char`, casts to a date, a time of day or text) see it in that zone,
//! texts without an offset that are cast to `timestamptz` are of that zone, and results show instants in it.

use std::fmt;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::config::ConfigOptions;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan, TryCast, cast};
use datafusion::optimizer::AnalyzerRule;

/// The zone of sessions that name none.
const UTC: &str = "UTC";

/// A zone of the IANA database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct QueryZone(chrono_tz::Tz);

impl QueryZone {
    /// Reads a name, for example `Europe/Berlin`, in any case; `None` when there is no such zone.
    pub fn parse(name: &str) -> Option<Self> {
        chrono_tz::Tz::from_str_insensitive(name.trim()).ok().map(Self)
    }

    /// Its name as the database writes it.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Whether it is the zone in which everything is anyway.
    pub(super) fn is_utc(self) -> bool {
        matches!(self.0, chrono_tz::Tz::UTC | chrono_tz::Tz::Etc__UTC)
    }
}

impl fmt::Display for QueryZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Gives a query's own session a zone.
pub(crate) fn set(state: &mut SessionState, zone: QueryZone) {
    if zone.is_utc() {
        return;
    }
    state.config_mut().options_mut().execution.time_zone = Some(zone.name().to_owned());
    // The execution's properties hold the options as they were; `now()` stays what it is.
    let now = state.execution_props().query_execution_start_time;
    state.mark_start_execution();
    state.execution_props_mut().query_execution_start_time = now;
}

/// Shows instants to the functions that depend on the zone in the session's. Types are coerced by then.
///
/// The type of every expression stays what it was, so that nothing above it has to change.
#[derive(Debug)]
pub(crate) struct SessionZone;

impl AnalyzerRule for SessionZone {
    fn name(&self) -> &str {
        "session_zone"
    }

    fn analyze(&self, plan: LogicalPlan, config: &ConfigOptions) -> Result<LogicalPlan> {
        match config.execution.time_zone.as_deref() {
            None | Some(UTC) => Ok(plan),
            Some(zone) => plan.transform_up_with_subqueries(|node| rewrite_node(node, zone)).map(|plan| plan.data),
        }
    }
}

fn rewrite_node(plan: LogicalPlan, zone: &str) -> Result<Transformed<LogicalPlan>> {
    let schema = merge_schema(&plan.inputs());
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expression| {
        let name = names.save(&expression);
        let rewritten = expression.transform_up(|expression| rewrite(expression, &schema, zone))?;
        Ok(rewritten.update_data(|expression| name.restore(expression)))
    })
}

fn rewrite(expression: Expr, schema: &DFSchema, zone: &str) -> Result<Transformed<Expr>> {
    match expression {
        Expr::ScalarFunction(mut call) => {
            let Some(place) = instant_of(&call) else { return Ok(Transformed::no(Expr::ScalarFunction(call))) };
            let Some((unit, kind)) = foreign(&call.args[place], schema, zone) else {
                return Ok(Transformed::no(Expr::ScalarFunction(call)));
            };
            let returns_instant = call.func.name() == "date_trunc";
            let instant = std::mem::take(&mut call.args[place]);
            call.args[place] = shown(instant, unit, zone);
            let call = Expr::ScalarFunction(call);
            Ok(Transformed::yes(if returns_instant { cast(call, kind) } else { call }))
        }
        Expr::Cast(inner) if depends_on_zone(inner.field.data_type()) => {
            let Some((unit, _)) = foreign(&inner.expr, schema, zone) else {
                return Ok(Transformed::no(Expr::Cast(inner)));
            };
            let expr = Box::new(shown(*inner.expr, unit, zone));
            Ok(Transformed::yes(Expr::Cast(Cast { expr, ..inner })))
        }
        Expr::TryCast(inner) if depends_on_zone(inner.field.data_type()) => {
            let Some((unit, _)) = foreign(&inner.expr, schema, zone) else {
                return Ok(Transformed::no(Expr::TryCast(inner)));
            };
            let expr = Box::new(shown(*inner.expr, unit, zone));
            Ok(Transformed::yes(Expr::TryCast(TryCast { expr, ..inner })))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// The place of the instant in a call that depends on the zone.
fn instant_of(call: &ScalarFunction) -> Option<usize> {
    let place = match call.func.name() {
        "date_trunc" | "date_part" => 1,
        "to_char" => 0,
        _ => return None,
    };
    (place < call.args.len()).then_some(place)
}

fn depends_on_zone(target: &DataType) -> bool {
    matches!(target, DataType::Date32 | DataType::Date64 | DataType::Time32(_) | DataType::Time64(_))
        || target.is_string()
}

/// The unit and type of an instant that is not of the zone yet.
fn foreign(expression: &Expr, schema: &DFSchema, zone: &str) -> Option<(TimeUnit, DataType)> {
    match expression.get_type(schema).ok()? {
        DataType::Timestamp(unit, Some(of)) if of.as_ref() != zone => Some((unit, DataType::Timestamp(unit, Some(of)))),
        _ => None,
    }
}

fn shown(instant: Expr, unit: TimeUnit, zone: &str) -> Expr {
    cast(instant, DataType::Timestamp(unit, Some(zone.into())))
}
