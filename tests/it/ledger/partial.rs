//! The rows of a few currencies, read without the rest of their tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use proptest::prelude::*;
use rusqlite::Connection;
use silkrate::domain::{
    Currency, DateRange, DocumentKey, HeldOutcome, LedgerEntry, RevisionPolicy, SourceId, Table,
};
use silkrate::ledger::{ClockKind, Ledger, LedgerReader, PartialTable};

use crate::ledger::held::{decided, held};
use crate::ledger::older::unpacked;
use crate::ledger::{APRIL_1, NBK, entry, filed, in_memory, open, place, tables, tenge};

const POLICY: RevisionPolicy = RevisionPolicy::Correction;
const CODES: [&str; 3] = ["USD", "EUR", "CNY"];
/// Two values, the first in two notations.
const VALUES: [&str; 3] = ["475.1", "475.10", "476"];

async fn partial(
    reader: &LedgerReader,
    key: DocumentKey,
    currencies: &[Currency],
    range: (Date, Date),
) -> Vec<PartialTable> {
    let currencies = currencies.to_vec();
    let range = DateRange {
        first: range.0,
        last: range.1,
    };
    let tables = reader.read(move |ledger| ledger.partial_tables(key, POLICY, &currencies, range));
    tables.await.unwrap()
}

/// What must be read: the whole tables without the other rows, and whether each repeats the one before it.
async fn expected(
    reader: &LedgerReader,
    key: DocumentKey,
    currencies: &[Currency],
    (from, to): (Date, Date),
) -> Vec<PartialTable> {
    let whole = tables(reader, key, POLICY).await;
    let mut before: Option<&Table> = None;
    let mut expected = Vec::new();
    for table in &whole {
        let rows = table.rows.iter();
        let rows = rows.filter(|(code, _)| currencies.contains(code));
        let rows: BTreeMap<_, _> = rows.map(|(code, row)| (*code, Arc::clone(row))).collect();
        let is_carry = before.is_some_and(|before| before.same_values(table));
        before = Some(table);
        if !rows.is_empty() && (from..=to).contains(&table.effective_date) {
            let table = Table {
                rows,
                ..table.clone()
            };
            expected.push(PartialTable { table, is_carry });
        }
    }
    expected
}

async fn assert_as_whole_tables(
    reader: &LedgerReader,
    key: DocumentKey,
    currencies: &[Currency],
    range: (Date, Date),
) -> usize {
    let found = partial(reader, key, currencies, range).await;
    assert_eq!(found, expected(reader, key, currencies, range).await);
    found.iter().filter(|table| table.is_carry).count()
}

/// Tables in the order in which they are filed: the day, and the value of each row that it has. No table without rows is filed.
fn filings() -> impl Strategy<Value = Vec<(u8, [Option<usize>; 3])>> {
    let value = || prop::option::weighted(0.8, 0..VALUES.len());
    let rows = [value(), value(), value()];
    let rows = rows.prop_filter("no row", |rows| rows.iter().any(Option::is_some));
    prop::collection::vec((0..6_u8, rows), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_partial_table_has_the_rows_of_the_whole_one_and_says_whether_that_is_repeated(
        filings in filings(),
        first in 0..6_u8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (ledger, reader) = in_memory();
            for ((day, values), revision) in filings.into_iter().zip(1..) {
                let rows = CODES.into_iter().zip(values);
                let rows = rows.filter_map(|(code, value)| Some((code, 1, VALUES[value?])));
                let rows: Vec<_> = rows.collect();
                let table = tenge(APRIL_1 + i32::from(day).days(), &rows);
                ledger.append(entry(revision, vec![filed(NBK, &table)])).await.unwrap();
            }
            let from = APRIL_1 + i32::from(first).days();
            for currencies in [&[Currency::USD, Currency::KZT][..], &[Currency::USD]] {
                for range in [(Date::ZERO, Date::MAX), (from, Date::MAX)] {
                    assert_as_whole_tables(&reader, NBK, currencies, range).await;
                }
            }
        });
    }
}

#[tokio::test]
async fn the_repeated_tables_of_a_migrated_ledger_are_known() {
    let (_folder, path) = unpacked();
    let (ledger, reader) = Ledger::open(Some(&path), ClockKind::Replay).unwrap();
    let mut repeated = 0;
    for id in ["cbr", "cbt", "nbk"] {
        let key = DocumentKey {
            source: SourceId::new(id),
            ..NBK
        };
        let pair = [Currency::TMT, Currency::USD];
        repeated += assert_as_whole_tables(&reader, key, &pair, (Date::ZERO, Date::MAX)).await;
    }
    assert!(repeated > 0, "no table is repeated: nothing was tried");
    ledger.close().await;
}

#[tokio::test]
async fn a_table_is_a_repeat_by_what_the_bank_printed_and_not_by_what_was_accepted_of_it() {
    let (_folder, path) = place();
    let (ledger, reader) = open(&path);
    // The euro never changes. The dollar is accepted, held, or discarded.
    let rows = |day: i8, dollar: Option<&'static str>| {
        let mut rows = vec![("EUR", 1, "548.62")];
        rows.extend(dollar.map(|dollar| ("USD", 1, dollar)));
        vec![filed(NBK, &tenge(Date::constant(2026, 4, day), &rows))]
    };
    let dollar = |day, value| held(Date::constant(2026, 4, day), value);
    let holding = |revision, held, filed| LedgerEntry {
        held: vec![held],
        ..entry(revision, filed)
    };
    let deciding = |revision, decision, filed| LedgerEntry {
        decided: vec![decision],
        ..entry(revision, filed)
    };
    let entries = [
        holding(1, dollar(1, "600"), rows(1, None)),
        holding(2, dollar(2, "600.0"), rows(2, None)),
        holding(3, dollar(3, "605"), rows(3, None)),
        // Of the fourth no row is accepted.
        holding(4, dollar(4, "610"), Vec::new()),
        holding(5, dollar(5, "605"), rows(5, None)),
        entry(6, rows(6, Some("605"))),
        deciding(
            7,
            decided(&dollar(3, "605"), HeldOutcome::Rejected),
            Vec::new(),
        ),
        deciding(
            8,
            decided(&dollar(5, "605"), HeldOutcome::Released),
            rows(5, Some("605")),
        ),
    ];
    for entry in entries {
        ledger.append(entry).await.unwrap();
    }
    let euro = [Currency::EUR];
    let repeats = async |reader: &LedgerReader| {
        let from = |day| Date::constant(2026, 4, day);
        for first in 1..=6 {
            let all = partial(reader, NBK, &euro, (from(1), Date::MAX)).await;
            let some = partial(reader, NBK, &euro, (from(first), Date::MAX)).await;
            assert!(all.ends_with(&some), "from {first}");
        }
        let tables = partial(reader, NBK, &euro, (Date::ZERO, Date::MAX)).await;
        let repeats = tables.into_iter().filter(|table| table.is_carry);
        let days = repeats.map(|table| table.table.effective_date.day());
        days.collect::<Vec<_>>()
    };
    assert_eq!(repeats(&reader).await, [2, 6]);
    ledger.close().await;

    // An earlier version kept digests of accepted rows alone.
    let connection = Connection::open(&path).unwrap();
    connection
        .execute(
            "UPDATE table_digests SET digest = ?1 WHERE effective_date <> '2026-04-06'",
            ["0".repeat(64)],
        )
        .unwrap();
    drop(connection);
    let (ledger, reader) = open(&path);
    assert_eq!(repeats(&reader).await, [2, 6]);
    ledger.close().await;
}
