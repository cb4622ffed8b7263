//! How many files and connections this process may have open.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tracing::debug;

/// Open files that are kept for the database, telemetry and deliveries.
const RESERVED: u64 = 512;

/// Raises the soft limit to the hard one, as servers do: many systems still begin with 1,024. The answer is how many
/// connections may be taken then, at most `wanted` and at least a few.
pub(crate) fn connections(wanted: usize) -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return wanted };
    let raised = match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(trouble) => {
            debug!(error = %trouble, "The limit of open files stays as it is");
            soft
        }
    };
    let free = raised.saturating_sub(RESERVED).max(raised / 2);
    usize::try_from(free).unwrap_or(usize::MAX).min(wanted)
}
