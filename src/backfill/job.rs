//! The backfill of one document: a chunk of dates after the other, oldest first, so that the server checks every table
//! against the one before it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use jiff::civil::Date;

use crate::backfill::bank::BankClient;
use crate::backfill::{Aborted, Backfill, DateRange, Recorder, upload};
use crate::domain::{SourceId, Table};
use crate::fetch::{FetchError, ParsedResponse, not_found_error};
use crate::sources::{Document, ParseError, Series, merge};

/// The days of a chunk, where a bank answers by date: their tables are uploaded before the next chunk is requested. Within
/// a chunk the newest date is requested first, since the date its table prints shows which days before it have no table
/// of their own. An interrupted run loses no more than a chunk.
const CHUNK_DAYS: i32 = 14;
/// A bank that answered this often in a row with a later date than requested has no tables that old: the rest of the chunk
/// is skipped. Not after the first one, since a holiday may look the same.
const LATER_TABLES_MAX: u32 = 3;

/// What came of the request for a document.
enum Fetched<T> {
    Document(T),
    /// This is how the bank says that there was no table.
    NoTable,
    /// The bank sent the document, whole, and its values cannot be read: it will look the same in a later run.
    Unusable,
    /// The bank did not send the document: a later run may get it.
    Failed,
}

/// The backfill of one document.
pub(super) struct Job<'a> {
    backfill: Backfill<'a>,
    source: SourceId,
    document: &'static Document,
    recorder: &'a Recorder,
    /// The dates whose tables the server has.
    known: BTreeSet<Date>,
    /// The tables fetched and not yet uploaded.
    tables: BTreeMap<Date, Table>,
}

impl<'a> Job<'a> {
    pub(super) fn new(
        backfill: Backfill<'a>,
        source: SourceId,
        document: &'static Document,
        recorder: &'a Recorder,
    ) -> Self {
        Self {
            backfill,
            source,
            document,
            recorder,
            known: BTreeSet::new(),
            tables: BTreeMap::new(),
        }
    }

    /// Fetches all dates that the server does not have, and uploads their tables.
    pub(super) async fn run(
        mut self,
        bank: &mut BankClient<'_>,
        range: DateRange,
    ) -> Result<(), Aborted> {
        let admin = self.backfill.admin;
        self.known = upload::filed(admin, self.source, self.document, range).await?;
        self.recorder.update(|stats| {
            let count = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
            stats.already_filed = stats.already_filed.saturating_add(count);
        });
        let days = match self.document.series {
            Some(series) => series.days_max,
            None => CHUNK_DAYS,
        };
        for chunk in range.chunks(days) {
            let fetched = match (self.document.series, self.document.dated) {
                (Some(series), _) => self.fetch_pages(bank, &series, chunk).await,
                (None, Some(path)) => self.fetch_days(bank, path, chunk).await.map(|()| true),
                (None, None) => Ok(true),
            };
            // The tables fetched so far are uploaded also when the bank is given up.
            self.upload(range.last).await?;
            if fetched? {
                self.recorder
                    .update(|stats| stats.days = stats.days.saturating_add(chunk.count()));
            }
        }
        Ok(())
    }

    /// Uploads the tables fetched, oldest first. Tables beyond the last date are left to the poller.
    async fn upload(&mut self, last: Date) -> Result<(), Aborted> {
        let Backfill {
            admin, throttle, ..
        } = self.backfill;
        for (date, table) in std::mem::take(&mut self.tables) {
            if date <= last && self.known.insert(date) {
                let result = upload::upload(admin, throttle, self.source, &table).await?;
                self.recorder.update(|stats| {
                    stats.add_drops(&table);
                    result.count(&table, stats);
                });
            }
        }
        Ok(())
    }

    /// Fetches day by day, the newest first.
    async fn fetch_days(
        &mut self,
        bank: &mut BankClient<'_>,
        path: fn(Date) -> String,
        chunk: DateRange,
    ) -> Result<(), Aborted> {
        let mut next = Some(chunk.last);
        let mut later_tables = 0;
        while let Some(date) =
            next.filter(|date| *date >= chunk.first && later_tables < LATER_TABLES_MAX)
        {
            next = date.yesterday().ok();
            if self.known.contains(&date) {
                continue;
            }
            let response = self.request(bank, &path(date), self.document.parse).await?;
            let Fetched::Document(table) = self.fetched(bank, &date, response)? else {
                continue;
            };
            let printed = table.effective_date;
            if printed <= date {
                // The days between have no table of their own.
                (next, later_tables) = (printed.yesterday().ok(), 0);
            } else {
                later_tables += 1;
            }
            self.tables.insert(printed, table);
        }
        Ok(())
    }

    /// Fetches the page of every currency. A page without a readable value is left out, as a row of a document is, unless the
    /// document requires its currency. A page that does not come, or comes as something else, leaves the chunk to a later
    /// run: a date whose table is filed is not requested again. Returns whether the chunk is done.
    async fn fetch_pages(
        &mut self,
        bank: &mut BankClient<'_>,
        series: &Series,
        chunk: DateRange,
    ) -> Result<bool, Aborted> {
        let Some(range) = chunk.without(&self.known) else {
            return Ok(true);
        };
        let mut rows = Vec::new();
        for page in series.pages {
            let what = format!("{} {} to {}", page.currency, range.first, range.last);
            let path = (series.path)(page, range.first, range.last);
            let parse = |body: &[u8]| (series.parse)(page, body);
            let mut response = self.request(bank, &path, parse).await?;
            if is_something_else(&response) {
                // Of the many pages of a long backfill one comes as a notice or cut off now and then.
                response = self.request(bank, &path, parse).await?;
            }
            match self.fetched(bank, &what, response)? {
                Fetched::Document(page) => rows.extend(page),
                Fetched::NoTable => {}
                Fetched::Unusable if !self.document.required.contains(&page.currency) => {}
                Fetched::Unusable | Fetched::Failed => return Ok(false),
            }
        }
        rows.retain(|table| range.contains(table.effective_date));
        match merge(rows) {
            Ok(merged) => {
                let by_date = merged
                    .into_iter()
                    .map(|table| (table.effective_date, table));
                self.tables.extend(by_date);
                Ok(true)
            }
            Err(error) => self.fail(bank, &range.first, &error).map(|()| false),
        }
    }

    /// Requests a document and parses it. That the bank is given up counts as a failure.
    async fn request<T>(
        &self,
        bank: &mut BankClient<'_>,
        path: &str,
        parse: impl Fn(&[u8]) -> Result<T, ParseError>,
    ) -> Result<ParsedResponse<T>, Aborted> {
        let response = bank.get(path, parse).await;
        response.inspect_err(|_aborted| {
            self.recorder
                .update(|stats| stats.failed = stats.failed.saturating_add(1));
        })
    }

    /// What came of a request. That there is no document counts as a failure, unless this is how the bank says that there
    /// was no table.
    fn fetched<T>(
        &self,
        bank: &mut BankClient<'_>,
        what: &dyn Display,
        response: ParsedResponse<T>,
    ) -> Result<Fetched<T>, Aborted> {
        let is_something_else = is_something_else(&response);
        let failed = match response {
            ParsedResponse::Parsed { content, .. } => {
                bank.succeeded();
                return Ok(Fetched::Document(content));
            }
            ParsedResponse::NoTable => {
                bank.succeeded();
                return Ok(Fetched::NoTable);
            }
            ParsedResponse::NotFound => {
                let Some(error) = not_found_error(self.document) else {
                    bank.succeeded();
                    return Ok(Fetched::NoTable);
                };
                self.fail(bank, what, &error)
            }
            ParsedResponse::Unparsable { error, .. } => {
                self.fail(bank, what, &error)?;
                return Ok(if is_something_else {
                    Fetched::Failed
                } else {
                    Fetched::Unusable
                });
            }
            ParsedResponse::Failed(error) => self.fail(bank, what, &error),
            // No validators were sent, so there is nothing that it could mean.
            ParsedResponse::NotModified => {
                self.fail(bank, what, &FetchError::UnexpectedNotModified)
            }
        };
        failed.map(|()| Fetched::Failed)
    }

    /// Counts a failure.
    fn fail(
        &self,
        bank: &mut BankClient<'_>,
        what: &dyn Display,
        reason: &dyn Display,
    ) -> Result<(), Aborted> {
        let (document, reason) = (self.document.name, reason.to_string());
        let failure = format!("{document} {what}: {reason}");
        self.recorder.update(|stats| stats.add_failure(failure));
        bank.failed(&reason)
    }
}

/// Whether a bank sent something else than the whole document: a notice, the document of another currency, or a part of it.
fn is_something_else<T>(response: &ParsedResponse<T>) -> bool {
    let ParsedResponse::Unparsable { error, .. } = response else {
        return false;
    };
    // These two are found in a whole document only.
    !matches!(error, ParseError::NoRows(_) | ParseError::Contradiction(_))
}
