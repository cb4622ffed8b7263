//! Attributes that have a column of their own are read from it, behind the same SQL.
//!
//! Taking one value out of JSON text costs some twenty times as much as reading a column. So a call of a JSON function
//! on `attributes` with the key of a shredded attribute becomes the same call on the attribute's hidden column, which
//! holds the JSON text of the value: `json_as_text(attributes, 'k')` is `json_as_text("_attribute:k")`.
//!
//! The hidden column is added to the scan, and carried up through whatever passes `attributes` on as it is. No plan
//! gets another result for it: what would show the column (the root, UNION, DISTINCT, …) has a projection below it
//! that drops the column again. Where the way of `attributes` is not that simple, the call stays as it was written.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchemaRef, Result};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, Projection, SubqueryAlias, TableScan, TableScanBuilder};
use datafusion::scalar::ScalarValue;
use watchfire_ingest::table::Shredding;

use crate::table::computed::ATTRIBUTES;
use crate::table::provider::Table;

/// The functions that read one value out of JSON text at a path.
const FUNCTIONS: [&str; 10] = [
    "json_as_text",
    "json_get",
    "json_get_array",
    "json_get_bool",
    "json_get_float",
    "json_get_int",
    "json_get_json",
    "json_get_str",
    "json_length",
    "json_object_keys",
];

/// The function that tells whether there is a value at a path.
const CONTAINS: &str = "json_contains";

/// Deeper below the root calls are left as they are: a chain of a thousand UNIONs is more than a thread's stack.
const DEPTH_MAX: usize = 60;

/// The plan with columns in place of calls, where that is possible. Its result has the same columns.
pub(crate) fn read_columns(plan: LogicalPlan) -> Result<LogicalPlan> {
    Ok(Rewriter { names: 0, depth: 0 }.node(plan, false)?.data)
}

struct Rewriter {
    /// How many names were given to hidden columns: two of them may meet in one projection.
    names: usize,
    /// How many nodes stand above the present one.
    depth: usize,
}

/// A call that may be read from a column: the column of JSON text, and the key.
type Wanted = (Column, String);

impl Rewriter {
    /// Rewrites a plan and all below it. With `may_grow` its output may have further, hidden columns.
    fn node(&mut self, plan: LogicalPlan, may_grow: bool) -> Result<Transformed<LogicalPlan>> {
        if self.depth == DEPTH_MAX {
            return Ok(Transformed::no(plan));
        }
        self.depth += 1;
        let read = self.node_within_depth(plan, may_grow);
        self.depth -= 1;
        read
    }

    fn node_within_depth(&mut self, plan: LogicalPlan, may_grow: bool) -> Result<Transformed<LogicalPlan>> {
        let shown = Arc::clone(plan.schema());
        let subqueries = plan.map_subqueries(|subquery| self.node(subquery, false))?;
        let inputs_may_grow = match kind(&subqueries.data) {
            Kind::Absorbs => true,
            Kind::Passes => may_grow,
            Kind::Shows => false,
        };
        let inputs = subqueries.data.map_children(|input| self.node(input, inputs_may_grow))?;
        let changed = subqueries.transformed || inputs.transformed;
        let plan = if inputs.transformed { inputs.data.recompute_schema()? } else { inputs.data };
        let own = self.expressions(plan)?;
        let changed = changed || own.transformed;
        let plan = own.data;
        if may_grow || plan.schema().fields().len() == shown.fields().len() {
            return Ok(Transformed::new_transformed(plan, changed));
        }
        Ok(Transformed::yes(only(&shown, plan)?))
    }

    /// Reads columns in the expressions of this one node.
    fn expressions(&mut self, plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
        if matches!(kind(&plan), Kind::Shows) {
            return Ok(Transformed::no(plan));
        }
        let mut inputs: Vec<LogicalPlan> = plan.inputs().into_iter().cloned().collect();
        let mut found: Vec<(Wanted, Column)> = Vec::new();
        for wanted in wanted(&plan)? {
            let holders = inputs.iter().enumerate();
            let mut holders =
                holders.filter_map(|(place, input)| Some((place, input.schema().maybe_index_of_column(&wanted.0)?)));
            let (Some((place, index)), None) = (holders.next(), holders.next()) else { continue };
            if let Some((input, column)) = self.provide(&inputs[place], index, &wanted.1)? {
                inputs[place] = input;
                found.push((wanted, column));
            }
        }
        if found.is_empty() {
            return Ok(Transformed::no(plan));
        }
        let mut inputs = inputs.into_iter();
        let plan = plan.map_children(|input| Ok(Transformed::yes(inputs.next().unwrap_or(input))))?.data;
        let names = NamePreserver::new(&plan);
        let plan = plan.map_expressions(|expression| {
            let name = names.save(&expression);
            let read = expression.transform_up(|node| Ok(read(node, &found)))?;
            Ok(read.update_data(|expression| name.restore(expression)))
        })?;
        Ok(Transformed::yes(plan.data.recompute_schema()?))
    }

    /// The plan with the column of attribute `key` of the JSON text that its column `index` holds, and that column.
    ///
    /// `None` when the JSON text is not, as it is, the attributes of one of our own tables.
    fn provide(&mut self, plan: &LogicalPlan, index: usize, key: &str) -> Result<Option<(LogicalPlan, Column)>> {
        if self.depth >= 2 * DEPTH_MAX {
            return Ok(None);
        }
        self.depth += 1;
        let provided = self.provide_within_depth(plan, index, key);
        self.depth -= 1;
        provided
    }

    fn provide_within_depth(
        &mut self,
        plan: &LogicalPlan,
        index: usize,
        key: &str,
    ) -> Result<Option<(LogicalPlan, Column)>> {
        match plan {
            LogicalPlan::TableScan(scan) => of_scan(scan, index, key),
            LogicalPlan::SubqueryAlias(alias) => {
                let Some((input, column)) = self.provide(&alias.input, index, key)? else { return Ok(None) };
                let column = Column::new(Some(alias.alias.clone()), column.name);
                // Two columns that only their tables' names told apart would be one name here.
                let named = SubqueryAlias::try_new(Arc::new(input), alias.alias.clone()).ok();
                Ok(named.map(|alias| (LogicalPlan::SubqueryAlias(alias), column)))
            }
            LogicalPlan::Filter(_) | LogicalPlan::Sort(_) | LogicalPlan::Limit(_) | LogicalPlan::Window(_) => {
                self.through(plan, 0, index, key)
            }
            LogicalPlan::Join(join) => {
                let left = join.left.schema().fields().len();
                match join.join_type {
                    JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full if index >= left => {
                        self.through(plan, 1, index - left, key)
                    }
                    JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => {
                        self.through(plan, 0, index, key)
                    }
                    JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark if index < left => {
                        self.through(plan, 0, index, key)
                    }
                    JoinType::RightSemi | JoinType::RightAnti => self.through(plan, 1, index, key),
                    JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark | JoinType::RightMark => Ok(None),
                }
            }
            LogicalPlan::Projection(projection) => self.of_projection(projection, index, key),
            _ => Ok(None),
        }
    }

    /// [`Rewriter::provide`] by the input `place`, whose columns the node passes on.
    fn through(
        &mut self,
        plan: &LogicalPlan,
        place: usize,
        index: usize,
        key: &str,
    ) -> Result<Option<(LogicalPlan, Column)>> {
        let inputs = plan.inputs();
        let Some(input) = inputs.get(place).filter(|input| index < input.schema().fields().len()) else {
            return Ok(None);
        };
        let Some((input, column)) = self.provide(input, index, key)? else { return Ok(None) };
        let (mut at, mut input) = (0, Some(input));
        let plan = plan.clone().map_children(|before| {
            let taken = if at == place { input.take() } else { None };
            at += 1;
            Ok(taken.map_or_else(|| Transformed::no(before), Transformed::yes))
        })?;
        Ok(Some((plan.data.recompute_schema()?, column)))
    }

    /// A projection that passes the JSON text on passes its attribute on too, under a name of its own.
    fn of_projection(
        &mut self,
        projection: &Projection,
        index: usize,
        key: &str,
    ) -> Result<Option<(LogicalPlan, Column)>> {
        let Some(Expr::Column(column)) = projection.expr.get(index).map(unaliased) else { return Ok(None) };
        let Some(below) = projection.input.schema().maybe_index_of_column(column) else { return Ok(None) };
        let Some((input, column)) = self.provide(&projection.input, below, key)? else { return Ok(None) };
        self.names += 1;
        let name = format!("{}#{}", Shredding::column_of(key), self.names);
        let hidden = Expr::Column(column).alias(&name);
        let all = projection.expr.iter().cloned().chain([hidden]).collect();
        let projection = Projection::try_new(all, Arc::new(input))?;
        Ok(Some((LogicalPlan::Projection(projection), Column::new_unqualified(name))))
    }
}

/// What a node does with columns of its input that nobody asked for.
enum Kind {
    /// It has columns of its own choice.
    Absorbs,
    /// It passes them on.
    Passes,
    /// It would show them, or we do not know.
    Shows,
}

fn kind(plan: &LogicalPlan) -> Kind {
    match plan {
        // Sets of groups are no expressions that could be given a name.
        LogicalPlan::Aggregate(aggregate)
            if aggregate.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_))) =>
        {
            Kind::Shows
        }
        LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) => Kind::Absorbs,
        LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Join(_)
        | LogicalPlan::SubqueryAlias(_) => Kind::Passes,
        _ => Kind::Shows,
    }
}

/// The columns of `schema`, and no others, of a plan.
fn only(schema: &DFSchemaRef, plan: LogicalPlan) -> Result<LogicalPlan> {
    let columns = schema.columns().into_iter().map(Expr::Column).collect();
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
}

/// The column of an attribute, read by the scan of one of our own tables.
fn of_scan(scan: &TableScan, index: usize, key: &str) -> Result<Option<(LogicalPlan, Column)>> {
    let Ok(provider) = source_as_provider(&scan.source) else { return Ok(None) };
    let Some(table) = provider.downcast_ref::<Table>() else { return Ok(None) };
    let is_shredded = table.shredding.as_ref().is_some_and(|all| all.keys().iter().any(|shredded| shredded == key));
    let is_attributes = table.schema.fields().get(index).is_some_and(|field| field.name() == ATTRIBUTES);
    if !is_shredded || !is_attributes || scan.projection.is_some() {
        return Ok(None);
    }
    let (table, column) = table.with_attribute(key);
    let source = provider_as_source(Arc::new(table));
    let read = TableScanBuilder::new(scan.table_name.clone(), source)
        .with_filters(scan.filters.clone())
        .with_fetch(scan.fetch)
        .build()?;
    Ok(Some((LogicalPlan::TableScan(read), Column::new(Some(scan.table_name.clone()), column))))
}

/// The calls in the expressions of a node that may be read from a column, each once.
fn wanted(plan: &LogicalPlan) -> Result<Vec<Wanted>> {
    let mut all: Vec<Wanted> = Vec::new();
    plan.apply_expressions(|expression| {
        expression.apply(|node| {
            if let Some((column, key)) = call(node)
                && !all.iter().any(|(known, other)| known == column && other == key)
            {
                all.push((column.clone(), key.to_owned()));
            }
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(all)
}

/// The column and the first key of a call of a JSON function whose path is known.
fn call(expression: &Expr) -> Option<(&Column, &str)> {
    let Expr::ScalarFunction(ScalarFunction { func, args }) = expression else { return None };
    let name = func.name();
    if name != CONTAINS && !FUNCTIONS.contains(&name) {
        return None;
    }
    let (json, path) = args.split_first()?;
    let Expr::Column(column) = unaliased(json) else { return None };
    let Expr::Literal(
        ScalarValue::Utf8(Some(key)) | ScalarValue::LargeUtf8(Some(key)) | ScalarValue::Utf8View(Some(key)),
        _,
    ) = path.first()?
    else {
        return None;
    };
    path.iter().all(|step| matches!(step, Expr::Literal(_, _))).then_some((column, key))
}

/// The same value, read from the column of the attribute.
fn read(expression: Expr, found: &[(Wanted, Column)]) -> Transformed<Expr> {
    let known = call(&expression).and_then(|(column, key)| {
        found.iter().find(|((known, other), _)| known == column && other == key).map(|(_, hidden)| hidden.clone())
    });
    match (known, expression) {
        (Some(hidden), Expr::ScalarFunction(ScalarFunction { func, args })) => {
            let hidden = Expr::Column(hidden);
            // No step is left: there is a value where the column has one.
            if func.name() == CONTAINS && args.len() == 2 {
                return Transformed::yes(hidden.is_not_null());
            }
            let args = std::iter::once(hidden).chain(args.into_iter().skip(2)).collect();
            Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args }))
        }
        (_, expression) => Transformed::no(expression),
    }
}

fn unaliased(expression: &Expr) -> &Expr {
    match expression {
        Expr::Alias(alias) => unaliased(&alias.expr),
        other => other,
    }
}
