//! Damaged files: the damage is found when they are opened, when the whole file is checked or, at the latest, when the
//! damaged row is read.

use std::fs;
use std::path::Path;

use jiff::civil::Date;
use rusqlite::Connection;
use silkrate::domain::{Currency, RevisionPolicy};
use silkrate::ledger::{ClockKind, FixingsPage, Ledger, LedgerError};

use crate::ledger::{APRIL_1, APRIL_2, NBK, entry, filed, filled, open, place, refusal, tenge};

/// Changes a closed ledger in a way that its triggers forbid.
fn tamper(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    let triggers = "SELECT group_concat('DROP TRIGGER ' || name, ';') FROM sqlite_master WHERE type = 'trigger'";
    let drops: String = connection
        .query_row(triggers, [], |row| row.get(0))
        .unwrap();
    connection.execute_batch(&drops).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_refused() {
    let (_folder, path) = place();
    filled(&path).await;
    let whole = fs::read(&path).unwrap();
    for length in [
        60,
        99,
        100,
        4096,
        5000,
        whole.len() / 2,
        whole.len() - 4096,
        whole.len() - 1,
    ] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = refusal(&path);
        assert!(
            matches!(error, LedgerError::Corrupt { .. }),
            "{length}: {error}"
        );
        let said = error.to_string();
        assert!(
            said.starts_with(&format!("the ledger {} is damaged: ", path.display())),
            "{said}"
        );
        assert!(
            said.ends_with("; put back a copy, or move the file away and start with an empty one"),
            "{said}"
        );
    }
    fs::write(&path, &whole).unwrap();
    open(&path).0.close().await;
}

/// The damage that opening a file or checking all of it finds.
async fn damage_of(path: &Path) -> Option<LedgerError> {
    match Ledger::open(Some(path), ClockKind::Real) {
        Ok((ledger, reader)) => {
            let checked = reader.check().await;
            ledger.close().await;
            checked.err()
        }
        Err(error) => Some(error),
    }
}

#[tokio::test]
async fn a_page_that_was_overwritten_is_found() {
    let (_folder, path) = place();
    filled(&path).await;
    let whole = fs::read(&path).unwrap();
    for page in 1..whole.len() / 4096 {
        let mut torn = whole.clone();
        torn[page * 4096..][..4096].fill(0xa5);
        fs::write(&path, torn).unwrap();
        let error = damage_of(&path).await;
        assert!(
            matches!(error, Some(LedgerError::Corrupt { .. })),
            "page {page}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_flipped_byte_is_found_or_does_no_harm() {
    let (_folder, path) = place();
    filled(&path).await;
    let whole = fs::read(&path).unwrap();
    let mut found = 0;
    // Every place of the header, and one in 397 of the rest.
    for place in (0..100).chain((100..whole.len()).step_by(397)) {
        let mut flipped = whole.clone();
        flipped[place] ^= 0x55;
        fs::write(&path, flipped).unwrap();
        let outcome = match Ledger::open(Some(&path), ClockKind::Real) {
            Ok((ledger, reader)) => {
                let read = reader
                    .restore_document(NBK, RevisionPolicy::Correction, 64)
                    .await;
                let checked = reader.check().await;
                ledger.close().await;
                read.map(|_| ()).and(checked)
            }
            Err(error) => Err(error),
        };
        let Err(error) = outcome else { continue };
        found += 1;
        assert!(
            matches!(
                error,
                LedgerError::Corrupt { .. }
                    | LedgerError::Foreign { .. }
                    | LedgerError::NewerSchema { .. }
                    | LedgerError::OtherClock { .. }
            ),
            "byte {place}: {error}"
        );
    }
    assert!(found > 50, "{found}");
}

#[tokio::test]
async fn an_entry_that_lost_a_row_is_found() {
    let (_folder, path) = place();
    filled(&path).await;
    tamper(
        &path,
        "DELETE FROM fixings WHERE entry = 17 AND currency = 'USD'",
    );
    assert_eq!(
        refusal(&path),
        LedgerError::Corrupt {
            path: path.clone(),
            detail: "entry 17 should have 3 fixings and has 2".into(),
        }
    );
}

#[tokio::test]
async fn an_invalid_value_is_reported_with_its_table_and_row() {
    let cases = [
        (
            "UPDATE fixings SET value = '1e3' WHERE id = 5",
            "value of row 5 of the table fixings: not a plain decimal number",
        ),
        (
            "UPDATE fixings SET published_change = '' WHERE id = 5",
            "published_change of row 5 of the table fixings: not a plain decimal number",
        ),
        (
            "UPDATE fixings SET units = 4294967296 WHERE id = 5",
            "units of row 5 of the table fixings: Integer 4294967296 out of range at index 5",
        ),
        (
            "UPDATE fixings SET currency = 'E1R', row_currency = 'E1R' WHERE id = 5",
            "currency of row 5 of the table fixings: a currency code is three letters, such as KZT",
        ),
        (
            "UPDATE tables SET pivot = '' WHERE id = 2",
            "pivot of row 2 of the table tables: a currency code is three letters, such as KZT",
        ),
        (
            "DELETE FROM tables WHERE id = 2",
            "the table of 2026-04-02 is missing, and rows of it are there",
        ),
    ];
    for (sql, expected) in cases {
        let (_folder, path) = place();
        filled(&path).await;
        tamper(&path, &format!("PRAGMA foreign_keys = OFF; {sql}"));
        let (ledger, reader) = open(&path);
        let tables = reader
            .tables(NBK, RevisionPolicy::Correction, Date::ZERO, Date::MAX)
            .await;
        assert_eq!(
            tables,
            Err(LedgerError::Corrupt {
                path: path.clone(),
                detail: expected.into(),
            })
        );
        // The rows that are not damaged can still be read.
        let day = reader
            .tables(NBK, RevisionPolicy::Correction, APRIL_1, APRIL_1)
            .await
            .unwrap();
        assert_eq!(day[0].rows.len(), 3);
        ledger.close().await;
    }
}

#[tokio::test]
async fn a_correction_of_a_missing_row_is_found_when_it_is_read() {
    let (_folder, path) = place();
    let (ledger, _) = open(&path);
    for (value, revision) in [("475.09", 1), ("475.90", 2)] {
        let table = tenge(APRIL_2, &[("USD", 1, value)]);
        ledger
            .append(entry(revision, vec![filed(NBK, &table)]))
            .await
            .unwrap();
    }
    ledger.close().await;
    tamper(
        &path,
        "PRAGMA foreign_keys = OFF; UPDATE entries SET fixings = 0 WHERE entry = 1; DELETE FROM fixings WHERE id = 1",
    );
    let (_ledger, reader) = open(&path);
    let page = FixingsPage {
        source: NBK.source,
        revision_policy: RevisionPolicy::Correction,
        currency: Currency::USD,
        from: None,
        to: None,
        after: None,
        limit: 10,
    };
    let error = reader.fixings(page).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is damaged: row 1 of the table fixings is missing"),
        "{error}"
    );
}
