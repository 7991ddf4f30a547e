//! Requests by what they asked for, how they were answered, and how long that took.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::telemetry::Histogram;

const fn micros(microseconds: u64) -> Duration {
    Duration::from_micros(microseconds)
}

/// An answer from memory takes some ten microseconds, one from the ledger milliseconds, and none longer than ten seconds.
const BOUNDS: &[Duration] = &[
    micros(25),
    micros(100),
    micros(250),
    micros(1_000),
    micros(5_000),
    micros(25_000),
    micros(100_000),
    micros(500_000),
    micros(2_500_000),
    micros(10_000_000),
];

/// The requests of a port. The names of what is asked for and of the answers are fixed, so that no request adds a series.
#[derive(Debug)]
pub struct CallCounts {
    codes: &'static [&'static str],
    /// The place of the code of a request whose client left before its answer began.
    cancelled: usize,
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    name: &'static str,
    /// How long the answers with each code took to begin; nothing before the first one.
    by_code: Vec<OnceLock<Histogram>>,
}

/// A request that is not answered yet. If it is dropped, it counts as cancelled.
#[derive(Debug)]
pub struct PendingCall {
    /// `None` once it is counted.
    counts: Option<Arc<CallCounts>>,
    name: usize,
    begun: Instant,
}

impl CallCounts {
    /// Counts for these things to ask for, and these codes of answers; `cancelled` is the code of a request whose client left
    /// before its answer began.
    pub fn new(
        names: impl IntoIterator<Item = &'static str>,
        codes: &'static [&'static str],
        cancelled: &str,
    ) -> Self {
        let call = |name| Call {
            name,
            by_code: codes.iter().map(|_| OnceLock::new()).collect(),
        };
        let place = codes.iter().position(|code| *code == cancelled);
        Self {
            codes,
            cancelled: place.unwrap_or(codes.len()),
            calls: names.into_iter().map(call).collect(),
        }
    }

    /// Counts a request by the places of its name and of its code in their lists.
    pub fn count(&self, name: usize, code: usize, took: Duration) {
        let call = self.calls.get(name);
        if let Some(times) = call.and_then(|call| call.by_code.get(code)) {
            times.get_or_init(|| Histogram::new(BOUNDS)).observe(took);
        }
    }

    /// How long the answers took to begin, by name and code, of those that were given at least once.
    pub fn times(&self) -> impl Iterator<Item = (&'static str, &'static str, &Histogram)> {
        self.calls.iter().flat_map(|call| {
            let codes = self.codes.iter().zip(&call.by_code);
            codes.filter_map(|(code, times)| Some((call.name, *code, times.get()?)))
        })
    }
}

impl PendingCall {
    /// A request that begins now, by the place of its name.
    pub fn begin(counts: Arc<CallCounts>, name: usize) -> Self {
        Self {
            counts: Some(counts),
            name,
            begun: Instant::now(),
        }
    }

    /// Counts it by the place of the code of its answer, which begins now.
    pub fn answered(mut self, code: usize) {
        if let Some(counts) = self.counts.take() {
            counts.count(self.name, code, self.begun.elapsed());
        }
    }
}

impl Drop for PendingCall {
    fn drop(&mut self) {
        if let Some(counts) = self.counts.take() {
            counts.count(self.name, counts.cancelled, self.begun.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_dropped_before_its_answer_begins_is_cancelled() {
        let counts = CallCounts::new(["rate"], &["OK", "CANCELLED"], "CANCELLED");
        let counts = Arc::new(counts);
        let pending = || PendingCall::begin(Arc::clone(&counts), 0);
        assert_eq!(counts.times().count(), 0);
        pending().answered(0);
        pending().answered(0);
        drop(pending());
        let counted = counts.times();
        let counted: Vec<_> = counted
            .map(|(name, code, times)| (name, code, times.count()))
            .collect();
        assert_eq!(counted, [("rate", "OK", 2), ("rate", "CANCELLED", 1)]);
    }
}
