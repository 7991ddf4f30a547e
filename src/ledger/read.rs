//! Queries on the ledger, through a few read-only connections.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::domain::{
    Currency, DocumentKey, FirstSeen, Fixing, LedgerEntry, RestoredDocument, RestoredLog,
    RestoredState, RevisionPolicy, SourceId, Table,
};
use crate::ledger::LedgerError;
use crate::ledger::error::StorageError;
use crate::ledger::open::{Access, Location};
use crate::query_threads;

mod currencies;
mod document;
mod entries;
mod first_seen;
pub(super) mod log;
mod page;
mod restore;
pub(super) mod rows;
mod state;

pub use currencies::PartialTable;
pub use entries::KeepName;
pub use state::LedgerState;

/// How many queries run at a time; the others wait. As many as the cores of a small machine: a query is mostly
/// computation on cached pages.
const CONNECTIONS_MAX: usize = 2;
/// How many queries may run or wait: the last of them is answered within seconds. Another one is refused.
pub const QUERIES_MAX: usize = 64;

/// The reading end. Clones share its connections.
#[derive(Clone)]
pub struct LedgerReader {
    shared: Arc<Shared>,
}

struct Shared {
    location: Location,
    purpose: Purpose,
    /// Limits the queries that run or wait.
    waiting_permits: Arc<Semaphore>,
    /// Limits the queries that run.
    running_permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

/// What the queries of a reader are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Requests, which run at a low priority.
    Requests,
    /// Commits, which wait for what they read.
    Commits,
    /// Commits of a simulation, which nothing else must overtake.
    Simulation,
}

/// A query for the rows of a currency, page by page.
#[derive(Debug, Clone, Copy)]
pub struct FixingsPage {
    /// The source.
    pub source: SourceId,
    /// The meaning of a second value of the same date at this source.
    pub revision_policy: RevisionPolicy,
    /// The currency of the rows: the side that is not the table's pivot.
    pub currency: Currency,
    /// The first date of the range.
    pub from: Option<Date>,
    /// The last date of the range.
    pub to: Option<Date>,
    /// The date and place of the last record of the previous page.
    pub after: Option<(Date, u32)>,
    /// The maximum number of records.
    pub limit: u32,
}

/// A published row, and its metadata in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixingRecord {
    /// Its place among the rows that its source ever printed of its currency for its date, from 1 in the order in which they
    /// were written. It does not depend on what else the ledger has, as a number of the file would.
    pub place: u32,
    /// The row.
    pub fixing: Fixing,
    /// Whether another row superseded it.
    pub superseded: bool,
    /// When it was written, on the service's clock.
    pub recorded_at: Timestamp,
    /// The document's name.
    pub document: String,
}

impl fmt::Debug for LedgerReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LedgerReader")
            .field("location", &self.shared.location)
            .finish_non_exhaustive()
    }
}

impl LedgerReader {
    pub(super) fn new(location: Location) -> Result<Self, LedgerError> {
        Self::with_purpose(location, Purpose::Requests)
    }

    fn with_purpose(location: Location, purpose: Purpose) -> Result<Self, LedgerError> {
        // One connection is opened at once, so a ledger that cannot be read is detected at the start.
        let first = location.connect(Access::Read)?;
        Ok(Self::with_connections(location, purpose, vec![first]))
    }

    fn with_connections(location: Location, purpose: Purpose, idle: Vec<Connection>) -> Self {
        let shared = Shared {
            location,
            purpose,
            waiting_permits: Arc::new(Semaphore::new(QUERIES_MAX)),
            running_permits: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            idle: Mutex::new(idle),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// A reader for commits: with its own connections and at the usual priority, so that it does not wait behind the queries
    /// of requests.
    pub fn for_commits(&self) -> Result<Self, LedgerError> {
        Self::with_purpose(self.shared.location.clone(), Purpose::Commits)
    }

    /// The same reader, whose queries run on the thread that awaits them.
    #[must_use]
    pub fn on_this_thread(self) -> Self {
        let Shared { location, .. } = &*self.shared;
        Self::with_connections(location.clone(), Purpose::Simulation, Vec::new())
    }

    /// Reads every page of the file, on a connection of its own, and checks its structure. It takes seconds for a file of
    /// some hundred megabytes, and delays neither queries nor writes.
    ///
    /// # Errors
    /// [`LedgerError::Corrupt`] if the file is damaged; otherwise the error of the disk or of SQLite.
    pub async fn check(&self) -> Result<(), LedgerError> {
        let quick_check = |connection: &Connection| {
            let found: String =
                connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if found == "ok" {
                Ok(())
            } else {
                Err(StorageError::Corrupt(found))
            }
        };
        let reader = Self::new(self.shared.location.clone())?;
        reader.run(quick_check).await
    }

    /// The state after the last entry; `None` if there is no entry.
    pub async fn restore(&self) -> Result<Option<RestoredState>, LedgerError> {
        self.run(restore::restore).await
    }

    /// The place of the last entry in a log that replicas share, and what is served after it; `None` if the entry has none in the
    /// log of this name.
    pub async fn restore_log(&self, name: Arc<str>) -> Result<Option<RestoredLog>, LedgerError> {
        self.run(move |connection| log::restore(connection, &name))
            .await
    }

    /// How many entries there are: the number of the newest one.
    pub async fn newest_entry(&self) -> Result<u64, LedgerError> {
        self.run(entries::newest).await
    }

    /// The entries after a number, oldest first, at most `limit` of them: their facts, without what was served.
    pub async fn entries(
        &self,
        after: u64,
        limit: u32,
        keep: KeepName,
    ) -> Result<Vec<LedgerEntry>, LedgerError> {
        self.run(move |connection| entries::entries(connection, (after, limit), keep))
            .await
    }

    /// The newest tables of a document, with the older ones that contain the newest row of some currency, and its held
    /// and settled values.
    pub async fn restore_document(
        &self,
        key: DocumentKey,
        revision_policy: RevisionPolicy,
        newest: usize,
    ) -> Result<RestoredDocument, LedgerError> {
        self.run(move |connection| {
            restore::document(
                &document::Document::new(connection, key, revision_policy),
                newest,
            )
        })
        .await
    }

    /// The whole tables of a range of dates, both ends included, oldest first.
    pub async fn tables(
        &self,
        key: DocumentKey,
        revision_policy: RevisionPolicy,
        from: Date,
        to: Date,
    ) -> Result<Vec<Table>, LedgerError> {
        self.run(move |connection| {
            document::Document::new(connection, key, revision_policy).tables(from, to)
        })
        .await
    }

    /// The newest dates up to a day that have a table, at most `count` of them; oldest first.
    pub async fn newest_dates(
        &self,
        key: DocumentKey,
        to: Date,
        count: usize,
    ) -> Result<Vec<Date>, LedgerError> {
        self.run(move |connection| document::newest_dates(connection, key, to, count))
            .await
    }

    /// The dates within a range, both ends included, that have a table; oldest first.
    pub async fn dates(
        &self,
        key: DocumentKey,
        from: Date,
        to: Date,
    ) -> Result<Vec<Date>, LedgerError> {
        self.run(move |connection| document::dates(connection, key, from, to))
            .await
    }

    /// The oldest dates of a document from a day on that have a table, at most `count` of them; oldest first.
    pub async fn oldest_dates(
        &self,
        key: DocumentKey,
        from: Date,
        count: usize,
    ) -> Result<Vec<Date>, LedgerError> {
        self.run(move |connection| document::oldest_dates(connection, key, from, count))
            .await
    }

    /// Runs the queries of one piece of work on one state of the ledger, with the computations between them, on a blocking
    /// thread. No more of them run at a time than queries: what takes long is cut into several pieces of work, so that
    /// other queries run in between.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(LedgerState<'_>) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.run(move |connection| work(LedgerState::of(connection, &state::Repeats::default())))
            .await
    }

    /// The date of the table that lies a number of tables before a date, or that of the oldest one before it.
    pub async fn date_before(
        &self,
        key: DocumentKey,
        before: Date,
        tables: u32,
    ) -> Result<Option<Date>, LedgerError> {
        self.run(move |connection| document::date_before(connection, key, before, tables))
            .await
    }

    /// The oldest date that has a table.
    pub async fn oldest_date(&self, key: DocumentKey) -> Result<Option<Date>, LedgerError> {
        self.run(move |connection| document::oldest_date(connection, key))
            .await
    }

    /// When the newest tables of a document were first seen by polls.
    pub async fn first_seen(&self, key: DocumentKey) -> Result<FirstSeen, LedgerError> {
        self.run(move |connection| first_seen::first_seen(connection, key))
            .await
    }

    /// A page of published rows: newest date first, and within a date the newest row first.
    pub async fn fixings(&self, page: FixingsPage) -> Result<Vec<FixingRecord>, LedgerError> {
        self.run(move |connection| page::fixings(connection, &page))
            .await
    }

    /// Runs a query on a thread that may block, in one read transaction.
    async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let shared = Arc::clone(&self.shared);
        let label = Arc::clone(&shared.location.label);
        let closed = || LedgerError::Closed {
            path: label.to_path_buf(),
        };
        let query_permit = Arc::clone(&shared.waiting_permits)
            .try_acquire_owned()
            .map_err(|_none_left| LedgerError::Busy {
                path: label.to_path_buf(),
            })?;
        let permit = Arc::clone(&shared.running_permits)
            .acquire_owned()
            .await
            .map_err(|_closed| closed())?;
        let purpose = shared.purpose;
        let work = move || {
            // The query runs on if its caller is dropped; it keeps its permit, so no more run than are allowed.
            let answer = shared.answer(query);
            drop((permit, query_permit));
            answer
        };
        let answer = match purpose {
            Purpose::Requests => query_threads::spawn(work),
            Purpose::Commits => tokio::task::spawn_blocking(work),
            Purpose::Simulation => return work(),
        };
        answer.await.map_err(|_panicked_or_stopping| closed())?
    }
}

impl Shared {
    fn answer<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StorageError>,
    ) -> Result<T, LedgerError> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.location.connect(Access::Read)?,
        };
        let answer = in_one_state(&connection, query);
        self.idle().push(connection);
        answer.map_err(|failure| failure.of(&self.location.label))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn in_one_state<T>(
    connection: &Connection,
    query: impl FnOnce(&Connection) -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    let transaction = connection.unchecked_transaction()?;
    let answer = query(&transaction)?;
    transaction.commit()?;
    Ok(answer)
}
