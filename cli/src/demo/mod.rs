//! `watchfire demo`: the main job on real telemetry, in half a minute, without an account.
//!
//! Everything is the product itself (definitions from files, the engine, the store, the channels) but for the
//! receivers at the other end, which stand on this machine and show what their readers would see.

mod expected;
mod fixture;
mod mail_server;
mod reader;
mod scene;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::Instant;
use watchfire_engine::clock::{Clock, SystemClock};
use watchfire_engine::{AcceptedTimes, Engine, EngineParts};
use watchfire_server::Doors;
use watchfire_server::stand_in::{self, Taken};
use watchfire_store::{Store, StoreTarget};

use crate::arguments::Output;
use crate::definitions;
use crate::exit::Exit;
use crate::output;
use expected::Progress;
use mail_server::Mail;
use reader::Seen;
use scene::StandIns;

/// After so long the demo gives up on what has not come.
const AT_MOST: Duration = Duration::from_secs(28);
/// How far ahead of the records' anchor the engine starts.
const START_TAKES: Duration = Duration::from_secs(1);
/// When somebody changes a table.
const FLAGS_CHANGE_AFTER: Duration = Duration::from_secs(5);

/// Runs the demo, over `records` instead of the built-in ones if given; with `stay` its server goes on until it is stopped.
pub(crate) async fn run(records: Option<&Path>, stay: bool, form: Output) -> anyhow::Result<Exit> {
    let folder = tempfile::tempdir().context("a temporary folder for the demo")?;
    let (http, smtp) = (listener().await?, listener().await?);
    let stand_ins = StandIns { http: http.local_addr()?, smtp: smtp.local_addr()? };
    let (http_taken, messages) = mpsc::unbounded_channel();
    let (mail_taken, mails) = mpsc::unbounded_channel();
    let engine = start(folder.path(), stand_ins, records).await?;
    let own = watchfire_server::bind(([127, 0, 0, 1], 0).into(), false).await?;
    let watching =
        Watching { messages, mails, folder: definitions_of(folder.path()), address: own.local_addr()?, stay, form };
    let show = tokio::select! {
        watched = watching.until_the_end() => watched?,
        broken = stand_in::serve(http, http_taken) => bail!("the demo's receiver ended: {broken:?}"),
        broken = mail_server::serve(smtp, mail_taken) => bail!("the demo's mail server ended: {broken:?}"),
        served = watchfire_server::serve(Doors::new(own), Arc::clone(&engine), std::future::pending()) => {
            bail!("the demo's server ended: {served:?}")
        }
    };
    engine.stop().await;
    if form == Output::Json {
        output::json(&Json::Array(show.kept))?;
    }
    Ok(if show.progress.missing().is_empty() { Exit::Fine } else { Exit::No })
}

/// Where the demo's definitions lie.
fn definitions_of(folder: &Path) -> PathBuf {
    folder.join("definitions")
}

/// Waits for messages and shows them.
struct Watching {
    messages: UnboundedReceiver<Taken>,
    mails: UnboundedReceiver<Mail>,
    folder: PathBuf,
    address: SocketAddr,
    stay: bool,
    form: Output,
}

impl Watching {
    /// Until everything has come or the time is up; with `stay` until somebody stops it.
    async fn until_the_end(mut self) -> anyhow::Result<Show> {
        let mut show = Show::new(self.form);
        let deadline = Instant::now() + AT_MOST;
        let flags_change = Instant::now() + FLAGS_CHANGE_AFTER;
        let mut flags_changed = false;
        let mut terminate = signal(SignalKind::terminate()).context("the handler of SIGTERM")?;
        loop {
            let seen = tokio::select! {
                Some(message) = self.messages.recv() => Some(reader::of_http(&message)),
                Some(mail) = self.mails.recv() => Some(reader::of_mail(&mail)),
                () = tokio::time::sleep_until(flags_change), if !flags_changed => {
                    flags_changed = true;
                    scene::change_flags(&self.folder)?;
                    show.say("somebody changes the table `feature_flags`");
                    None
                }
                () = tokio::time::sleep_until(deadline), if !show.is_over => {
                    show.end();
                    None
                }
                () = stopped(&mut terminate) => {
                    if !show.is_over {
                        show.say("stopped before the end");
                    }
                    return Ok(show);
                }
            };
            let was_over = show.is_over;
            if let Some(seen) = &seen {
                show.message(seen)?;
            }
            if show.is_over && !self.stay {
                return Ok(show);
            }
            if show.is_over && !was_over {
                show.stay(self.address);
            }
        }
    }
}

/// SIGINT or SIGTERM. The temporary folder goes with us.
async fn stopped(terminate: &mut Signal) {
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// A port of this machine that nobody has.
async fn listener() -> anyhow::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", 0)).await.context("a port of this machine for the demo")
}

/// The engine over the demo's folder, as `serve` would start it.
async fn start(folder: &Path, stand_ins: StandIns, records: Option<&Path>) -> anyhow::Result<Arc<Engine>> {
    let definitions = definitions_of(folder);
    std::fs::create_dir(&definitions).context("the demo's folder")?;
    let count = scene::write(&definitions, stand_ins, records, SystemClock.now().plus(START_TAKES))?;
    let mut loaded = scene::load(&definitions, stand_ins)?;
    let storage = definitions::nothing_kept();
    let telemetry = definitions::telemetry(&loaded, storage.clone())?;
    definitions::check_sql(&mut loaded, &telemetry).await;
    if loaded.has_errors() {
        definitions::print_problems(&loaded);
        bail!("the demo's own definitions have mistakes");
    }
    let target = StoreTarget::Sqlite { folder: folder.join("data") };
    let engine = Engine::start(EngineParts {
        store: Store::open(&target).await.context("the demo's store")?,
        storage,
        telemetry,
        definitions: definitions::engine_definitions(&loaded.definitions),
        clock: Arc::new(SystemClock),
        accepted: AcceptedTimes::default(),
        request_timeout: loaded.definitions.settings.delivery.timeout,
    })
    .await?;
    let names: Vec<&str> = loaded.definitions.rules.iter().map(|rule| rule.rule.name.as_str()).collect();
    eprintln!("{count} OpenTelemetry records, moved to the present; {} rules: {}", names.len(), names.join(", "));
    eprintln!(
        "messages go to receivers on this machine that stand in for Slack, Discord, Opsgenie and a mail server\n"
    );
    Ok(engine)
}

/// What the people see who watch the demo: messages on stdout, talk on stderr.
struct Show {
    started: Instant,
    form: Output,
    progress: Progress,
    headlines: HashSet<(&'static str, String)>,
    kept: Vec<Json>,
    is_over: bool,
}

impl Show {
    fn new(form: Output) -> Self {
        Self {
            started: Instant::now(),
            form,
            progress: Progress::default(),
            headlines: HashSet::new(),
            kept: Vec::new(),
            is_over: false,
        }
    }

    fn say(&self, words: &str) {
        eprintln!("[{:>4.1} s] {words}", self.started.elapsed().as_secs_f64());
    }

    fn message(&mut self, seen: &Seen) -> anyhow::Result<()> {
        let came = self.progress.note(seen);
        let is_repeat = self.is_repeat(seen);
        match self.form {
            Output::Json => self.kept.push(json!({"place": seen.place, "text": seen.text.trim_end()})),
            Output::Text if is_repeat => {
                let headline = seen.text.lines().next().unwrap_or_default();
                output::line(&format!("── {}: once more: {headline}\n", seen.place))?;
            }
            Output::Text => {
                output::line(&format!("── {} {}", seen.place, "─".repeat(72 - seen.place.len())))?;
                output::line(seen.text.trim_end())?;
                output::line("")?;
            }
        }
        if let Some(what) = came {
            let (came, of) = self.progress.count();
            self.say(&format!("{came} of {of}: {what}"));
            if came == of {
                self.end();
            }
        }
        Ok(())
    }

    /// Whether the same headline stood there before: a report comes again while others are waited for.
    fn is_repeat(&mut self, seen: &Seen) -> bool {
        let headline = seen.text.lines().next().unwrap_or_default();
        !self.headlines.insert((seen.place, headline.to_owned()))
    }

    fn end(&mut self) {
        self.is_over = true;
        let missing = self.progress.missing();
        if missing.is_empty() {
            self.say(
                "everything has come; docs/getting-started.md goes on from here, and cli/demo holds the definitions",
            );
        }
        for what in &missing {
            self.say(&format!("did not come: {what}"));
        }
    }

    fn stay(&self, address: SocketAddr) {
        self.say(&format!("staying: http://{address}/api/alerts shows the state; Ctrl-C ends it"));
    }
}
