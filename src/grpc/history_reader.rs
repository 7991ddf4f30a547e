//! Answers about the past, from the ledger. They are computed by the arithmetic of the live rates, away from the threads
//! that serve those.

use jiff::ToSpan;
use jiff::civil::Date;
use tokio::sync::watch;
use tonic::Status;

use crate::board::BoardReader;
use crate::domain::{
    Currency, DocumentKey, History, LOOK_BACK_DAYS, Leg, Pair, Rate, Snapshot, SourceRecord,
    rates_between, snapshot_on,
};
use crate::ledger::{FixingRecord, FixingsPage, LedgerError, LedgerReader};
use crate::wire::inwards::Span;
use crate::wire::refusal;

/// How many tables before a time are looked at too, so that its first rate has a reference: more than the longest run of
/// repeated ones.
const TABLES_BEFORE: usize = 16;
/// How many days' tables are looked at for each rate wanted: repeated ones give none.
const TABLES_FOR_A_RATE: usize = 2;
/// The least number of days looked at in one step: a question costs more than a table.
const TABLES_MIN: usize = 200;

/// Reads the past.
#[derive(Debug, Clone)]
pub(super) struct HistoryReader {
    board: BoardReader,
    ledger: watch::Receiver<Option<LedgerReader>>,
}

impl HistoryReader {
    pub(super) fn new(board: BoardReader, ledger: watch::Receiver<Option<LedgerReader>>) -> Self {
        Self { board, ledger }
    }

    fn ledger(&self) -> Result<LedgerReader, Status> {
        let ledger = self.ledger.borrow().clone();
        ledger.ok_or_else(|| refusal::store_unavailable("the ledger cannot be read"))
    }

    /// Published rows, newest first.
    pub(super) async fn fixings(&self, page: FixingsPage) -> Result<Vec<FixingRecord>, Status> {
        let rows = self.ledger()?.fixings(page).await;
        rows.map_err(|error| unavailable(&error))
    }

    /// At most so many rates of a pair, newest first, each with its date.
    pub(super) async fn rates(
        &self,
        pair: Pair,
        span: Span,
        wanted: usize,
    ) -> Result<Vec<(Date, Rate)>, Status> {
        let legs = self.legs(pair)?;
        let mut found = Vec::new();
        let mut dates = self.dates(&legs, span).await?;
        while found.len() < wanted {
            let Some(span) = newest_step(&mut dates, wanted.saturating_sub(found.len())) else {
                break;
            };
            let legs = self.filled(legs.clone(), span, dates.last()).await?;
            let rates =
                tokio::task::spawn_blocking(move || rates_between(pair, &legs, span.from, span.to));
            found.extend(rates.await.map_err(|_ended| refusal::draining())?);
        }
        found.truncate(wanted);
        Ok(found)
    }

    /// What a pair stood at on a day, if it was fixed then or within the two weeks before.
    pub(super) async fn on(&self, pair: Pair, day: Date) -> Result<Option<Snapshot>, Status> {
        let from = day.checked_sub(LOOK_BACK_DAYS.days()).unwrap_or(Date::MIN);
        let legs = self.legs(pair)?;
        let legs = self.filled(legs, Span { from, to: day }, None).await?;
        let snapshot = snapshot_on(&legs, day);
        let recent = |snapshot: &Snapshot| {
            let rate = snapshot.rate(pair);
            let date = rate.and_then(|rate| rate.effective_date);
            date.is_none_or(|date| date >= from)
        };
        Ok(snapshot.filter(recent))
    }

    /// The legs of a pair, without tables: of the sources that answer it now.
    fn legs(&self, pair: Pair) -> Result<Vec<Leg>, Status> {
        let snapshot = self.board.snapshot();
        if snapshot.rate(pair).is_none() {
            return Err(refusal::not_quoted(pair));
        }
        let leg = |(home, other): (Currency, Currency)| {
            let source = snapshot.answers(home, other)?;
            let mut record = SourceRecord::clone(&*self.board.record(source.as_str())?);
            for document in &mut record.documents {
                document.history = History::unbounded(document.history.revising());
            }
            Some(Leg {
                home,
                other,
                record,
            })
        };
        let legs: Option<Vec<Leg>> = Snapshot::legs(pair).into_iter().map(leg).collect();
        legs.ok_or_else(|| refusal::not_quoted(pair))
    }

    /// The dates within a time of which there is a row for the pair's other currency, in any leg, oldest first.
    async fn dates(&self, legs: &[Leg], span: Span) -> Result<Vec<Date>, Status> {
        let ledger = self.ledger()?;
        let mut dates = Vec::new();
        for leg in legs {
            for key in keys(leg) {
                // A home bank's rows are of the other currency; another source has rows of it too, unless it is its pivot.
                let mut known = dates_of(&ledger, key, leg.other, span).await?;
                if known.is_empty() {
                    known = dates_of(&ledger, key, leg.home, span).await?;
                }
                dates.extend(known);
            }
        }
        dates.sort_unstable();
        dates.dedup();
        Ok(dates)
    }

    /// The legs with the tables of a time and some before it, and with those of one day earlier yet: the last before the
    /// time that has the pair, which may be years ago.
    async fn filled(
        &self,
        mut legs: Vec<Leg>,
        span: Span,
        reference: Option<&Date>,
    ) -> Result<Vec<Leg>, Status> {
        let ledger = self.ledger()?;
        for leg in &mut legs {
            let source = leg.record.id;
            for document in &mut leg.record.documents {
                let key = DocumentKey {
                    source,
                    document: document.name,
                };
                let before = ledger.dates(key, Date::MIN, span.from).await;
                let before = before.map_err(|error| unavailable(&error))?;
                let from = before.iter().rev().nth(TABLES_BEFORE).or(before.first());
                let from = from.copied().unwrap_or(span.from);
                let revising = document.history.revising();
                let mut tables = Vec::new();
                if let Some(date) = reference.filter(|date| **date < from) {
                    let earlier = ledger.tables(key, revising, *date, *date).await;
                    tables = earlier.map_err(|error| unavailable(&error))?;
                }
                let later = ledger.tables(key, revising, from, span.to).await;
                tables.extend(later.map_err(|error| unavailable(&error))?);
                for table in tables {
                    document.history.insert(table);
                }
            }
        }
        Ok(legs)
    }
}

/// Takes the newest dates that are looked at together, for so many rates. They lie within a few hundred days, and so do
/// their tables: a pair that one table in a hundred has must not make us read the ninety-nine.
fn newest_step(dates: &mut Vec<Date>, wanted: usize) -> Option<Span> {
    let to = *dates.last()?;
    let days = wanted.saturating_mul(TABLES_FOR_A_RATE).max(TABLES_MIN);
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    let earliest = to.checked_sub(days.days()).unwrap_or(Date::MIN);
    let step = dates.split_off(dates.partition_point(|date| *date <= earliest));
    Some(Span {
        from: *step.first()?,
        to,
    })
}

/// The documents of a leg.
fn keys(leg: &Leg) -> impl Iterator<Item = DocumentKey> {
    let source = leg.record.id;
    let documents = leg.record.documents.iter();
    documents.map(move |document| DocumentKey {
        source,
        document: document.name,
    })
}

async fn dates_of(
    ledger: &LedgerReader,
    key: DocumentKey,
    currency: Currency,
    span: Span,
) -> Result<Vec<Date>, Status> {
    let dates = ledger.dates_of(key, currency, span.from, span.to).await;
    dates.map_err(|error| unavailable(&error))
}

fn unavailable(error: &LedgerError) -> Status {
    if matches!(error, LedgerError::Busy { .. }) {
        return refusal::busy(&error.to_string());
    }
    tracing::error!(%error, "the past cannot be read");
    refusal::store_unavailable(&error.to_string())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_step_into_the_past_takes_no_more_than_a_few_hundred_days_however_few_have_the_pair() {
        let sparse = [
            date(1994, 1, 5),
            date(2010, 6, 1),
            date(2010, 6, 20),
            date(2026, 4, 2),
        ];
        let mut dates = sparse.to_vec();
        let mut steps = Vec::new();
        while let Some(span) = newest_step(&mut dates, 2) {
            steps.push((span.from, span.to));
        }
        let [first, second, third, last] = sparse;
        assert_eq!(steps, [(last, last), (second, third), (first, first)]);
    }

    #[test]
    fn the_steps_of_a_pair_of_every_day_are_as_long_as_the_page_and_leave_no_date_out() {
        let first = date(2020, 1, 1);
        let all: Vec<Date> = (0..1000).map(|day| first + day.days()).collect();
        for (wanted, longest) in [(2, 200), (101, 202), (1001, 1000)] {
            let mut dates = all.clone();
            let mut covered = 0;
            while let Some(span) = newest_step(&mut dates, wanted) {
                let left = dates.len();
                let taken = all.len() - left - covered;
                assert!((1..=longest).contains(&taken), "{taken} of {wanted}");
                assert_eq!((span.from, span.to), (all[left], all[left + taken - 1]));
                covered += taken;
            }
            assert_eq!(covered, all.len(), "{wanted}");
        }
    }
}
