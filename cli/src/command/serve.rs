//! `watchfire serve`: evaluates rules and delivers messages until it is stopped.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};
use watchfire_config::Loaded;
use watchfire_engine::clock::SystemClock;
use watchfire_engine::{Engine, EngineParts};
use watchfire_store::{Store, StoreTarget};

use crate::arguments::Serve;
use crate::definitions;
use crate::exit::Exit;
use crate::place;
use crate::reload;

/// Where the server listens when nobody says otherwise: OpenTelemetry's HTTP port.
const LISTEN_DEFAULT: &str = "127.0.0.1:4318";

pub(crate) async fn run(options: Serve) -> anyhow::Result<Exit> {
    let dir = options.config.config;
    let mut loaded = definitions::load(&dir)?;
    let telemetry = definitions::telemetry(&loaded)?;
    definitions::check_sql(&mut loaded, &telemetry).await;
    definitions::print_problems(&loaded);
    if loaded.has_errors() {
        eprintln!("watchfire: not started; mend the mistakes above (`watchfire check` shows the same)");
        return Ok(Exit::No);
    }
    let settings = &loaded.definitions.settings;
    let listen = options.listen.as_ref().or(settings.server.listen.as_ref());
    let listen = address(listen.map_or(LISTEN_DEFAULT, String::as_str)).await?;
    // The address comes first: a server that cannot be reached must not take rules.
    let listener = watchfire_server::bind(listen).await?;
    let target = place::store_target(&options.storage, Some(settings));
    let store = Store::open(&target).await.with_context(|| format!("the store, {target}, cannot be opened"))?;
    describe(&loaded, &target);
    let engine = Engine::start(EngineParts {
        store,
        telemetry,
        definitions: definitions::engine_definitions(&loaded.definitions),
        clock: Arc::new(SystemClock),
        request_timeout: settings.delivery.timeout,
    })
    .await?;
    let address = listener.local_addr().context("the address of the listener")?;
    let (_watching, take_over_changes) = reload::watch(dir, Arc::clone(&engine));
    // Whoever waits for this line may stop us right after it.
    let stopped = stop_signal()?;
    info!("listening on http://{address}");
    let served = tokio::select! {
        served = watchfire_server::serve(listener, Arc::clone(&engine), stopped) => served,
        never = take_over_changes => match never {},
    };
    engine.stop().await;
    served?;
    Ok(Exit::Fine)
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

/// Resolves at SIGTERM or SIGINT.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate()).context("the handler of SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("the handler of SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => info!("SIGTERM: stopping"),
            _ = interrupt.recv() => info!("SIGINT: stopping"),
        }
    })
}
