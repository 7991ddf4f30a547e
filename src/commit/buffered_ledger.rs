//! The ledger behind the commit task, and what happens when it cannot be written: entries wait in memory, in order,
//! and are written when it can be written again. Serving never waits for a broken disk.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::commit::{KeepsHistory, LedgerStatus};
use crate::domain::{
    DocumentKey, Fixing, LOOK_BACK_DAYS, LedgerEntry, Position, RestoredState, RevisionPolicy,
    Table,
};
use crate::ledger::{ClockKind, Ledger, LedgerError, LedgerReader};

/// How long after a failure the ledger is tried again: a disk is not emptied within seconds, and a minute of history is
/// little to keep in memory.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// Entries that may wait in memory: months of them. Past that the oldest are dropped, and the log says so.
const UNSAVED_MAX: usize = 4096;

/// The ledger, working or not.
#[derive(Debug)]
pub struct BufferedLedger {
    path: Option<PathBuf>,
    clock: ClockKind,
    open: Option<Open>,
    /// What is wrong, and when to try again; none while all is well.
    trouble: Option<Trouble>,
    retry_after: Duration,
    /// The reading end, for everyone who answers about the past.
    readers: watch::Sender<Option<LedgerReader>>,
}

#[derive(Debug)]
struct Open {
    ledger: Ledger,
    /// Our own reading end: nobody else's questions stand before ours.
    reader: LedgerReader,
}

#[derive(Debug)]
struct Trouble {
    error: LedgerError,
    unsaved: VecDeque<LedgerEntry>,
    /// Entries that found no room among the unsaved.
    lost: usize,
    /// Whether the file must be opened anew before it is written again: it may be another one by then.
    reopen: bool,
    retry_at: Instant,
}

impl BufferedLedger {
    /// Opens the ledger. One that cannot be used is an error here only when it is a matter of settings: when another
    /// process has it, or when it was written under the other kind of clock. Otherwise serving goes on from memory.
    pub fn open(path: Option<PathBuf>, clock: ClockKind) -> Result<Self, LedgerError> {
        let mut store = Self {
            path,
            clock,
            open: None,
            trouble: None,
            retry_after: RETRY_AFTER,
            readers: watch::Sender::new(None),
        };
        match store.reopen() {
            Ok(()) => {}
            Err(error @ (LedgerError::InUse { .. } | LedgerError::OtherClock { .. })) => {
                return Err(error);
            }
            Err(error) => store.fail(error, None),
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

    fn reopen(&mut self) -> Result<(), LedgerError> {
        let (ledger, shared) = Ledger::open(self.path.as_deref(), self.clock)?;
        let reader = shared.separate()?;
        self.open = Some(Open { ledger, reader });
        self.readers.send_replace(Some(shared));
        Ok(())
    }

    /// Replaces a ledger in memory by an empty one.
    pub(super) async fn begin_anew(&mut self) -> Result<(), KeepsHistory> {
        if self.path.is_some() {
            return Err(KeepsHistory);
        }
        let before = self.open.take();
        // The new one is there before the old one goes: no query about the past finds nothing to ask.
        if let Err(error) = self.reopen() {
            self.fail(error, None);
        }
        if let Some(before) = before {
            before.ledger.close().await;
        }
        Ok(())
    }

    /// Lets go of the file, once all that could be written is.
    pub async fn close(mut self) {
        let unsaved = self
            .trouble
            .as_ref()
            .map_or(0, |trouble| trouble.unsaved.len());
        if unsaved > 0 {
            tracing::error!(unsaved, "entries that the ledger did not take are lost");
        }
        self.shut().await;
    }

    async fn shut(&mut self) {
        self.readers.send_replace(None);
        if let Some(open) = self.open.take() {
            open.ledger.close().await;
        }
    }

    /// A connection for this task, while there is one.
    pub(super) fn reader(&self) -> Option<&LedgerReader> {
        self.open.as_ref().map(|open| &open.reader)
    }

    /// The reading end for everyone else, whenever the ledger can be opened.
    pub fn readers(&self) -> watch::Receiver<Option<LedgerReader>> {
        self.readers.subscribe()
    }

    /// Whether entries are written.
    pub fn is_working(&self) -> bool {
        self.trouble.is_none()
    }

    /// Whether what was restored is the last that was served from this ledger.
    pub(super) fn continues(&self, restored: &RestoredState) -> bool {
        let open = self.open.as_ref();
        open.is_some_and(|open| open.ledger.continues(&restored.position))
    }

    /// How it is, for an operator.
    pub fn status(&self, position: Position) -> LedgerStatus {
        let path = self.path.as_ref();
        let trouble = self.trouble.as_ref();
        LedgerStatus {
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
    pub async fn append(&mut self, entry: LedgerEntry) -> Option<String> {
        if let Some(trouble) = &mut self.trouble {
            if trouble.unsaved.len() >= UNSAVED_MAX {
                trouble.unsaved.pop_front();
                trouble.lost = trouble.lost.saturating_add(1);
                tracing::error!("the oldest entry that waited for the ledger is lost");
            }
            trouble.unsaved.push_back(entry);
            return None;
        }
        let open = self.open.as_ref()?;
        let error = open.ledger.append(entry.clone()).await.err()?;
        self.fail(error, Some(entry));
        Some(super::epoch::new_epoch())
    }

    /// When to try again; never while all is well.
    pub async fn retry_due(&self) {
        match &self.trouble {
            Some(trouble) => tokio::time::sleep_until(trouble.retry_at).await,
            None => std::future::pending().await,
        }
    }

    /// Makes ready to write again: opens the file anew where it may be another one, and looks whether all of it can be
    /// read. The last revision in it, and whether it was opened anew; none when it is no better.
    pub(super) async fn ready(
        &mut self,
        keys: &[(DocumentKey, RevisionPolicy)],
    ) -> Option<(u64, bool)> {
        let reopen = self.trouble.as_ref()?.reopen;
        if reopen {
            self.shut().await;
        }
        match self.look(keys).await {
            Ok(revision) => Some((revision, reopen)),
            Err(error) => {
                self.still(error);
                None
            }
        }
    }

    async fn look(&mut self, keys: &[(DocumentKey, RevisionPolicy)]) -> Result<u64, LedgerError> {
        if self.open.is_none() {
            self.reopen()?;
        }
        let Some(reader) = self.reader() else {
            return Ok(0);
        };
        for (key, revision_policy) in keys {
            reader.restore_document(*key, *revision_policy, 1).await?;
        }
        let restored = reader.restore().await?;
        Ok(restored.map_or(0, |restored| restored.position.revision))
    }

    /// Tries to write what has waited, and after it an entry that begins a new epoch. Whether all is written.
    pub(super) async fn recover(&mut self, last: LedgerEntry) -> bool {
        let Some(mut trouble) = self.trouble.take() else {
            return false;
        };
        let written = self.write_unsaved(&mut trouble.unsaved, last).await;
        match (written, trouble.lost) {
            (Ok(()), 0) => {
                tracing::info!("the ledger is written again; nothing is missing in it");
                true
            }
            (Ok(()), missing) => {
                tracing::error!(
                    missing,
                    "the ledger is written again, without the oldest entries that waited"
                );
                true
            }
            (Err(error), _) => {
                self.trouble = Some(trouble);
                self.still(error);
                false
            }
        }
    }

    async fn write_unsaved(
        &self,
        unsaved: &mut VecDeque<LedgerEntry>,
        last: LedgerEntry,
    ) -> Result<(), LedgerError> {
        let Some(open) = &self.open else {
            return Ok(());
        };
        while let Some(entry) = unsaved.front() {
            // All that waited is written as of the position that begins now: the epochs in between end here.
            let entry = LedgerEntry {
                position: last.position.clone(),
                ..entry.clone()
            };
            open.ledger.append(entry).await?;
            unsaved.pop_front();
        }
        open.ledger.append(last).await
    }

    /// For each row of a document, the newest figure on a day or some days before it; none when they cannot be read.
    pub(super) async fn in_force(
        &self,
        key: DocumentKey,
        revision_policy: RevisionPolicy,
        day: Date,
    ) -> Option<Vec<Fixing>> {
        let rows = self
            .reader()?
            .in_force(key, revision_policy, day, LOOK_BACK_DAYS);
        readable(rows.await)
    }

    /// The tables of a document around a date: so many before it, and as many after.
    pub(super) async fn around(
        &self,
        key: DocumentKey,
        revision_policy: RevisionPolicy,
        date: Date,
        tables: usize,
    ) -> Option<Vec<Table>> {
        let reader = self.reader()?;
        let before = readable(reader.dates(key, Date::MIN, date).await)?;
        let after = readable(reader.dates(key, date, Date::MAX).await)?;
        let nth = tables.saturating_sub(1);
        let first = before.iter().rev().nth(nth).or(before.first());
        let first = first.unwrap_or(&date);
        let last = after.get(nth).or(after.last()).unwrap_or(&date);
        readable(reader.tables(key, revision_policy, *first, *last).await)
    }

    /// Notes that the ledger cannot be believed: nothing more is written to it until it is mended or replaced.
    pub(super) async fn distrust(&mut self, error: LedgerError) {
        self.shut().await;
        self.fail(error, None);
        if let Some(trouble) = &mut self.trouble {
            trouble.reopen = true;
        }
    }

    fn still(&mut self, error: LedgerError) {
        let Some(trouble) = &mut self.trouble else {
            return;
        };
        if error != trouble.error {
            tracing::error!(%error, "the ledger still cannot be used");
        }
        trouble.reopen = trouble.reopen || is_another_file(&error);
        trouble.error = error;
        trouble.retry_at = Instant::now() + self.retry_after;
    }

    fn fail(&mut self, error: LedgerError, entry: Option<LedgerEntry>) {
        tracing::error!(%error, "serving goes on from memory; history waits there until the ledger can be written");
        self.trouble = Some(Trouble {
            reopen: is_another_file(&error),
            error,
            unsaved: entry.into_iter().collect(),
            lost: 0,
            retry_at: Instant::now() + self.retry_after,
        });
    }
}

/// Whether the remedy of an error is another file, or a mended one, in the place of the one that is open.
fn is_another_file(error: &LedgerError) -> bool {
    !matches!(
        error,
        LedgerError::Full { .. }
            | LedgerError::ReadOnly { .. }
            | LedgerError::Locked { .. }
            | LedgerError::Refused { .. }
    )
}

fn readable<T>(answer: Result<T, LedgerError>) -> Option<T> {
    answer
        .inspect_err(|error| tracing::warn!(%error, "the past cannot be looked up"))
        .ok()
}
