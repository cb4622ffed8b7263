//! Every kind of mistake, with the words in which it is told: `testdata/<fault>.bad.yaml` beside
//! `<fault>.bad.stderr`. `UPDATE_EXPECTED=1` writes what is told now.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use watchfire_config::{Loaded, load};

/// Stands in every fixture wherever a value must never be shown.
const SECRET: &str = "SUPERSECRET";

fn environment(name: &str) -> Option<String> {
    match name {
        "HOOK_URL" => Some("https://example.com/hooks/SUPERSECRET".to_owned()),
        "FTP" => Some("ftp://SUPERSECRET".to_owned()),
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

#[test]
fn every_mistake_is_told_in_the_expected_words() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let mut names: Vec<_> = fs::read_dir(&testdata).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut different = Vec::new();
    for path in names.iter().filter(|path| path.to_string_lossy().ends_with(".bad.yaml")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (loaded, shown) = load_alone(&name, &fs::read_to_string(path).unwrap());
        assert!(!loaded.problems.is_empty(), "{name} has no mistake");
        assert!(!shown.contains(SECRET), "{name} shows a secret:\n{shown}");
        let expected = path.with_extension("stderr");
        if update {
            fs::write(&expected, &shown).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != shown {
            different.push(format!("{name}:\n{shown}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}
