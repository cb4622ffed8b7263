//! The arrows between the rooms, and the crates that only one room may name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{CargoOpt, Dependency, DependencyKind, Metadata, MetadataCommand, Package, PackageId};

/// The rooms that each room may name. A room that is not here is an error.
const ARROWS: [(&str, &[&str]); 17] = [
    ("model", &[]),
    ("alerts", &["model"]),
    ("issues", &["model"]),
    ("scheduler", &["model"]),
    ("channels", &["model"]),
    ("ingest", &["model"]),
    ("storage", &["model", "ingest"]),
    ("sources", &["model"]),
    ("telemetry", &["model", "ingest", "storage", "sources"]),
    ("config", &["model", "alerts", "issues", "scheduler", "channels"]),
    ("store", &["model", "alerts", "issues", "scheduler", "channels"]),
    (
        "engine",
        &["model", "alerts", "issues", "scheduler", "channels", "ingest", "storage", "sources", "store", "telemetry"],
    ),
    ("server", &["model", "engine", "web"]),
    ("web", &["model", "engine"]),
    (
        "cli",
        &[
            "model",
            "alerts",
            "issues",
            "scheduler",
            "channels",
            "ingest",
            "storage",
            "sources",
            "telemetry",
            "config",
            "store",
            "engine",
            "server",
            "web",
        ],
    ),
    ("tests", &["model"]),
    ("bench", &["model", "config", "ingest", "storage", "store", "engine", "telemetry"]),
];

/// Crates, by the beginning of their names, that only these rooms may name.
const ONLY_IN: [(&str, &[&str]); 10] = [
    ("sqlx", &["store", "sources", "tests"]),
    ("datafusion", &["telemetry"]),
    ("arrow", &["ingest", "storage", "sources", "telemetry", "bench"]),
    ("parquet", &["storage", "telemetry", "bench"]),
    ("object_store", &["storage", "telemetry", "engine"]),
    ("reqwest", &["channels", "cli", "tests", "bench"]),
    ("axum", &["server", "tests", "bench"]),
    ("lettre", &["channels", "tests"]),
    ("handlebars", &["channels"]),
    ("tokio-cron-scheduler", &["scheduler"]),
];

/// What the builds of these rooms must not contain, by the beginning of the name.
const BUILT_WITHOUT: [(&[&str], &[&str]); 4] = [
    (&["model", "alerts", "issues", "scheduler", "channels", "config"], &["datafusion", "arrow", "parquet", "sqlx"]),
    (&["ingest"], &["datafusion", "parquet", "sqlx"]),
    (&["storage"], &["datafusion", "sqlx"]),
    (&["sources"], &["datafusion", "parquet"]),
];

/// Text that only these files may contain: paths from the root of the workspace, or folders that end in a slash.
const TEXT_ONLY_IN: [(&str, &[&str]); 2] =
    [("tokio_cron_scheduler", &["scheduler/src/ticker.rs"]), ("Utc::now", &["engine/src/clock.rs", "cli/"])];

/// The metadata of the workspace for this machine. Offline: the build of this test has fetched what it
/// needs, but not the crates of other systems.
fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).features(CargoOpt::AllFeatures);
    command.other_options(["--offline", "--locked", "--filter-platform", &host()].map(str::to_owned));
    command.exec().expect("cargo can describe the workspace it has just built")
}

/// The target triple of this machine.
fn host() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = std::process::Command::new(rustc).arg("-vV").output().expect("the compiler that built this is here");
    let text = String::from_utf8(output.stdout).expect("the compiler speaks UTF-8");
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("the compiler names its host").to_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the workspace").to_owned()
}

/// The rooms with the names of the crates that each names itself, for building and testing.
fn direct_dependencies(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    // The harness stands in for receivers in the tests of any room; it names `model` alone, so no arrow bends.
    let is_harness = |d: &Dependency| d.kind == DependencyKind::Development && d.name == "watchfire-tests";
    let named = |p: &Package| p.dependencies.iter().filter(|d| !is_harness(d)).map(|d| d.name.clone()).collect();
    metadata.workspace_packages().into_iter().map(|p| (room(p.name.as_str()), named(p))).collect()
}

/// `watchfire-model` is the room `model`, `watchfire` is `cli`.
fn room(package: &str) -> String {
    package.strip_prefix("watchfire-").unwrap_or("cli").to_owned()
}

#[test]
fn a_room_names_only_the_rooms_below_it() {
    let allowed = BTreeMap::from(ARROWS);
    let mut wrong = Vec::new();
    for (from, names) in direct_dependencies(&metadata()) {
        let Some(allowed) = allowed.get(from.as_str()) else {
            wrong.push(format!("the room `{from}` has no line in ARROWS"));
            continue;
        };
        for to in names.iter().filter(|name| name.starts_with("watchfire")).map(|name| room(name)) {
            if !allowed.contains(&to.as_str()) {
                wrong.push(format!("{from} -> {to}"));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that point up or sideways: {wrong:#?}");
}

#[test]
fn a_crate_that_belongs_to_one_room_is_named_nowhere_else() {
    let mut wrong = Vec::new();
    for (room, names) in direct_dependencies(&metadata()) {
        for name in names {
            for (prefix, rooms) in ONLY_IN {
                let is_it = name == prefix || name.starts_with(&format!("{prefix}-"));
                if is_it && !rooms.contains(&room.as_str()) {
                    wrong.push(format!("{room} names {name}, which belongs to {rooms:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_lighter_rooms_build_without_what_is_heavy() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in metadata.workspace_packages() {
        let name = room(package.name.as_str());
        for (_, heavy) in BUILT_WITHOUT.iter().filter(|(rooms, _)| rooms.contains(&name.as_str())) {
            for built in closure(&metadata, &package.id).iter().filter(|built| is_one_of(built, heavy)) {
                wrong.push(format!("{name} builds {built}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The test can fail: the room that has the query engine is seen to have it.
    let telemetry = metadata.workspace_packages().into_iter().find(|p| room(p.name.as_str()) == "telemetry").unwrap();
    assert!(closure(&metadata, &telemetry.id).iter().any(|built| is_one_of(built, &["datafusion"])));
}

fn is_one_of(package: &str, crates: &[&str]) -> bool {
    crates.iter().any(|name| package == *name || package.starts_with(&format!("{name}-")))
}

/// The names of all packages that a build of this one contains; what its tests need is left out.
fn closure(metadata: &Metadata, start: &PackageId) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().expect("the graph was asked for");
    let mut seen: BTreeSet<&PackageId> = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(id) = open.pop() {
        for dep in &resolve[id].deps {
            let is_built = dep.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development);
            if is_built && seen.insert(&dep.pkg) {
                open.push(&dep.pkg);
            }
        }
    }
    seen.into_iter().map(|id| metadata[id].name.to_string()).collect()
}

#[test]
fn text_that_belongs_to_one_file_stands_nowhere_else() {
    let root = root();
    let mut wrong = Vec::new();
    for file in sources(&root) {
        let path = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for (needle, places) in TEXT_ONLY_IN {
                let is_home =
                    places.iter().any(|place| path == *place || place.ends_with('/') && path.starts_with(place));
                if line.contains(needle) && !is_home {
                    wrong.push(format!("{path}:{number}: `{needle}` belongs to {places:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The Rust files of all rooms but this one, whose own lists hold the words.
fn sources(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let rooms = ARROWS.iter().map(|(room, _)| *room).filter(|room| *room != "tests");
    let mut open: Vec<PathBuf> = rooms.map(|room| root.join(room)).filter(|folder| folder.is_dir()).collect();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}
