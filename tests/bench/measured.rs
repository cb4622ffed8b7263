//! What a process used, from the system's own books.

use std::time::Duration;

use anyhow::Context;

/// Clock ticks per second of `/proc/PID/stat`; fixed in Linux's interface to programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// Memory and CPU of a process so far.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    /// User and system time.
    pub cpu: Duration,
    /// Resident memory now, in bytes.
    pub resident_bytes: u64,
    /// The most resident memory ever, in bytes.
    pub peak_bytes: u64,
}

/// Reads what a process used.
///
/// # Errors
/// When there is no such process, or no `/proc`.
pub fn used(pid: u32) -> anyhow::Result<Used> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("/proc/PID/stat")?;
    // The name in parentheses may hold blanks; fields are counted behind it.
    let fields: Vec<&str> = stat.rsplit_once(')').context("/proc/PID/stat")?.1.split_whitespace().collect();
    let ticks = |place: usize| -> anyhow::Result<f64> { Ok(fields.get(place).context("/proc/PID/stat")?.parse()?) };
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("/proc/PID/status")?;
    let kilobytes = |key: &str| -> anyhow::Result<u64> {
        let line = status.lines().find(|line| line.starts_with(key)).with_context(|| format!("no {key}"))?;
        Ok(line.split_whitespace().nth(1).context("/proc/PID/status")?.parse()?)
    };
    Ok(Used {
        cpu: Duration::from_secs_f64((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND),
        resident_bytes: kilobytes("VmRSS:")? * 1024,
        peak_bytes: kilobytes("VmHWM:")? * 1024,
    })
}

/// Bytes in megabytes (10⁶), one digit behind the point.
pub fn megabytes(bytes: u64) -> f64 {
    (bytes as f64 / 100_000.0).round() / 10.0
}

/// A histogram of a `/metrics` page: bounds in seconds with the number of observations up to each.
#[derive(Debug, Clone)]
pub struct Histogram(Vec<(f64, u64)>);

impl Histogram {
    /// Reads the buckets of a metric without labels.
    pub fn read(page: &str, name: &str) -> Self {
        let prefix = format!("{name}_bucket{{le=\"");
        let buckets = page.lines().filter_map(|line| {
            let (bound, count) = line.strip_prefix(&prefix)?.split_once("\"}")?;
            let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? };
            Some((bound, count.split_whitespace().next()?.parse().ok()?))
        });
        Self(buckets.collect())
    }

    /// What was observed after `earlier`, a reading of the same histogram.
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |place: usize| earlier.0.get(place).map_or(0, |(_, count)| *count);
        Self(self.0.iter().enumerate().map(|(place, (bound, count))| (*bound, count - before(place))).collect())
    }

    /// How many observations there are.
    pub fn count(&self) -> u64 {
        self.0.last().map_or(0, |(_, count)| *count)
    }

    /// The bound below which this share of the observations lies: not more than a quarter too high.
    pub fn percentile(&self, share: f64) -> f64 {
        let wanted = self.count() as f64 * share;
        self.0.iter().find(|(_, count)| *count as f64 >= wanted).map_or(f64::NAN, |(bound, _)| *bound)
    }
}
