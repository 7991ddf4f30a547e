//! The ledger behind the commit task, and what happens when it cannot be written: entries wait in memory, in order,
//! and are written when it can be written again. Serving never waits for a broken disk.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::commit::StoreStatus;
use crate::domain::{DocumentKey, Entry, Fixing, LOOK_BACK_DAYS, Position, Revising};
use crate::ledger::{ClockKind, Ledger, LedgerError, LedgerReader};

/// How long after a failure the ledger is tried again: a disk is not emptied within seconds, and a minute of history is
/// little to keep in memory.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// Entries that may wait in memory: months of them. Past that the oldest are dropped, and the log says so.
const UNSAVED_MAX: usize = 4096;

/// The ledger, working or not.
#[derive(Debug)]
pub struct Store {
    path: Option<PathBuf>,
    clock: ClockKind,
    open: Option<(Ledger, LedgerReader)>,
    /// What is wrong, and when to try again; none while all is well.
    trouble: Option<Trouble>,
    retry_after: Duration,
    /// The reading end, for everyone who answers about the past.
    readers: watch::Sender<Option<LedgerReader>>,
}

#[derive(Debug)]
struct Trouble {
    error: LedgerError,
    unsaved: VecDeque<Entry>,
    retry_at: Instant,
}

impl Store {
    /// Opens the ledger. One that cannot be used is an error here only when it is a matter of settings: when another
    /// process has it, or when it was written under the other kind of clock. Otherwise serving goes on from memory.
    pub fn open(path: Option<PathBuf>, clock: ClockKind) -> Result<Self, LedgerError> {
        let (open, error) = match Ledger::open(path.as_deref(), clock) {
            Ok(open) => (Some(open), None),
            Err(error @ (LedgerError::InUse { .. } | LedgerError::OtherClock { .. })) => {
                return Err(error);
            }
            Err(error) => (None, Some(error)),
        };
        let reader = open.as_ref().map(|(_, reader)| reader.clone());
        let mut store = Self {
            readers: watch::Sender::new(reader),
            path,
            clock,
            open,
            trouble: None,
            retry_after: RETRY_AFTER,
        };
        if let Some(error) = error {
            store.fail(error);
        }
        Ok(store)
    }

    /// The same, tried again sooner or later than usual.
    #[must_use]
    pub fn retried_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = retry_after;
        if let Some(trouble) = &mut self.trouble {
            trouble.retry_at = Instant::now() + retry_after;
        }
        self
    }

    /// Lets go of the file, once all is written.
    pub async fn close(self) {
        let unsaved = self.trouble.map_or(0, |trouble| trouble.unsaved.len());
        if unsaved > 0 {
            tracing::error!(unsaved, "entries that the ledger did not take are lost");
        }
        if let Some((ledger, _)) = self.open {
            ledger.close().await;
        }
    }

    /// A connection for readers; none when the ledger could not be opened.
    pub fn reader(&self) -> Option<LedgerReader> {
        self.open.as_ref().map(|(_, reader)| reader.clone())
    }

    /// The same, whenever it can be opened.
    pub fn readers(&self) -> watch::Receiver<Option<LedgerReader>> {
        self.readers.subscribe()
    }

    /// Whether entries are written.
    pub fn is_working(&self) -> bool {
        self.trouble.is_none()
    }

    /// How it is, for an operator.
    pub fn status(&self, position: Position) -> StoreStatus {
        let path = self.path.as_ref();
        let trouble = self.trouble.as_ref();
        StoreStatus {
            path: path
                .map(|path| path.display().to_string())
                .unwrap_or_default(),
            error: trouble
                .map(|trouble| trouble.error.to_string())
                .unwrap_or_default(),
            unsaved: trouble.map_or(0, |trouble| trouble.unsaved.len()),
            position,
        }
    }

    /// Writes an entry. When it cannot be written it waits in memory; the first time, a new epoch begins, whose name is
    /// given back: a position of before proves nothing any more.
    pub async fn append(&mut self, entry: Entry) -> Option<String> {
        if let Some(trouble) = &mut self.trouble {
            if trouble.unsaved.len() >= UNSAVED_MAX {
                trouble.unsaved.pop_front();
                tracing::error!("the oldest entry that waited for the ledger is lost");
            }
            trouble.unsaved.push_back(entry);
            return None;
        }
        let (ledger, _) = self.open.as_ref()?;
        let error = ledger.append(entry.clone()).await.err()?;
        self.fail(error);
        if let Some(trouble) = &mut self.trouble {
            trouble.unsaved.push_back(entry);
        }
        Some(super::epoch())
    }

    /// When to try again; never while all is well.
    pub async fn retry_due(&self) {
        match &self.trouble {
            Some(trouble) => tokio::time::sleep_until(trouble.retry_at).await,
            None => std::future::pending().await,
        }
    }

    /// Tries to write what has waited, and after it an entry that begins a new epoch. Whether all is written.
    pub async fn recover(&mut self, last: Entry) -> bool {
        let Some(mut trouble) = self.trouble.take() else {
            return false;
        };
        match self.write_unsaved(&mut trouble.unsaved, last).await {
            Ok(()) => {
                tracing::info!("the ledger is written again; nothing is missing in it");
                true
            }
            Err(error) => {
                if error != trouble.error {
                    tracing::error!(%error, "the ledger still cannot be used");
                }
                self.trouble = Some(Trouble {
                    error,
                    unsaved: trouble.unsaved,
                    retry_at: Instant::now() + self.retry_after,
                });
                false
            }
        }
    }

    /// The last revision that is written; none when there is none, or when the ledger cannot be read.
    pub async fn written_until(&mut self) -> Option<u64> {
        if self.open.is_none() {
            let open = Ledger::open(self.path.as_deref(), self.clock);
            self.open = open.ok();
            self.readers
                .send_replace(self.open.as_ref().map(|(_, reader)| reader.clone()));
        }
        let (_, reader) = self.open.as_ref()?;
        let restored = reader.restore().await.ok()??;
        Some(restored.position.revision)
    }

    async fn write_unsaved(
        &mut self,
        unsaved: &mut VecDeque<Entry>,
        last: Entry,
    ) -> Result<(), LedgerError> {
        let Some((ledger, _)) = &self.open else {
            // It could not be opened a moment ago: what is wrong with it?
            return Ledger::open(self.path.as_deref(), self.clock).map(drop);
        };
        while let Some(entry) = unsaved.front() {
            // All that waited is written as of the position that begins now: the epochs in between end here.
            let entry = Entry {
                position: last.position.clone(),
                ..entry.clone()
            };
            ledger.append(entry).await?;
            unsaved.pop_front();
        }
        ledger.append(last).await
    }

    /// For each row of a document, the newest figure on a day or some days before it; none when they cannot be read.
    pub async fn in_force(
        &self,
        key: DocumentKey,
        revising: Revising,
        day: Date,
    ) -> Option<Vec<Fixing>> {
        let (_, reader) = self.open.as_ref()?;
        match reader.in_force(key, revising, day, LOOK_BACK_DAYS).await {
            Ok(rows) => Some(rows),
            Err(error) => {
                tracing::warn!(%error, "the changes over windows are not known");
                None
            }
        }
    }

    fn fail(&mut self, error: LedgerError) {
        tracing::error!(%error, "serving goes on from memory; history waits there until the ledger can be written");
        self.trouble = Some(Trouble {
            error,
            unsaved: VecDeque::new(),
            retry_at: Instant::now() + self.retry_after,
        });
    }
}
