//! Reads the tables that decide the rates of some days, for each leg, from the sources that answer then.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::{
    DateRange, DocumentKey, DocumentRecord, Leg, QuoteKey, REPEATS_MAX, SourceId, oldest_in_force,
};
use crate::ledger::{LedgerState, PartialTable, StorageError};
use crate::queries::history_reader::plan::Plan;

/// The oldest date of a table of any source of these legs.
pub(super) fn oldest_date(
    ledger: LedgerState<'_>,
    legs: &[Leg],
) -> Result<Option<Date>, StorageError> {
    let mut documents = Vec::new();
    for record in legs.iter().flat_map(|leg| &leg.candidates) {
        documents.extend(
            record
                .documents
                .iter()
                .map(|document| document_key(record.id, document)),
        );
    }
    documents.sort_unstable();
    documents.dedup();
    let mut oldest = None;
    for key in documents {
        let date = ledger.oldest_date(key)?;
        oldest = [oldest, date].into_iter().flatten().min();
    }
    Ok(oldest)
}

/// The legs with the tables that decide their rates on the days of a range, of the sources that answer on one of them. If
/// `now` is set, a source answers from tables that are in force by now.
pub(super) fn with_tables(
    ledger: LedgerState<'_>,
    legs: Vec<Leg>,
    range: DateRange,
    now: Option<Timestamp>,
) -> Result<Vec<Leg>, StorageError> {
    let mut filled = Vec::new();
    for leg in legs {
        let key = leg.key;
        let mut candidates = Vec::new();
        for (mut record, days, priced) in plan(ledger, leg, range, now)?.into_answering() {
            let source = record.id;
            for (document, dates) in record.documents.iter_mut().zip(&priced) {
                fill(ledger, (source, key), document, (days, dates))?;
            }
            candidates.push(record);
        }
        filled.push(Leg { key, candidates });
    }
    Ok(filled)
}

/// Which source answers a leg on which days of a range. The tables of a source are looked up only where no source before it
/// answers.
fn plan(
    ledger: LedgerState<'_>,
    leg: Leg,
    range: DateRange,
    now: Option<Timestamp>,
) -> Result<Plan, StorageError> {
    let mut plan = Plan::new(range);
    for record in leg.candidates {
        if plan.is_complete() {
            break;
        }
        let until = now.map_or(Date::MAX, |now| record.today(now));
        let mut priced = Vec::new();
        for document in &record.documents {
            let key = document_key(record.id, document);
            priced.push(ledger.priced_dates(key, leg.key, plan.dates_wanted(until), None)?);
        }
        plan.add(record, priced);
    }
    Ok(plan)
}

/// Reads the tables of a document that decide the rates of some days: those of the days, the one in force on the first day,
/// and enough before them to know the fixing that it repeats and its reference. `priced` are the dates that price the pair.
fn fill(
    ledger: LedgerState<'_>,
    (source, pair): (SourceId, QuoteKey),
    document: &mut DocumentRecord,
    (days, priced): (DateRange, &[Date]),
) -> Result<(), StorageError> {
    let range = oldest_in_force(days.first)..=days.last;
    let priced = || priced.iter().filter(|date| range.contains(date));
    let in_force = priced().rfind(|date| **date <= days.first);
    let (Some(first), Some(last)) = (in_force.or(priced().next()), priced().next_back()) else {
        return Ok(());
    };
    let read_range = DateRange {
        first: *first,
        last: *last,
    };
    let oldest = read(ledger, (source, pair), document, read_range)?;
    let (home, other) = pair;
    let state = document.history.pair_state(*first, home, other);
    if state.is_some_and(|state| state.reference.is_none()) {
        // The fixing before may be years older.
        let key = document_key(source, document);
        let earlier = DateRange {
            first: Date::MIN,
            last: oldest.yesterday().unwrap_or(Date::MIN),
        };
        if let Some(date) = ledger.priced_dates(key, pair, earlier, Some(1))?.first() {
            let day = DateRange {
                first: *date,
                last: *date,
            };
            read(ledger, (source, pair), document, day)?;
        }
    }
    Ok(())
}

/// Reads the rows of a pair in the tables of a range of dates, and in some before it. Returns the oldest date read.
fn read(
    ledger: LedgerState<'_>,
    (source, (home, other)): (SourceId, QuoteKey),
    document: &mut DocumentRecord,
    range: DateRange,
) -> Result<Date, StorageError> {
    let key = document_key(source, document);
    let oldest = ledger.date_before(key, range.first, REPEATS_MAX)?;
    let oldest = oldest.unwrap_or(range.first);
    let revision_policy = document.history.revision_policy();
    let range = DateRange {
        first: oldest,
        ..range
    };
    let tables = ledger.partial_tables(key, revision_policy, &[home, other], range)?;
    for PartialTable { table, is_carry } in tables {
        document.history.insert_partial(table, is_carry);
    }
    Ok(oldest)
}

pub(super) fn document_key(source: SourceId, document: &DocumentRecord) -> DocumentKey {
    DocumentKey {
        source,
        document: document.name,
    }
}
