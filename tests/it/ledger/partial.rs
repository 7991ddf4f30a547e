//! The rows of a few currencies, read without the rest of their tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use proptest::prelude::*;
use silkrate::domain::{Currency, DateRange, DocumentKey, RevisionPolicy, SourceId, Table};
use silkrate::ledger::{ClockKind, Ledger, LedgerReader, PartialTable};

use crate::ledger::older::unpacked;
use crate::ledger::{APRIL_1, NBK, entry, filed, in_memory, tables, tenge};

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

/// Tables in the order in which they are filed: the day, and the value of each row that it has.
fn filings() -> impl Strategy<Value = Vec<(u8, [Option<usize>; 3])>> {
    let value = || prop::option::weighted(0.8, 0..VALUES.len());
    let rows = [value(), value(), value()];
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
