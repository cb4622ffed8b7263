//! Sums and differences of cells, exact where the cells are, and without the noise of floats where they are not.

use watchfire_model::{Observation, Value};

/// Significant digits that a float result keeps, counted from its largest operand.
const FLOAT_DIGITS: i32 = 12;
/// Decimals that it keeps beyond those, as long as a float has them: money of any size keeps its cents.
const FLOAT_DECIMALS_MIN: i32 = 2;
/// Significant digits that every float has.
const FLOAT_DIGITS_MAX: i32 = f64::DIGITS as i32;

/// The sum of one column over all rows.
///
/// NULL and NaN add nothing. No rows add up to 0; rows without a single number to NULL. Whole numbers
/// and decimals are summed exactly; a sum of whole numbers beyond 64 bits becomes a float.
pub(crate) fn total(observation: &Observation, place: usize) -> Value {
    if observation.rows.is_empty() {
        return Value::Int(0);
    }
    sum(observation.rows.iter().filter_map(|row| row.values.get(place)))
}

fn sum<'a>(cells: impl Iterator<Item = &'a Value> + Clone) -> Value {
    let mut numbers = cells.filter(|cell| cell.as_f64().is_some_and(|number| !number.is_nan()));
    let Some(first) = numbers.next() else { return Value::Null };
    let exact =
        Exact::of(first).and_then(|first| numbers.clone().try_fold(first, |sum, cell| sum.plus(Exact::of(cell)?)));
    exact.map_or_else(|| float_sum(std::iter::once(first).chain(numbers)), Exact::into_value)
}

/// How much more `now` is than `before`; NULL when either is no number or there is no such number.
pub(crate) fn difference(now: &Value, before: &Value) -> Value {
    if let (Some(now), Some(before)) = (Exact::of(now), Exact::of(before))
        && let Some(difference) = before.negated().and_then(|before| now.plus(before))
    {
        return difference.into_value();
    }
    match (now.as_f64(), before.as_f64()) {
        (Some(now), Some(before)) if (now - before).is_finite() => {
            Value::Float(without_noise(now - before, now.abs().max(before.abs())))
        }
        _ => Value::Null,
    }
}

/// A whole or decimal number: `digits` divided by ten to the power of `scale`.
#[derive(Debug, Clone, Copy)]
struct Exact {
    digits: i128,
    scale: u32,
    is_decimal: bool,
}

impl Exact {
    fn of(cell: &Value) -> Option<Self> {
        match cell {
            Value::Int(number) => Some(Self { digits: *number, scale: 0, is_decimal: false }),
            Value::Decimal(text) => {
                let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
                let digits = format!("{whole}{fraction}").parse().ok()?;
                Some(Self { digits, scale: u32::try_from(fraction.len()).ok()?, is_decimal: true })
            }
            Value::Null
            | Value::Bool(_)
            | Value::Float(_)
            | Value::String(_)
            | Value::Timestamp(_)
            | Value::Duration(_)
            | Value::Json(_)
            | Value::List(_)
            | Value::Binary(_) => None,
        }
    }

    /// `None` when it does not fit.
    fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let digits = self.digits_at(scale)?.checked_add(other.digits_at(scale)?)?;
        Some(Self { digits, scale, is_decimal: self.is_decimal || other.is_decimal })
    }

    fn negated(self) -> Option<Self> {
        Some(Self { digits: self.digits.checked_neg()?, ..self })
    }

    fn digits_at(self, scale: u32) -> Option<i128> {
        self.digits.checked_mul(10_i128.checked_pow(scale - self.scale)?)
    }

    fn into_value(self) -> Value {
        if self.is_decimal {
            return Value::Decimal(self.text());
        }
        let fits = (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&self.digits);
        #[expect(clippy::cast_precision_loss, reason = "beyond 64 bits a whole number is shown as a float")]
        if fits { Value::Int(self.digits) } else { Value::Float(self.digits as f64) }
    }

    fn text(self) -> String {
        let scale = self.scale as usize;
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = format!("{:0width$}", self.digits.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }
}

/// Neumaier's sum: what each addition loses is added at the end.
fn float_sum<'a>(cells: impl Iterator<Item = &'a Value>) -> Value {
    let (mut sum, mut lost, mut largest) = (0.0_f64, 0.0_f64, 0.0_f64);
    for number in cells.filter_map(Value::as_f64) {
        let next = sum + number;
        lost += if sum.abs() >= number.abs() { (sum - next) + number } else { (number - next) + sum };
        sum = next;
        largest = largest.max(number.abs()).max(sum.abs());
    }
    // Infinities make what was lost NaN.
    let whole = sum + lost;
    Value::Float(if whole.is_finite() { without_noise(whole, largest) } else { sum })
}

/// Rounds a result whose largest operand is `largest`: 0.1 + 0.2 is 0.3, and 100000.1 - 100000 is 0.1.
fn without_noise(number: f64, largest: f64) -> f64 {
    if !largest.is_normal() {
        return number;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the exponent of a float is below 400")]
    let before_point = largest.log10().floor() as i32 + 1;
    let wanted = (FLOAT_DIGITS - before_point).max(FLOAT_DECIMALS_MIN.min(FLOAT_DIGITS_MAX - before_point));
    match usize::try_from(wanted) {
        // Adding zero takes the sign off a negative zero.
        Ok(decimals) => format!("{number:.decimals$}").parse().map_or(number, |rounded: f64| rounded + 0.0),
        Err(_) => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Value {
        Value::Decimal(text.into())
    }

    fn shown(value: &Value) -> String {
        match value {
            Value::Decimal(text) => format!("decimal {text}"),
            other => other.to_json().to_string(),
        }
    }

    #[test]
    fn differences_read_as_people_would_write_them() {
        use Value::{Float, Int, Null};
        for (now, before, expected) in [
            (Int(7), Int(10), "-3"),
            (Float(0.3), Float(0.1), "0.2"),
            (Float(0.300_000_000_000_000_04), Float(0.1), "0.2"),
            (Float(100_000.1), Float(100_000.0), "0.1"),
            (Float(1_234_567_890_123.45), Float(0.1), "1234567890123.35"),
            (Float(1e-7), Float(3e-7), "-2e-7"),
            (Float(0.0), Float(0.0), "0.0"),
            (Float(1.5), Int(1), "0.5"),
            (Float(9e18), Float(1.0), "9e+18"),
            (decimal("12.50"), decimal("3.125"), "decimal 9.375"),
            (decimal("0.10"), decimal("0.15"), "decimal -0.05"),
            (decimal("-1"), Int(2), "decimal -3"),
            (decimal("0.5"), Float(0.25), "0.25"),
            (Int(i128::from(u64::MAX)), Int(-1), "1.8446744073709552e+19"),
            (Null, Int(1), "null"),
            (Int(1), Null, "null"),
            (Float(f64::NAN), Float(1.0), "null"),
            (Float(f64::INFINITY), Float(f64::INFINITY), "null"),
            (Float(f64::MAX), Float(f64::MIN), "null"),
        ] {
            assert_eq!(shown(&difference(&now, &before)), expected, "{now:?} - {before:?}");
        }
    }

    #[test]
    fn sums_are_exact_where_the_cells_are() {
        use Value::{Float, Int, Null};
        for (cells, expected) in [
            (vec![Int(1), Null, Int(41)], "42"),
            (vec![Float(0.1), Float(0.2)], "0.3"),
            (vec![Float(0.1); 1000], "100.0"),
            (vec![Float(1e16), Float(1.0), Float(-1e16)], "1.0"),
            (vec![Float(1.5), Float(f64::NAN)], "1.5"),
            (vec![Float(f64::INFINITY), Float(1.0)], "null"),
            (vec![decimal("0.10"), decimal("0.205"), Int(1)], "decimal 1.305"),
            (vec![decimal("99999999999999999999999999999999999999"); 2], "2e+38"),
            (vec![Int(i64::MAX.into()), Int(1)], "\"9223372036854775808\""),
            (vec![Int(u64::MAX.into()), Int(1)], "1.8446744073709552e+19"),
            (vec![Null, Float(f64::NAN)], "null"),
            (vec![], "null"),
        ] {
            assert_eq!(shown(&sum(cells.iter())), expected, "{cells:?}");
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_and_cents_are_never_off(cents in proptest::collection::vec(-10_000_000_i64..10_000_000, 1..200)) {
            let exact: i64 = cents.iter().sum();
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let cells: Vec<Value> = cents.iter().map(|cents| Value::Float(*cents as f64 / 100.0)).collect();
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let expected = exact as f64 / 100.0;
            prop_assert_eq!(sum(cells.iter()).as_f64(), Some(expected));
        }

        #[test]
        fn a_difference_of_any_floats_is_close_and_never_panics(now in any::<f64>(), before in any::<f64>()) {
            if let Value::Float(found) = difference(&Value::Float(now), &Value::Float(before)) {
                let allowed = now.abs().max(before.abs()) * 1e-11;
                prop_assert!((found - (now - before)).abs() <= allowed, "{found}");
            }
        }
    }
}
