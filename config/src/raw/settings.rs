//! `watchfire.yaml`.

use crate::phrases::{ByteSize, HostPort, Span};
use crate::read::{Count, Items, Phrased, SecretText, Text, mapping};

mapping! {
    /// Settings of the server.
    pub(crate) struct RawSettings, "watchfire.yaml" {
        /// The version of this format: 1.
        version: Text;
        /// Where it listens.
        server: RawServer;
        /// Where it keeps its state.
        storage: RawStorage;
        /// How it keeps telemetry.
        telemetry: RawTelemetry;
        /// How it sends messages.
        delivery: RawDelivery;
        /// What one query or rule may take.
        limits: RawLimits;
    }
}

mapping! {
    /// Where it listens.
    pub(crate) struct RawServer, "`server`" {
        /// HTTP and OTLP/gRPC, `HOST:PORT`.
        listen: Phrased<HostPort>;
        /// A further port for OTLP/gRPC alone, `HOST:PORT`.
        otlp_grpc: Phrased<HostPort>;
        /// The address that people see; links in messages start with it.
        public_url: Text;
    }
}

mapping! {
    /// Where it keeps its state.
    pub(crate) struct RawStorage, "`storage`" {
        /// PostgreSQL's address; without it SQLite in the data folder.
        database_url: SecretText;
        /// The data folder; absolute, or relative to this file.
        data: Text;
    }
}

mapping! {
    /// How it keeps telemetry.
    pub(crate) struct RawTelemetry, "`telemetry`" {
        /// How long telemetry stays in memory.
        hot_window: Phrased<Span>;
        /// How long telemetry is kept at all.
        retention: Phrased<Span>;
    }
}

mapping! {
    /// How it sends messages.
    pub(crate) struct RawDelivery, "`delivery`" {
        /// The channel that hears of failing queries and broken channels.
        fallback_channel: Text;
        /// Addresses that channels made over the API may reach although they are private.
        allow_addresses: Items<Text>;
        /// How long one request may take.
        timeout: Phrased<Span>;
    }
}

mapping! {
    /// What one query or rule may take.
    pub(crate) struct RawLimits, "`limits`" {
        /// Memory for queries, for example `1GiB`.
        memory: Phrased<ByteSize>;
        /// The longest `timeout` of a rule.
        query_timeout: Phrased<Span>;
        /// Most rows of one result; more fail the evaluation.
        max_rows: Count;
        /// The greatest `max_instances` of a rule.
        max_instances: Count;
    }
}
