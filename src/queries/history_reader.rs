//! Reads the ledger for historical queries. Historical rates are computed by the arithmetic of the live ones, on threads
//! of their own: a long query must not delay the streams.

mod plan;

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use tokio::sync::watch;

use crate::board::BoardReader;
use crate::domain::{
    DateRange, DocumentKey, DocumentRecord, History, Leg, Pair, Preference, QuoteKey, REPEATS_MAX,
    Rate, Refusal, Snapshot, SourceId, candidates, oldest_in_force, rates_between, snapshot_on,
};
use crate::ledger::{FixingRecord, FixingsPage, LedgerError, LedgerReader, PartialTable};
use crate::queries::history_reader::plan::Plan;

/// How many days of tables are read for each rate wanted: a carried table gives none.
const TABLES_FOR_A_RATE: usize = 2;
/// The least number of days read in one step: a query costs more than reading one more table.
const TABLES_MIN: usize = 200;

/// Reads the ledger, while there is one.
#[derive(Debug, Clone)]
pub(super) struct HistoryReader {
    board: BoardReader,
    ledger: watch::Receiver<Option<LedgerReader>>,
    preferences: Arc<[Preference]>,
}

impl HistoryReader {
    pub(super) fn new(
        board: BoardReader,
        ledger: watch::Receiver<Option<LedgerReader>>,
        preferences: &[Preference],
    ) -> Self {
        Self {
            board,
            ledger,
            preferences: preferences.into(),
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

    /// At most `wanted` rates of a pair, newest first, each with the date from which it stood. What is not in force yet
    /// has not happened.
    pub(super) async fn rates(
        &self,
        pair: Pair,
        range: DateRange,
        wanted: usize,
        now: Timestamp,
    ) -> Result<Vec<(Date, Rate)>, Refusal> {
        let legs = self.legs(pair)?;
        let today = legs.iter().filter_map(|leg| {
            let todays = leg.candidates.iter().map(|record| record.today(now));
            todays.max()
        });
        let last = today
            .min()
            .map_or(range.last, |today| today.min(range.last));
        if range.first > last {
            return Ok(Vec::new());
        }
        let range = DateRange { last, ..range };
        let plans = self.plans(legs, with_day_before(range), Some(now)).await?;
        let mut dates = Plan::dates_of_all(&plans);
        dates.retain(|date| range.contains(*date));
        let mut found = Vec::new();
        while found.len() < wanted {
            let Some(step) = newest_step(&mut dates, wanted.saturating_sub(found.len())) else {
                break;
            };
            let legs = self.filled(&plans, with_day_before(step)).await?;
            let rates = tokio::task::spawn_blocking(move || rates_between(pair, &legs, step));
            found.extend(rates.await.map_err(|_ended| Refusal::Draining)?);
        }
        found.truncate(wanted);
        Ok(found)
    }

    /// The snapshot of a date for a pair, if a source had a table in force then for each of its legs.
    pub(super) async fn snapshot_on(
        &self,
        pair: Pair,
        date: Date,
    ) -> Result<Option<Snapshot>, Refusal> {
        let legs = self.legs(pair)?;
        let day = DateRange {
            first: date,
            last: date,
        };
        let plans = self.plans(legs, day, None).await?;
        let legs = self.filled(&plans, day).await?;
        Ok(snapshot_on(&legs, date))
    }

    /// The legs of a pair, with all sources that may answer them and without tables.
    fn legs(&self, pair: Pair) -> Result<Vec<Leg>, Refusal> {
        let refusal = || Refusal::PairNotQuoted(pair);
        let published = self.board.published();
        let leg = |key: QuoteKey| {
            let sources = candidates(published.records(), &self.preferences, key.0);
            // What any source quoted is in memory: the newest row of a currency is never dropped.
            let mut quotes = sources
                .iter()
                .map(|record| record.pair_state(Date::MAX, key));
            quotes.find(Option::is_some)?;
            let emptied = sources.into_iter().map(|record| {
                let mut record = record.clone();
                for document in &mut record.documents {
                    document.history = History::unbounded(document.history.revision_policy());
                }
                record
            });
            Some(Leg {
                key,
                candidates: emptied.collect(),
            })
        };
        let route = pair.route().ok_or_else(refusal)?;
        let legs: Option<Vec<Leg>> = route.legs().into_iter().map(leg).collect();
        legs.ok_or_else(refusal)
    }

    /// Which source answers each leg on which days of a range. The tables of a source are looked up only where no source
    /// before it answers. If `now` is set, a source answers from tables that are in force by now.
    async fn plans(
        &self,
        legs: Vec<Leg>,
        range: DateRange,
        now: Option<Timestamp>,
    ) -> Result<Vec<Plan>, Refusal> {
        let ledger = self.ledger()?;
        let mut plans = Vec::new();
        for leg in legs {
            let mut plan = Plan::new(leg.key, range);
            for record in leg.candidates {
                if plan.is_complete() {
                    break;
                }
                let until = now.map_or(Date::MAX, |now| record.today(now));
                let mut priced = Vec::new();
                for document in &record.documents {
                    let key = document_key(record.id, document);
                    let dates = plan.dates_wanted(until);
                    let dates = ledger.priced_dates(key, leg.key, dates, None).await;
                    priced.push(dates.map_err(|error| unavailable(&error))?);
                }
                plan.add(record, priced);
            }
            plans.push(plan);
        }
        Ok(plans)
    }

    /// The legs with the tables that decide the rates of a range.
    async fn filled(&self, plans: &[Plan], range: DateRange) -> Result<Vec<Leg>, Refusal> {
        let ledger = self.ledger()?;
        let mut legs = Vec::new();
        for plan in plans {
            let mut candidates = Vec::new();
            for (mut record, days, priced) in plan.answering(range) {
                let source = record.id;
                for (document, dates) in record.documents.iter_mut().zip(priced) {
                    fill(&ledger, (source, plan.key()), document, (days, dates)).await?;
                }
                candidates.push(record);
            }
            legs.push(Leg {
                key: plan.key(),
                candidates,
            });
        }
        Ok(legs)
    }
}

/// Reads the tables of a document that decide the rates of some days: those of the days, the one in force on the first day,
/// and enough before them to know the fixing that it repeats and its reference. `priced` are the dates that price the pair.
async fn fill(
    ledger: &LedgerReader,
    (source, pair): (SourceId, QuoteKey),
    document: &mut DocumentRecord,
    (days, priced): (DateRange, &[Date]),
) -> Result<(), Refusal> {
    let range = oldest_in_force(days.first)..=days.last;
    let priced = || priced.iter().filter(|date| range.contains(date));
    let in_force = priced().rfind(|date| **date <= days.first);
    let (Some(first), Some(last)) = (in_force.or(priced().next()), priced().next_back()) else {
        return Ok(());
    };
    let oldest = read(ledger, (source, pair), document, (*first, *last)).await?;
    let (home, other) = pair;
    let state = document.history.pair_state(*first, home, other);
    if state.is_some_and(|state| state.reference.is_none()) {
        // The fixing before may be years older.
        let key = document_key(source, document);
        let earlier = DateRange {
            first: Date::MIN,
            last: oldest.yesterday().unwrap_or(Date::MIN),
        };
        let earlier = ledger.priced_dates(key, pair, earlier, Some(1)).await;
        let earlier = earlier.map_err(|error| unavailable(&error))?;
        if let Some(date) = earlier.first() {
            read(ledger, (source, pair), document, (*date, *date)).await?;
        }
    }
    Ok(())
}

/// Reads the rows of a pair in the tables of a range of dates, and in some before it. Returns the oldest date read.
async fn read(
    ledger: &LedgerReader,
    (source, (home, other)): (SourceId, QuoteKey),
    document: &mut DocumentRecord,
    (first, last): (Date, Date),
) -> Result<Date, Refusal> {
    let key = document_key(source, document);
    let oldest = ledger.date_before(key, first, REPEATS_MAX).await;
    let oldest = oldest.map_err(|error| unavailable(&error))?;
    let oldest = oldest.unwrap_or(first);
    let revision_policy = document.history.revision_policy();
    let tables = ledger
        .partial_tables(key, revision_policy, vec![home, other], (oldest, last))
        .await;
    for PartialTable { table, is_carry } in tables.map_err(|error| unavailable(&error))? {
        document.history.insert_partial(table, is_carry);
    }
    Ok(oldest)
}

/// A range, and the day before it: what is compared with the first day.
fn with_day_before(range: DateRange) -> DateRange {
    DateRange {
        first: range.first.yesterday().unwrap_or(range.first),
        ..range
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

fn document_key(source: SourceId, document: &DocumentRecord) -> DocumentKey {
    DocumentKey {
        source,
        document: document.name,
    }
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
