//! The way through the past of one document: window after window, oldest first, so that every table is judged against
//! the one before it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use jiff::civil::Date;

use crate::cli::backfill::bank::{Bank, Reply};
use crate::cli::backfill::pace::Pace;
use crate::cli::backfill::progress::Progress;
use crate::cli::backfill::{Dates, GivenUp, filing};
use crate::client::Admin;
use crate::domain::{SourceId, Table};
use crate::sources::{Document, ParseError, Series, merge};

/// How many days are asked for before their tables are handed in, where a bank answers by date. Within them the newest
/// is asked first: the date it prints tells for which days before there is nothing to ask. A break loses no more.
const WINDOW_DAYS: i32 = 14;
/// A bank that has answered so often in a row with a later date than asked has nothing that old: the rest of the window
/// is not asked for. Not at once, since a holiday may look the same.
const LATER_MAX: u32 = 3;

/// One document on its way.
pub(super) struct Walk<'a> {
    pub(super) admin: &'a Admin,
    pub(super) pace: Pace,
    pub(super) source: SourceId,
    pub(super) document: &'static Document,
    pub(super) progress: &'a Progress,
    /// The dates whose tables the server has or has been handed.
    pub(super) known: BTreeSet<Date>,
    /// What has come and is not handed in yet.
    pub(super) tables: BTreeMap<Date, Table>,
}

impl Walk<'_> {
    /// Asks for all dates that the server does not know, and hands in what comes.
    pub(super) async fn run(mut self, bank: &mut Bank<'_>, range: Dates) -> Result<(), GivenUp> {
        self.known = self.filed(range).await?;
        let days = match self.document.series {
            Some(series) => series.days_max,
            None => WINDOW_DAYS,
        };
        for window in range.windows(days) {
            let asked = match (self.document.series, self.document.dated) {
                (Some(series), _) => self.ask_pages(bank, &series, window).await,
                (None, Some(path)) => self.ask_days(bank, path, window).await,
                (None, None) => Ok(()),
            };
            // What has come is handed in also when the bank is given up.
            self.hand_in(range.last).await?;
            asked?;
            self.progress.advance(window.days());
        }
        Ok(())
    }

    /// Hands in what has come, oldest first. What is beyond the last date wanted is the poller's.
    async fn hand_in(&mut self, last: Date) -> Result<(), GivenUp> {
        for (date, table) in std::mem::take(&mut self.tables) {
            if date <= last && self.known.insert(date) {
                let outcome = filing::hand_in(self.admin, self.pace, self.source, &table).await?;
                self.progress.update(|tally| outcome.count(&table, tally));
            }
        }
        Ok(())
    }

    /// The dates of which the server has the table.
    pub(super) async fn filed(&self, dates: Dates) -> Result<BTreeSet<Date>, GivenUp> {
        let (source, document) = (self.source.as_str(), self.document.name);
        let answer = self
            .admin
            .filed_dates(source, document, (dates.first, dates.last))
            .await?;
        // A date that cannot be read is one that is asked for once more.
        let known: BTreeSet<Date> = answer
            .dates
            .iter()
            .filter_map(|date| date.parse().ok())
            .collect();
        self.progress.update(|tally| {
            let count = u32::try_from(known.len()).unwrap_or(u32::MAX);
            tally.known = tally.known.saturating_add(count);
        });
        Ok(known)
    }

    /// Asks day by day, the newest first.
    async fn ask_days(
        &mut self,
        bank: &mut Bank<'_>,
        path: fn(Date) -> String,
        window: Dates,
    ) -> Result<(), GivenUp> {
        let mut next = Some(window.last);
        let mut later = 0;
        while let Some(date) = next.filter(|date| *date >= window.first && later < LATER_MAX) {
            next = date.yesterday().ok();
            if self.known.contains(&date) {
                continue;
            }
            let Some(table) = self.ask_day(bank, &path(date), date).await? else {
                continue;
            };
            let printed = table.effective_date;
            if printed <= date {
                // The days between have no table of their own.
                (next, later) = (printed.yesterday().ok(), 0);
            } else {
                later += 1;
            }
            self.tables.insert(printed, table);
        }
        Ok(())
    }

    /// The table the bank gives for a date: the one in force then, whatever date it prints. None when it has none, or
    /// nothing that can be read.
    async fn ask_day(
        &self,
        bank: &mut Bank<'_>,
        path: &str,
        date: Date,
    ) -> Result<Option<Table>, GivenUp> {
        let Some(body) = self.ask(bank, path, &date).await? else {
            return Ok(None);
        };
        match (self.document.parse)(&body) {
            Ok(table) => {
                bank.succeeded();
                Ok(Some(table))
            }
            // A table without rows is how some banks say that they have none so old.
            Err(ParseError::NoRows) => {
                bank.succeeded();
                Ok(None)
            }
            Err(error) => self.fail(bank, &date, &error).map(|()| None),
        }
    }

    /// Asks for the page of every currency. Only all of them together are tables.
    async fn ask_pages(
        &mut self,
        bank: &mut Bank<'_>,
        series: &Series,
        window: Dates,
    ) -> Result<(), GivenUp> {
        let Some(window) = window.without(&self.known) else {
            return Ok(());
        };
        let mut rows = Vec::new();
        for page in series.pages {
            let what = format!("{} {} to {}", page.currency, window.first, window.last);
            let path = (series.path)(page, window.first, window.last);
            let Some(body) = self.ask(bank, &path, &what).await? else {
                return Ok(());
            };
            match (series.parse)(page, &body) {
                Ok(page) => rows.extend(page),
                Err(error) => return self.fail(bank, &what, &error),
            }
            bank.succeeded();
        }
        rows.retain(|table| window.contains(table.effective_date));
        match merge(rows) {
            Ok(merged) => {
                let by_date = merged
                    .into_iter()
                    .map(|table| (table.effective_date, table));
                self.tables.extend(by_date);
                Ok(())
            }
            Err(error) => self.fail(bank, &window.first, &error),
        }
    }

    /// One answer's document; none when there is none, which is counted unless it is this bank's way of saying that
    /// there was no table.
    async fn ask(
        &self,
        bank: &mut Bank<'_>,
        path: &str,
        what: &dyn Display,
    ) -> Result<Option<Vec<u8>>, GivenUp> {
        match bank.get(path).await {
            Ok(Reply::Body(body)) => Ok(Some(body)),
            Ok(Reply::Missing) if self.document.missing_is_normal => {
                bank.succeeded();
                Ok(None)
            }
            Ok(Reply::Missing) => {
                let reason: &dyn Display = &"no table was found (404)";
                self.fail(bank, what, reason).map(|()| None)
            }
            Ok(Reply::Failed(reason)) => self.fail(bank, what, &reason).map(|()| None),
            Err(given_up) => {
                self.progress
                    .update(|tally| tally.failed = tally.failed.saturating_add(1));
                Err(given_up)
            }
        }
    }

    /// Counts what was of no use.
    fn fail(
        &self,
        bank: &mut Bank<'_>,
        what: &dyn Display,
        reason: &dyn Display,
    ) -> Result<(), GivenUp> {
        let (document, reason) = (self.document.name, reason.to_string());
        let told = format!("{document} {what}: {reason}");
        self.progress.update(|tally| tally.fail(told));
        bank.failed(&reason)
    }
}
