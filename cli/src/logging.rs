//! Logs go to stderr: human on a terminal, JSON otherwise.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;

use crate::arguments::Command;

/// What the server tells: what ours say, and the warnings of all others.
const SERVER_DEFAULT: &str = "warn,watchfire=info,watchfire_engine=info,watchfire_server=info,watchfire_store=info";

/// Starts logging. `WATCHFIRE_LOG` sets the filter, for example `debug` or `watchfire_engine=debug`.
pub(crate) fn start(command: &Command) {
    // One-shot commands speak in their own words.
    let default = if matches!(command, Command::Serve(_)) { SERVER_DEFAULT } else { "off" };
    let filter = EnvFilter::try_from_env("WATCHFIRE_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.init()
    } else {
        builder.json().flatten_event(true).init()
    }
    if matches!(command, Command::Serve(_)) {
        std::panic::set_hook(Box::new(log_panic));
    }
}

/// A fault of ours is a line of the log like any other, in the span of the evaluation or delivery that it ended.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    let words = panic.payload_as_str().unwrap_or("without words");
    tracing::error!(place, backtrace, "A task broke, which is a fault of Watchfire: {words}");
}
