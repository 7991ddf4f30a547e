//! Reads the ledger for historical queries. Historical rates are computed by the arithmetic of the live ones, on threads
//! of their own: a long query must not delay the streams. What is long is read in slices, between which other queries run.

mod query;
mod slices;
mod stars;
mod starts;
mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use tokio::sync::watch;

use crate::board::{BoardReader, Preferences};
use crate::domain::{
    DateRange, DocumentKey, HistoryRow, Leg, Pair, Past, PeriodRates, QuoteKey, Rate, RateFilter,
    Refusal, Snapshot, SourceRecord, candidates, counterparts, snapshot_on,
};
use crate::ledger::{
    FixingRecord, FixingsPage, LedgerError, LedgerReader, LedgerState, StorageError,
};
use crate::outage::Outage;
pub(super) use crate::queries::history_reader::query::{PeriodsQuery, RowsQuery};
use crate::queries::history_reader::slices::{PeriodSlices, Slices, newest_first};
use crate::queries::history_reader::stars::PricesEver;
use crate::queries::history_reader::tables::{document_key, oldest_date, with_tables};
use crate::queries::page::PageLimit;

/// How long no query fails before the log says that queries succeed again. A file that is damaged at one place fails some
/// queries and answers the others.
const QUIET: Duration = Duration::from_secs(60);

/// Reads the ledger, while there is one.
#[derive(Debug, Clone)]
pub(super) struct HistoryReader {
    board: BoardReader,
    ledger: watch::Receiver<Option<LedgerReader>>,
    preferences: Preferences,
    /// The queries that the ledger failed, so that a damaged file is not logged with each of them.
    outage: Arc<Outage>,
    /// What stars stand for.
    prices: Arc<PricesEver>,
}

impl HistoryReader {
    pub(super) fn new(
        board: BoardReader,
        ledger: watch::Receiver<Option<LedgerReader>>,
        preferences: Preferences,
    ) -> Self {
        Self {
            board,
            ledger,
            preferences,
            outage: Arc::new(Outage::ends_when_quiet_for(QUIET)),
            prices: Arc::default(),
        }
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

    /// Reads one slice of a query and computes its answer, on one state of the ledger.
    async fn read<T: Send + 'static>(
        &self,
        slice: impl FnOnce(LedgerState<'_>) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.answered(self.ledger()?.read(slice).await)
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
        self.answered(dates)
    }

    /// Published rows, newest first.
    pub(super) async fn fixings(&self, page: FixingsPage) -> Result<Vec<FixingRecord>, Refusal> {
        self.answered(self.ledger()?.fixings(page).await)
    }

    /// The answer of the ledger, or the refusal of a query that it failed. The log has the first of those, and when they end.
    fn answered<T>(&self, answer: Result<T, LedgerError>) -> Result<T, Refusal> {
        match answer {
            Ok(answer) => {
                if let Some(failures) = self.outage.succeeded() {
                    tracing::info!(failures, "historical queries succeed again");
                }
                Ok(answer)
            }
            Err(error @ LedgerError::Busy { .. }) => {
                Err(Refusal::TooManyQueries(error.to_string()))
            }
            Err(error) => {
                if self.outage.failed() {
                    tracing::error!(%error, "a historical query failed: the ledger cannot be read");
                } else {
                    tracing::debug!(%error, "a historical query failed again");
                }
                Err(Refusal::LedgerUnavailable(error.to_string()))
            }
        }
    }

    /// The pairs of a filter that a source has quoted on some day, in the order of the filter, and currencies in themselves.
    pub(super) fn pairs(&self, filter: &RateFilter) -> Vec<Pair> {
        let (published, preferences) = (self.board.published(), self.preferences.current());
        let prices = if filter.has_star() {
            self.prices.of(&published, &preferences)
        } else {
            Arc::default()
        };
        let is_known = |key: &QuoteKey| prices.contains(key);
        let mut pairs = filter.pairs(|currency| counterparts(currency, &*prices, is_known));
        pairs.retain(|pair| {
            let is_priced = |key: &QuoteKey| {
                is_known(key) || {
                    let sources = candidates(published.records(), &preferences, key.0);
                    has_quoted(&sources, *key)
                }
            };
            pair.route().is_some() && pair.legs().iter().all(is_priced)
        });
        pairs
    }

    /// Rows of a history until the limit is reached: by date, newest first, and those of a day in the order of the pairs. What
    /// is not in force yet has not happened. Returns whether more rows follow.
    pub(super) async fn rows(
        &self,
        query: RowsQuery,
        now: Timestamp,
        limit: &mut PageLimit,
    ) -> Result<(Vec<HistoryRow>, bool), Refusal> {
        let RowsQuery {
            pairs,
            step,
            range,
            after,
        } = query;
        let legs = self.legs(&pairs)?;
        let Some((pairs, mut range)) = self.happened(&legs, pairs, range, now).await? else {
            return Ok((Vec::new(), false));
        };
        // The step divides the days asked for, wherever a page of them begins.
        let last = range.last;
        if let Some((day, _)) = after {
            range.last = last.min(day);
        }
        let mut slices = Slices::of(range, legs.len(), pairs.len(), (step, limit.rows()));
        let pairs: Arc<[(Pair, Date)]> = pairs.into();
        let mut found = Vec::new();
        while let Some(slice) = slices.next() {
            let (legs, pairs) = (legs.clone(), Arc::clone(&pairs));
            let mut slice_limit = *limit;
            let answer = self.read(move |ledger| {
                let legs = with_tables(ledger, legs, with_day_before(slice), Some(now))?;
                let past = Past::of(&legs, slice);
                let mut rows = past.rows(&pairs, step, last, after);
                let mut taken = Vec::new();
                let is_full = rows.any(|row| {
                    let fits = slice_limit.take(&row.rate);
                    taken.extend(fits.then_some(row));
                    !fits
                });
                Ok((taken, is_full, slice_limit))
            });
            let (rows, is_full, left) = answer.await?;
            *limit = left;
            found.extend(rows);
            if is_full {
                return Ok((found, true));
            }
        }
        Ok((found, false))
    }

    /// The figures of periods, until there are as many as wanted: the newest period first, and those of a period in the order
    /// of the pairs. Returns whether more follow.
    pub(super) async fn periods(
        &self,
        query: PeriodsQuery,
        now: Timestamp,
        wanted: usize,
    ) -> Result<(Vec<PeriodRates>, bool), Refusal> {
        let PeriodsQuery {
            pairs,
            period,
            range,
            after,
        } = query;
        let legs = self.legs(&pairs)?;
        // A period is listed whole, though the range may begin after today, or end before the oldest table.
        let whole = DateRange {
            first: period.around(range.first).first,
            last: period.around(range.last).last,
        };
        let Some((pairs, range)) = self.happened(&legs, pairs, whole, now).await? else {
            return Ok((Vec::new(), false));
        };
        let mut slices = PeriodSlices::of(period, range, pairs.len(), wanted);
        if let Some((first, index)) = after {
            slices.continue_after(first, index);
        }
        let mut found = Vec::new();
        while let Some((days, chosen)) = slices.next() {
            let pairs: Vec<_> = pairs.get(chosen).unwrap_or_default().to_vec();
            let legs: Vec<Leg> = legs
                .iter()
                .filter(|leg| pairs.iter().any(|(pair, _)| pair.legs().contains(&leg.key)))
                .cloned()
                .collect();
            let figures = self.read(move |ledger| {
                let today = pairs.iter().map(|(_, today)| *today).max();
                let happened = DateRange {
                    last: days.last.min(today.unwrap_or(days.last)),
                    ..days
                };
                let legs = with_tables(ledger, legs, with_day_before(happened), Some(now))?;
                let past = Past::of(&legs, happened);
                let periods = newest_first(period, days);
                let figures = periods.flat_map(|period| {
                    let figures = |(pair, today): &(Pair, Date)| past.period(*pair, period, *today);
                    pairs.iter().filter_map(figures).collect::<Vec<_>>()
                });
                Ok(figures.collect::<Vec<_>>())
            });
            found.extend(figures.await?);
            if found.len() > wanted {
                found.truncate(wanted);
                return Ok((found, true));
            }
        }
        Ok((found, false))
    }

    /// The pairs with today's date of each, and the part of a range that has happened and of which a source has a table; `None`
    /// if there is no pair or no table.
    async fn happened(
        &self,
        legs: &[Leg],
        pairs: Vec<Pair>,
        range: DateRange,
        now: Timestamp,
    ) -> Result<Option<(Vec<(Pair, Date)>, DateRange)>, Refusal> {
        let pairs = pairs.into_iter().filter_map(|pair| {
            let keys = pair.legs();
            let of_pair = legs.iter().filter(|leg| keys.contains(&leg.key));
            Some((pair, today(of_pair, now)?))
        });
        let pairs: Vec<(Pair, Date)> = pairs.collect();
        let documents = documents_of(legs);
        let oldest = self
            .read(move |ledger| oldest_date(ledger, &documents))
            .await?;
        let today = pairs.iter().map(|(_, today)| *today).max();
        Ok(oldest.zip(today).map(|(oldest, today)| {
            let range = DateRange {
                first: oldest.max(range.first),
                last: today.min(range.last),
            };
            (pairs, range)
        }))
    }

    /// The last date on which a rate of a pair may have begun to stand.
    pub(super) fn today(&self, pair: Pair, now: Timestamp) -> Result<Date, Refusal> {
        let today = today(&self.legs(&[pair])?, now);
        today.ok_or(Refusal::PairNotQuoted(pair))
    }

    /// The snapshot of a date for some pairs: those for which a source had a table in force then for each of their legs.
    ///
    /// # Errors
    /// [`Refusal::PairNotQuoted`] if no source has ever quoted one of them.
    pub(super) async fn snapshot_on(
        &self,
        pairs: &[Pair],
        date: Date,
    ) -> Result<Snapshot, Refusal> {
        let legs = self.legs(pairs)?;
        self.read(move |ledger| past_snapshot(ledger, legs, date))
            .await
    }

    /// The rates of some pairs on a date; those that had none then are left out.
    ///
    /// # Errors
    /// As for [`HistoryReader::snapshot_on`].
    pub(super) async fn rates_on(
        &self,
        pairs: Vec<Pair>,
        date: Date,
    ) -> Result<Vec<Rate>, Refusal> {
        let legs = self.legs(&pairs)?;
        self.read(move |ledger| {
            let snapshot = past_snapshot(ledger, legs, date)?;
            let rates = pairs.into_iter().filter_map(|pair| snapshot.rate(pair));
            Ok(rates.collect())
        })
        .await
    }

    /// The legs of some pairs, each once, with all sources that may answer them and without tables.
    fn legs(&self, pairs: &[Pair]) -> Result<Vec<Leg>, Refusal> {
        let (published, preferences) = (self.board.published(), self.preferences.current());
        let mut legs: BTreeMap<QuoteKey, Leg> = BTreeMap::new();
        for pair in pairs {
            let refusal = || Refusal::PairNotQuoted(*pair);
            for key in pair.route().ok_or_else(refusal)?.legs() {
                if legs.contains_key(&key) {
                    continue;
                }
                let sources = candidates(published.records(), &preferences, key.0);
                if !has_quoted(&sources, key) {
                    return Err(refusal());
                }
                let candidates = sources.into_iter().map(SourceRecord::without_tables);
                let candidates = candidates.collect();
                legs.insert(key, Leg { key, candidates });
            }
        }
        Ok(legs.into_values().collect())
    }
}

/// The date on which the slowest leg stands today.
fn today<'a>(legs: impl IntoIterator<Item = &'a Leg>, now: Timestamp) -> Option<Date> {
    let today = legs.into_iter().filter_map(|leg| {
        let todays = leg.candidates.iter().map(|record| record.today(now));
        todays.max()
    });
    today.min()
}

/// The snapshot of a date. A date to come is answered from what is known so far, announced tables included.
fn past_snapshot(
    ledger: LedgerState<'_>,
    legs: Vec<Leg>,
    date: Date,
) -> Result<Snapshot, StorageError> {
    let day = DateRange {
        first: date,
        last: date,
    };
    let legs = with_tables(ledger, legs, day, None)?;
    Ok(snapshot_on(&legs, date))
}

/// Whether one of the sources has quoted one of the five in another currency. What any source quoted is in memory: the newest
/// row of a currency is never dropped.
fn has_quoted(sources: &[&SourceRecord], key: QuoteKey) -> bool {
    let mut sources = sources.iter();
    sources.any(|record| record.prices(key))
}

/// The documents of the sources that may answer some legs.
fn documents_of(legs: &[Leg]) -> BTreeSet<DocumentKey> {
    let records = legs.iter().flat_map(|leg| &leg.candidates);
    let documents = records.flat_map(|record| {
        let documents = record.documents.iter();
        documents.map(|document| document_key(record.id, document))
    });
    documents.collect()
}

/// A range, and the day before it: what is compared with the first day.
fn with_day_before(range: DateRange) -> DateRange {
    DateRange {
        first: range.first.yesterday().unwrap_or(range.first),
        ..range
    }
}
