//! `watchfire.yaml`.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;
use watchfire_model::{ChannelName, format_duration};

use super::secret::{Literal, references, secret};
use super::{Known, Surroundings};
use crate::raw::RawSettings;
use crate::read::{Field, Items, Text, nearest, quoted};
use crate::report::Report;
use crate::settings::{
    AddressRange, DeliverySettings, LimitSettings, ServerSettings, Settings, StorageSettings, TelemetrySettings,
};

/// The longest time that one request to a channel may take.
const DELIVERY_TIMEOUT_MAX: Duration = Duration::from_secs(30);
/// The least memory for rows of telemetry, in bytes: one large request must fit.
const HOT_MEMORY_MIN: u64 = 16 << 20;
/// Most attributes with a column of their own: each of them is kept twice.
const SHREDDED_ATTRIBUTES_MAX: usize = 100;
/// The longest key of such an attribute, in bytes.
const SHREDDED_KEY_MAX: usize = 256;

/// Makes the settings; what could not be read has its default, and is reported.
pub(crate) fn settings(raw: &RawSettings, around: &Surroundings<'_>, report: &mut Report) -> Settings {
    Settings {
        server: server(raw, around, report),
        storage: storage(raw, around, report),
        telemetry: telemetry(raw, report),
        delivery: delivery(raw, report),
        limits: limits(raw),
    }
}

/// Reports a fallback channel that no file defines.
pub(crate) fn fallback_channel(raw: &RawSettings, known: &Known<'_>, report: &mut Report) {
    let Some(delivery) = &raw.delivery.value else { return };
    let (Some(name), Some(at)) = (&delivery.fallback_channel.value, delivery.fallback_channel.at()) else { return };
    if known.channel(&name.0).is_none() {
        unknown_channel(&name.0, at, known, report);
    }
}

/// Reports a channel that no file defines.
pub(super) fn unknown_channel(name: &str, at: crate::yaml::Span, known: &Known<'_>, report: &mut Report) {
    let problem = report.error(at, "unknown_channel", format!("there is no channel `{}`", quoted(name)));
    match nearest(name, known.channels.keys().map(String::as_str)) {
        Some(channel) => problem.help(format!("did you mean `{channel}`?")),
        None => problem.help("define it under `channels:`"),
    };
}

fn text(key: &str, field: &Field<Text>, around: &Surroundings<'_>, report: &mut Report) -> Option<String> {
    let (value, node) = (field.value.as_ref()?, field.node()?);
    references(key, node, &value.0, around, report).map(|expanded| expanded.text)
}

fn server(raw: &RawSettings, around: &Surroundings<'_>, report: &mut Report) -> ServerSettings {
    let Some(server) = &raw.server.value else { return ServerSettings::default() };
    let public_url = text("public_url", &server.public_url, around, report).and_then(|text| {
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none()
            && let Some(at) = server.public_url.at()
        {
            report
                .error(at, "bad_url", "`public_url` is no address that a browser could open")
                .help("write a whole address, for example `https://watchfire.example.com`");
        }
        url
    });
    ServerSettings {
        listen: server.listen.value.as_ref().map(|listen| listen.0.0.clone()),
        otlp_grpc: server.otlp_grpc.value.as_ref().map(|listen| listen.0.0.clone()),
        public_url,
    }
}

fn storage(raw: &RawSettings, around: &Surroundings<'_>, report: &mut Report) -> StorageSettings {
    let Some(storage) = &raw.storage.value else { return StorageSettings::default() };
    let data = text("data", &storage.data, around, report).map(|path| around.folder.join(path));
    let field = &storage.database_url;
    let database_url = field.value.as_ref().zip(field.node()).and_then(|(value, node)| {
        let (text, literal) = secret("database_url", node, value, Literal::Allowed, around, report)?;
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql" | "sqlite"));
        let has_password = url.as_ref().is_some_and(|url| url.password().is_some());
        if url.is_none() {
            report
                .error(node.at, "bad_url", "`database_url` is no address of a database")
                .help("write `database_url: \"${DATABASE_URL}\"` with `postgres://…` in it");
        } else if literal && has_password {
            report
                .error(node.at, "literal_secret", "`database_url` holds a password and stands in the file itself")
                .help("write `database_url: \"${NAME}\"` or `database_url: {file: path}`");
        }
        url.is_some().then(|| SecretString::from(text))
    });
    StorageSettings { database_url, data }
}

fn telemetry(raw: &RawSettings, report: &mut Report) -> TelemetrySettings {
    let mut settings = TelemetrySettings::default();
    let Some(telemetry) = &raw.telemetry.value else { return settings };
    if let Some(span) = &telemetry.hot_window.value {
        settings.hot_window = span.0.0;
    }
    settings.retention = telemetry.retention.value.as_ref().map(|span| span.0.0);
    settings.accepted_past = telemetry.accepted_past.value.as_ref().map(|span| span.0.0);
    settings.accepted_future = telemetry.accepted_future.value.as_ref().map(|span| span.0.0);
    settings.hot_memory = telemetry.hot_memory.value.as_ref().map(|size| size.0.0);
    if let (Some(given), Some(at)) = (settings.hot_memory, telemetry.hot_memory.at())
        && given < HOT_MEMORY_MIN
    {
        let message = format!("`hot_memory` is {given} bytes, and at least {HOT_MEMORY_MIN} are needed");
        report.error(at, "over_limit", message).help("write `hot_memory: 16MiB` or more");
    }
    settings.shredded_attributes = shredded_attributes(&telemetry.shredded_attributes, report);
    settings
}

/// The keys as they are given; the same key twice is the same as once.
fn shredded_attributes(field: &Field<Items<Text>>, report: &mut Report) -> Option<Vec<String>> {
    let items = &field.value.as_ref()?.0;
    for item in items.iter().filter(|item| item.value.0.len() > SHREDDED_KEY_MAX) {
        let length = item.value.0.len();
        let message = format!("a key of `attributes` has at most {SHREDDED_KEY_MAX} bytes, and this one has {length}");
        report.error(item.at(), "over_limit", message).help("write for example `http.route`");
    }
    if let Some(at) = field.at()
        && items.len() > SHREDDED_ATTRIBUTES_MAX
    {
        let message = format!(
            "`shredded_attributes` has {} keys, and at most {SHREDDED_ATTRIBUTES_MAX} are possible",
            items.len()
        );
        report.error(at, "over_limit", message).help("name those that queries ask for most; all others work too");
    }
    Some(items.iter().map(|item| item.value.0.clone()).collect())
}

fn delivery(raw: &RawSettings, report: &mut Report) -> DeliverySettings {
    let mut settings = DeliverySettings::default();
    let Some(delivery) = &raw.delivery.value else { return settings };
    settings.fallback_channel = delivery.fallback_channel.value.as_ref().map(|name| ChannelName::new(name.0.clone()));
    for item in delivery.allow_addresses.value.iter().flat_map(|items| &items.0) {
        match AddressRange::parse(item.value.0.trim()) {
            Some(range) => settings.allow_addresses.push(range),
            None => {
                let message = format!("`{}` is no address and no range of addresses", quoted(&item.value.0));
                report.error(item.at(), "not_an_address", message).help("write `10.0.0.5` or `10.0.0.0/8`");
            }
        }
    }
    if let (Some(timeout), Some(at)) = (&delivery.timeout.value, delivery.timeout.at()) {
        settings.timeout = timeout.0.0;
        if settings.timeout > DELIVERY_TIMEOUT_MAX {
            let (given, most) = (format_duration(settings.timeout), format_duration(DELIVERY_TIMEOUT_MAX));
            let message = format!("`timeout` is {given}, and a request may take at most {most}");
            report.error(at, "over_limit", message).help(format!("write `timeout: {most}` or less"));
        }
    }
    settings
}

fn limits(raw: &RawSettings) -> LimitSettings {
    let defaults = LimitSettings::default();
    let Some(limits) = &raw.limits.value else { return defaults };
    LimitSettings {
        memory: limits.memory.value.as_ref().map(|size| size.0.0),
        query_timeout: limits.query_timeout.value.as_ref().map(|span| span.0.0),
        max_rows: limits.max_rows.value.as_ref().map_or(defaults.max_rows, |count| count.0),
        max_instances: limits.max_instances.value.as_ref().map(|count| count.0),
        request_size: limits.request_size.value.as_ref().map(|size| size.0.0),
    }
}
