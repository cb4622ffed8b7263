//! `watchfire serve`: evaluates rules and delivers messages until it is stopped.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use anyhow::Context;
use futures::FutureExt;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tracing::{info, warn};
use watchfire_config::{Definitions, Loaded, ServerSettings};
use watchfire_engine::clock::SystemClock;
use watchfire_engine::{Engine, EngineParts};
use watchfire_server::Doors;
use watchfire_store::{Store, StoreTarget};

use crate::arguments::Serve;
use crate::definitions;
use crate::exit::Exit;
use crate::kept;
use crate::open_files;
use crate::place;
use crate::reload;

/// Where the server listens when nobody says otherwise: OpenTelemetry's HTTP port.
pub(crate) const LISTEN_DEFAULT: &str = "127.0.0.1:4318";
/// OpenTelemetry's port for gRPC, which is listened on too when nobody says where to listen.
const GRPC_DEFAULT: &str = "127.0.0.1:4317";

pub(crate) async fn run(options: Serve) -> anyhow::Result<Exit> {
    let dir = options.config.config;
    let mut loaded = definitions::load(&dir)?;
    // Nothing is opened before the definitions are known to be right: their SQL is checked over empty tables.
    let unkept = definitions::telemetry(&loaded, definitions::nothing_kept())?;
    definitions::check_sql(&mut loaded, &unkept).await;
    definitions::print_problems(&loaded);
    if loaded.has_errors() {
        eprintln!("watchfire: not started; mend the mistakes above (`watchfire check` shows the same)");
        return Ok(Exit::No);
    }
    let settings = &loaded.definitions.settings;
    // The addresses come first: a server that cannot be reached must not take rules.
    let doors = doors(options.listen.as_deref(), options.otlp_grpc.as_deref(), &loaded.definitions).await?;
    let target = place::store_target(&options.storage, Some(settings))?;
    let store = Store::open(&target).await.with_context(|| format!("the store, {target}, cannot be opened"))?;
    let storage = kept::open(&store, target.folder(), &settings.telemetry).await?;
    let telemetry = definitions::telemetry(&loaded, storage.clone())?;
    describe(&loaded, &target);
    let engine = Engine::start(EngineParts {
        store,
        storage,
        telemetry,
        definitions: definitions::engine_definitions(&loaded.definitions),
        clock: Arc::new(SystemClock),
        accepted: kept::accepted(&settings.telemetry),
        request_timeout: settings.delivery.timeout,
    })
    .await?;
    let address = doors.http.local_addr().context("the address of the listener")?;
    let grpc = doors.grpc.as_ref().map(TcpListener::local_addr).transpose().context("the address of the listener")?;
    let (_watching, take_over_changes) = reload::watch(dir, Arc::clone(&engine));
    // Whoever waits for this line may stop us right after it.
    let mut signals = StopSignals::listen()?;
    info!("listening on http://{address}");
    if let Some(grpc) = grpc {
        info!("listening for OTLP over gRPC on {grpc}");
    }
    let (stop, stopping) = oneshot::channel::<()>();
    let serving = watchfire_server::serve(doors, Arc::clone(&engine), stopping.map(drop));
    let mut ending = pin!(async {
        let served = tokio::select! {
            served = serving => served,
            never = take_over_changes => match never {},
        };
        engine.stop().await;
        served
    });
    tokio::select! {
        // Nobody asked it to end.
        served = &mut ending => {
            served?;
            return Ok(Exit::Fine);
        }
        name = signals.next() => info!("{name}: stopping"),
    }
    drop(stop);
    tokio::select! {
        served = ending => served?,
        name = signals.next() => {
            warn!("{name} again: stopping at once; the next start goes on from the store");
            return Ok(Exit::No);
        }
    }
    Ok(Exit::Fine)
}

/// What is listened on: flags first, then the settings, then the usual ports.
async fn doors(listen: Option<&str>, grpc: Option<&str>, definitions: &Definitions) -> anyhow::Result<Doors> {
    let (server, limits) = (&definitions.settings.server, &definitions.settings.limits);
    let has_tokens = definitions::has_tokens(definitions);
    let listen = listen_of(listen, server);
    let grpc_given = grpc.or(server.otlp_grpc.as_deref());
    let http = watchfire_server::bind(address(listen.unwrap_or(LISTEN_DEFAULT)).await?, has_tokens).await?;
    let grpc = match (grpc_given, listen) {
        (Some(given), _) => Some(watchfire_server::bind(address(given).await?, has_tokens).await?),
        (None, Some(_)) => None,
        // Nobody asked for this port, so one that is taken is no reason not to start.
        (None, None) => match watchfire_server::bind(address(GRPC_DEFAULT).await?, has_tokens).await {
            Ok(grpc) => Some(grpc),
            Err(trouble) => {
                warn!(error = %trouble, "No port for gRPC alone; gRPC is taken beside HTTP all the same");
                None
            }
        },
    };
    let request_bytes_max = limits
        .request_size
        .map_or(watchfire_server::REQUEST_BYTES_MAX, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    let connections_max = open_files::connections(watchfire_server::CONNECTIONS_MAX);
    Ok(Doors { http, grpc, request_bytes_max, connections_max })
}

/// Where somebody says that the server listens: the flag or the environment, else the settings.
pub(crate) fn listen_of<'a>(given: Option<&'a str>, server: &'a ServerSettings) -> Option<&'a str> {
    given.or(server.listen.as_deref())
}

/// The address of `HOST:PORT`; of a name with several, the IPv4 one, which clients try too.
async fn address(listen: &str) -> anyhow::Result<SocketAddr> {
    let found = tokio::net::lookup_host(listen).await;
    let found: Vec<SocketAddr> =
        found.with_context(|| format!("the address `{listen}` to listen on cannot be resolved"))?.collect();
    let chosen = found.iter().find(|address| address.is_ipv4()).or(found.first());
    chosen
        .copied()
        .with_context(|| format!("the name in `{listen}` has no address; write for example {LISTEN_DEFAULT}"))
}

fn describe(loaded: &Loaded, target: &StoreTarget) {
    let definitions = &loaded.definitions;
    info!(
        rules = definitions.rules.len(),
        channels = definitions.channels.len(),
        sources = definitions.sources.len(),
        store = %target,
        "Watchfire {} starts", env!("CARGO_PKG_VERSION")
    );
    if definitions.rules.is_empty() {
        warn!("There are no rules; nothing will be watched");
    }
}

/// SIGTERM and SIGINT, as often as they come.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn listen() -> anyhow::Result<Self> {
        let terminate = signal(SignalKind::terminate()).context("the handler of SIGTERM")?;
        let interrupt = signal(SignalKind::interrupt()).context("the handler of SIGINT")?;
        Ok(Self { terminate, interrupt })
    }

    /// The name of the next one.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
