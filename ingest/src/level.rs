//! Levels by name, as Logfire has them.

/// The names and their numbers, from the least to the worst.
pub const LEVELS: [(&str, u16); 7] =
    [("trace", 1), ("debug", 5), ("info", 9), ("notice", 10), ("warn", 13), ("error", 17), ("fatal", 21)];

/// The number of a level's name, in large or small letters.
pub fn number_of(name: &str) -> Option<u16> {
    let name = name.to_lowercase();
    let name = if name == "warning" { "warn" } else { name.as_str() };
    LEVELS.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

/// The name of a level's number; `None` for one between the names.
pub fn name_of(number: u16) -> Option<&'static str> {
    LEVELS.iter().find(|(_, known)| *known == number).map(|(name, _)| *name)
}

/// The names, from the least to the worst, separated by commas.
pub fn names() -> String {
    LEVELS.map(|(name, _)| name).join(", ")
}
