//! Reads the ledger for historical queries. Historical rates are computed by the arithmetic of the live ones, on threads
//! of their own: a long query must not delay the streams.

use jiff::ToSpan;
use jiff::civil::Date;
use tokio::sync::watch;

use crate::board::BoardReader;
use crate::domain::{
    Currency, DocumentKey, History, IN_FORCE_DAYS_MAX, Leg, Pair, Rate, Refusal, Snapshot,
    SourceRecord, rates_between, snapshot_on,
};
use crate::ledger::{FixingRecord, FixingsPage, LedgerError, LedgerReader};
use crate::queries::DateRange;

/// How many tables before a range are read too, so that its first rate has a reference: more than the longest run of
/// carried tables.
const TABLES_BEFORE: usize = 16;
/// How many days of tables are read for each rate wanted: a carried table gives none.
const TABLES_FOR_A_RATE: usize = 2;
/// The least number of days read in one step: a query costs more than reading one more table.
const TABLES_MIN: usize = 200;

/// Reads the ledger, while there is one.
#[derive(Debug, Clone)]
pub(super) struct HistoryReader {
    board: BoardReader,
    ledger: watch::Receiver<Option<LedgerReader>>,
}

impl HistoryReader {
    pub(super) fn new(board: BoardReader, ledger: watch::Receiver<Option<LedgerReader>>) -> Self {
        Self { board, ledger }
    }

    fn ledger(&self) -> Result<LedgerReader, Refusal> {
        let ledger = self.ledger.borrow().clone();
        ledger.ok_or_else(|| {
            Refusal::LedgerUnavailable(
                "the ledger cannot be read at the moment; the log of the server says why"
                    .to_owned(),
            )
        })
    }

    /// The dates of the tables of a document.
    pub(super) async fn filed_dates(
        &self,
        document: DocumentKey,
        range: DateRange,
    ) -> Result<Vec<Date>, Refusal> {
        let dates = self
            .ledger()?
            .dates(document, range.first, range.last)
            .await;
        dates.map_err(|error| unavailable(&error))
    }

    /// Published rows, newest first.
    pub(super) async fn fixings(&self, page: FixingsPage) -> Result<Vec<FixingRecord>, Refusal> {
        let rows = self.ledger()?.fixings(page).await;
        rows.map_err(|error| unavailable(&error))
    }

    /// At most `wanted` rates of a pair, newest first, each with its date.
    pub(super) async fn rates(
        &self,
        pair: Pair,
        range: DateRange,
        wanted: usize,
    ) -> Result<Vec<(Date, Rate)>, Refusal> {
        let legs = self.legs(pair)?;
        let mut found = Vec::new();
        let mut dates = self.dates(&legs, range).await?;
        while found.len() < wanted {
            let Some(step) = newest_step(&mut dates, wanted.saturating_sub(found.len())) else {
                break;
            };
            let legs = self.filled(legs.clone(), step, dates.last()).await?;
            let rates = tokio::task::spawn_blocking(move || {
                rates_between(pair, &legs, step.first, step.last)
            });
            found.extend(rates.await.map_err(|_ended| Refusal::Draining)?);
        }
        found.truncate(wanted);
        Ok(found)
    }

    /// The snapshot of a date for a pair, if the pair was fixed then or within the two weeks before.
    pub(super) async fn snapshot_on(
        &self,
        pair: Pair,
        date: Date,
    ) -> Result<Option<Snapshot>, Refusal> {
        let first = date
            .checked_sub(IN_FORCE_DAYS_MAX.days())
            .unwrap_or(Date::MIN);
        let legs = self.legs(pair)?;
        let range = DateRange { first, last: date };
        let legs = self.filled(legs, range, None).await?;
        let snapshot = snapshot_on(&legs, date);
        let is_recent = |snapshot: &Snapshot| {
            let rate = snapshot.rate(pair);
            let date = rate.and_then(|rate| rate.effective_date);
            date.is_none_or(|date| date >= first)
        };
        Ok(snapshot.filter(is_recent))
    }

    /// The legs of a pair, of the sources that answer it now, without tables.
    fn legs(&self, pair: Pair) -> Result<Vec<Leg>, Refusal> {
        let published = self.board.published();
        let snapshot = &published.snapshot;
        if snapshot.rate(pair).is_none() {
            return Err(Refusal::PairNotQuoted(pair));
        }
        let leg = |(home, other): (Currency, Currency)| {
            let source = snapshot.source_of(home, other)?;
            let mut record = SourceRecord::clone(published.record(source.as_str())?);
            for document in &mut record.documents {
                document.history = History::unbounded(document.history.revision_policy());
            }
            Some(Leg {
                home,
                other,
                record,
            })
        };
        let legs: Option<Vec<Leg>> = pair.legs().into_iter().map(leg).collect();
        legs.ok_or(Refusal::PairNotQuoted(pair))
    }

    /// The dates of a range on which any leg has a row of the pair's other currency, oldest first.
    async fn dates(&self, legs: &[Leg], range: DateRange) -> Result<Vec<Date>, Refusal> {
        let ledger = self.ledger()?;
        let mut dates = Vec::new();
        for leg in legs {
            for key in keys(leg) {
                // A home bank's rows are of the other currency; another source has rows of it too, unless it is its pivot.
                let mut known = dates_of(&ledger, key, leg.other, range).await?;
                if known.is_empty() {
                    known = dates_of(&ledger, key, leg.home, range).await?;
                }
                dates.extend(known);
            }
        }
        dates.sort_unstable();
        dates.dedup();
        Ok(dates)
    }

    /// The legs with the tables of a range and some before it, and with those of the `reference` date: the last one before
    /// the range that has the pair, which may be years earlier.
    async fn filled(
        &self,
        mut legs: Vec<Leg>,
        range: DateRange,
        reference: Option<&Date>,
    ) -> Result<Vec<Leg>, Refusal> {
        let ledger = self.ledger()?;
        for leg in &mut legs {
            let source = leg.record.id;
            for document in &mut leg.record.documents {
                let key = DocumentKey {
                    source,
                    document: document.name,
                };
                let before = ledger.dates(key, Date::MIN, range.first).await;
                let before = before.map_err(|error| unavailable(&error))?;
                let from = before.iter().rev().nth(TABLES_BEFORE).or(before.first());
                let from = from.copied().unwrap_or(range.first);
                let revision_policy = document.history.revision_policy();
                let mut tables = Vec::new();
                if let Some(date) = reference.filter(|date| **date < from) {
                    let earlier = ledger.tables(key, revision_policy, *date, *date).await;
                    tables = earlier.map_err(|error| unavailable(&error))?;
                }
                let later = ledger.tables(key, revision_policy, from, range.last).await;
                tables.extend(later.map_err(|error| unavailable(&error))?);
                for table in tables {
                    document.history.insert(table);
                }
            }
        }
        Ok(legs)
    }
}

/// Takes the newest dates off the end, as many as are read in one step for `wanted` rates. They lie within a few hundred
/// days, and so do their tables: a pair that one table in a hundred has must not make us read the other ninety-nine.
fn newest_step(dates: &mut Vec<Date>, wanted: usize) -> Option<DateRange> {
    let last = *dates.last()?;
    let days = wanted.saturating_mul(TABLES_FOR_A_RATE).max(TABLES_MIN);
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    let earliest = last.checked_sub(days.days()).unwrap_or(Date::MIN);
    let step = dates.split_off(dates.partition_point(|date| *date <= earliest));
    Some(DateRange {
        first: *step.first()?,
        last,
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
    range: DateRange,
) -> Result<Vec<Date>, Refusal> {
    let dates = ledger
        .dates_of(key, currency, range.first, range.last)
        .await;
    dates.map_err(|error| unavailable(&error))
}

fn unavailable(error: &LedgerError) -> Refusal {
    if matches!(error, LedgerError::Busy { .. }) {
        return Refusal::TooManyQueries(error.to_string());
    }
    tracing::error!(%error, "a historical query failed: the ledger cannot be read");
    Refusal::LedgerUnavailable(error.to_string())
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
        while let Some(step) = newest_step(&mut dates, 2) {
            steps.push((step.first, step.last));
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
            while let Some(step) = newest_step(&mut dates, wanted) {
                let left = dates.len();
                let taken = all.len() - left - covered;
                assert!((1..=longest).contains(&taken), "{taken} of {wanted}");
                assert_eq!((step.first, step.last), (all[left], all[left + taken - 1]));
                covered += taken;
            }
            assert_eq!(covered, all.len(), "{wanted}");
        }
    }
}
