//! How long something is borne: `for`, `missing`, `no_data`, `on_error`, `repeat`, `catch_up`.

use std::time::Duration;

use watchfire_alerts::{Hold, Missing, NoData, OnError, Patience, Repeat};
use watchfire_model::parse_duration;
use watchfire_scheduler::CatchUp;

use crate::read::Phrase;

/// A duration; a bare `0` is none at all.
pub(super) fn duration(text: &str) -> Option<Duration> {
    if text == "0" { Some(Duration::ZERO) } else { parse_duration(text) }
}

/// The number at the start of a text, with the unit that was probably meant: `10 seconds` gives `10s`.
pub(super) fn with_unit(text: &str) -> Option<String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..digits].parse::<u32>().ok().filter(|number| *number > 0)?;
    let unit = match text[digits..].trim_start().chars().next().map(|c| c.to_ascii_lowercase()) {
        None => 's',
        Some(unit @ ('s' | 'm' | 'h' | 'd' | 'w')) => unit,
        Some(_) => 'm',
    };
    Some(format!("{number}{unit}"))
}

/// A duration above zero.
fn lasting(text: &str) -> Option<Duration> {
    parse_duration(text).filter(|duration| !duration.is_zero())
}

/// `3 runs` or `1 run`.
fn runs(text: &str) -> Option<u64> {
    let number = text.strip_suffix("runs").or_else(|| text.strip_suffix("run"))?;
    number.trim_end().parse().ok().filter(|runs| *runs > 0)
}

/// `3 runs` or `10m`.
fn patience(text: &str) -> Option<Patience> {
    let text = text.trim();
    runs(text).map(Patience::Runs).or_else(|| lasting(text).map(Patience::Time))
}

/// What follows `words`, each word set apart by blanks.
fn after<'a>(text: &'a str, words: &[&str]) -> Option<&'a str> {
    words.iter().try_fold(text.trim_start(), |rest, word| {
        let rest = rest.strip_prefix(word)?;
        rest.starts_with(char::is_whitespace).then(|| rest.trim_start())
    })
}

impl Phrase for Duration {
    const CODE: &'static str = "not_a_duration";
    const NOUN: &'static str = "a duration";
    const EXPECTED: &'static str = "a number and a unit: s, m, h or d";
    const EXAMPLE: &'static str = "5m";

    fn parse(text: &str) -> Option<Self> {
        duration(text)
    }

    fn example(text: &str) -> String {
        with_unit(text).unwrap_or_else(|| Self::EXAMPLE.to_owned())
    }
}

impl Phrase for Hold {
    const CODE: &'static str = "not_a_duration";
    const NOUN: &'static str = "a duration";
    const EXPECTED: &'static str = "a number and a unit: s, m, h or d";
    const EXAMPLE: &'static str = "5m";

    fn parse(text: &str) -> Option<Self> {
        runs(text).map(Self::Runs).or_else(|| duration(text).map(Self::Time))
    }

    fn example(text: &str) -> String {
        with_unit(text).unwrap_or_else(|| Self::EXAMPLE.to_owned())
    }
}

impl Phrase for Missing {
    const CODE: &'static str = "bad_missing";
    const NOUN: &'static str = "a policy for missing instances";
    const EXPECTED: &'static str = "keep, resolve, resolve after … or alert after …";
    const EXAMPLE: &'static str = "resolve after 2 runs";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "keep" => Some(Self::Keep),
            "resolve" => Some(Self::Resolve(Patience::Runs(1))),
            _ => None,
        }
        .or_else(|| after(text, &["resolve", "after"]).and_then(patience).map(Self::Resolve))
        .or_else(|| after(text, &["alert", "after"]).and_then(patience).map(Self::Alert))
    }
}

impl Phrase for NoData {
    const CODE: &'static str = "bad_no_data";
    const NOUN: &'static str = "a policy for empty input";
    const EXPECTED: &'static str = "keep, ok, resolve or alert after …";
    const EXAMPLE: &'static str = "alert after 3 runs";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "keep" => Some(Self::Keep),
            "resolve" => Some(Self::Resolve),
            "ok" => Some(Self::Ok),
            _ => after(text, &["alert", "after"]).and_then(patience).map(Self::Alert),
        }
    }
}

impl Phrase for OnError {
    const CODE: &'static str = "bad_on_error";
    const NOUN: &'static str = "a policy for failing queries";
    const EXPECTED: &'static str = "keep or alert after …";
    const EXAMPLE: &'static str = "alert after 3 runs";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "keep" => Some(Self::Keep),
            _ => after(text, &["alert", "after"]).and_then(patience).map(Self::Alert),
        }
    }
}

/// A repeat, also the kind that is not built yet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RawRepeat {
    Plain(Repeat),
    Backoff,
}

impl Phrase for RawRepeat {
    const CODE: &'static str = "bad_repeat";
    const NOUN: &'static str = "a repeat";
    const EXPECTED: &'static str = "never or a duration";
    const EXAMPLE: &'static str = "4h";

    fn parse(text: &str) -> Option<Self> {
        if let Some(range) = after(text, &["backoff"]) {
            let (first, last) = range.split_once("..")?;
            return (lasting(first.trim())? <= lasting(last.trim())?).then_some(Self::Backoff);
        }
        match text {
            "never" => Some(Self::Plain(Repeat::Never)),
            _ => lasting(text).map(Repeat::Every).map(Self::Plain),
        }
    }
}

impl Phrase for CatchUp {
    const CODE: &'static str = "bad_catch_up";
    const NOUN: &'static str = "a catch-up";
    const EXPECTED: &'static str = "latest, latest within …, all within … or none";
    const EXAMPLE: &'static str = "latest within 1h";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "latest" => Some(Self::Latest),
            "none" => Some(Self::None),
            _ => None,
        }
        .or_else(|| after(text, &["latest", "within"]).and_then(lasting).map(Self::LatestWithin))
        .or_else(|| after(text, &["all", "within"]).and_then(lasting).map(Self::AllWithin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Phrase>(text: &str) -> Option<T> {
        T::parse(text)
    }

    const TEN_MINUTES: Duration = Duration::from_secs(600);

    #[test]
    fn policies_read_as_people_write_them() {
        assert_eq!(read("3 runs"), Some(Hold::Runs(3)));
        assert_eq!(read("1 run"), Some(Hold::Runs(1)));
        assert_eq!(read("0"), Some(Hold::Time(Duration::ZERO)));
        assert_eq!(read("10m"), Some(Hold::Time(TEN_MINUTES)));
        assert_eq!(read("resolve"), Some(Missing::Resolve(Patience::Runs(1))));
        assert_eq!(read("resolve  after 2 runs"), Some(Missing::Resolve(Patience::Runs(2))));
        assert_eq!(read("alert after 10m"), Some(Missing::Alert(Patience::Time(TEN_MINUTES))));
        assert_eq!(read("ok"), Some(NoData::Ok));
        assert_eq!(read("alert after 10m"), Some(OnError::Alert(Patience::Time(TEN_MINUTES))));
        assert_eq!(read("latest within 10m"), Some(CatchUp::LatestWithin(TEN_MINUTES)));
        assert_eq!(read("all within 10m"), Some(CatchUp::AllWithin(TEN_MINUTES)));
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in ["", "runs", "0 runs", "-1 runs", "three runs", "5x"] {
            assert_eq!(read::<Hold>(text), None, "{text}");
        }
        for text in ["alert", "alert after", "alert after 0s", "resolveafter 1 runs", "keep after 1m"] {
            assert_eq!(
                (read::<Missing>(text), read::<NoData>(text), read::<OnError>(text)),
                (None, None, None),
                "{text}"
            );
        }
        for text in ["all", "latest within", "none within 1h", "all within 0s"] {
            assert_eq!(read::<CatchUp>(text), None, "{text}");
        }
        for text in ["0s", "backoff", "backoff 5m", "backoff 1h..5m", "sometimes"] {
            assert!(read::<RawRepeat>(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_number_keeps_its_value_in_what_is_offered_instead() {
        for (text, offered) in [("5x", "5m"), ("30", "30s"), ("10 seconds", "10s"), ("2 hours", "2h"), ("3min", "3m")] {
            assert_eq!(Duration::example(text), offered, "{text}");
        }
        assert_eq!(Duration::example("soon"), "5m");
    }
}
