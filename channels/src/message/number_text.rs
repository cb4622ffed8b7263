//! Numbers as people read them: thousands separated, no more digits than they mean, never `7.4e-2`.

/// Digits with a comma between each three of the whole part. A sign and a fraction stay as they are.
pub fn grouped(digits: &str) -> String {
    let (sign, rest) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let (whole, fraction) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
    let mut text = String::with_capacity(digits.len() + whole.len() / 3);
    text.push_str(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text.push_str(fraction);
    text
}

/// A floating number: up to four decimals are shown as they are, which keeps money; a longer fraction is noise
/// and is rounded to six significant digits, but not below two decimals.
pub fn float_text(number: f64) -> String {
    if !number.is_finite() {
        return if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "∞"
        } else {
            "-∞"
        }
        .to_owned();
    }
    let size = number.abs();
    if size >= 1e18 {
        return format!("{number:.5e}");
    }
    if size != 0.0 && size < 1e-9 {
        return "≈0".to_owned();
    }
    grouped(&rounded(number))
}

/// How many decimals [`float_text`] gives a number; none for what is not finite.
pub fn decimals(text: &str) -> usize {
    text.rsplit_once('.')
        .map_or(0, |(_, fraction)| if fraction.bytes().all(|b| b.is_ascii_digit()) { fraction.len() } else { 0 })
}

/// The same with `decimals` decimals, for columns that stand below each other.
pub fn float_text_with(number: f64, decimals: usize) -> String {
    if number.is_finite() && number.abs() < 1e18 {
        grouped(&format!("{number:.decimals$}"))
    } else {
        float_text(number)
    }
}

/// A decimal number as the query scaled it; a fraction of more than four digits is rounded like a float's.
pub fn decimal_text(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    match text.parse::<f64>() {
        Ok(number) if decimals(text) > 4 && number.abs() < 1e15 => float_text(number),
        _ if is_plain => grouped(text),
        _ => text.to_owned(),
    }
}

fn rounded(number: f64) -> String {
    let shortest = format!("{number}");
    if decimals(&shortest) <= 4 {
        return if shortest == "-0" { "0".to_owned() } else { shortest };
    }
    let size = number.abs();
    #[expect(clippy::cast_possible_truncation, reason = "the logarithm of what lies between 1e-9 and 1e18")]
    let magnitude = size.log10().floor() as i32;
    let wanted = usize::try_from(5 - magnitude).unwrap_or(0);
    let text = format!("{number:.*}", wanted.max(2));
    let trimmed = text.trim_end_matches('0').trim_end_matches('.');
    if trimmed == "-0" { "0".to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn floats_have_the_digits_that_they_mean() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (7.41, "7.41"),
            (18_204.0, "18,204"),
            (1_218.6, "1,218.6"),
            (1_218_612.55, "1,218,612.55"),
            (0.1 + 0.2, "0.3"),
            (1_234_567.890_000_000_1, "1,234,567.89"),
            (0.074_123_456, "0.0741235"),
            (-7.407_407_407, "-7.40741"),
            (0.000_000_123_456_78, "0.000000123457"),
            (1e-300, "≈0"),
            (1e15, "1,000,000,000,000,000"),
            (1.5e300, "1.50000e300"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-∞"),
        ] {
            assert_eq!(float_text(number), text, "{number}");
        }
        assert_eq!(float_text_with(1_218.6, 2), "1,218.60");
    }

    #[test]
    fn decimals_stay_as_the_query_scaled_them() {
        for (given, text) in [
            ("1218.60", "1,218.60"),
            ("-0.10", "-0.10"),
            ("7.4100000000000000", "7.41"),
            ("123456789012345678901234567890", "123,456,789,012,345,678,901,234,567,890"),
            ("odd", "odd"),
        ] {
            assert_eq!(decimal_text(given), text);
        }
    }

    proptest! {
        #[test]
        fn a_number_has_a_short_text_that_means_it(number in any::<f64>()) {
            let text = float_text(number);
            prop_assert!(text.chars().count() <= 40, "{}", text);
            if (1e-9..1e18).contains(&number.abs()) {
                let read: f64 = text.replace(',', "").parse().expect("a number");
                prop_assert!((read - number).abs() <= number.abs() * 1e-5, "{} {}", number, text);
            }
        }
    }
}
