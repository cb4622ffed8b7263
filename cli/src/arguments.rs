//! The command line. Its flags are a contract; `docs/cli.md` lists them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use watchfire_model::{NotificationKind, Timestamp};
use watchfire_store::DeliveryState;

/// Watches telemetry and databases with SQL, and tells people.
#[derive(Debug, Parser)]
#[command(name = "watchfire", version)]
pub(crate) struct Arguments {
    /// How data is printed on stdout
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// The form of what the command prints; a server prints nothing but its log.
    pub(crate) fn output_of_command(&self) -> Output {
        if matches!(self.command, Command::Serve(_)) { Output::Text } else { self.output }
    }
}

/// Forms of data on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Text,
    /// One JSON value, and nothing else
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows the main job on real telemetry, in half a minute, without an account
    Demo(Demo),
    /// Evaluates rules and delivers messages until it is stopped
    Serve(Serve),
    /// Finds every mistake in the definitions, without a server
    Check(Check),
    /// Evaluates one rule for an instant, without telling or writing anything
    Run(Run),
    /// Asks one SQL query, of a server, or of the sources and telemetry that lie here
    Query(Query),
    /// Prints for each project what to paste into senders of telemetry, tokens and all
    Projects(Projects),
    /// Lists the next slots of a rule, or of a cron pattern in a zone
    Next(Next),
    /// Lists evaluations and skipped slots
    Runs(Runs),
    /// Lists deliveries, or tries one again
    Deliveries(Deliveries),
    /// Tests a channel
    Channels(Channels),
    /// Asks a server whether it and its store are well
    Health(Server),
    /// Prints the JSON Schema of the definitions
    Schema,
    /// Brings the store's tables up to date
    Migrate(Migrate),
    /// Makes the list of telemetry's files again from the files
    Repair(Repair),
}

/// Where definitions lie.
#[derive(Debug, Args)]
pub(crate) struct ConfigDir {
    /// The folder with the definitions
    #[arg(long, value_name = "DIR", env = "WATCHFIRE_CONFIG")]
    pub(crate) config: PathBuf,
}

/// Where state lies.
#[derive(Debug, Clone, Args)]
pub(crate) struct Storage {
    /// The data folder
    #[arg(long, value_name = "DIR", env = "WATCHFIRE_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// State in PostgreSQL instead of the data folder
    #[arg(long, value_name = "URL", env = "WATCHFIRE_DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Keep the server up afterwards, until it is stopped
    #[arg(long)]
    pub(crate) stay: bool,
    /// Records to use instead of the built-in ones, one JSON object a line; 2026-11-20T12:00:00Z becomes now
    #[arg(long, value_name = "FILE")]
    pub(crate) records: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) config: ConfigDir,
    #[command(flatten)]
    pub(crate) storage: Storage,
    /// Address of the HTTP server; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", env = "WATCHFIRE_LISTEN", value_parser = host_port)]
    pub(crate) listen: Option<String>,
    /// Address of a further server for OTLP over gRPC alone; 127.0.0.1:4317 where --listen is not given
    #[arg(long, value_name = "HOST:PORT", env = "WATCHFIRE_OTLP_GRPC", value_parser = host_port)]
    pub(crate) otlp_grpc: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) config: ConfigDir,
    /// Warnings count as mistakes
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "With --data or --database-url it decides against the state that is stored there; \
                        without them, as if the rule had never run.")]
pub(crate) struct Run {
    /// The rule
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) config: ConfigDir,
    /// The instant to evaluate for; it need not be a slot
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) at: Timestamp,
    #[command(flatten)]
    pub(crate) storage: Storage,
}

#[derive(Debug, Args)]
#[command(
    after_help = "With --url it asks a server, else the sources of --config and the telemetry of --data, which it \
                        only reads. No window is applied without --from and --to; now() is the wall clock."
)]
pub(crate) struct Query {
    /// Read-only SQL
    pub(crate) sql: String,
    /// The folder with the definitions, for their sources
    #[arg(long, value_name = "DIR", env = "WATCHFIRE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) storage: Storage,
    /// Ask the server there instead
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Its token, if it asks for one
    #[arg(long, env = "WATCHFIRE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// Whose tables; a server knows it by the token
    #[arg(long, value_name = "NAME", conflicts_with = "url")]
    pub(crate) project: Option<String>,
    /// Only rows from this instant on
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) from: Option<Timestamp>,
    /// Only rows before this instant
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) to: Option<Timestamp>,
    /// Only rows of this deployment environment; may be given several times, "" for rows without one
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Vec<String>,
    /// The IANA zone of the session; default: UTC
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: Option<String>,
    /// At most so many rows, and never more than 10000
    #[arg(long, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(0..=10_000))]
    pub(crate) limit: Option<usize>,
    /// The form of the rows; default: a table, or JSON with --output json
    #[arg(long, value_enum)]
    pub(crate) format: Option<QueryFormat>,
}

/// Forms of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueryFormat {
    /// For people
    Table,
    /// A header line, and a line for each row
    Csv,
    /// One array of objects
    Json,
    /// An object a line
    Ndjson,
    /// A file with every type; not for a terminal
    Parquet,
}

#[derive(Debug, Args)]
pub(crate) struct Projects {
    #[command(flatten)]
    pub(crate) config: ConfigDir,
    /// Where senders reach the server; default: `server.public_url`, else where it listens
    #[arg(long, value_name = "URL", env = "WATCHFIRE_URL")]
    pub(crate) url: Option<String>,
    /// Where the server listens, as `serve` is told
    #[arg(long, value_name = "HOST:PORT", env = "WATCHFIRE_LISTEN", value_parser = host_port)]
    pub(crate) listen: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Next {
    /// The rule; either this or --cron is needed
    #[arg(requires = "config", conflicts_with = "cron")]
    pub(crate) rule: Option<String>,
    /// The folder with the definitions
    #[arg(long, value_name = "DIR", env = "WATCHFIRE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// A cron pattern instead of a rule
    #[arg(long, value_name = "PATTERN")]
    pub(crate) cron: Option<String>,
    /// The IANA zone of the pattern
    #[arg(long, value_name = "ZONE", default_value = "UTC", requires = "cron")]
    pub(crate) timezone: String,
    /// List slots after this instant; default: now
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) after: Option<Timestamp>,
    /// How many
    #[arg(long, default_value_t = 5)]
    pub(crate) count: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Runs {
    #[command(flatten)]
    pub(crate) storage: Storage,
    /// Only this rule
    #[arg(long)]
    pub(crate) rule: Option<String>,
    /// At most so many, the newest first
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Deliveries {
    #[command(subcommand)]
    pub(crate) action: DeliveriesAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeliveriesAction {
    /// Lists deliveries, the newest first
    List(DeliveriesList),
    /// Tries a dead delivery again, under the same id
    Retry(DeliveriesRetry),
}

#[derive(Debug, Args)]
pub(crate) struct DeliveriesList {
    #[command(flatten)]
    pub(crate) storage: Storage,
    /// Only in this state: pending, sending, done, dead, superseded
    #[arg(long, value_parser = delivery_state)]
    pub(crate) state: Option<DeliveryState>,
    /// Only of this channel
    #[arg(long)]
    pub(crate) channel: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct DeliveriesRetry {
    /// The delivery
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) server: Server,
}

/// The server that commands speak to when they write.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// Address of the server
    #[arg(long, value_name = "URL", env = "WATCHFIRE_URL", default_value = "http://127.0.0.1:4318")]
    pub(crate) url: String,
    /// Its token, if it asks for one
    #[arg(long, env = "WATCHFIRE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Channels {
    #[command(subcommand)]
    pub(crate) action: ChannelsAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ChannelsAction {
    /// Sends a test message, or shows the request
    Test(ChannelsTest),
}

#[derive(Debug, Args)]
pub(crate) struct ChannelsTest {
    /// The channel
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) config: ConfigDir,
    /// What kind of message it is, with made-up data, for example `alert.started` or `report.ready`
    #[arg(long, value_name = "TYPE", default_value = "test", value_parser = notification_kind)]
    pub(crate) event: NotificationKind,
    /// Print the request with its secrets masked, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub(crate) storage: Storage,
}

#[derive(Debug, Args)]
#[command(after_help = "No server may run on the folder. It changes no file, and is safe to run at any time.")]
pub(crate) struct Repair {
    #[command(flatten)]
    pub(crate) storage: Storage,
}

fn host_port(text: &str) -> Result<String, String> {
    let fits = text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if fits { Ok(text.to_owned()) } else { Err("expected HOST:PORT, for example 127.0.0.1:4318".to_owned()) }
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "expected an RFC 3339 instant, for example 2026-11-20T06:00:00Z".to_owned())
}

fn delivery_state(text: &str) -> Result<DeliveryState, String> {
    DeliveryState::parse(text).ok_or_else(|| {
        let known = DeliveryState::ALL.map(DeliveryState::as_str);
        format!("expected one of {}", known.join(", "))
    })
}

fn notification_kind(text: &str) -> Result<NotificationKind, String> {
    NotificationKind::parse(text).ok_or_else(|| {
        let known: Vec<&str> = NotificationKind::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("there is no such message; there are: {}", known.join(", "))
    })
}
