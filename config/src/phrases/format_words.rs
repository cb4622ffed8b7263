//! Words of `format`.

use crate::read::Phrase;

/// `chart` of a format.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bar;

impl Phrase for Bar {
    const CODE: &'static str = "unknown_chart";
    const NOUN: &'static str = "a chart that can be drawn";
    const EXPECTED: &'static str = "bar";
    const EXAMPLE: &'static str = "bar";
    const WORDS: &'static [&'static str] = &["bar"];

    fn parse(text: &str) -> Option<Self> {
        (text == "bar").then_some(Self)
    }
}

/// `attach` of a format.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Csv;

impl Phrase for Csv {
    const CODE: &'static str = "unknown_attachment";
    const NOUN: &'static str = "a file that can be attached";
    const EXPECTED: &'static str = "csv";
    const EXAMPLE: &'static str = "csv";
    const WORDS: &'static [&'static str] = &["csv"];

    fn parse(text: &str) -> Option<Self> {
        (text == "csv").then_some(Self)
    }
}
