//! Queries as Logfire's documentation teaches them, over real records.

use std::path::{Path, PathBuf};

use crate::harness::{World, at};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/examples")
}

/// Set, the answers are written anew, to be read by whoever changes them.
const REWRITE: &str = "WATCHFIRE_REWRITE_EXAMPLES";

#[tokio::test]
async fn queries_of_the_documentation_answer_as_they_did() {
    let mut world = World::new();
    world.source_at("records", &folder().join("../records.ndjson"), None);
    let queries = std::fs::read_to_string(folder().join("queries.sql")).unwrap();
    let mut answers = String::new();
    for query in queries.split("\n\n") {
        let (title, sql) = query.trim().split_once('\n').unwrap();
        let answer = match world.telemetry.query(sql, at("07:00"), 20).await {
            Ok(result) => {
                let names: Vec<&str> = result.columns.iter().map(|column| column.name.as_str()).collect();
                let rows = result.rows.iter().map(|row| crate::harness::cells(row));
                std::iter::once(names.join(" | ")).chain(rows).collect::<Vec<_>>().join("\n")
            }
            Err(failure) => failure.to_string(),
        };
        assert!(!answer.starts_with("invalid_query") && !answer.starts_with("execution"), "{title}\n{sql}\n{answer}");
        answers.push_str(&format!("{title}\n{answer}\n\n"));
    }
    let file = folder().join("answers.txt");
    if std::env::var_os(REWRITE).is_some() {
        std::fs::write(&file, &answers).unwrap();
    }
    assert_eq!(answers, std::fs::read_to_string(&file).unwrap());
}
