//! What the process takes, by its page of metrics.

use std::time::Instant;

/// The head of the lines that are printed.
pub(crate) const HEAD: &str = "seconds  after            memory   descriptors  threads  tasks  honest calls  p99      slowest  streams cut";

/// What was read at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Since the run began, in milliseconds.
    pub(crate) at: i128,
    /// Resident, in KiB.
    pub(crate) memory: i128,
    pub(crate) descriptors: i128,
    pub(crate) threads: i128,
    pub(crate) tasks: i128,
}

impl Sample {
    /// Reads the page at the port of operators.
    pub(crate) async fn read(admin: &str, started: Instant) -> Self {
        let page = crate::web::client().get(format!("{admin}/metrics")).send();
        let page = page.await.unwrap().text().await.unwrap();
        let figure = |name: &str| figure(&page, name);
        Self {
            at: i128::try_from(started.elapsed().as_millis()).unwrap(),
            memory: figure("process_resident_memory_bytes") / 1024,
            descriptors: figure("process_open_fds"),
            threads: figure("process_threads"),
            tasks: figure("silkrate_tasks"),
        }
    }

    /// A line about the turn before it: the latencies of honest calls in microseconds, and the streams of watchers that ended.
    pub(crate) fn line(&self, turn: &str, latencies: &[u32], broken: u64) -> String {
        let mut sorted = latencies.to_vec();
        sorted.sort_unstable();
        let p99 = sorted.get(sorted.len() * 99 / 100);
        let milliseconds = |latency: Option<&u32>| latency.map_or(0, |latency| latency / 1000);
        format!(
            "{:>7}  {turn:<15}  {:>4} MiB  {:>11}  {:>7}  {:>5}  {:>12}  {:>4} ms  {:>4} ms  {broken:>11}",
            self.at / 1000,
            self.memory / 1024,
            self.descriptors,
            self.threads,
            self.tasks,
            sorted.len(),
            milliseconds(p99),
            milliseconds(sorted.last()),
        )
    }
}

/// The value of a family without labels.
fn figure(page: &str, name: &str) -> i128 {
    let mut values = page
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value = values.next().unwrap_or_else(|| panic!("no {name}"));
    value.parse().unwrap_or_else(|_| panic!("{name} {value}"))
}
