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
        /// HTTP, `HOST:PORT`; port 0 takes a free one; default `127.0.0.1:4318`.
        listen: Phrased<HostPort>;
        /// A further port for OTLP/gRPC alone, `HOST:PORT`; default `127.0.0.1:4317` where nobody says where to listen, else none.
        otlp_grpc: Phrased<HostPort>;
        /// The address that people see, from which links in messages are made; default none, and no links.
        public_url: Text;
    }
}

mapping! {
    /// Where it keeps its state.
    pub(crate) struct RawStorage, "`storage`" {
        /// PostgreSQL's address, with a password only as `${NAME}` or `{file: path}`; default SQLite in the data folder.
        database_url: SecretText;
        /// The data folder; absolute, or relative to this file; default `./watchfire-data`.
        data: Text;
    }
}

mapping! {
    /// How it keeps telemetry.
    pub(crate) struct RawTelemetry, "`telemetry`" {
        /// How long telemetry stays in memory; default `15m`.
        hot_window: Phrased<Span>;
        /// Memory for rows of telemetry, at least `16MiB`; default `256MiB`.
        hot_memory: Phrased<ByteSize>;
        /// How long telemetry is kept at all; default for ever.
        retention: Phrased<Span>;
        /// How long before its arrival a row may have ended; older rows are dropped, and their senders told; default `24h`.
        accepted_past: Phrased<Span>;
        /// How long after its arrival a row may end, for clocks that are ahead; later rows are dropped; default `1h`.
        accepted_future: Phrased<Span>;
        /// Keys of `attributes` with a column of their own, so that queries read them some twenty times faster; default those of LLM calls, routes and database systems.
        shredded_attributes: Items<Text>;
    }
}

mapping! {
    /// How it sends messages.
    pub(crate) struct RawDelivery, "`delivery`" {
        /// The channel that hears of failing queries without an owner, and of broken channels; default none.
        fallback_channel: Text;
        /// Addresses, or ranges such as `10.0.0.0/8`, that channels made over the API may reach although they are private; default none.
        allow_addresses: Items<Text>;
        /// How long one request may take, at most `30s`; default `15s`.
        timeout: Phrased<Span>;
    }
}

mapping! {
    /// What one query or rule may take.
    pub(crate) struct RawLimits, "`limits`" {
        /// Memory for queries, for example `1GiB`; default `512MiB`.
        memory: Phrased<ByteSize>;
        /// The longest `timeout` of a rule; default any.
        query_timeout: Phrased<Span>;
        /// Most rows of one result; more fail the evaluation; default 1000000.
        max_rows: Count;
        /// The greatest `max_instances` of a rule; default any.
        max_instances: Count;
        /// Most bytes of one request, as it is sent and once it is unpacked; default `100MB`.
        request_size: Phrased<ByteSize>;
    }
}
