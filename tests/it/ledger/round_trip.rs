//! Appended entries are read back digit by digit, also after the file was closed.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
use proptest::sample::subsequence;
use rust_decimal::Decimal;
use silkrate::domain::{
    Cause, Currency, Fingerprint, Fixing, LedgerEntry, Position, RestoredDocument, RestoredState,
    RevisionPolicy, ServedFingerprint, ServedRevision, SourceId, Table,
};
use silkrate::ledger::{ClockKind, Ledger};

use crate::ledger::{APRIL_2, NBK, at, entry, filed, in_memory, open, place, tenge};

const CODES: [&str; 6] = ["CNY", "EUR", "KGS", "RUB", "USD", "UZS"];

/// Decimals of every length, and with zeros at their end.
fn digits() -> impl Strategy<Value = Decimal> {
    (any::<i64>(), 0..=28_u32).prop_map(|(mantissa, scale)| {
        Decimal::from_i128_with_scale(i128::from(mantissa) * 100, scale)
    })
}

fn day() -> impl Strategy<Value = Date> {
    (2001..=2030_i16, 1..=12_i8, 1..=28_i8)
        .prop_map(|(year, month, day)| Date::constant(year, month, day))
}

/// A table of the Kazakh bank with any digits.
fn any_table() -> impl Strategy<Value = Table> {
    let row = (1..=10_000_u32, digits(), option::of(digits()));
    let codes = subsequence(CODES.to_vec(), 0..=CODES.len());
    (day(), codes, vec(row, CODES.len())).prop_map(|(day, codes, rows)| {
        let mut table = tenge(day, &[]);
        for (code, (units, value, published_change)) in codes.iter().zip(rows) {
            let currency = Currency::constant(code);
            let fixing = Fixing {
                source: NBK.source,
                currency,
                units,
                value,
                home_currency: Currency::KZT,
                effective_date: day,
                published_change,
                superseded_value: None,
            };
            table.rows.insert(currency, Arc::new(fixing));
        }
        table
    })
}

/// Everything of some tables as text: also the zeros at the end of a number, which comparing numbers ignores.
fn text(tables: &[Table]) -> String {
    format!("{tables:?}")
}

/// What a ledger in memory says after these entries: all tables, and what a start would take of them.
async fn read_back(entries: Vec<LedgerEntry>) -> (Vec<Table>, RestoredDocument) {
    let (ledger, reader) = in_memory();
    for entry in entries {
        ledger.append(entry).await.unwrap();
    }
    let all = reader.tables(NBK, RevisionPolicy::Correction, Date::ZERO, Date::MAX);
    let restored = reader.restore_document(NBK, RevisionPolicy::Correction, 64);
    (all.await.unwrap(), restored.await.unwrap())
}

proptest! {
    #[test]
    fn any_table_is_read_back_digit_by_digit(tables in vec(any_table(), 1..6)) {
        let by_date: BTreeMap<Date, Table> = tables
            .into_iter()
            .map(|table| (table.effective_date, table))
            .collect();
        let expected: Vec<Table> = by_date.into_values().collect();
        let entries = expected.iter().zip(1..).map(|(table, revision)| {
            entry(revision, vec![filed(NBK, table)])
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (read, restored) = runtime.block_on(read_back(entries.collect()));
        prop_assert_eq!(text(&read), text(&expected));
        prop_assert_eq!(text(&restored.tables), text(&expected));
        prop_assert_eq!(restored.began, expected.first().map(|table| table.effective_date));
    }
}

fn served(subject: &str, fingerprint: Option<&str>) -> ServedFingerprint {
    ServedFingerprint {
        subject: subject.into(),
        fingerprint: fingerprint.map(Fingerprint::of_text),
    }
}

#[tokio::test]
async fn an_empty_ledger_has_nothing_to_restore() {
    let (_ledger, reader) = in_memory();
    assert_eq!(reader.restore().await, Ok(None));
    let document = reader
        .restore_document(NBK, RevisionPolicy::Correction, 64)
        .await;
    assert_eq!(document, Ok(RestoredDocument::default()));
    assert_eq!(reader.oldest_date(NBK).await, Ok(None));
}

#[tokio::test]
async fn the_state_after_the_last_entry_survives_a_restart() {
    let (_folder, path) = place();
    let (ledger, _) = open(&path);
    let first = LedgerEntry {
        served: vec![
            served("KZT/USD", Some("one")),
            served("KGS/USD", Some("two")),
            served("source nbk", Some("three")),
        ],
        attempted: vec![NBK.source],
        answered: Vec::new(),
        ..entry(4, Vec::new())
    };
    let second = LedgerEntry {
        cause: Cause::Clock,
        served: vec![
            served("KZT/USD", Some("four")),
            served("KGS/USD", None),
            served("never there", None),
        ],
        attempted: vec![SourceId::new("cbu"), NBK.source],
        answered: Vec::new(),
        ..entry(5, Vec::new())
    };
    ledger.append(first).await.unwrap();
    ledger.append(second).await.unwrap();
    ledger.close().await;

    let (ledger, reader) = open(&path);
    let known = |revision, text| ServedRevision {
        revision,
        fingerprint: Some(Fingerprint::of_text(text)),
    };
    let expected = RestoredState {
        position: Position {
            epoch: "first".into(),
            revision: 5,
        },
        at: at(5),
        attempted: vec!["cbu".into(), "nbk".into()],
        served: [
            ("KZT/USD".into(), known(5, "four")),
            ("source nbk".into(), known(4, "three")),
        ]
        .into(),
        left: vec![((Currency::KGS, Currency::USD), 5)],
    };
    assert_eq!(reader.restore().await, Ok(Some(expected)));
    // No client resumes from a position of an epoch that has ended.
    let mut renewed = entry(6, Vec::new());
    renewed.position.epoch = "second".into();
    ledger.append(renewed).await.unwrap();
    let restored = reader.restore().await.unwrap().unwrap();
    assert_eq!(restored.left, []);
}

#[tokio::test]
async fn a_ledger_in_memory_is_shared_with_its_readers_and_with_no_other() {
    let (ledger, reader) = in_memory();
    let (_other, other_reader) = in_memory();
    let table = tenge(APRIL_2, &[("USD", 1, "475.09")]);
    ledger
        .append(entry(1, vec![filed(NBK, &table)]))
        .await
        .unwrap();
    assert_eq!(reader.oldest_date(NBK).await, Ok(Some(APRIL_2)));
    assert_eq!(other_reader.oldest_date(NBK).await, Ok(None));
    // The readers hold what they read, also after the writer has closed.
    ledger.close().await;
    assert_eq!(reader.oldest_date(NBK).await, Ok(Some(APRIL_2)));
}

/// Appends one table per revision, and reads all of them again and again meanwhile.
async fn read_while_writing(path: Option<&std::path::Path>) {
    const REVISIONS: u64 = 60;
    let (ledger, reader) = Ledger::open(path, ClockKind::Real).unwrap();
    let write = async {
        let mut day = APRIL_2;
        for revision in 1..=REVISIONS {
            let table = tenge(day, &[("EUR", 1, "511.2"), ("USD", 1, "475.09")]);
            ledger
                .append(entry(revision, vec![filed(NBK, &table)]))
                .await
                .unwrap();
            day = day.tomorrow().unwrap();
        }
    };
    let read = async |reader: silkrate::ledger::LedgerReader| {
        let mut seen = 0;
        while seen < REVISIONS.try_into().unwrap() {
            let tables = reader.tables(NBK, RevisionPolicy::Correction, Date::ZERO, Date::MAX);
            let tables = tables.await.unwrap();
            assert!(
                tables.iter().all(|table| table.rows.len() == 2),
                "half a table"
            );
            assert!(tables.len() >= seen, "a table is missing");
            seen = tables.len();
        }
    };
    let readers = (read(reader.clone()), read(reader.clone()), read(reader));
    tokio::join!(write, readers.0, readers.1, readers.2);
}

#[tokio::test]
async fn reads_see_whole_entries_while_others_are_written() {
    let (_folder, path) = place();
    read_while_writing(Some(&path)).await;
    read_while_writing(None).await;
}

#[tokio::test]
async fn an_entry_is_written_also_when_its_caller_is_dropped() {
    let (_folder, path) = place();
    let (ledger, _) = open(&path);
    let table = tenge(APRIL_2, &[("USD", 1, "475.09")]);
    {
        let append = std::pin::pin!(ledger.append(entry(1, vec![filed(NBK, &table)])));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        // Polled once, it is in the queue; then it is dropped.
        assert!(append.poll(&mut context).is_pending());
    }
    ledger.close().await;
    let (_ledger, reader) = open(&path);
    assert_eq!(reader.oldest_date(NBK).await, Ok(Some(APRIL_2)));
}
