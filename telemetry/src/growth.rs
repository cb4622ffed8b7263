//! How large a text becomes when it is planned: the engine writes some expressions twice, and a common table once for
//! every place that names it, so that a kilobyte of SQL can be billions of nodes.
//!
//! Planning cannot be interrupted: what would grow too much is refused before it.

use std::collections::{HashMap, VecDeque};
use std::ops::ControlFlow;

use datafusion::common::{Result, plan_datafusion_err};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Function, FunctionArguments, ObjectName, Query, Select, Visit, Visitor};

/// Most nodes that planning may add to those that are written.
const GROWTH_MAX: u64 = 50_000;

/// What a node of a query (a SELECT, a table) costs, in nodes of an expression: each is walked by every rule of the
/// optimizer, with its schema.
const QUERY_NODE: u64 = 20;

/// Refuses a statement that grows too much when it is planned.
pub(crate) fn statement_within_limit(statement: &Statement) -> Result<()> {
    match statement {
        Statement::Statement(statement) => within_limit(statement.as_ref()),
        Statement::Explain(explain) => statement_within_limit(&explain.statement),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => Ok(()),
    }
}

/// Refuses syntax that grows too much when it is planned.
pub(crate) fn within_limit(syntax: &impl Visit) -> Result<()> {
    let mut sizes = Sizes { frames: vec![Frame::default()], written: 0 };
    match syntax.visit(&mut sizes) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(grown) => Err(plan_datafusion_err!(
            "the query grows to {} or more nodes when it is planned, from {} that are written; at most {GROWTH_MAX} may \
             be added. COALESCE, NULLIF, BETWEEN and LIKE ANY repeat what they look at, and a common table is repeated \
             wherever it is named: nest them less",
            grown.nodes,
            grown.written
        )),
    }
}

/// Sizes of what is open, the innermost last; there is always the outermost.
struct Sizes {
    frames: Vec<Frame>,
    /// The nodes seen so far, each once.
    written: u64,
}

/// An expression or a query that is being walked.
#[derive(Default)]
struct Frame {
    /// Its own nodes.
    own: u64,
    /// What each of its direct parts becomes.
    parts: Vec<u64>,
    /// The common tables that are still to come, in their order.
    awaited: VecDeque<String>,
    /// What each of its common tables becomes.
    common: HashMap<String, u64>,
}

impl Frame {
    fn size(&self) -> u64 {
        self.parts.iter().fold(self.own, |sum, part| sum.saturating_add(*part))
    }

    /// With the parts that are repeated, so many times more.
    fn repeated(&self, places: impl Iterator<Item = (usize, u64)>) -> u64 {
        places.fold(self.size(), |sum, (place, more)| {
            let part = self.parts.get(place).copied().unwrap_or(0);
            sum.saturating_add(part.saturating_mul(more))
        })
    }
}

struct Grown {
    nodes: u64,
    written: u64,
}

impl Sizes {
    fn open(&mut self, own: u64) {
        self.written = self.written.saturating_add(own);
        self.frames.push(Frame { own, ..Frame::default() });
    }

    fn top(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the outermost is never taken")
    }

    fn checked(&self, nodes: u64) -> ControlFlow<Grown> {
        if nodes > self.written.saturating_add(GROWTH_MAX) {
            return ControlFlow::Break(Grown { nodes, written: self.written });
        }
        ControlFlow::Continue(())
    }

    /// Adds a part to what is open.
    fn add(&mut self, size: u64) -> ControlFlow<Grown> {
        let top = self.top();
        top.parts.push(size);
        let whole = top.size();
        self.checked(whole)
    }

    /// What the common table of this name becomes, by the innermost query that has one.
    fn common(&self, name: &str) -> Option<u64> {
        self.frames.iter().rev().find_map(|frame| frame.common.get(name).copied())
    }
}

impl Visitor for Sizes {
    type Break = Grown;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Grown> {
        self.open(QUERY_NODE);
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        self.top().awaited = tables.map(|table| table.alias.name.value.to_lowercase()).collect();
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Grown> {
        let Some(frame) = self.frames.pop() else { return ControlFlow::Continue(()) };
        let size = frame.size();
        // The common tables of a query are walked before everything else of it.
        if let Some(name) = self.top().awaited.pop_front() {
            self.top().common.insert(name, size);
            return self.checked(size);
        }
        self.add(size)
    }

    fn pre_visit_select(&mut self, _: &Select) -> ControlFlow<Grown> {
        self.written = self.written.saturating_add(QUERY_NODE);
        self.add(QUERY_NODE)
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<Grown> {
        let single = match name.0.as_slice() {
            [part] => part.as_ident().map(|ident| ident.value.to_lowercase()),
            _ => None,
        };
        self.written = self.written.saturating_add(QUERY_NODE);
        let common = single.and_then(|name| self.common(&name)).unwrap_or(0);
        self.add(common.saturating_add(QUERY_NODE))
    }

    fn pre_visit_expr(&mut self, _: &Expr) -> ControlFlow<Grown> {
        self.open(1);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Grown> {
        let Some(frame) = self.frames.pop() else { return ControlFlow::Continue(()) };
        let size = match expr {
            Expr::Between { .. } => frame.repeated(std::iter::once((0, 1))),
            Expr::Like { any: true, pattern, .. } | Expr::ILike { any: true, pattern, .. } => {
                frame.repeated(std::iter::once((0, patterns(pattern))))
            }
            // The engine's CASE for NULLs and empty lists names both sides again and again.
            Expr::AnyOp { .. } | Expr::AllOp { .. } => frame.repeated([(0, 4), (1, 8)].into_iter()),
            Expr::Function(function) => frame.repeated((0..repeated_arguments(function)).map(|place| (place, 1))),
            _ => frame.size(),
        };
        self.add(size)
    }
}

/// How many patterns a list has, beyond the first.
fn patterns(mut list: &Expr) -> u64 {
    while let Expr::Nested(nested) = list {
        list = nested;
    }
    let count = match list {
        Expr::Array(array) => array.elem.len(),
        Expr::Tuple(items) => items.len(),
        _ => 1,
    };
    count.saturating_sub(1) as u64
}

/// How many arguments, from the first, stand twice in the CASE that the engine makes of this call.
fn repeated_arguments(function: &Function) -> usize {
    let [part] = function.name.0.as_slice() else { return 0 };
    let FunctionArguments::List(list) = &function.args else { return 0 };
    match part.as_ident().map(|ident| ident.value.to_lowercase()).as_deref() {
        Some("coalesce" | "nvl" | "ifnull" | "nvl2") => list.args.len().saturating_sub(1),
        Some("nullif") => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::parser::DFParserBuilder;
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;

    use super::*;

    fn check(sql: &str) -> Result<(), String> {
        let parser = DFParserBuilder::new(sql).with_dialect(&PostgreSqlDialect {}).build();
        let statement = parser.unwrap().parse_statements().unwrap().pop_front().unwrap();
        statement_within_limit(&statement).map_err(|error| error.to_string())
    }

    fn nested(times: usize, start: &str, open: &str, close: &str) -> String {
        (0..times).fold(start.to_owned(), |inner, _| format!("{open}{inner}{close}"))
    }

    fn chain(links: usize, link: impl Fn(usize) -> String) -> String {
        let tables: Vec<String> = (1..=links).map(|n| format!("c{n} AS ({})", link(n - 1))).collect();
        format!("WITH c0 AS (SELECT x FROM t), {} SELECT * FROM c{links}", tables.join(", "))
    }

    #[test]
    fn what_doubles_at_every_level_is_refused_with_both_numbers() {
        for sql in [
            format!("SELECT {}", nested(10, "x", "coalesce(", ", 'a') between 0 and 1")),
            format!("SELECT {}", nested(10, "x", "NULLIF(", ", 'a') between 0 and 1")),
            format!("SELECT {}", nested(20, "true", "(case when ", " then 1 else 0 end) between 0 and 1")),
            format!(
                "SELECT {}",
                nested(5, "x", "(case when ", " LIKE ANY (ARRAY['a','b','c','d','e','f','g','h','i']) then 'a' end)")
            ),
            format!("SELECT {}", nested(8, "1", "(case when ", " > ALL (ARRAY[1]) then 1 end)")),
            chain(12, |n| format!("SELECT x FROM c{n} UNION ALL SELECT x FROM C{n}")),
            chain(12, |n| format!("SELECT a.x FROM c{n} AS a JOIN c{n} AS b ON a.x = b.x")),
            format!("EXPLAIN {}", chain(18, |n| format!("SELECT x FROM c{n} WHERE x IN (SELECT x FROM c{n})"))),
        ] {
            let told = check(&sql).unwrap_err();
            assert!(told.contains("or more nodes") && told.contains("at most 50000 may be added"), "{sql}: {told}");
        }
    }

    #[test]
    fn what_people_write_is_not() {
        let list = vec!["'a'"; 100_000].join(",");
        for sql in [
            format!("SELECT * FROM t WHERE x IN ({list})"),
            format!("SELECT {}", nested(10, "x", "coalesce('a', ", ")")),
            format!("SELECT {}", nested(8, "x", "coalesce(", ", 'a')")),
            format!("SELECT {}", vec!["coalesce(nullif(x, ''), 'none')"; 400].join(", ")),
            chain(30, |n| format!("SELECT x FROM c{n} WHERE x BETWEEN 1 AND 2")),
            chain(6, |n| format!("SELECT x FROM c{n} UNION ALL SELECT x FROM c{n}")),
            format!("SELECT count(*) FROM t WHERE x LIKE ANY (ARRAY[{}])", vec!["'%a%'"; 1_000].join(",")),
            "WITH t AS (SELECT * FROM t) SELECT * FROM t".to_owned(),
        ] {
            assert_eq!(check(&sql), Ok(()), "{}", sql.chars().take(80).collect::<String>());
        }
    }
}
