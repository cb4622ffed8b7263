//! Settings of the server, as `watchfire.yaml` gives them. Flags and environment may override them.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;
use watchfire_model::ChannelName;

/// Everything that `watchfire.yaml` may say, with the defaults of what it does not.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where it listens.
    pub server: ServerSettings,
    /// Where it keeps its state.
    pub storage: StorageSettings,
    /// How it keeps telemetry.
    pub telemetry: TelemetrySettings,
    /// How it sends messages.
    pub delivery: DeliverySettings,
    /// What one query or rule may take.
    pub limits: LimitSettings,
}

/// Where it listens; what is `None` is for the command line to decide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerSettings {
    /// HTTP and OTLP/gRPC, `HOST:PORT`.
    pub listen: Option<String>,
    /// A further port for OTLP/gRPC, `HOST:PORT`.
    pub otlp_grpc: Option<String>,
    /// The address that people see; links in messages appear when it is set.
    pub public_url: Option<Url>,
}

/// Where it keeps its state; what is `None` is for the command line to decide.
#[derive(Debug, Clone, Default)]
pub struct StorageSettings {
    /// PostgreSQL's address, which may hold a password.
    pub database_url: Option<SecretString>,
    /// The data folder; absolute.
    pub data: Option<PathBuf>,
}

/// How it keeps telemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// How long telemetry stays in memory; default 15 minutes.
    pub hot_window: Duration,
    /// Most bytes of rows in memory; `None`: storage's own default.
    pub hot_memory: Option<u64>,
    /// How long telemetry is kept; `None`: for ever.
    pub retention: Option<Duration>,
    /// How long before its arrival a row may have ended; `None`: the usual time.
    pub accepted_past: Option<Duration>,
    /// How long after its arrival a row may end; `None`: the usual time.
    pub accepted_future: Option<Duration>,
    /// The keys of `attributes` with a column of their own; `None`: storage's own choice.
    pub shredded_attributes: Option<Vec<String>>,
}

/// How it sends messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliverySettings {
    /// The channel that hears of failing queries without an owner, and of broken channels.
    pub fallback_channel: Option<ChannelName>,
    /// Addresses that channels made over the API may reach although they are private.
    pub allow_addresses: Vec<AddressRange>,
    /// How long one request may take; default 15 seconds, at most 30.
    pub timeout: Duration,
}

/// What one query or rule may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitSettings {
    /// Bytes of memory for queries; `None`: telemetry's own default.
    pub memory: Option<u64>,
    /// The longest `timeout` of a rule; `None`: any.
    pub query_timeout: Option<Duration>,
    /// Most rows of one result, more fail the evaluation; default 1,000,000.
    pub max_rows: usize,
    /// The greatest `max_instances` of a rule; `None`: any.
    pub max_instances: Option<usize>,
    /// Most bytes of one request, as it is sent and once it is unpacked; `None`: the server's own default.
    pub request_size: Option<u64>,
}

/// Addresses whose first `prefix` bits are those of `address`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    /// An address of the range.
    pub address: IpAddr,
    /// How many bits count: up to 32, or 128 for IPv6.
    pub prefix: u8,
}

impl AddressRange {
    /// Reads `10.0.0.5`, `10.0.0.0/8` or `fd00::/8`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().ok().filter(|prefix| *prefix <= bits)?,
            None => bits,
        };
        Some(Self { address, prefix })
    }
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self {
            hot_window: Duration::from_secs(15 * 60),
            hot_memory: None,
            retention: None,
            accepted_past: None,
            accepted_future: None,
            shredded_attributes: None,
        }
    }
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self { fallback_channel: None, allow_addresses: Vec::new(), timeout: Duration::from_secs(15) }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self { memory: None, query_timeout: None, max_rows: 1_000_000, max_instances: None, request_size: None }
    }
}
