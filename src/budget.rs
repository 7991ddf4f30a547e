//! The budget of requests: how many requests each source may be sent on one day, and how many it was sent.
//!
//! Every request is counted before it is sent, in memory and in a small file beside the ledger. So the budget of a day
//! holds across restarts, however the process ended. Days are those of the source's own time zone, on the service's clock.
//!
//! *Chose* a file of its own *over* a table of the ledger: a count is of no interest after two days, and it must be kept
//! also while the ledger cannot be opened or its disk is full. The file is overwritten in place and never grows.

mod file;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::budget::file::CountFile;
use crate::clock::Clock;
use crate::domain::{RequestCount, SourceId};

/// How many days are counted for each source. The second one is needed when the clock is set back across midnight.
pub(crate) const DAYS_MAX: usize = 2;

/// The counts of one source: the days on which it was sent requests, the last one first.
pub(crate) type DayCounts = Vec<(Date, u32)>;

/// The counts of all sources. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct RequestCounts {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    counts: Mutex<Counts>,
    /// Locked while it is written, so longer than the counts.
    file: Mutex<Option<CountFile>>,
}

/// The counts, by source.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    by_source: BTreeMap<String, DayCounts>,
}

/// The budget of one source.
#[derive(Debug, Clone)]
pub struct RequestBudget {
    source: SourceId,
    per_day: u32,
    zone: TimeZone,
    clock: Clock,
    counts: RequestCounts,
}

impl RequestCounts {
    /// Counts that are lost with the process.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// The counts kept beside the ledger at `ledger`, in `<ledger>.requests`. If the file cannot be read or written, the
    /// log says so, and the counts of this process are kept in memory.
    pub fn beside(ledger: &Path) -> Self {
        let (file, counts) = match CountFile::open(ledger) {
            Ok((file, counts)) => (Some(file), counts),
            Err(error) => {
                log_unwritten(&error);
                (None, Counts::default())
            }
        };
        Self {
            shared: Arc::new(Shared {
                counts: Mutex::new(counts),
                file: Mutex::new(file),
            }),
        }
    }

    /// Forgets the counts, as a replay does that begins the same days anew.
    pub fn clear(&self) {
        self.counts().by_source.clear();
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        locked(&self.shared.counts)
    }

    /// Writes all counts, this request's and those of others that are counted by now. It blocks on the disk.
    fn write(&self) {
        let mut file = locked(&self.shared.file);
        let counts = self.counts().clone();
        if let Some(open) = &mut *file
            && let Err(error) = open.write(&counts)
        {
            log_unwritten(&error);
            *file = None;
        }
    }
}

impl Counts {
    /// The number of requests that were sent to a source on a day.
    fn of(&self, source: SourceId, day: Date) -> u32 {
        let days = self.by_source.get(source.as_str()).into_iter().flatten();
        let mut counts = days.filter(|(counted, _)| *counted == day);
        counts.next().map_or(0, |(_, count)| *count)
    }

    /// Counts one more request, unless the limit of the day is reached.
    fn take(&mut self, source: SourceId, day: Date, limit: u32) -> bool {
        let count = self.of(source, day);
        if count >= limit {
            return false;
        }
        let days = self.by_source.entry(source.as_str().to_owned());
        let days = days.or_default();
        days.retain(|(counted, _)| *counted != day);
        days.insert(0, (day, count.saturating_add(1)));
        days.truncate(DAYS_MAX);
        true
    }
}

fn log_unwritten(error: &io::Error) {
    tracing::warn!(%error, "cannot keep the number of requests on the disk; after a restart they are counted from 0");
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RequestBudget {
    /// The budget of a source in a time zone: `per_day` requests on each of its days.
    pub fn new(
        source: SourceId,
        per_day: u32,
        zone: TimeZone,
        clock: Clock,
        counts: RequestCounts,
    ) -> Self {
        Self {
            source,
            per_day,
            zone,
            clock,
            counts,
        }
    }

    /// The source.
    pub fn source(&self) -> SourceId {
        self.source
    }

    /// The time zone of its days.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The number of requests sent today, and how many may be sent on one day.
    pub fn count(&self) -> RequestCount {
        RequestCount {
            today: self.counts.counts().of(self.source, self.today()),
            per_day: self.per_day,
        }
    }

    /// Counts a request that is about to be sent, on the disk too. Returns false if the budget of the day is used up: the
    /// request must not be sent then.
    pub async fn take(&self) -> bool {
        let day = self.today();
        if !self.counts.counts().take(self.source, day, self.per_day) {
            return false;
        }
        let counts = self.counts.clone();
        // If the runtime is stopping, nothing more is sent.
        let written = tokio::task::spawn_blocking(move || counts.write());
        written.await.is_ok()
    }

    /// Counts a request that follows from one that was counted, a redirect or a retry, on the disk too. Returns false if the
    /// budget of the day is used up. It blocks on the disk: for the rare places in which a client cannot wait.
    pub fn take_another(&self) -> bool {
        let day = self.today();
        let is_taken = self.counts.counts().take(self.source, day, self.per_day);
        if is_taken {
            self.counts.write();
        }
        is_taken
    }

    fn today(&self) -> Date {
        self.zone.to_datetime(self.clock.now()).date()
    }
}

#[cfg(test)]
mod tests;
