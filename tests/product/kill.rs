//! The server dies at every point where dying could lose or double something, again and again, and
//! in the end every message that follows from the input has arrived, and nothing else has.

use std::time::Duration;

use harness::{Account, Arrival, ConfigDir, Exit, Launch, Receiver, Timeline, now, postgres, slots};
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

/// Seconds of flips for each kill, far more than a death and a restart take: rules must flip until the last
/// kill, and what flips later than is needed is not waited for.
const FLIPPING_PER_KILL: u32 = 10;

/// The same on PostgreSQL, where the leases of a dead server are free only after 15 s of its silence.
const FLIPPING_PER_KILL_WITH_LEASES: u32 = 25;

/// How long the last server runs before the account is drawn.
const LAST_LIFE: Duration = Duration::from_secs(12);

/// How long a server may live before it has passed its point often enough.
const LIFE_MAX: Duration = Duration::from_secs(60);

/// How long the last server may take after that to catch up and to send everything.
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
    let per_kill = if database_url.is_some() { FLIPPING_PER_KILL_WITH_LEASES } else { FLIPPING_PER_KILL };
    let timeline = Timeline::new(base, RULES, QUIET, kills * points * per_kill, 0);
    let receiver = Receiver::start().await;
    let dir = ConfigDir::new();
    dir.write("beats.ndjson", &timeline.ndjson());
    dir.definitions("rules.yaml", &timeline.yaml(&receiver.url("/hook")));
    let launch = Launch::new(&dir).database_url(database_url);

    live_until_flips_arrive(&launch, &timeline, &receiver).await;
    for round in 0..kills {
        for (point, passages_max) in POINTS {
            die_at(&launch, point, 1 + (round * 7 + 2) % passages_max).await;
        }
    }
    let mut last = launch.start().await;
    let until = now().plus(LAST_LIFE);
    assert!(until < timeline.ends_at(), "the kills took longer than the timeline");
    let is_settled = |all: &[Arrival]| now() > until && Account::settle(&timeline, all, until).is_complete();
    // Without an answer in time the account below says what is missing.
    drop(receiver.within(LAST_LIFE + SETTLED_AFTER, is_settled).await);
    last.terminate();
    assert_eq!(last.exit(LIFE_MAX).await, Exit::code(0));
    nothing_is_lost_or_wrong(&timeline, &receiver.arrivals(), until);
    every_slot_is_decided_once(&launch, &timeline).await;
}

/// The first server sees the rules while nothing breaches, and lives until flips arrive: a death in the
/// quiet seconds could lose nothing and would prove nothing.
async fn live_until_flips_arrive(launch: &Launch, timeline: &Timeline, receiver: &Receiver) {
    let mut first = launch.start().await;
    assert!(now() < timeline.first_flip_at(), "the first start took longer than {QUIET} s");
    receiver.wait_for("the first flip", LIFE_MAX, |all| !all.is_empty()).await;
    first.kill();
    assert_eq!(first.exit(LIFE_MAX).await, Exit::signal(Signal::SIGKILL));
}

/// Runs a server until it kills itself at the n-th passage of a point.
async fn die_at(launch: &Launch, point: &str, passage: u32) {
    let mut product = launch.clone().env("WATCHFIRE_KILL_AT", format!("{point}:{passage}")).spawn();
    let exit = product.exit_within(LIFE_MAX).await;
    assert_eq!(exit, Some(Exit::signal(Signal::SIGKILL)), "it did not die at {point}, passage {passage}");
}

fn nothing_is_lost_or_wrong(timeline: &Timeline, arrivals: &[Arrival], until: Timestamp) {
    let account = Account::settle(timeline, arrivals, until);
    assert!(account.missing.is_empty(), "{} are missing: {:#?}", account.missing.len(), account.missing);
    assert!(account.wrong.is_empty(), "{} are wrong: {:#?}", account.wrong.len(), account.wrong);
    // A summary stands for an outage of a whole episode. A busy machine restarts slowly and has many of them, but a
    // server that is up most of the time tells starts and ends.
    assert!(account.told * 4 > account.summed_up, "{account:?}");
    let Account { told, summed_up, repeated, .. } = account;
    println!("{} requests told {told} episodes and summed up {summed_up}; {repeated} were repeats", arrivals.len());
}

async fn every_slot_is_decided_once(launch: &Launch, timeline: &Timeline) {
    let runs = launch.runs().await;
    let second = Duration::from_secs(1);
    let mistakes: Vec<String> = timeline.names().iter().flat_map(|name| slots::mistakes(&runs, name, second)).collect();
    assert_eq!(mistakes, Vec::<String>::new());
}
