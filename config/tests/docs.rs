//! What README and docs show can be copied: every block of definitions in them is read.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use watchfire_config::{ProblemSeverity, load};

/// The pages: README and all of `docs/`.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    pages.push(root.join("README.md"));
    pages.sort();
    pages
}

/// Whole files among the YAML blocks of a page; what shows a part of one does not begin with the version.
fn files_shown(page: &str) -> Vec<&str> {
    let blocks = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.filter(|block| block.starts_with("version: 1")).collect()
}

fn environment(name: &str) -> Option<String> {
    let value = match name.rsplit('_').next().unwrap() {
        "URL" => "https://example.com/hooks/x",
        // Every token has a value of its own.
        "TOKEN" => return Some(format!("pylf_v1_local_{name}")),
        "SECRET" => "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        _ => "x",
    };
    Some(value.to_owned())
}

#[test]
fn every_file_that_the_docs_show_is_without_mistakes() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for page in pages() {
        for file in files_shown(&fs::read_to_string(&page).unwrap()) {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("shown.yaml"), file).unwrap();
            let loaded =
                load(folder.path(), &|name| if name.starts_with("WATCHFIRE_") { None } else { environment(name) })
                    .unwrap();
            // Channels are shown on another page, or in the block before.
            let errors = loaded
                .problems
                .iter()
                .filter(|problem| problem.severity == ProblemSeverity::Error && problem.code != "unknown_channel");
            wrong.extend(errors.map(|error| format!("{}: {}", page.display(), loaded.render(error))));
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 11, "only {count} files were found: are the blocks marked as before?");
}
