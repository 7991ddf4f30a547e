//! Entries are read as they were written, without what was served: a log that replicas begin to share gets them.

use std::sync::Arc;

use silkrate::domain::{Answer, Cause, HeldOutcome, LedgerEntry, LogStep, parse_decimal};

use crate::ledger::held::{decided, held};
use crate::ledger::log_place::step;
use crate::ledger::{
    APRIL_1, APRIL_2, APRIL_3, MARKET, NBK, at, entry, filed, in_memory, market, tenge,
};

/// The names of these tests.
fn keep(name: &str) -> Option<&'static str> {
    let names = ["nbk", "market", "daily"];
    names.into_iter().find(|known| *known == name)
}

fn written() -> Vec<LedgerEntry> {
    let dollar = |value| {
        filed(
            NBK,
            &tenge(APRIL_1, &[("EUR", 1, "511.20"), ("USD", 1, value)]),
        )
    };
    let (first, second) = (held(APRIL_1, "47509.00"), held(APRIL_2, "0.0021"));
    let mut corrected = filed(NBK, &tenge(APRIL_1, &[("USD", 1, "476.00")]));
    let row = Arc::make_mut(&mut corrected.rows[0]);
    row.superseded_value = Some(parse_decimal("475.10").unwrap());
    vec![
        LedgerEntry {
            attempted: vec![NBK.source],
            held: vec![Arc::clone(&first), second],
            ..entry(1, vec![dollar("475.10")])
        },
        LedgerEntry {
            cause: Cause::Backfill(MARKET.source),
            ..entry(
                2,
                vec![
                    filed(MARKET, &market(APRIL_2, &[("KZT", 1, "475.00")])),
                    filed(MARKET, &market(APRIL_3, &[("KZT", 1, "476.00")])),
                ],
            )
        },
        LedgerEntry {
            cause: Cause::Operator,
            decided: vec![decided(&first, HeldOutcome::Rejected)],
            ..entry(3, vec![corrected])
        },
        LedgerEntry {
            cause: Cause::Clock,
            answered: vec![Answer {
                source: NBK.source,
                document: NBK.document,
                asked_at: at(9),
            }],
            ..entry(4, Vec::new())
        },
    ]
}

#[tokio::test]
async fn entries_are_read_in_pages_as_they_were_written() {
    let (ledger, reader) = in_memory();
    for entry in written() {
        ledger.append(entry).await.unwrap();
    }
    assert_eq!(reader.entries(0, 100, keep).await.unwrap(), written());
    for (number, expected) in (0..).zip(written()) {
        let page = reader.entries(number, 1, keep).await.unwrap();
        assert_eq!(page, [expected]);
    }
    assert_eq!(reader.entries(4, 100, keep).await.unwrap(), []);
    let unknown = reader.entries(0, 100, |_name| None).await.unwrap_err();
    assert!(unknown.to_string().contains("the name `nbk`"), "{unknown}");
}

#[tokio::test]
async fn records_that_are_written_together_are_all_there_or_none() {
    let (ledger, reader) = in_memory();
    let record = |number, seq| {
        let place: LogStep = step(seq, false, Vec::new());
        (entry(number, Vec::new()), place)
    };
    let both = ledger.append_records(vec![record(1, 1), record(2, 2)]);
    both.await.unwrap();
    let hole = ledger.append_records(vec![record(3, 3), record(4, 5)]);
    let refused = hole.await.unwrap_err();
    assert!(refused.to_string().contains("does not follow"), "{refused}");
    assert_eq!(reader.entries(0, 100, keep).await.unwrap().len(), 2);
    let log = reader.restore_log("main".into()).await.unwrap();
    assert_eq!(log.map(|log| log.seq), Some(2));
}
