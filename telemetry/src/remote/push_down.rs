//! The largest parts of an optimized plan that one database can answer become one statement each.

use std::any::Any;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchemaRef, JoinType, NullEquality, Result};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{
    Aggregate, Expr, FetchType, Filter, Join, Limit, LogicalPlan, Projection, SkipType, Sort, SubqueryAlias, TableScan,
};

use super::aggregate;
use super::exec::unreadable;
use super::expression::Scope;
use super::node::Remote;
use super::select::{Aliases, Item, Select};
use super::table::RemoteTable;
use crate::context::Facts;
use crate::source::{Rows, Snapshot};
use crate::table::provider::Table;
use crate::table::scan::time_column;
use crate::window::inside;

/// The plan with statements in place of what databases can answer. `facts` has the query's tables and its window.
pub(crate) fn push_down(plan: LogicalPlan, facts: &Facts) -> Result<LogicalPlan> {
    PushDown { facts, aliases: Aliases::default() }.rewrite(plan)?.into_plan()
}

struct PushDown<'a> {
    facts: &'a Facts,
    aliases: Aliases,
}

/// A part of the plan.
enum Part {
    /// One database can answer it.
    Remote(Box<Select>, DFSchemaRef),
    /// It is computed here.
    Local(LogicalPlan),
}

impl Part {
    fn into_plan(self) -> Result<LogicalPlan> {
        match self {
            Self::Local(plan) => Ok(plan),
            Self::Remote(select, schema) => {
                let statement = select.statement(schema.as_arrow());
                let statement = statement.ok_or_else(|| unreadable(schema.inner()))?;
                Ok(Remote::plan(statement, schema))
            }
        }
    }
}

impl PushDown<'_> {
    fn rewrite(&mut self, plan: LogicalPlan) -> Result<Part> {
        // Queries inside expressions are plans of their own.
        let plan = plan.map_subqueries(|inner| Ok(Transformed::yes(self.rewrite(inner)?.into_plan()?)))?.data;
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::SubqueryAlias(alias) => self.alias(alias),
            LogicalPlan::Projection(projection) => self.projection(projection),
            LogicalPlan::Filter(filter) => self.filter(filter),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Sort(sort) => self.sort(sort),
            LogicalPlan::Limit(limit) => self.limit(limit),
            LogicalPlan::Join(join) => self.join(join),
            other => {
                let mapped = other.map_children(|child| Ok(Transformed::yes(self.rewrite(child)?.into_plan()?)))?;
                Ok(Part::Local(mapped.data))
            }
        }
    }

    fn input(&mut self, input: &Arc<LogicalPlan>) -> Result<Part> {
        self.rewrite(input.as_ref().clone())
    }

    /// The rows of a table inside the window.
    fn scan(&mut self, scan: TableScan) -> Result<Part> {
        let provider = source_as_provider(&scan.source)?;
        let table = (provider.as_ref() as &dyn Any).downcast_ref::<Table>();
        let snapshot = table.and_then(|table| self.facts.tables.get(&table.name));
        let Some((snapshot, Rows::Database(remote))) = snapshot.map(|snapshot| (snapshot, &snapshot.rows)) else {
            return Ok(Part::Local(LogicalPlan::TableScan(scan)));
        };
        if !scan.filters.is_empty() {
            return Ok(Part::Local(LogicalPlan::TableScan(scan)));
        }
        let mut select = remote.select(&self.aliases.next());
        if !self.cut(&mut select, snapshot, remote)? {
            // The scan itself cuts the window.
            return Ok(Part::Local(LogicalPlan::TableScan(scan)));
        }
        if let Some(indices) = &scan.projection {
            select.project(indices);
        }
        Ok(Part::Remote(Box::new(select), scan.projected_schema))
    }

    /// Cuts a table to the window; `false` when the database cannot.
    fn cut(&self, select: &mut Select, snapshot: &Snapshot, remote: &RemoteTable) -> Result<bool> {
        let window = self.facts.window.filter(|_| self.facts.cut_scans);
        let cut = window.zip(time_column(snapshot, self.facts.window_on.as_deref()));
        let Some((window, column)) = cut else { return Ok(true) };
        let condition = inside(window, column, &snapshot.schema);
        let Some(condition) = Scope::of_table(remote, select)?.condition(&condition) else { return Ok(false) };
        select.conditions.push(condition);
        Ok(true)
    }

    fn alias(&mut self, mut alias: SubqueryAlias) -> Result<Part> {
        Ok(match self.input(&alias.input)? {
            Part::Remote(select, _) => Part::Remote(select, alias.schema),
            Part::Local(input) => {
                alias.input = Arc::new(input);
                Part::Local(LogicalPlan::SubqueryAlias(alias))
            }
        })
    }

    fn projection(&mut self, mut projection: Projection) -> Result<Part> {
        let input = match self.input(&projection.input)? {
            Part::Remote(select, schema) => {
                let mut select = select;
                // A row of totals stays one row, also when none of them is shown.
                let shows_a_column = |expr: &Expr| expr.exists(|node| Ok(matches!(node, Expr::Column(_))));
                let shows_any = projection.expr.iter().any(|expr| shows_a_column(expr).unwrap_or(false));
                if select.group_by.as_ref().is_some_and(Vec::is_empty) && !shows_any {
                    *select = select.derived(&mut self.aliases);
                }
                let scope = Scope::new(&select, &schema);
                let items: Option<Vec<Item>> = projection.expr.iter().map(|expr| scope.item(expr)).collect();
                let fields = projection.schema.fields().iter();
                let readable = fields.clone().all(|field| select.can_select(field.data_type()));
                match items.filter(|_| readable) {
                    Some(items) => {
                        select.items = items;
                        return Ok(Part::Remote(select, projection.schema));
                    }
                    None => Part::Remote(select, schema).into_plan()?,
                }
            }
            Part::Local(input) => input,
        };
        projection.input = Arc::new(input);
        Ok(Part::Local(LogicalPlan::Projection(projection)))
    }

    fn filter(&mut self, mut filter: Filter) -> Result<Part> {
        let (mut select, schema) = match self.input(&filter.input)? {
            Part::Remote(select, schema) => (select, schema),
            Part::Local(input) => {
                filter.input = Arc::new(input);
                return Ok(Part::Local(LogicalPlan::Filter(filter)));
            }
        };
        if select.is_closed() {
            *select = select.derived(&mut self.aliases);
        }
        let (mut pushed, mut kept) = (Vec::new(), Vec::new());
        for part in split_conjunction_owned(filter.predicate.clone()) {
            match Scope::new(&select, &schema).condition(&part) {
                Some(condition) => pushed.push(condition),
                None => kept.push(part),
            }
        }
        select.conditions.extend(pushed);
        let remote = Part::Remote(select, schema);
        let Some(kept) = conjunction(kept) else { return Ok(remote) };
        filter.predicate = kept;
        filter.input = Arc::new(remote.into_plan()?);
        Ok(Part::Local(LogicalPlan::Filter(filter)))
    }

    fn aggregate(&mut self, mut aggregate: Aggregate) -> Result<Part> {
        let input = match self.input(&aggregate.input)? {
            Part::Remote(select, schema) => {
                let mut grouped = select.clone();
                if grouped.is_closed() {
                    *grouped = grouped.derived(&mut self.aliases);
                }
                match grouped_by(&mut grouped, &schema, &aggregate) {
                    Some(()) => return Ok(Part::Remote(grouped, aggregate.schema)),
                    None => Part::Remote(select, schema).into_plan()?,
                }
            }
            Part::Local(input) => input,
        };
        aggregate.input = Arc::new(input);
        Ok(Part::Local(LogicalPlan::Aggregate(aggregate)))
    }

    /// The first rows in an order: the database finds them, and they are put in order once more here, where the
    /// order of what arrives is nobody's promise.
    fn sort(&mut self, mut sort: Sort) -> Result<Part> {
        let mut input = self.input(&sort.input)?;
        if let (Part::Remote(select, schema), Some(fetch)) = (&mut input, sort.fetch) {
            if select.limit.is_some() {
                **select = select.clone().derived(&mut self.aliases);
            }
            let scope = Scope::new(select, schema);
            let keys: Option<Vec<String>> = sort
                .expr
                .iter()
                .map(|key| {
                    let direction = if key.asc { "ASC" } else { "DESC" };
                    let nulls = if key.nulls_first { "FIRST" } else { "LAST" };
                    Some(format!("{} {direction} NULLS {nulls}", scope.ordered(&key.expr)?))
                })
                .collect();
            if let Some(keys) = keys {
                select.order_by = keys;
                select.limit = Some(fetch);
            }
        }
        sort.input = Arc::new(input.into_plan()?);
        Ok(Part::Local(LogicalPlan::Sort(sort)))
    }

    /// No more rows come than are skipped and kept.
    fn limit(&mut self, mut limit: Limit) -> Result<Part> {
        let mut input = self.input(&limit.input)?;
        if let (Part::Remote(select, _), Ok(SkipType::Literal(skip)), Ok(FetchType::Literal(Some(fetch)))) =
            (&mut input, limit.get_skip_type(), limit.get_fetch_type())
        {
            let most = skip.saturating_add(fetch);
            select.limit = Some(select.limit.map_or(most, |limit| limit.min(most)));
        }
        limit.input = Arc::new(input.into_plan()?);
        Ok(Part::Local(LogicalPlan::Limit(limit)))
    }

    fn join(&mut self, mut join: Join) -> Result<Part> {
        let (left, right) = match (self.input(&join.left)?, self.input(&join.right)?) {
            (Part::Remote(left, of_left), Part::Remote(right, of_right)) if left.database.is(&right.database) => {
                match self.joined(&left, &right, &join) {
                    Some(joined) => return Ok(Part::Remote(Box::new(joined), join.schema)),
                    None => (Part::Remote(left, of_left), Part::Remote(right, of_right)),
                }
            }
            (left, right) => (left, right),
        };
        join.left = Arc::new(left.into_plan()?);
        join.right = Arc::new(right.into_plan()?);
        Ok(Part::Local(LogicalPlan::Join(join)))
    }

    /// Both sides in one statement, when the join is one of equal columns; a product of all rows is made here.
    fn joined(&mut self, left: &Select, right: &Select, join: &Join) -> Option<Select> {
        let word = match join.join_type {
            JoinType::Inner => "JOIN",
            JoinType::Left => "LEFT JOIN",
            JoinType::Right => "RIGHT JOIN",
            _ => return None,
        };
        if join.on.is_empty() || join.null_equality != NullEquality::NullEqualsNothing {
            return None;
        }
        let left = self.side(left, join.join_type == JoinType::Right);
        let right = self.side(right, join.join_type == JoinType::Left);
        let mut joined = left.clone();
        joined.items.extend(right.items.iter().cloned());
        joined.sources.extend(right.sources.iter().filter(|name| !left.sources.contains(name)).cloned());
        joined.outdated.extend(right.outdated.iter().cloned());
        let scope = Scope::new(&joined, &join.schema);
        let mut on = Vec::new();
        for (of_left, of_right) in &join.on {
            on.push(scope.equal(of_left, of_right)?);
        }
        if let Some(filter) = &join.filter {
            on.push(scope.condition(filter)?);
        }
        joined.conditions = Vec::new();
        // What a row that is kept in any case must meet is asked behind WHERE, what a partner must meet behind ON.
        let (of_left, of_right) = (left.conditions, right.conditions);
        match join.join_type {
            JoinType::Left => {
                joined.conditions = of_left;
                on.extend(of_right);
            }
            JoinType::Right => {
                joined.conditions = of_right;
                on.extend(of_left);
            }
            _ => joined.conditions = of_left.into_iter().chain(of_right).collect(),
        }
        // The right side may be a join itself.
        let right_from = if right.from.contains(" JOIN ") { format!("({})", right.from) } else { right.from };
        joined.from = format!("{} {word} {right_from} ON {}", left.from, on.join(" AND "));
        Some(joined)
    }

    /// One side of a join. Where it may have no partner, its columns must be NULL then, which only a plain column or
    /// one of a statement inside this one is.
    fn side(&mut self, side: &Select, may_be_missing: bool) -> Select {
        let is_plain = side.items.iter().all(|item| item.column.is_some());
        if side.is_closed() || (may_be_missing && !is_plain) {
            return side.clone().derived(&mut self.aliases);
        }
        side.clone()
    }
}

impl Scope<'_> {
    fn equal(&self, left: &Expr, right: &Expr) -> Option<String> {
        self.condition(&left.clone().eq(right.clone()))
    }
}

/// Makes groups of the rows; `None`, and nothing usable, when the database cannot.
fn grouped_by(select: &mut Select, schema: &DFSchemaRef, aggregate: &Aggregate) -> Option<()> {
    let scope = Scope::new(select, schema);
    let keys: Vec<String> = aggregate.group_expr.iter().map(|expr| scope.key(expr)).collect::<Option<_>>()?;
    let values: Vec<String> =
        aggregate.aggr_expr.iter().map(|expr| aggregate::sql(expr, &scope)).collect::<Option<_>>()?;
    let items: Vec<Item> = keys.iter().chain(&values).cloned().map(Item::computed).collect();
    let fields = aggregate.schema.fields();
    if fields.len() != items.len() || !fields.iter().all(|field| select.can_select(field.data_type())) {
        return None;
    }
    select.items = items;
    select.group_by = Some(keys);
    Some(())
}
