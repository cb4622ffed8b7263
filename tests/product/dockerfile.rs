//! The Dockerfile in step with the workspace and the command line. No container engine is needed: what it copies,
//! runs and starts is looked at, and its stand-in for an empty workspace is really made.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::MetadataCommand;
use harness::{ConfigDir, Launch};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Instructions with their arguments; lines that go on are joined, comments are gone.
fn instructions() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("Dockerfile")).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let joined = kept.join("\n").replace("\\\n", " ");
    let split = |line: &str| line.trim().split_once(' ').map(|(word, rest)| (word.to_owned(), rest.trim().to_owned()));
    joined.lines().filter_map(split).collect()
}

fn all(word: &str) -> Vec<String> {
    instructions().into_iter().filter(|(instruction, _)| instruction == word).map(|(_, rest)| rest).collect()
}

/// The words of `["a", "b"]`.
fn exec_form(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("not the exec form: {text}"))
}

#[test]
fn everything_it_copies_from_the_context_is_there() {
    let mut copied = 0;
    for copy in all("COPY").iter().filter(|copy| !copy.starts_with("--from=")) {
        let words: Vec<&str> = copy.split_whitespace().collect();
        for source in &words[..words.len() - 1] {
            assert!(root().join(source).exists(), "COPY {copy}: {source} is not there");
            copied += 1;
        }
    }
    assert!(copied > 10, "{copied}");
}

#[test]
fn the_layer_of_dependencies_knows_every_room() {
    let metadata = MetadataCommand::new().current_dir(root()).no_deps().exec().unwrap();
    let rooms: BTreeSet<String> = metadata
        .packages
        .iter()
        .map(|package| {
            let folder = package.manifest_path.parent().unwrap();
            folder.strip_prefix(&metadata.workspace_root).unwrap().to_string()
        })
        .collect();
    let copied: BTreeSet<String> = all("COPY")
        .iter()
        .filter_map(|copy| copy.split_once("/Cargo.toml ").map(|(room, _)| room.to_owned()))
        .collect();
    assert_eq!(copied, rooms);

    // The same steps, up to the build, over a folder that holds nothing but what was copied.
    let empty = tempfile::tempdir().unwrap();
    for file in ["Cargo.toml", "Cargo.lock"] {
        std::fs::copy(root().join(file), empty.path().join(file)).unwrap();
    }
    for room in &rooms {
        std::fs::create_dir_all(empty.path().join(room)).unwrap();
        std::fs::copy(root().join(room).join("Cargo.toml"), empty.path().join(room).join("Cargo.toml")).unwrap();
    }
    let run = all("RUN").into_iter().find(|run| run.contains("for room in")).unwrap();
    let (steps, build) = run.split_once("&& cargo build").unwrap();
    assert!(build.contains("--locked") && build.contains("--profile dist"), "{build}");
    let made = Command::new("sh").args(["-c", steps]).current_dir(empty.path()).status().unwrap();
    assert!(made.success());
    let loads = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .current_dir(empty.path())
        .output()
        .unwrap();
    assert!(loads.status.success(), "{}", String::from_utf8_lossy(&loads.stderr));
}

#[test]
fn it_builds_a_profile_and_a_package_that_there_are_and_copies_the_result() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("[profile.dist]"));
    for build in all("RUN").iter().filter(|run| run.contains("cargo build")) {
        assert!(build.contains("--profile dist --package watchfire"), "{build}");
    }
    assert!(
        all("COPY")
            .iter()
            .any(|copy| copy.contains("--from=build /src/target/dist/watchfire /usr/local/bin/watchfire"))
    );
}

#[test]
fn it_runs_as_somebody_else_than_root_over_one_volume() {
    let user = all("USER");
    assert_eq!(user, ["watchfire"]);
    let volumes = all("VOLUME");
    assert_eq!(volumes.len(), 1);
    let command = exec_form(&all("CMD")[0]);
    let data = command.iter().position(|word| word == "--data").unwrap();
    assert_eq!(command[data + 1], volumes[0]);
    let order: Vec<String> = instructions().into_iter().map(|(word, _)| word).collect();
    let place = |word: &str| order.iter().rposition(|other| other == word).unwrap();
    assert!(place("USER") < place("VOLUME") && place("USER") < place("ENTRYPOINT"));
}

#[tokio::test]
async fn the_commands_and_flags_that_it_starts_are_those_of_the_binary() {
    let dir = ConfigDir::new();
    let launch = Launch::new(&dir);
    assert_eq!(exec_form(&all("ENTRYPOINT")[0]), ["watchfire"]);
    let check = all("HEALTHCHECK")[0].clone();
    let check = exec_form(check.split_once("CMD ").unwrap().1);
    assert_eq!(check[0], "watchfire");
    for command in [exec_form(&all("CMD")[0]), check[1..].to_vec()] {
        let help = launch.run(&[command[0].as_str(), "--help"]).await;
        assert_eq!(help.code, Some(0), "{command:?}: {help:?}");
        for flag in command.iter().filter(|word| word.starts_with("--")) {
            assert!(help.stdout.contains(flag.as_str()), "{flag} is no flag of {}", command[0]);
        }
    }
    let nobody = launch.run(&["health", "--url", "http://127.0.0.1:9"]).await;
    assert_eq!(nobody.code, Some(2), "{nobody:?}");
}
