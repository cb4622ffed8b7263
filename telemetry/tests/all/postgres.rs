//! What people write for PostgreSQL: it works as there, or says what to write instead.

use crate::harness::World;

/// Expressions, and PostgreSQL 15's answers as it prints them (times in UTC); or `error:` and a part of our sentence.
const TABLE: &str = include_str!("../../testdata/postgres.txt");

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[tokio::test]
async fn expressions_of_postgresql_work_or_say_what_to_write_instead() {
    let world = World::new();
    let now = crate::harness::at("06:06");
    let mut wrong = Vec::new();
    for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (sql, wanted) = line.split_once(" => ").unwrap_or_else(|| panic!("a line without an answer: {line}"));
        let answer = match world.telemetry.query(&format!("SELECT {sql}"), now, 100).await {
            Ok(result) => result
                .rows
                .iter()
                .map(|row| row.iter().map(|value| plain(&value.to_json())).collect::<Vec<_>>().join(" | "))
                .collect::<Vec<_>>()
                .join("; "),
            Err(failure) => format!("error: {failure}"),
        };
        let is_right = match wanted.strip_prefix("error: ") {
            Some(part) => answer.starts_with("error: ") && answer.contains(part),
            None => answer == wanted,
        };
        if !is_right {
            wrong.push(format!("{sql} => {answer}\n    wanted {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
