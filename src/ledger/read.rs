//! Reading: a few connections that cannot write, and the questions that are asked.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::Connection;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::domain::{
    Currency, DocumentKey, Fixing, RestoredDocument, RestoredState, RevisionPolicy, SourceId, Table,
};
use crate::ledger::LedgerError;
use crate::ledger::error::StorageError;
use crate::ledger::open::{Access, Location};

mod document;
mod page;
mod restore;
pub(super) mod rows;

/// How many questions are answered at a time; the others wait. As many as the cores of a small machine: a question is
/// mostly computing, on pages that are in memory already.
const CONNECTIONS_MAX: usize = 2;
/// How many questions may be under way or wait: the last of them is answered within seconds. One more is turned away.
const QUESTIONS_MAX: usize = 64;

/// The reading end: questions about history. Clones share its connections.
#[derive(Clone)]
pub struct LedgerReader {
    shared: Arc<Shared>,
}

struct Shared {
    place: Location,
    /// Those who may ask at all.
    questions: Arc<Semaphore>,
    /// Those who are answered now.
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

/// Which rows of a currency are wanted, and from where on.
#[derive(Debug, Clone, Copy)]
pub struct FixingsPage {
    /// Who published them.
    pub source: SourceId,
    /// What a second figure of the same date means at this source.
    pub revision_policy: RevisionPolicy,
    /// The currency of the rows: the side that is not the table's pivot.
    pub currency: Currency,
    /// The first date wanted.
    pub from: Option<Date>,
    /// The last date wanted.
    pub to: Option<Date>,
    /// The date and id of the last record of the page before.
    pub after: Option<(Date, i64)>,
    /// How many records at most.
    pub limit: u32,
}

/// A row as published, and what the ledger knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixingRecord {
    /// Its number in the ledger: what is written later has a higher one.
    pub id: i64,
    /// The row.
    pub fixing: Fixing,
    /// Whether another figure has taken its place.
    pub superseded: bool,
    /// When it was written, on the clock of the ledger.
    pub recorded_at: Timestamp,
    /// The document it stands in.
    pub document: String,
}

impl fmt::Debug for LedgerReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LedgerReader")
            .field("place", &self.shared.place)
            .finish_non_exhaustive()
    }
}

impl LedgerReader {
    pub(super) fn new(place: Location) -> Result<Self, LedgerError> {
        // One is open from the start: a ledger that can be written and not read is found out at once.
        let idle = Mutex::new(vec![place.connect(Access::Read)?]);
        let shared = Shared {
            place,
            questions: Arc::new(Semaphore::new(QUESTIONS_MAX)),
            permits: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            idle,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// A reader of its own connections, for the one who must not wait behind everyone else's questions.
    pub fn separate(&self) -> Result<Self, LedgerError> {
        Self::new(self.shared.place.clone())
    }

    /// The state after the last entry; none when there is no entry yet.
    pub async fn restore(&self) -> Result<Option<RestoredState>, LedgerError> {
        self.ask(restore::restore).await
    }

    /// The newest tables of a document, with the older ones that hold the newest row of some currency, and its values
    /// that wait or are settled against.
    pub async fn restore_document(
        &self,
        key: DocumentKey,
        revision_policy: RevisionPolicy,
        newest: usize,
    ) -> Result<RestoredDocument, LedgerError> {
        self.ask(move |connection| {
            restore::document(
                &document::Document::new(connection, key, revision_policy),
                newest,
            )
        })
        .await
    }

    /// For each currency, the newest row that was dated on a day or at most so many days before: on the day itself when
    /// `look_back_days` is 1. Sorted by currency.
    pub async fn in_force(
        &self,
        key: DocumentKey,
        revision_policy: RevisionPolicy,
        on: Date,
        look_back_days: i32,
    ) -> Result<Vec<Fixing>, LedgerError> {
        self.ask(move |connection| {
            document::Document::new(connection, key, revision_policy).in_force(on, look_back_days)
        })
        .await
    }

    /// The whole tables of the dates from one to another, both included, oldest first.
    pub async fn tables(
        &self,
        key: DocumentKey,
        revision_policy: RevisionPolicy,
        from: Date,
        to: Date,
    ) -> Result<Vec<Table>, LedgerError> {
        self.ask(move |connection| {
            document::Document::new(connection, key, revision_policy).tables(from, to)
        })
        .await
    }

    /// The dates from one to another, both included, of which there is a table; oldest first.
    pub async fn dates(
        &self,
        key: DocumentKey,
        from: Date,
        to: Date,
    ) -> Result<Vec<Date>, LedgerError> {
        self.ask(move |connection| document::dates(connection, key, from, to))
            .await
    }

    /// The dates from one to another, both included, of which there is a row for a currency; oldest first.
    pub async fn dates_of(
        &self,
        key: DocumentKey,
        currency: Currency,
        from: Date,
        to: Date,
    ) -> Result<Vec<Date>, LedgerError> {
        self.ask(move |connection| document::dates_of(connection, key, currency, (from, to)))
            .await
    }

    /// The oldest date of which there is a table.
    pub async fn began(&self, key: DocumentKey) -> Result<Option<Date>, LedgerError> {
        self.ask(move |connection| document::began(connection, key))
            .await
    }

    /// A page of published rows: newest date first, of one date the newest figure first.
    pub async fn fixings(&self, page: FixingsPage) -> Result<Vec<FixingRecord>, LedgerError> {
        self.ask(move |connection| page::fixings(connection, &page))
            .await
    }

    /// Answers a question on a thread that may wait for the disk, all of it from one state of the file.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let shared = Arc::clone(&self.shared);
        let label = Arc::clone(&shared.place.label);
        let closed = || LedgerError::Closed {
            path: label.to_path_buf(),
        };
        let question_permit =
            Arc::clone(&shared.questions)
                .try_acquire_owned()
                .map_err(|_none_left| LedgerError::Busy {
                    path: label.to_path_buf(),
                })?;
        let permit = Arc::clone(&shared.permits)
            .acquire_owned()
            .await
            .map_err(|_closed| closed())?;
        let answer = spawn_blocking(move || {
            // It goes on when nobody waits any more; the permit is its own, so that no more run than there may.
            let answer = shared.answer(question);
            drop((permit, question_permit));
            answer
        });
        answer.await.map_err(|_panicked_or_stopping| closed())?
    }
}

impl Shared {
    fn answer<T>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, StorageError>,
    ) -> Result<T, LedgerError> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.place.connect(Access::Read)?,
        };
        let answer = in_one_state(&connection, question);
        self.idle().push(connection);
        answer.map_err(|failure| failure.of(&self.place.label))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn in_one_state<T>(
    connection: &Connection,
    question: impl FnOnce(&Connection) -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    let transaction = connection.unchecked_transaction()?;
    let answer = question(&transaction)?;
    transaction.commit()?;
    Ok(answer)
}
