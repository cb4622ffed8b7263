//! A process that is killed at any moment has every row that it acknowledged, once.
//!
//! The child is this test binary again. It tells each acknowledged append on its standard output; the parent
//! kills it, or it kills itself at a named place, and the parent opens what is left.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt;
use futures::future::select_all;
use tempfile::TempDir;
use watchfire_model::Timestamp;
use watchfire_storage::files::rebuild;
use watchfire_storage::{Storage, StorageOptions, Upkeep, known_of};

use super::list_in_file::{FixedList, ListInFile};
use super::rows::{all, objects, rows};

const CHILD: &str = "WATCHFIRE_STORAGE_CHILD";
/// How many kills; `WATCHFIRE_KILLS=200` for long runs.
const KILLS: &str = "WATCHFIRE_KILLS";
const APPENDERS: usize = 4;

/// The rows of append `number`: between one and five.
fn names(number: u64) -> Vec<String> {
    (0..=number % 5).map(|row| format!("{number:06}/{row}")).collect()
}

async fn open(folder: &Path) -> Storage {
    let list = Arc::new(ListInFile::new(folder));
    // Hardly any memory, so that flushes and evictions are always under way.
    let options = StorageOptions { hot_bytes: 600_000, ..StorageOptions::default() };
    Storage::open(folder, objects(folder), list, options, |_| {}).await.unwrap()
}

/// Appends, flushes, evicts, joins files and deletes them until it is killed.
async fn work(folder: &Path, first: u64) {
    let storage = open(folder).await;
    let next = AtomicU64::new(first);
    let append = || async {
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            let project = if number.is_multiple_of(7) { "other" } else { "default" };
            let given = vec![rows(project, &names(number), number as i64)];
            if storage.append(given).await.is_ok() {
                let mut out = std::io::stdout().lock();
                writeln!(out, "acknowledged {number}").unwrap();
                out.flush().unwrap();
            } else {
                tokio::task::yield_now().await;
            }
        }
    };
    let flush = async {
        loop {
            storage.flush(Timestamp::from_micros(1)).await.unwrap();
            storage.evict(Timestamp::from_micros(i64::MAX));
            tokio::task::yield_now().await;
        }
    };
    let keep_in_order = async {
        let mut upkeep = Upkeep::new(storage.clone());
        // Hours pass quickly here: all days are over, and doomed files have had their grace.
        for hours in 1_000.. {
            let now = Timestamp::from_seconds(hours * 3_600);
            while upkeep.join(now).await.unwrap().is_some() {}
            upkeep.delete(now).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let mut tasks = vec![flush.boxed(), keep_in_order.boxed()];
    tasks.extend((0..APPENDERS).map(|_| append().boxed()));
    select_all(tasks).await;
}

/// Does nothing unless this process is the child.
#[test]
fn child_that_is_killed() {
    let Ok(setting) = std::env::var(CHILD) else { return };
    let (first, folder) = setting.split_once(':').unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(work(Path::new(folder), first.parse().unwrap()));
}

/// Lets a child work until it is killed, and says what it acknowledged.
fn acknowledged_by_child(folder: &Path, first: u64, kill_at: Option<&str>, acknowledgements_max: usize) -> Vec<u64> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "kills::child_that_is_killed", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, format!("{first}:{}", folder.display()));
    match kill_at {
        Some(place) => command.env("WATCHFIRE_KILL_AT", place),
        None => command.env_remove("WATCHFIRE_KILL_AT"),
    };
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut acknowledged = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let Some(number) = line.strip_prefix("acknowledged ") else { continue };
        acknowledged.push(number.parse().unwrap());
        if acknowledged.len() == acknowledgements_max {
            // What is still in the pipe was acknowledged too.
            child.kill().unwrap();
        }
    }
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(9), "the child ended by itself: {status}");
    acknowledged
}

/// Every acknowledged append is there whole and once, every other one whole and once or not at all.
async fn check(folder: &Path, acknowledged: &[u64], situation: &str) -> u64 {
    let storage = open(folder).await;
    assert_eq!(storage.status().damaged, [] as [String; 0], "{situation}");
    let found = check_rows(&storage, folder, acknowledged, situation);
    storage.shutdown().await;
    found
}

/// The same holds for a list that is made again from the files alone.
async fn check_repair(folder: &Path, acknowledged: &[u64], situation: &str) {
    let rebuilt = rebuild(&objects(folder), known_of(folder, 0).await.unwrap()).await.unwrap();
    assert_eq!(rebuilt.damaged, [], "{situation}");
    let list = Arc::new(FixedList(rebuilt.list));
    let options = StorageOptions::default();
    let storage = Storage::open_read_only(folder, objects(folder), list, options).await.unwrap();
    check_rows(&storage, folder, acknowledged, &format!("{situation}, repaired"));
}

fn check_rows(storage: &Storage, folder: &Path, acknowledged: &[u64], situation: &str) -> u64 {
    let mut found: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for project in ["default", "other"] {
        for name in all(storage, folder, project) {
            found.entry(name[..6].parse().unwrap()).or_default().push(name);
        }
    }
    for (number, rows) in &found {
        assert_eq!(*rows, names(*number), "{situation}: append {number}");
    }
    for number in acknowledged {
        assert!(found.contains_key(number), "{situation}: append {number} was acknowledged and is gone");
    }
    found.last_key_value().map_or(0, |(number, _)| number + 1)
}

#[tokio::test]
async fn every_acknowledged_row_is_there_once_after_any_kill() {
    let kills: u64 = std::env::var(KILLS).map_or(20, |kills| kills.parse().unwrap());
    let places = [
        "wal_after_write",
        "wal_after_sync",
        "wal_after_visible",
        "flush_before_write",
        "flush_after_write",
        "flush_after_commit",
        "flush_after_mark",
        "join_after_write",
        "join_after_commit",
        "delete_before_commit",
        "replay",
    ];
    let folder = TempDir::new().unwrap();
    let (mut acknowledged, mut first) = (Vec::new(), 0);
    for kill in 0..kills {
        // Two of three at a named place, at a passage that differs; the others whenever the signal arrives.
        let place = places[kill as usize % places.len()];
        let passage = 1 + (kill * 7) % 11;
        let kill_at = (kill % 3 != 2).then(|| format!("{place}:{passage}"));
        let acknowledgements = 20 + (kill as usize * 37) % 150;
        let situation = format!("kill {kill} at {}", kill_at.as_deref().unwrap_or("any place"));
        acknowledged.extend(acknowledged_by_child(folder.path(), first, kill_at.as_deref(), acknowledgements));
        check_repair(folder.path(), &acknowledged, &situation).await;
        first = check(folder.path(), &acknowledged, &situation).await.max(first);
    }
    assert!(acknowledged.len() as u64 > kills * 5, "the children did too little: {}", acknowledged.len());
}
