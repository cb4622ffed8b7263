//! The server dies at every point where dying could lose or double something, again and again, and
//! in the end every message that follows from the input has arrived, and nothing else has.

use std::time::Duration;

use harness::{Account, ConfigDir, Exit, Launch, Product, Receiver, Timeline, now, postgres, slots};
use nix::sys::signal::Signal;
use watchfire_model::Timestamp;

/// Where the server may be told to kill itself, by `WATCHFIRE_KILL_AT=POINT:N` at the N-th passage, and how
/// large N may become. Queries are passed sixty times a second, the other points a few times.
const POINTS: [(&str, u32); 6] = [
    ("after_claim", 3),
    ("after_query", 90),
    ("before_commit", 4),
    ("after_commit", 4),
    ("after_send", 6),
    ("before_ack", 6),
];

const RULES: u32 = 60;

/// Seconds in which nothing breaches: the first start must be done by then.
const QUIET: u32 = 15;

/// Seconds of flips for each kill: what a death and a restart take in a debug build on a busy machine.
const FLIPPING_PER_KILL: u32 = 3;

/// Quiet seconds at the end.
const TAIL: u32 = 5;

/// How long a server may live before it has passed its point often enough.
const LIFE_MAX: Duration = Duration::from_secs(60);

/// How long the last server may take, beyond the end of the timeline, to catch up and to send everything.
const SETTLED_AFTER: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_decided_twice_when_the_server_is_killed_on_sqlite() {
    killed_at_every_point(None, kills_per_point(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_decided_twice_when_the_server_is_killed_on_postgres() {
    let Some(database) = postgres::fresh_database().await else { return };
    killed_at_every_point(Some(database.url()), kills_per_point(2)).await;
}

/// `WATCHFIRE_KILLS`, for long runs by hand; else the given number.
fn kills_per_point(default: u32) -> u32 {
    std::env::var("WATCHFIRE_KILLS").map_or(default, |text| text.parse().expect("WATCHFIRE_KILLS is a number"))
}

async fn killed_at_every_point(database_url: Option<&str>, kills: u32) {
    let points = u32::try_from(POINTS.len()).unwrap();
    let base = Timestamp::from_seconds(now().as_micros() / 1_000_000 + 1);
    let timeline = Timeline::new(base, RULES, QUIET, kills * points * FLIPPING_PER_KILL, TAIL);
    let receiver = Receiver::start().await;
    let dir = ConfigDir::new();
    dir.write("beats.ndjson", &timeline.ndjson());
    dir.definitions("rules.yaml", &timeline.yaml(&receiver.url("/hook")));
    let launch = Launch::new(&dir).database_url(database_url);

    // The first server only has to see the rules while nothing breaches.
    let mut first = launch.start().await;
    assert!(now() < timeline.first_flip_at(), "the first start took longer than {QUIET} s");
    first.kill();
    assert_eq!(first.exit(LIFE_MAX).await, Exit::signal(Signal::SIGKILL));
    for round in 0..kills {
        for (point, passages_max) in POINTS {
            die_at(&launch, point, 1 + (round * 7 + 2) % passages_max).await;
        }
    }
    assert!(
        now() < timeline.ends_at(),
        "the kills took longer than the timeline: {} s are too few",
        kills * points * FLIPPING_PER_KILL
    );
    let mut last = launch.start().await;
    settle(&timeline, &receiver).await;
    stop_and_check_slots(&launch, &mut last, &timeline).await;
}

/// Runs a server until it kills itself at the n-th passage of a point.
async fn die_at(launch: &Launch, point: &str, passage: u32) {
    let mut product = launch.clone().env("WATCHFIRE_KILL_AT", format!("{point}:{passage}")).spawn();
    let exit = product.exit_within(LIFE_MAX).await;
    assert_eq!(exit, Some(Exit::signal(Signal::SIGKILL)), "it did not die at {point}, passage {passage}");
}

/// Waits until everything has arrived, and asserts that nothing else has.
async fn settle(timeline: &Timeline, receiver: &Receiver) {
    let left = timeline.ends_at().since(now()) + SETTLED_AFTER;
    let is_settled = |all: &[harness::Arrival]| Account::settle(timeline, all).is_complete();
    let arrivals = match receiver.within(left, is_settled).await {
        Some(arrivals) => arrivals,
        None => receiver.arrivals(),
    };
    let account = Account::settle(timeline, &arrivals);
    assert!(account.missing.is_empty(), "{} are missing: {:#?}", account.missing.len(), account.missing);
    assert!(account.wrong.is_empty(), "{} are wrong: {:#?}", account.wrong.len(), account.wrong);
    println!(
        "{} requests; of the episodes {} were told on time, {} late, {} in a summary; {} repeats",
        arrivals.len(),
        account.on_time,
        account.late,
        account.summed_up,
        account.repeated
    );
}

/// Stops the last server, and asserts that every slot of every rule was decided once.
async fn stop_and_check_slots(launch: &Launch, last: &mut Product, timeline: &Timeline) {
    last.terminate();
    assert_eq!(last.exit(LIFE_MAX).await, Exit::code(0));
    let runs = launch.read(&["runs"]).await;
    let second = Duration::from_secs(1);
    let mistakes: Vec<String> = timeline.names().iter().flat_map(|name| slots::mistakes(&runs, name, second)).collect();
    assert_eq!(mistakes, Vec::<String>::new());
}
