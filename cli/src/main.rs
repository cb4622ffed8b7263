//! The binary `watchfire`. Data goes to stdout, talk to stderr; exit codes: `exit.rs`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod arguments;
mod command;
mod definitions;
mod demo;
mod exit;
mod kept;
mod logging;
mod open_files;
mod output;
mod place;
mod reload;
mod remote_query;
mod server_client;
mod trouble;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::exit::Exit;

fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    logging::start(&arguments.command);
    // Errors of the provider's installation mean that one is installed already, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(trouble) => {
            eprintln!("watchfire: the runtime cannot be started: {trouble}");
            return Exit::CouldNotRun.into();
        }
    };
    let form = arguments.output_of_command();
    let exit = match runtime.block_on(Box::pin(run(arguments))) {
        Ok(exit) => exit,
        Err(trouble) => {
            trouble::tell(form, "could_not_run", &trouble::sentence(&trouble), None);
            Exit::CouldNotRun
        }
    };
    // A query that hangs must not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    exit.into()
}

async fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    let output = arguments.output;
    match arguments.command {
        Command::Demo(options) => Box::pin(command::demo::run(options, output)).await,
        Command::Serve(options) => Box::pin(command::serve::run(options)).await,
        Command::Check(options) => command::check::run(options, output).await,
        Command::Run(options) => command::run::run(options, output).await,
        Command::Query(options) => command::query::run(options, output).await,
        Command::Projects(options) => command::projects::run(options, output),
        Command::Next(options) => command::next::run(options, output),
        Command::Runs(options) => command::runs::run(options, output).await,
        Command::Deliveries(options) => command::deliveries::run(options, output).await,
        Command::Channels(options) => command::channels::run(options, output).await,
        Command::Health(options) => command::health::run(options, output).await,
        Command::Schema => command::schema::run(),
        Command::Migrate(options) => command::migrate::run(options, output).await,
        Command::Repair(options) => command::repair::run(options, output).await,
    }
}
