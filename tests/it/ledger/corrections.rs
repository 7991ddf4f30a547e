//! What an entry adds to the entries before: known values, corrections, market tables, and revisions in order.

use std::sync::Arc;

use silkrate::domain::{Cause, Currency, LedgerEntry, Position, RevisionPolicy, parse_decimal};
use silkrate::ledger::{FixingRecord, FixingsPage, LedgerReader};

use crate::ledger::{
    APRIL_1, APRIL_2, MARKET, NBK, all_of, at, entry, filed, in_memory, line, market, tables, tenge,
};

/// The rows of a page, each in a line.
async fn lines(reader: &LedgerReader, page: FixingsPage) -> Vec<String> {
    let records = reader.fixings(page).await.unwrap();
    let line = |record: &FixingRecord| {
        let replaced = if record.superseded { " (replaced)" } else { "" };
        format!("{}{replaced}", line(&record.fixing))
    };
    records.iter().map(line).collect()
}

#[tokio::test]
async fn a_known_value_is_not_written_again() {
    let (ledger, reader) = in_memory();
    let table = tenge(APRIL_2, &[("EUR", 1, "5.10"), ("USD", 1, "475.09")]);
    ledger
        .append(entry(1, vec![filed(NBK, &table)]))
        .await
        .unwrap();
    // Without the zero it is the same number, and the digits printed first stay.
    let again = tenge(APRIL_2, &[("EUR", 1, "5.1"), ("USD", 1, "475.09")]);
    ledger
        .append(entry(2, vec![filed(NBK, &again)]))
        .await
        .unwrap();
    ledger
        .append(entry(2, vec![filed(NBK, &again)]))
        .await
        .unwrap();
    let records = reader.fixings(all_of(NBK, Currency::EUR)).await.unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].fixing.value.to_string(), "5.10");
    assert_eq!(records[0].recorded_at, at(1));
    assert_eq!(records[0].document, "daily");
}

#[tokio::test]
async fn a_corrected_value_is_linked_to_those_it_replaced() {
    let (ledger, reader) = in_memory();
    let values = [("475.09", 1), ("457.09", 1), ("457.09", 100), ("475.90", 1)];
    for ((value, units), revision) in values.into_iter().zip(1..) {
        let table = tenge(APRIL_2, &[("EUR", 1, "511.2"), ("USD", units, value)]);
        ledger
            .append(entry(revision, vec![filed(NBK, &table)]))
            .await
            .unwrap();
    }
    assert_eq!(
        lines(&reader, all_of(NBK, Currency::USD)).await,
        [
            "nbk 2026-04-02 1 USD = 475.90 KZT instead of 457.09",
            "nbk 2026-04-02 100 USD = 457.09 KZT instead of 457.09 (replaced)",
            "nbk 2026-04-02 1 USD = 457.09 KZT instead of 475.09 (replaced)",
            "nbk 2026-04-02 1 USD = 475.09 KZT (replaced)",
        ]
    );
    let tables = tables(&reader, NBK, RevisionPolicy::Correction).await;
    let rows: Vec<String> = tables[0].rows.values().map(|row| line(row)).collect();
    assert_eq!(
        rows,
        [
            "nbk 2026-04-02 1 EUR = 511.2 KZT",
            "nbk 2026-04-02 1 USD = 475.90 KZT instead of 457.09",
        ]
    );
}

#[tokio::test]
async fn another_printed_change_is_kept_and_corrects_no_value() {
    let (ledger, reader) = in_memory();
    let mut table = tenge(APRIL_2, &[("USD", 1, "475.09")]);
    ledger
        .append(entry(1, vec![filed(NBK, &table)]))
        .await
        .unwrap();
    for (change, revision) in [("0.5", 2), ("0.50", 3), ("-0.5", 4)] {
        let row = Arc::make_mut(table.rows.get_mut(&Currency::USD).unwrap());
        row.published_change = Some(parse_decimal(change).unwrap());
        ledger
            .append(entry(revision, vec![filed(NBK, &table)]))
            .await
            .unwrap();
    }
    let records = reader.fixings(all_of(NBK, Currency::USD)).await.unwrap();
    let changes = records.iter().map(|record| {
        assert_eq!(record.fixing.superseded_value, None);
        record
            .fixing
            .published_change
            .map(|change| change.to_string())
    });
    let changes: Vec<_> = changes.collect();
    assert_eq!(changes, [Some("-0.5".into()), Some("0.5".into()), None]);
}

#[tokio::test]
async fn a_market_table_of_a_later_instant_corrects_nothing() {
    let (ledger, reader) = in_memory();
    let instants = [
        "2026-04-02T09:00:00Z",
        "2026-04-02T10:00:00Z",
        "2026-04-02T11:00:00Z",
    ];
    // The last one has the values of the one before, an hour later.
    for ((instant, value), revision) in instants
        .into_iter()
        .zip(["480.1", "480.2", "480.2"])
        .zip(1..)
    {
        let mut table = market(APRIL_2, &[("KZT", 1, value), ("UZS", 1, "12000")]);
        table.as_of = Some(instant.parse().unwrap());
        ledger
            .append(entry(revision, vec![filed(MARKET, &table)]))
            .await
            .unwrap();
    }
    let tables = tables(&reader, MARKET, RevisionPolicy::Replacement).await;
    assert_eq!(tables.len(), 1);
    assert_eq!(tables[0].pivot, Currency::USD);
    assert_eq!(tables[0].as_of, Some(instants[2].parse().unwrap()));
    let rows: Vec<String> = tables[0].rows.values().map(|row| line(row)).collect();
    assert_eq!(
        rows,
        [
            "market 2026-04-02 1 USD = 480.2 KZT",
            "market 2026-04-02 1 USD = 12000 UZS"
        ]
    );
    // The row of the tenge is the one that prices the dollar in it.
    let page = FixingsPage {
        revision_policy: RevisionPolicy::Replacement,
        ..all_of(MARKET, Currency::KZT)
    };
    assert_eq!(
        lines(&reader, page).await,
        [
            "market 2026-04-02 1 USD = 480.2 KZT",
            "market 2026-04-02 1 USD = 480.1 KZT (replaced)"
        ]
    );
    assert_eq!(lines(&reader, all_of(MARKET, Currency::USD)).await, [""; 0]);
}

#[tokio::test]
async fn revisions_follow_each_other() {
    let (ledger, reader) = in_memory();
    let of = |epoch: &str, revision| LedgerEntry {
        position: Position {
            epoch: epoch.into(),
            revision,
        },
        cause: Cause::Start,
        ..entry(0, Vec::new())
    };
    for (epoch, revision) in [("first", 0), ("first", 3), ("first", 3), ("second", 4)] {
        ledger.append(of(epoch, revision)).await.unwrap();
    }
    let refused = [
        (
            "second",
            3,
            "revision 3 of epoch `second` does not follow revision 4 of epoch `second`",
        ),
        (
            "third",
            4,
            "revision 4 of epoch `third` does not follow revision 4 of epoch `second`",
        ),
        (
            "first",
            5,
            "epoch `first` ended before revision 4 of epoch `second`",
        ),
        (
            "second",
            u64::MAX,
            "revision 18446744073709551615 is too large",
        ),
    ];
    for (epoch, revision, reason) in refused {
        let error = ledger.append(of(epoch, revision)).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the ledger :memory: refuses an entry: {reason}; nothing of it was written. This is a fault in \
                 silkrate: please report it"
            )
        );
    }
    let restored = reader.restore().await.unwrap().unwrap();
    assert_eq!(
        (&*restored.position.epoch, restored.position.revision),
        ("second", 4)
    );
}

#[tokio::test]
async fn an_entry_with_a_row_that_does_not_fit_its_table_is_refused_whole() {
    let (ledger, reader) = in_memory();
    let good = tenge(APRIL_1, &[("USD", 1, "475.09")]);
    let mut otherwise = filed(NBK, &tenge(APRIL_2, &[("USD", 1, "475.09")]));
    otherwise.pivot = Currency::KGS;
    let error = ledger
        .append(entry(1, vec![filed(NBK, &good), otherwise]))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(
            "a row USD/KZT of nbk 2026-04-02 does not belong into the table daily 2026-04-02 of nbk"
        ),
        "{error}"
    );
    assert_eq!(reader.restore().await, Ok(None));
    assert_eq!(reader.oldest_date(NBK).await, Ok(None));
}
