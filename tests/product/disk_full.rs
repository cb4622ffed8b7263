//! The disk is full for a while.

use std::process::Command;
use std::time::Duration;

use harness::{Arrival, Exit, Product, slots};

use crate::scene::{SOON, Scene};

/// How long the disk is full.
const FULL: Duration = Duration::from_secs(8);

#[tokio::test]
async fn a_full_disk_loses_no_slot_and_no_message() {
    let scene = Scene::with_one_rule().await;
    // A limit on the size of files makes writes fail as a full disk does, and only for this process.
    let launch = scene.launch().ignoring_full_disk_signal();
    let mut product = launch.start().await;
    limit_file_size(&product, "1");
    scene.level(1);
    let told = |all: &[Arrival]| !all.is_empty();
    assert_eq!(scene.receiver.within(FULL, told).await, None, "something was told that cannot have been remembered");
    assert!(product.is_running(), "the server ended");
    limit_file_size(&product, "unlimited");
    scene.told("alert.started", "high").await;
    scene.level(0);
    scene.told("alert.resolved", "high").await;
    assert_eq!(scene.count("alert.started", "high"), 1);
    product.terminate();
    assert_eq!(product.exit(SOON).await, Exit::code(0));
    let runs = launch.runs().await;
    assert_eq!(slots::mistakes(&runs, "high", Duration::from_secs(1)), Vec::<String>::new());
}

#[tokio::test]
async fn a_start_on_a_full_disk_ends_with_a_reason() {
    let scene = Scene::with_one_rule().await;
    let (config, data) = (scene.dir.config(), scene.dir.data());
    let mut shell = tokio::process::Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""]).arg(harness::launch::binary());
    shell.arg("serve").arg("--config").arg(&config).arg("--data").arg(&data).args(["--listen", "127.0.0.1:0"]);
    let output = tokio::time::timeout(SOON, shell.kill_on_drop(true).output()).await.expect("it ends").unwrap();
    assert!(output.status.code().is_some_and(|code| code != 0), "{output:?}");
    assert!(!output.stderr.is_empty() || !output.stdout.is_empty(), "it ended without a word");
}

/// Sets how large the files of a running server may become, in bytes or `unlimited`.
fn limit_file_size(product: &Product, bytes: &str) {
    // The soft limit only: the hard one could not be raised again by everybody.
    let pid = product.pid().to_string();
    let status = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={bytes}:")]).status();
    assert!(status.expect("`prlimit` of util-linux is installed").success());
}
