//! Counts that are added to where things happen, and read by the page alone.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::telemetry::Number;

/// A count that only grows. No order with other memory is needed: the page may be an instant behind.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts one more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Counts more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The count.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many of something there are now.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// One more is there.
    pub fn enter(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// More are there, by this number.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Fewer are there, by this number.
    pub fn subtract(&self, fewer: u64) {
        self.0.fetch_sub(fewer, Ordering::Relaxed);
    }

    /// How many there are.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// There are this many from now on.
    pub fn set(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }

    /// One of them is gone.
    pub fn leave(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl From<&Gauge> for Number {
    fn from(gauge: &Gauge) -> Self {
        gauge.0.load(Ordering::Relaxed).into()
    }
}

impl From<&Counter> for Number {
    fn from(counter: &Counter) -> Self {
        counter.get().into()
    }
}
