//! The captured requests of real SDKs, decoded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use watchfire_ingest::{Record, decode_logs, decode_traces};
use watchfire_model::{ProjectName, Timestamp};

/// When the captures are said to have arrived: after the last of their times.
pub fn arrived_at() -> Timestamp {
    Timestamp::parse("2026-11-20T06:50:00Z").unwrap()
}

pub fn project() -> ProjectName {
    ProjectName::new("default")
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ingest/testdata/otlp")
}

/// The captured bodies with traces and logs in protobuf by name, in the order of their requests.
pub fn bodies() -> Vec<(String, Vec<u8>)> {
    bodies_ending_in(&["-traces.pb", "-logs.pb"])
}

/// The captured bodies whose files end so, by name, in the order of their requests.
pub fn bodies_ending_in(endings: &[&str]) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let is_one = |path: &PathBuf| endings.iter().any(|ending| path.to_str().unwrap().ends_with(ending));
    let mut files: Vec<PathBuf> = files.filter(is_one).collect();
    files.sort();
    let named = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read(&path).unwrap())
    };
    files.into_iter().map(named).collect()
}

#[allow(dead_code, reason = "only one of the two test programs needs it")]
pub fn decode(name: &str, body: &[u8]) -> Vec<Record> {
    let decoded = match name.ends_with("-traces") {
        true => decode_traces(body, arrived_at(), &project()),
        false => decode_logs(body, arrived_at(), &project()),
    };
    decoded.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The records of every run, in the order of arrival.
#[allow(dead_code, reason = "only one of the two test programs needs it")]
pub fn runs() -> BTreeMap<String, Vec<Record>> {
    let mut runs: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for (name, body) in bodies() {
        // `RUN-NN-traces`
        let run = name.rsplitn(3, '-').last().unwrap();
        runs.entry(run.to_owned()).or_default().extend(decode(&name, &body));
    }
    runs
}
