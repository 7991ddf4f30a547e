//! Distributions of durations.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A distribution of durations, in buckets with fixed bounds.
#[derive(Debug)]
pub struct Histogram {
    /// The longest duration of each bucket, in order.
    bounds: &'static [Duration],
    /// How many durations each bucket has, and at the end how many are longer than all bounds.
    counts: Vec<AtomicU64>,
    /// The sum of all durations. Nanoseconds last for five hundred years.
    nanoseconds: AtomicU64,
}

/// What a histogram has counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Distribution {
    /// The longest duration of each bucket, `None` for the last one, and how many durations it has.
    pub(super) buckets: Vec<(Option<Duration>, u64)>,
    /// The sum of all durations.
    pub(super) sum: Duration,
}

impl Histogram {
    /// A histogram without durations. The bounds are in order.
    pub fn new(bounds: &'static [Duration]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::default()).collect(),
            nanoseconds: AtomicU64::default(),
        }
    }

    /// Counts a duration.
    pub fn observe(&self, duration: Duration) {
        let bucket = self.bounds.partition_point(|bound| *bound < duration);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// How many durations it has.
    pub fn count(&self) -> u64 {
        let counts = self.counts.iter();
        counts.map(|count| count.load(Ordering::Relaxed)).sum()
    }

    pub(super) fn distribution(&self) -> Distribution {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        let counts = self.counts.iter();
        let counts = counts.map(|count| count.load(Ordering::Relaxed));
        Distribution {
            buckets: bounds.zip(counts).collect(),
            sum: Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: &[Duration] = &[Duration::from_millis(1), Duration::from_millis(10)];

    #[test]
    fn a_duration_is_in_the_first_bucket_whose_bound_it_does_not_pass() {
        let histogram = Histogram::new(BOUNDS);
        for micros in [0, 1_000, 1_001, 10_000, 10_001, 1_000_000] {
            histogram.observe(Duration::from_micros(micros));
        }
        assert_eq!(histogram.count(), 6);
        let distribution = histogram.distribution();
        let [first, second] = [BOUNDS[0], BOUNDS[1]].map(Some);
        assert_eq!(distribution.buckets, [(first, 2), (second, 2), (None, 2)]);
        assert_eq!(distribution.sum, Duration::from_micros(1_022_002));
    }
}
