//! PostgreSQL's patterns for numbers: `FM999,990.00`.

use super::PatternError;

/// A number in decimal digits: how PostgreSQL sees it, whatever its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digits {
    is_negative: bool,
    /// Without leading zeros; empty below 1.
    whole: String,
    fraction: String,
}

impl Digits {
    /// Of a decimal number as text, rounded to `places`, halves away from zero. `None` for what is no such text.
    pub(super) fn of_text(text: &str, places: usize) -> Option<Self> {
        let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let rounds_up = fraction.as_bytes().get(places).is_some_and(|digit| *digit >= b'5');
        let kept = format!("{whole}{fraction:0<places$.places$}");
        let kept = if rounds_up { increment(&kept) } else { kept };
        let (whole, fraction) = kept.split_at(kept.len() - places);
        let whole = whole.trim_start_matches('0').to_owned();
        let is_zero = whole.is_empty() && fraction.bytes().all(|digit| digit == b'0');
        Some(Self { is_negative: is_negative && !is_zero, whole, fraction: fraction.to_owned() })
    }

    /// Of a floating-point number, rounded to `places`. `None` for NaN and infinities.
    pub(super) fn of_float(value: f64, places: usize) -> Option<Self> {
        value.is_finite().then(|| Self::of_text(&format!("{value:.places$}"), places)).flatten()
    }
}

fn increment(digits: &str) -> String {
    let nines = digits.bytes().rev().take_while(|digit| *digit == b'9').count();
    let (head, _) = digits.split_at(digits.len() - nines);
    let head = match head.as_bytes().last() {
        Some(last) => format!("{}{}", &head[..head.len() - 1], char::from(last + 1)),
        None => "1".to_owned(),
    };
    format!("{head}{}", "0".repeat(nines))
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    /// `9`, or `0` when it shows zeros.
    Digit {
        is_zero: bool,
    },
    Point,
    Group,
    /// `MI`: a minus sign, or a blank.
    Minus,
    /// `PL`: a plus sign, or a blank.
    Plus,
    /// `SG`: either sign.
    Either,
    /// `S` behind the digits.
    Trailing,
    Ordinal {
        is_upper: bool,
    },
    Literal(char),
}

/// How the sign stands before the first digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leading {
    /// A minus sign or a blank.
    MinusOrBlank,
    /// `S`: a minus or a plus sign.
    Always,
    /// `PR`: negative numbers in angle brackets.
    Brackets,
    /// The pattern has a place for it.
    Elsewhere,
}

/// A pattern that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NumberPattern {
    pieces: Vec<Piece>,
    /// `FM`: no blanks, no zeros behind the point.
    is_tight: bool,
    has_exponent: bool,
    leading: Leading,
    /// How many digits stand before the point.
    before: usize,
    /// How many behind it.
    behind: usize,
    /// The place of the first `0` before the point.
    zeros_from: Option<usize>,
    /// How many places behind the point show their zero even under `FM`.
    zeros_behind: usize,
}

/// What the pattern may hold, the longest first.
const WORDS: [&str; 19] =
    ["EEEE", "FM", "MI", "PL", "PR", "RN", "SG", "SP", "TH", "9", "0", ".", ",", "D", "G", "L", "S", "V", "B"];

impl NumberPattern {
    pub(super) fn parse(pattern: &str) -> Result<Self, PatternError> {
        let mut read = Self {
            pieces: Vec::new(),
            is_tight: false,
            has_exponent: false,
            leading: Leading::MinusOrBlank,
            before: 0,
            behind: 0,
            zeros_from: None,
            zeros_behind: 0,
        };
        let mut rest = pattern;
        let mut has_point = false;
        while let Some(first) = rest.chars().next() {
            if first == '"' {
                let (text, after) = super::quoted(rest);
                read.pieces.extend(text.chars().map(Piece::Literal));
                rest = after;
                continue;
            }
            let word = WORDS.into_iter().find(|word| {
                rest.get(..word.len()).is_some_and(|head| head == *word || head == word.to_ascii_lowercase())
            });
            let Some(word) = word else {
                if first.is_alphabetic() {
                    return Err(PatternError::unknown(pattern, super::word_at(rest)));
                }
                read.pieces.push(Piece::Literal(first));
                rest = &rest[first.len_utf8()..];
                continue;
            };
            let is_upper = rest.starts_with(word);
            match word {
                "9" | "0" => {
                    let is_zero = word == "0";
                    if has_point {
                        read.behind += 1;
                        read.zeros_behind = if is_zero { read.behind } else { read.zeros_behind };
                    } else {
                        read.zeros_from = read.zeros_from.or(is_zero.then_some(read.before));
                        read.before += 1;
                    }
                    read.pieces.push(Piece::Digit { is_zero });
                }
                "." | "D" if has_point => return Err(PatternError::unknown(pattern, "a second decimal point")),
                "." | "D" => {
                    has_point = true;
                    read.pieces.push(Piece::Point);
                }
                "," | "G" => read.pieces.push(Piece::Group),
                "FM" => read.is_tight = true,
                "EEEE" => read.has_exponent = true,
                "PR" => read.leading = Leading::Brackets,
                "MI" => {
                    read.leading = Leading::Elsewhere;
                    read.pieces.push(Piece::Minus);
                }
                "PL" => read.pieces.push(Piece::Plus),
                "SG" => {
                    read.leading = Leading::Elsewhere;
                    read.pieces.push(Piece::Either);
                }
                "S" if read.before + read.behind == 0 => read.leading = Leading::Always,
                "S" => {
                    read.leading = Leading::Elsewhere;
                    read.pieces.push(Piece::Trailing);
                }
                "TH" => read.pieces.push(Piece::Ordinal { is_upper }),
                other => return Err(PatternError::unknown(pattern, other)),
            }
            rest = &rest[word.len()..];
        }
        Ok(read)
    }

    /// How many digits behind the point it shows.
    pub(super) const fn places(&self) -> usize {
        self.behind
    }

    pub(super) const fn has_exponent(&self) -> bool {
        self.has_exponent
    }

    /// `4.85e+02`.
    pub(super) fn scientific(&self, value: f64) -> String {
        let text = format!("{value:.*e}", self.behind);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
        let lead = if value.is_sign_negative() || self.is_tight { "" } else { " " };
        format!("{lead}{mantissa}e{sign}{exponent:0>2}")
    }

    /// The number as the pattern shows it; `None` (no number), and a number with too many digits, as `#`.
    pub(super) fn render(&self, number: Option<&Digits>) -> String {
        let fits =
            number.filter(|number| number.whole.len() <= self.before && !(self.before == 0 && number.whole.is_empty()));
        let is_negative = number.is_some_and(|number| number.is_negative);
        let filled = Digits { is_negative, whole: "#".repeat(self.before), fraction: "#".repeat(self.behind) };
        let shown = fits.unwrap_or(&filled);
        // Zero is one digit, unless digits behind the point speak for it.
        let whole = if shown.whole.is_empty() && self.behind == 0 { "0" } else { &shown.whole };
        let digits_from = self.before.saturating_sub(whole.len());
        let first = self.zeros_from.map_or(digits_from, |zeros| zeros.min(digits_from));
        let relevant = shown.fraction.trim_end_matches('0').len().max(self.zeros_behind);
        let mut line = Line { text: String::new(), signed: false, pattern: self, is_negative: shown.is_negative };
        let (mut place, mut behind) = (0, 0);
        for piece in &self.pieces {
            match piece {
                Piece::Digit { .. } if place < self.before => {
                    if place >= first {
                        line.sign();
                        let digit = place.checked_sub(digits_from).and_then(|index| whole.chars().nth(index));
                        line.text.push(digit.unwrap_or('0'));
                    } else if self.is_tight && relevant == 0 && self.behind > 0 && place + 1 == self.before {
                        line.sign();
                        line.text.push('0');
                    } else {
                        line.blank();
                    }
                    place += 1;
                }
                Piece::Digit { .. } => {
                    if !self.is_tight || behind < relevant {
                        line.text.push(shown.fraction.chars().nth(behind).unwrap_or('0'));
                    }
                    behind += 1;
                }
                Piece::Point => {
                    line.sign();
                    // Without digits behind it, PostgreSQL drops the point of a number that fits.
                    if self.behind > 0 || fits.is_none() {
                        line.text.push('.');
                    }
                }
                Piece::Group if place > first => line.text.push(','),
                Piece::Group => line.blank(),
                Piece::Minus => line.either('-', ' '),
                Piece::Plus => line.either(' ', '+'),
                Piece::Either | Piece::Trailing => line.either('-', '+'),
                Piece::Ordinal { is_upper } => {
                    if fits.is_some() && !shown.is_negative && self.behind == 0 {
                        line.text.push_str(super::ordinal(whole.bytes().rev().take(2), *is_upper));
                    }
                }
                Piece::Literal(literal) => line.text.push(*literal),
            }
        }
        line.sign();
        line.close();
        line.text
    }
}

/// A text in the making.
struct Line<'a> {
    text: String,
    /// Whether the sign before the digits stands.
    signed: bool,
    pattern: &'a NumberPattern,
    is_negative: bool,
}

impl Line<'_> {
    fn sign(&mut self) {
        if std::mem::replace(&mut self.signed, true) {
            return;
        }
        match self.pattern.leading {
            Leading::MinusOrBlank => self.either('-', ' '),
            Leading::Always => self.either('-', '+'),
            Leading::Brackets => self.either('<', ' '),
            Leading::Elsewhere => {}
        }
    }

    fn close(&mut self) {
        if self.pattern.leading == Leading::Brackets {
            self.either('>', ' ');
        }
    }

    fn blank(&mut self) {
        if !self.pattern.is_tight {
            self.text.push(' ');
        }
    }

    fn either(&mut self, negative: char, positive: char) {
        let sign = if self.is_negative { negative } else { positive };
        if sign == ' ' { self.blank() } else { self.text.push(sign) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asked of PostgreSQL 15: for each pattern, 485, -485, 0, 0.5, -0.1, 12.345, 1234.5 and -1234567.891 (numeric).
    const POSTGRES: &str = include_str!("../../../testdata/to_char_numbers.txt");

    #[test]
    fn numbers_look_as_in_postgresql() {
        let mut wrong = Vec::new();
        for line in POSTGRES.lines() {
            let parts: Vec<&str> = line.splitn(3, '|').collect();
            let [pattern, value, shown] = parts[..] else { panic!("{line}") };
            let read = NumberPattern::parse(pattern).unwrap();
            let text = if read.has_exponent() {
                read.scientific(value.parse().unwrap())
            } else {
                read.render(Digits::of_text(value, read.places()).as_ref())
            };
            if format!("[{text}]") != shown {
                wrong.push(format!("{pattern} of {value}: [{text}], not {shown}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn floats_and_strange_numbers_have_digits_too() {
        let read = NumberPattern::parse("FM990.00").unwrap();
        assert_eq!(read.render(Digits::of_float(12.3456, 2).as_ref()), "12.35");
        assert_eq!(read.render(Digits::of_float(f64::NAN, 2).as_ref()), "###.##");
        assert_eq!(Digits::of_text("9.995", 2), Digits::of_text("10.00", 2));
        assert_eq!(Digits::of_text("1e5", 2), None);
    }
}
