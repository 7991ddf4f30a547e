//! Requests by what they asked for, how they were answered, and how long that took.

use std::time::Duration;

use crate::telemetry::{Counter, Histogram};

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
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    name: &'static str,
    by_code: Vec<Counter>,
    times: Histogram,
}

impl CallCounts {
    /// Counts for these things to ask for, and these codes of answers.
    pub fn new(
        names: impl IntoIterator<Item = &'static str>,
        codes: &'static [&'static str],
    ) -> Self {
        let call = |name| Call {
            name,
            by_code: codes.iter().map(|_| Counter::default()).collect(),
            times: Histogram::new(BOUNDS),
        };
        Self {
            codes,
            calls: names.into_iter().map(call).collect(),
        }
    }

    /// Counts a request by the places of its name and of its code in their lists.
    pub fn count(&self, name: usize, code: usize, took: Duration) {
        let Some(call) = self.calls.get(name) else {
            return;
        };
        if let Some(counter) = call.by_code.get(code) {
            counter.increment();
        }
        call.times.observe(took);
    }

    /// The requests that came at least once: name, code and number.
    pub fn answered(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        self.calls.iter().flat_map(|call| {
            let codes = self.codes.iter().zip(&call.by_code);
            let counted = codes.map(|(code, counter)| (call.name, *code, counter.get()));
            counted.filter(|(.., count)| *count > 0)
        })
    }

    /// How long the answers took to begin, by name, of those that came at least once.
    pub fn times(&self) -> impl Iterator<Item = (&'static str, &Histogram)> {
        let came = |call: &&Call| call.by_code.iter().any(|counter| counter.get() > 0);
        let calls = self.calls.iter().filter(came);
        calls.map(|call| (call.name, &call.times))
    }
}
