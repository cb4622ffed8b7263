//! Every kind of mistake, with the words in which it is told: `testdata/<fault>.bad.yaml` beside
//! `<fault>.bad.stderr`. `UPDATE_EXPECTED=1` writes what is told now.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use watchfire_config::{Loaded, ProblemSeverity, load};

/// Stands in every fixture wherever a value must never be shown.
const SECRET: &str = "SUPERSECRET";

fn environment(name: &str) -> Option<String> {
    match name {
        "HOOK_URL" => Some("https://example.com/hooks/SUPERSECRET".to_owned()),
        "FTP" => Some("ftp://SUPERSECRET".to_owned()),
        "CONTROL" => Some("SUPERSECRET\u{7}SUPERSECRET".to_owned()),
        "TOKEN" => Some("SUPERSECRET-SUPERSECRET".to_owned()),
        "API_KEY" => Some("SUPERSECRET".to_owned()),
        _ => None,
    }
}

fn load_alone(name: &str, text: &str) -> (Loaded, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = if name.starts_with("settings") { "watchfire.yaml" } else { "rules.yaml" };
    fs::write(folder.path().join(file), text).unwrap();
    let loaded = load(folder.path(), &environment).unwrap();
    let rendered: String = loaded.problems.iter().map(|problem| loaded.render(problem)).collect();
    let shown = rendered.replace(&format!("{}/", folder.path().display()), "");
    let parent = folder.path().parent().unwrap().display().to_string();
    (loaded, shown.replace(&parent, "/elsewhere"))
}

/// Every code that the sources of this crate name: words in quotes behind `error(`, `warning(` or `CODE`.
fn written_codes() -> BTreeSet<String> {
    let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut codes = BTreeSet::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for sign in [".error(", ".warning(", "CODE: &'static str = ", "refused("] {
            for (_, rest) in text.match_indices(sign).map(|(at, sign)| text.split_at(at + sign.len())) {
                let call = &rest[..rest.find(['!', ';']).unwrap_or(rest.len()).min(rest.len())];
                codes.extend(call.split('"').nth(1).filter(|word| is_code(word)).map(str::to_owned));
            }
        }
    }
    codes
}

fn is_code(word: &str) -> bool {
    word.contains('_') && word.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
}

#[test]
fn every_mistake_is_told_in_the_expected_words() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let mut names: Vec<_> = fs::read_dir(&testdata).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut different = Vec::new();
    let mut codes = BTreeSet::new();
    for path in names.iter().filter(|path| path.to_string_lossy().ends_with(".bad.yaml")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (loaded, shown) = load_alone(&name, &fs::read_to_string(path).unwrap());
        assert!(!loaded.problems.is_empty(), "{name} has no mistake");
        assert!(!shown.contains(SECRET), "{name} shows a secret:\n{shown}");
        for problem in loaded.problems.iter().filter(|problem| problem.severity == ProblemSeverity::Error) {
            assert!(problem.help.is_some(), "{name} does not say how to mend it: {}", problem.message);
        }
        codes.extend(loaded.problems.iter().map(|problem| problem.code));
        let expected = path.with_extension("stderr");
        if update {
            fs::write(&expected, &shown).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != shown {
            different.push(format!("{name}:\n{shown}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    let untold: Vec<_> = written_codes().into_iter().filter(|code| !codes.contains(code.as_str())).collect();
    // Those about whole files are tested in `folders.rs`.
    assert_eq!(untold, ["dangling_link", "duplicate_settings", "file_too_large", "not_utf8"]);
}
