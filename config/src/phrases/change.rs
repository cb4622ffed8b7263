//! `change.tolerance`.

use watchfire_alerts::Tolerance;

use crate::read::Phrase;

/// How far two numbers may be apart and still be equal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawTolerance(pub Tolerance);

impl Phrase for RawTolerance {
    const CODE: &'static str = "not_a_tolerance";
    const NOUN: &'static str = "a tolerance";
    const EXPECTED: &'static str = "a number from 0, or a share such as 1%";
    const EXAMPLE: &'static str = "1%";

    fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
        Some(Self(match text.strip_suffix('%') {
            Some(share) => Tolerance::Relative(number(share)? / 100.0),
            None => Tolerance::Absolute(number(text)?),
        }))
    }
}
