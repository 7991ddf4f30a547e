//! Reads the tables that decide the rates of some days, for each leg, from the sources that answer then.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::{
    Coverage, DateRange, DocumentKey, DocumentRecord, Leg, QuoteKey, REPEATS_MAX, SourceId,
    SourceRecord, oldest_in_force,
};
use crate::ledger::{LedgerState, PartialTable, StorageError};

/// The oldest date of a table of some documents.
pub(super) fn oldest_date(
    ledger: LedgerState<'_>,
    documents: &BTreeSet<DocumentKey>,
) -> Result<Option<Date>, StorageError> {
    let mut oldest = None;
    for key in documents {
        let date = ledger.oldest_date(*key)?;
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
    let filled = legs.into_iter().map(|leg| {
        let Leg { key, candidates } = leg;
        let candidates = answering(ledger, (key, candidates), range, now)?;
        Ok(Leg { key, candidates })
    });
    filled.collect()
}

/// The sources that answer a leg on some days of a range, with their tables. The tables of a source are read only where no
/// source before it answers.
fn answering(
    ledger: LedgerState<'_>,
    (pair, candidates): (QuoteKey, Vec<SourceRecord>),
    range: DateRange,
    now: Option<Timestamp>,
) -> Result<Vec<SourceRecord>, StorageError> {
    let mut coverage = Coverage::of(range);
    let mut answering = Vec::new();
    for mut record in candidates {
        if coverage.open().is_empty() {
            break;
        }
        let source = record.id;
        let until = now.map_or(Date::MAX, |now| record.today(now));
        // The tables that may be in force on a day of the range.
        let dates = DateRange {
            first: oldest_in_force(range.first),
            last: range.last.min(until),
        };
        for document in &mut record.documents {
            read(ledger, (source, pair), document, dates)?;
            coverage.cover(source, &priced_dates(document, pair));
        }
        let days = coverage.answered_by(source);
        let Some(first) = days.map(|days| days.first).min() else {
            continue;
        };
        for document in &mut record.documents {
            complete(ledger, (source, pair), document, (first, dates))?;
        }
        answering.push(record);
    }
    Ok(answering)
}

/// The dates of the tables that price a pair, the oldest first.
fn priced_dates(document: &DocumentRecord, (home, other): QuoteKey) -> Vec<Date> {
    let history = &document.history;
    let dates = history.kept_dates();
    let priced = dates.filter(|date| {
        let table = history.table(*date);
        table.is_some_and(|table| table.prices(home, other))
    });
    priced.collect()
}

/// Reads older tables, where those that were read do not tell the fixing in force on a day, or the one before it. `dates` are
/// those of the tables that were read.
fn complete(
    ledger: LedgerState<'_>,
    (source, pair): (SourceId, QuoteKey),
    document: &mut DocumentRecord,
    (day, dates): (Date, DateRange),
) -> Result<(), StorageError> {
    let priced = priced_dates(document, pair);
    let in_force = priced.iter().rfind(|date| **date <= day);
    let Some(first) = in_force.or(priced.first()).copied() else {
        return Ok(());
    };
    if knows_fixings(document, pair, first) {
        return Ok(());
    }
    let key = document_key(source, document);
    let oldest = ledger.date_before(key, first, REPEATS_MAX)?;
    let oldest = oldest.unwrap_or(first).min(dates.first);
    let before = |date: Date| date.yesterday().unwrap_or(Date::MIN);
    let older = DateRange {
        first: oldest,
        last: before(dates.first),
    };
    read(ledger, (source, pair), document, older)?;
    let (home, other) = pair;
    let state = document.history.pair_state(first, home, other);
    if state.is_some_and(|state| state.reference.is_none()) {
        // The fixing before may be years older.
        let earlier = DateRange {
            first: Date::MIN,
            last: before(oldest),
        };
        if let Some(date) = ledger.priced_dates(key, pair, earlier, Some(1))?.first() {
            let oldest = ledger.date_before(key, *date, REPEATS_MAX)?;
            let day = DateRange {
                first: oldest.unwrap_or(*date),
                last: *date,
            };
            read(ledger, (source, pair), document, day)?;
        }
    }
    Ok(())
}

/// Whether the tables tell the fixing of a pair that is in force on a day, and the one before it: neither is of a table that
/// repeats an older one.
fn knows_fixings(document: &DocumentRecord, (home, other): QuoteKey, day: Date) -> bool {
    let history = &document.history;
    let state = history.pair_state(day, home, other);
    state.is_some_and(|state| {
        let reference = state.reference.map(|point| point.date);
        reference.is_some_and(|date| !history.is_carry(date))
            && !history.is_carry(state.current.date)
    })
}

/// Reads the rows of a pair in the tables of a range of dates.
fn read(
    ledger: LedgerState<'_>,
    (source, (home, other)): (SourceId, QuoteKey),
    document: &mut DocumentRecord,
    range: DateRange,
) -> Result<(), StorageError> {
    let key = document_key(source, document);
    let revision_policy = document.history.revision_policy();
    let tables = ledger.partial_tables(key, revision_policy, &[home, other], range)?;
    for PartialTable { table, is_carry } in tables {
        document.history.insert_partial(table, is_carry);
    }
    Ok(())
}

pub(super) fn document_key(source: SourceId, document: &DocumentRecord) -> DocumentKey {
    DocumentKey {
        source,
        document: document.name,
    }
}
