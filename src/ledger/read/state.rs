//! The ledger in one state: several queries that see the same tables.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use jiff::civil::Date;
use rusqlite::Connection;

use crate::domain::{Currency, DateRange, DocumentKey, QuoteKey, RevisionPolicy};
use crate::ledger::error::StorageError;
use crate::ledger::read::currencies::{self, PartialTable};
use crate::ledger::read::document::{self, Document};

/// The ledger in one state, for the queries of one piece of work.
#[derive(Debug, Clone, Copy)]
pub struct LedgerState<'a> {
    connection: &'a Connection,
    repeats: &'a Repeats,
}

/// The dates whose tables repeat the ones before them, by the document and the range of dates: the pairs of a query are read
/// one after another, and most have their documents in common.
pub(super) type Repeats = RefCell<BTreeMap<(DocumentKey, Date, Date), Rc<BTreeSet<Date>>>>;

impl<'a> LedgerState<'a> {
    pub(super) fn of(connection: &'a Connection, repeats: &'a Repeats) -> Self {
        Self {
            connection,
            repeats,
        }
    }

    /// The newest dates within a range whose tables price one currency in another, at most `limit` of them if it is set;
    /// oldest first.
    ///
    /// # Errors
    /// The error of SQLite, or that a row is damaged; so for all queries.
    pub fn priced_dates(
        self,
        key: DocumentKey,
        pair: QuoteKey,
        range: DateRange,
        limit: Option<u32>,
    ) -> Result<Vec<Date>, StorageError> {
        document::priced_dates(self.connection, key, pair, (range.first, range.last), limit)
    }

    /// The first date from a day on whose table prices one currency in another. It reads every table until then.
    ///
    /// # Errors
    /// As for [`LedgerState::priced_dates`].
    pub fn first_priced_date(
        self,
        key: DocumentKey,
        pair: QuoteKey,
        from: Date,
    ) -> Result<Option<Date>, StorageError> {
        document::first_priced_date(self.connection, key, pair, from)
    }

    /// The date of the oldest row of each currency of a document.
    ///
    /// # Errors
    /// As for [`LedgerState::priced_dates`].
    pub fn dates_of_oldest_rows(
        self,
        key: DocumentKey,
    ) -> Result<BTreeMap<Currency, Date>, StorageError> {
        document::dates_of_oldest_rows(self.connection, key)
    }

    /// The date of the table that lies a number of tables before a date, or that of the oldest one before it.
    ///
    /// # Errors
    /// As for [`LedgerState::priced_dates`].
    pub fn date_before(
        self,
        key: DocumentKey,
        before: Date,
        tables: u32,
    ) -> Result<Option<Date>, StorageError> {
        document::date_before(self.connection, key, before, tables)
    }

    /// The oldest date of a document that has a table.
    ///
    /// # Errors
    /// As for [`LedgerState::priced_dates`].
    pub fn oldest_date(self, key: DocumentKey) -> Result<Option<Date>, StorageError> {
        document::oldest_date(self.connection, key)
    }

    /// The tables of a range of dates, both ends included, that have a row of one of these currencies; oldest first. Only
    /// those rows are read: ten years of a pair are some thousand rows, and ten years of whole tables a hundred thousand.
    ///
    /// # Errors
    /// As for [`LedgerState::priced_dates`].
    pub fn partial_tables(
        self,
        key: DocumentKey,
        revision_policy: RevisionPolicy,
        currencies: &[Currency],
        range: DateRange,
    ) -> Result<Vec<PartialTable>, StorageError> {
        let document = Document::new(self.connection, key, revision_policy);
        let tables = currencies::tables(&document, currencies, (range.first, range.last))?;
        let repeats = self.repeats(&document, range)?;
        let tables = tables.into_iter().map(|table| PartialTable {
            is_carry: repeats.contains(&table.effective_date),
            table,
        });
        Ok(tables.collect())
    }

    /// The dates of a range whose table repeats the one before it.
    fn repeats(
        self,
        document: &Document<'_>,
        range: DateRange,
    ) -> Result<Rc<BTreeSet<Date>>, StorageError> {
        let key = (document.key, range.first, range.last);
        if let Some(known) = self.repeats.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let dates = Rc::new(currencies::carries(document, range.first, range.last)?);
        self.repeats.borrow_mut().insert(key, Rc::clone(&dates));
        Ok(dates)
    }
}
