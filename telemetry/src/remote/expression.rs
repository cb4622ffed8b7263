//! Expressions in the words of a database: those that mean there what they mean here.
//!
//! Left out on purpose, and so computed here: everything that is not named below. Above all our own functions
//! and those over JSON, texts and patterns (SQLite's LIKE does not tell cases apart, PostgreSQL's `lower` follows
//! the locale), division by what may be 0 (an error here, NULL in SQLite), rounding casts (PostgreSQL rounds
//! where the engine cuts off), and casts of texts.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{InList, Like, ScalarFunction};
use datafusion::logical_expr::{Between, BinaryExpr, Case, Expr, ExprSchemable, Operator};
use datafusion::scalar::ScalarValue;
use watchfire_ingest::table::instant_type;
use watchfire_sources::{Comparison, Dialect, Literal};

use super::select::{Item, Select};
use super::table::RemoteTable;

/// Most items of a list that is sent.
const LIST_MAX: usize = 1_000;

/// What expressions refer to: columns of a plan, and what each of them is in the statement.
pub(super) struct Scope<'a> {
    pub dialect: Dialect,
    pub schema: std::borrow::Cow<'a, DFSchema>,
    pub items: &'a [Item],
}

impl<'a> Scope<'a> {
    pub(super) fn new(select: &'a Select, schema: &'a DFSchema) -> Self {
        Self { dialect: select.dialect(), schema: std::borrow::Cow::Borrowed(schema), items: &select.items }
    }

    /// The columns of a table, without a qualifier.
    pub(super) fn of_table(table: &RemoteTable, select: &'a Select) -> Result<Self> {
        let schema = DFSchema::try_from(table.table.schema.as_ref().clone())?;
        Ok(Self { dialect: select.dialect(), schema: std::borrow::Cow::Owned(schema), items: &select.items })
    }

    pub(super) fn data_type(&self, expr: &Expr) -> Option<DataType> {
        expr.get_type(self.schema.as_ref()).ok()
    }

    /// A condition for WHERE.
    pub(super) fn condition(&self, expr: &Expr) -> Option<String> {
        (self.data_type(expr)? == DataType::Boolean).then(|| self.sql(expr)).flatten()
    }

    /// An expression that makes groups or an order.
    pub(super) fn key(&self, expr: &Expr) -> Option<String> {
        let data_type = self.data_type(expr)?;
        let reads_a_column = expr.exists(|node| Ok(matches!(node, Expr::Column(_)))).ok()?;
        (reads_a_column && is_comparable(&data_type)).then(|| self.sql(expr)).flatten()
    }

    /// An expression by which rows are put in order, as the engine does.
    pub(super) fn ordered(&self, expr: &Expr) -> Option<String> {
        let sql = self.key(expr)?;
        let is_text = self.data_type(expr)? == DataType::Utf8;
        Some(if is_text { self.dialect.bytewise(&sql) } else { sql })
    }

    /// What a projection shows of a column as it is.
    pub(super) fn item(&self, expr: &Expr) -> Option<Item> {
        match expr {
            Expr::Alias(alias) => self.item(&alias.expr),
            Expr::Column(column) => Some(self.items.get(self.schema.index_of_column(column).ok()?)?.clone()),
            other => Some(Item::computed(self.sql(other)?)),
        }
    }

    /// An expression in words of the database.
    pub(super) fn sql(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Alias(alias) => self.sql(&alias.expr),
            Expr::Column(column) => Some(self.items.get(self.schema.index_of_column(column).ok()?)?.sql.clone()),
            Expr::Literal(value, _) => self.dialect.literal(&literal(value)?),
            Expr::BinaryExpr(binary) => self.binary(binary),
            Expr::Not(inner) => Some(format!("(NOT {})", self.condition(inner)?)),
            Expr::IsNull(inner) => Some(format!("({} IS NULL)", self.sql(inner)?)),
            Expr::IsNotNull(inner) => Some(format!("({} IS NOT NULL)", self.sql(inner)?)),
            Expr::IsTrue(inner) => Some(format!("({} IS TRUE)", self.condition(inner)?)),
            Expr::IsFalse(inner) => Some(format!("({} IS FALSE)", self.condition(inner)?)),
            Expr::IsUnknown(inner) => Some(format!("({} IS NULL)", self.condition(inner)?)),
            Expr::IsNotTrue(inner) => Some(format!("({} IS NOT TRUE)", self.condition(inner)?)),
            Expr::IsNotFalse(inner) => Some(format!("({} IS NOT FALSE)", self.condition(inner)?)),
            Expr::IsNotUnknown(inner) => Some(format!("({} IS NOT NULL)", self.condition(inner)?)),
            Expr::Negative(inner) if is_number(&self.data_type(inner)?) => Some(format!("(- {})", self.sql(inner)?)),
            Expr::Between(between) => self.between(between),
            Expr::InList(list) => self.in_list(list),
            Expr::Like(like) => self.like(like),
            Expr::Case(case) => self.case(case),
            Expr::Cast(cast) => {
                let (from, to) = (self.data_type(&cast.expr)?, cast.field.data_type());
                self.dialect.cast(&self.sql(&cast.expr)?, &from, to)
            }
            Expr::ScalarFunction(function) => self.function(function),
            // Everything else is computed here.
            _ => None,
        }
    }

    fn binary(&self, binary: &BinaryExpr) -> Option<String> {
        let BinaryExpr { left, op, right } = binary;
        let between = |word: &str| Some(format!("({} {word} {})", self.sql(left)?, self.sql(right)?));
        match op {
            Operator::And => between("AND"),
            Operator::Or => between("OR"),
            Operator::Eq => self.compare(left, Comparison::Equal, right),
            Operator::NotEq => self.compare(left, Comparison::NotEqual, right),
            Operator::Lt => self.compare(left, Comparison::Less, right),
            Operator::LtEq => self.compare(left, Comparison::LessOrEqual, right),
            Operator::Gt => self.compare(left, Comparison::Greater, right),
            Operator::GtEq => self.compare(left, Comparison::GreaterOrEqual, right),
            Operator::Plus | Operator::Minus | Operator::Multiply if self.are_numbers(left, right)? => {
                between(&op.to_string())
            }
            Operator::Divide | Operator::Modulo if self.are_numbers(left, right)? && is_not_zero(right) => {
                // SQLite has no remainder of floating point numbers.
                let is_whole = self.data_type(left)?.is_integer();
                (is_whole || *op == Operator::Divide).then(|| between(&op.to_string())).flatten()
            }
            _ => None,
        }
    }

    fn are_numbers(&self, left: &Expr, right: &Expr) -> Option<bool> {
        let (left, right) = (self.data_type(left)?, self.data_type(right)?);
        Some(left == right && is_number(&left))
    }

    fn compare(&self, left: &Expr, comparison: Comparison, right: &Expr) -> Option<String> {
        let (left, right) = (instant(left, self), instant(right, self));
        let (of_left, of_right) = (self.data_type(left)?, self.data_type(right)?);
        let both_instants = is_utc(&of_left) && is_utc(&of_right);
        if !(both_instants || of_left == of_right && is_comparable(&of_left)) {
            return None;
        }
        let quick = match (left, right) {
            (Expr::Column(_), Expr::Literal(value, _)) => self.compare_column(left, comparison, value),
            (Expr::Literal(value, _), Expr::Column(_)) => self.compare_column(right, turned(comparison), value),
            _ => None,
        };
        if quick.is_some() {
            return quick;
        }
        let (mut of_left_sql, of_right_sql) = (self.sql(left)?, self.sql(right)?);
        // Two columns may be of two collations, which PostgreSQL does not choose from, not even to find them equal.
        let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if of_left == DataType::Utf8 && !(is_equality && is_with_literal(left, right)) {
            of_left_sql = self.dialect.bytewise(&of_left_sql);
        }
        Some(format!("({of_left_sql} {} {of_right_sql})", comparison.sign()))
    }

    /// A comparison of a column with a constant, where the database has quicker words for it.
    fn compare_column(&self, column: &Expr, comparison: Comparison, value: &ScalarValue) -> Option<String> {
        let (alias, column) = self.item(column)?.column?;
        column.compared(&alias, comparison, &literal(value)?)
    }

    fn between(&self, between: &Between) -> Option<String> {
        let Between { expr, negated, low, high } = between;
        let low = self.compare(expr, Comparison::GreaterOrEqual, low)?;
        let high = self.compare(expr, Comparison::LessOrEqual, high)?;
        let not = if *negated { "NOT " } else { "" };
        Some(format!("({not}({low} AND {high}))"))
    }

    fn in_list(&self, list: &InList) -> Option<String> {
        let data_type = self.data_type(&list.expr)?;
        if !is_comparable(&data_type) || list.list.len() > LIST_MAX {
            return None;
        }
        let same = list.list.iter().all(|item| self.data_type(item).is_some_and(|of| of == data_type));
        let items: Option<Vec<String>> = list.list.iter().map(|item| self.sql(item)).collect();
        let not = if list.negated { "NOT " } else { "" };
        let (mut expr, items) = (self.sql(&list.expr)?, items?);
        if data_type == DataType::Utf8 && !list.list.iter().all(|item| is_with_literal(&list.expr, item)) {
            expr = self.dialect.bytewise(&expr);
        }
        same.then(|| format!("({expr} {not}IN ({}))", items.join(", ")))
    }

    /// Only where a pattern means the same: in PostgreSQL, without an escape.
    fn like(&self, like: &Like) -> Option<String> {
        let Like { negated, expr, pattern, escape_char, case_insensitive } = like;
        let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = pattern.as_ref() else { return None };
        let is_plain = !*case_insensitive && escape_char.is_none() && !text.contains('\\');
        if self.dialect != Dialect::Postgres || !is_plain || self.data_type(expr)? != DataType::Utf8 {
            return None;
        }
        let not = if *negated { "NOT " } else { "" };
        let (mut text, pattern) = (self.sql(expr)?, self.sql(pattern)?);
        if !matches!(expr.as_ref(), Expr::Column(_)) {
            text = self.dialect.bytewise(&text);
        }
        Some(format!("({text} {not}LIKE {pattern})"))
    }

    fn case(&self, case: &Case) -> Option<String> {
        let mut sql = "CASE".to_owned();
        for (when, then) in &case.when_then_expr {
            let when = match &case.expr {
                Some(expr) => self.compare(expr, Comparison::Equal, when)?,
                None => self.condition(when)?,
            };
            sql.push_str(&format!(" WHEN {when} THEN {}", self.sql(then)?));
        }
        if let Some(other) = &case.else_expr {
            sql.push_str(&format!(" ELSE {}", self.sql(other)?));
        }
        self.settled(format!("({sql} END)"), &self.data_type(&Expr::Case(case.clone()))?)
    }

    /// A text that is one of several, which may be of different collations: PostgreSQL neither groups nor compares such
    /// a text before it is told one.
    fn settled(&self, sql: String, data_type: &DataType) -> Option<String> {
        let is_open = self.dialect == Dialect::Postgres && *data_type == DataType::Utf8;
        Some(if is_open { format!("({})", self.dialect.bytewise(&sql)) } else { sql })
    }

    fn function(&self, function: &ScalarFunction) -> Option<String> {
        let arguments = || function.args.iter().map(|arg| self.sql(arg)).collect::<Option<Vec<_>>>();
        let types: Option<Vec<DataType>> = function.args.iter().map(|arg| self.data_type(arg)).collect();
        let types = types?;
        let same = types.windows(2).all(|pair| pair[0] == pair[1]);
        match (self.dialect, function.name(), function.args.as_slice()) {
            (_, "coalesce", [_, ..]) if same => {
                self.settled(format!("coalesce({})", arguments()?.join(", ")), &types[0])
            }
            (_, "nullif", [left, right]) if same => {
                let equal = self.compare(left, Comparison::Equal, right)?;
                Some(format!("(CASE WHEN {equal} THEN NULL ELSE {} END)", self.sql(left)?))
            }
            (_, "abs", [_]) if is_number(&types[0]) => Some(format!("abs({})", arguments()?.join(", "))),
            (Dialect::Postgres, "character_length", [_]) if types[0] == DataType::Utf8 => {
                Some(format!("char_length({})", arguments()?.join(", ")))
            }
            // Our sessions are in UTC.
            (Dialect::Postgres, "date_trunc", [Expr::Literal(ScalarValue::Utf8(Some(unit)), _), at])
                if types[1] == instant_type() && is_unit(unit) =>
            {
                Some(format!("date_trunc('{}', {})", unit.to_lowercase(), self.sql(at)?))
            }
            _ => None,
        }
    }
}

/// Whether this compares a column with a constant: its index can be used as long as nothing is said of a collation.
const fn is_with_literal(left: &Expr, right: &Expr) -> bool {
    matches!((left, right), (Expr::Column(_), Expr::Literal(..)) | (Expr::Literal(..), Expr::Column(_)))
}

/// Units of `date_trunc` that mean the same on both sides.
fn is_unit(unit: &str) -> bool {
    let units = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];
    units.contains(&unit.to_lowercase().as_str())
}

/// The comparison with its sides exchanged.
const fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal | Comparison::NotEqual => comparison,
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
    }
}

/// Types whose values are compared alike everywhere.
pub(super) fn is_comparable(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Boolean | DataType::Utf8 | DataType::Date32 | DataType::Decimal128(..))
        || is_number(data_type)
        || *data_type == instant_type()
}

/// Whole and floating point numbers.
pub(super) const fn is_number(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::Float32 | DataType::Float64)
}

fn is_not_zero(expr: &Expr) -> bool {
    let Expr::Literal(value, _) = expr else { return false };
    match value {
        ScalarValue::Int16(Some(value)) => *value != 0 && *value != -1,
        ScalarValue::Int32(Some(value)) => *value != 0 && *value != -1,
        ScalarValue::Int64(Some(value)) => *value != 0 && *value != -1,
        ScalarValue::Float32(Some(value)) => *value != 0.0,
        ScalarValue::Float64(Some(value)) => *value != 0.0,
        _ => false,
    }
}

fn is_utc(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(_, Some(zone)) if matches!(&**zone, "UTC" | "+00:00"))
}

/// An instant inside a cast to finer units: the engine compares in the unit of the constant.
fn instant<'e>(expr: &'e Expr, scope: &Scope<'_>) -> &'e Expr {
    if let Expr::Cast(cast) = expr
        && matches!(cast.field.data_type(), DataType::Timestamp(TimeUnit::Nanosecond | TimeUnit::Microsecond, _))
        && is_utc(cast.field.data_type())
        && scope.data_type(&cast.expr).is_some_and(|of| of == instant_type())
    {
        return &cast.expr;
    }
    expr
}

fn literal(value: &ScalarValue) -> Option<Literal> {
    if value.is_null() {
        return Some(Literal::Null);
    }
    Some(match value {
        ScalarValue::Boolean(Some(value)) => Literal::Bool(*value),
        ScalarValue::Int8(Some(value)) => Literal::Int((*value).into(), 16),
        ScalarValue::Int16(Some(value)) => Literal::Int((*value).into(), 16),
        ScalarValue::Int32(Some(value)) => Literal::Int((*value).into(), 32),
        ScalarValue::Int64(Some(value)) => Literal::Int(*value, 64),
        ScalarValue::Float32(Some(value)) => Literal::Float((*value).into()),
        ScalarValue::Float64(Some(value)) => Literal::Float(*value),
        ScalarValue::Decimal128(Some(value), _, scale) => Literal::Decimal(*value, *scale),
        ScalarValue::Utf8(Some(text)) | ScalarValue::LargeUtf8(Some(text)) | ScalarValue::Utf8View(Some(text)) => {
            Literal::Text(text.clone())
        }
        ScalarValue::Date32(Some(days)) => Literal::Date(*days),
        ScalarValue::TimestampMicrosecond(Some(micros), _) if is_utc(&value.data_type()) => Literal::Instant(*micros),
        // A finer instant cannot be written in microseconds.
        ScalarValue::TimestampNanosecond(Some(nanos), _) if is_utc(&value.data_type()) && nanos % 1_000 == 0 => {
            Literal::Instant(nanos / 1_000)
        }
        _ => return None,
    })
}
