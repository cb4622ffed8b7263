//! Figures about the product, measured on the machine at hand. `docs/benchmarks.md` holds them with their commands.
//!
//! Each measurement runs the built binary from outside, as a user would, against receivers in this process,
//! and prints one line of JSON. Nothing here is a test: a figure is compared with a peer's of the same run.

mod deliver;
mod evaluate;
mod ingest;
mod latency;
mod measured;
mod otlp_body;
mod product;
mod query;
mod receiver;
mod start;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Measures Watchfire.
#[derive(Debug, Parser)]
struct Arguments {
    /// The binary to measure, built with `cargo build --release`
    #[arg(long, default_value = "target/release/watchfire")]
    binary: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// CPU and lateness of many alerts on a short cadence
    Evaluate(evaluate::Shape),
    /// Many transitions at one slot, delivered to one webhook receiver
    Deliver(deliver::Shape),
    /// Spans over OTLP/HTTP, durable
    Ingest(ingest::Shape),
    /// From a span to the webhook that it causes
    Latency(latency::Shape),
    /// Queries over much telemetry
    Query(query::Shape),
    /// Start, idle memory and idle CPU
    Start(start::Shape),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // Errors of the provider's installation mean that one is installed already, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let figures = match arguments.what {
        What::Evaluate(shape) => evaluate::measure(&arguments.binary, &shape).await?,
        What::Deliver(shape) => deliver::measure(&arguments.binary, &shape).await?,
        What::Ingest(shape) => ingest::measure(&arguments.binary, &shape).await?,
        What::Latency(shape) => latency::measure(&arguments.binary, &shape).await?,
        What::Query(shape) => query::measure(&arguments.binary, &shape).await?,
        What::Start(shape) => start::measure(&arguments.binary, &shape).await?,
    };
    println!("{figures}");
    Ok(())
}
