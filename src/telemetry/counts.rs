//! What each part of the service counts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;

use crate::telemetry::{Counter, Histogram};

const fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// A commit takes about a millisecond in memory, and as long as the disk takes to write.
const COMMIT_BOUNDS: &[Duration] = &[
    millis(1),
    millis(2),
    millis(5),
    millis(10),
    millis(25),
    millis(50),
    millis(100),
    millis(250),
    millis(1_000),
    millis(5_000),
];
/// A bank publishes within hours of its publication, and is polled every few minutes meanwhile.
const DELAY_BOUNDS: &[Duration] = &[
    minutes(1),
    minutes(5),
    minutes(15),
    minutes(30),
    minutes(60),
    minutes(120),
    minutes(240),
    minutes(480),
    minutes(1_440),
];

/// What the commit task counts.
#[derive(Debug)]
pub struct CommitCounts {
    /// How long each commit took, from the derivation of the state until it was published.
    pub commits: Histogram,
    sources: RwLock<BTreeMap<&'static str, Arc<SourceCounts>>>,
}

/// What the commit task counts of a source.
#[derive(Debug)]
pub struct SourceCounts {
    /// The values that replaced another one of the same date.
    pub corrections: Counter,
    /// For each table that was expected, the time from the beginning of its publication hours until it was committed.
    pub delays: Histogram,
}

impl CommitCounts {
    /// Counts for these sources, all zero.
    pub fn new(sources: impl IntoIterator<Item = &'static str>) -> Self {
        let counts = Self {
            commits: Histogram::new(COMMIT_BOUNDS),
            sources: RwLock::default(),
        };
        for source in sources {
            counts.add(source);
        }
        counts
    }

    /// Counts for one more source, zero unless it was counted before: no counter goes back.
    pub fn add(&self, source: &'static str) {
        let counts = || {
            Arc::new(SourceCounts {
                corrections: Counter::default(),
                delays: Histogram::new(DELAY_BOUNDS),
            })
        };
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        sources.entry(source).or_insert_with(counts);
    }

    /// The counts of a source.
    pub fn of(&self, source: &str) -> Option<Arc<SourceCounts>> {
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        sources.get(source).cloned()
    }

    /// The counts of every source, sorted by id.
    pub fn sources(&self) -> BTreeMap<&'static str, Arc<SourceCounts>> {
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        sources.clone()
    }
}

/// What is counted of the ledger.
#[derive(Debug)]
pub struct LedgerCounts {
    /// How long it took to append each entry, or to refuse it.
    pub appends: Histogram,
    /// The attempts to write to it, or to open it again, that failed.
    pub failures: Counter,
    /// The entries that were dropped from the full buffer.
    pub lost_entries: Counter,
}

impl Default for LedgerCounts {
    fn default() -> Self {
        Self {
            appends: Histogram::new(COMMIT_BOUNDS),
            failures: Counter::default(),
            lost_entries: Counter::default(),
        }
    }
}

/// The events that wait for the receiver of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// How many wait.
    pub events: u32,
    /// When the oldest of them happened; `None` if none waits.
    pub oldest: Option<Timestamp>,
}

/// The deliveries of a webhook: its attempts, by how they ended, and its events that wait or were dropped.
#[derive(Debug, Default)]
pub struct DeliveryCounts {
    /// The receiver accepted the event.
    pub delivered: Counter,
    /// The attempt failed, and another one follows.
    pub failed: Counter,
    /// The attempt failed, and the event is given up: it is a day old.
    pub given_up: Counter,
    /// The receiver answered that it wants no event any more.
    pub gone: Counter,
    /// The events that were dropped without another attempt: too many waited, or they were a day old when the receiver was
    /// gone.
    pub dropped: Counter,
    waiting: Mutex<Waiting>,
}

/// The deliveries of each webhook, by its name.
pub type CountsByWebhook = Vec<(String, Arc<DeliveryCounts>)>;

impl DeliveryCounts {
    /// The events that wait now.
    pub fn waiting(&self) -> Waiting {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells which events wait now.
    pub fn set_waiting(&self, waiting: Waiting) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = waiting;
    }

    /// The attempts of each outcome, with its name.
    pub fn by_outcome(&self) -> [(&'static str, &Counter); 4] {
        let Self {
            delivered,
            failed,
            given_up,
            gone,
            dropped: _,
            waiting: _,
        } = self;
        [
            ("delivered", delivered),
            ("failed", failed),
            ("given_up", given_up),
            ("gone", gone),
        ]
    }
}
