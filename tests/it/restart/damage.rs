//! Damage in a part of the ledger that a start does not read: the check of the whole file, beside the service, finds it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use silkrate::domain::{
    Cause, DocumentKey, FiledTable, LedgerEntry, Position, RevisionPolicy, SourceId,
};
use silkrate::ledger::{ClockKind, Ledger, LedgerError};
use tempfile::TempDir;

use crate::support::boards::noon;
use crate::support::commits::{Commits, NEVER, PATIENCE, SOON, store, tenge};

const TODAY: Date = date(2026, 4, 2);
const KEY: DocumentKey = DocumentKey {
    source: SourceId::new("nbk"),
    document: "daily",
};
/// More tables than a start reads.
const DAYS: i32 = 400;
const PAGE: usize = 4096;

/// Writes a ledger of many days in one entry.
async fn written(path: &Path) {
    let (ledger, reader) = Ledger::open(Some(path), ClockKind::Replay).unwrap();
    let filed = (0..DAYS).rev().map(|back| {
        let usd = format!("475.{:02}", back % 97);
        let table = tenge(
            TODAY - back.days(),
            &[("USD", 1, usd.as_str()), ("EUR", 1, "548.62")],
        );
        FiledTable {
            source: KEY.source,
            document: KEY.document,
            pivot: table.pivot,
            effective_date: table.effective_date,
            as_of: None,
            rows: table.rows.values().map(Arc::clone).collect(),
        }
    });
    let entry = LedgerEntry {
        position: Position {
            epoch: "first".into(),
            revision: 1,
        },
        at: noon(TODAY),
        cause: Cause::Poll(KEY.source),
        filed: filed.collect(),
        held: Vec::new(),
        decided: Vec::new(),
        attempted: vec![KEY.source],
        answered: Vec::new(),
        served: Vec::new(),
    };
    ledger.append(entry).await.unwrap();
    drop(reader);
    ledger.close().await;
}

/// Puts a copy in the place of the ledger, in one step.
fn put_back(path: &Path, copy: &[u8]) {
    for beside in ["-wal", "-shm"] {
        let beside = format!("{}{beside}", path.display());
        if fs::exists(&beside).unwrap() {
            fs::remove_file(beside).unwrap();
        }
    }
    let new = path.with_extension("new");
    fs::write(&new, copy).unwrap();
    fs::rename(new, path).unwrap();
}

/// Whether a start reads the file without an error, and a check of all of it finds damage.
async fn is_hidden_damage(path: &Path) -> bool {
    let Ok((ledger, reader)) = Ledger::open(Some(path), ClockKind::Replay) else {
        return false;
    };
    let restored = reader.restore().await.is_ok();
    let document = reader.restore_document(KEY, RevisionPolicy::Correction, 64);
    let restored = document.await.is_ok() && restored;
    let checked = reader.check().await;
    ledger.close().await;
    restored && matches!(checked, Err(LedgerError::Corrupt { .. }))
}

#[tokio::test]
async fn damage_that_a_start_does_not_read_is_found_beside_serving_and_stops_the_writing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    written(&path).await;
    let whole = fs::read(&path).unwrap();
    let mut page = 0;
    while !is_hidden_damage(&path).await {
        page += 1;
        assert!(page < whole.len() / PAGE, "a start reads every page");
        let mut torn = whole.clone();
        torn[page * PAGE..][..PAGE].fill(0xa5);
        fs::write(&path, &torn).unwrap();
    }
    for retry_after in [NEVER, SOON] {
        let commits = Commits::open(store(&path, retry_after), noon(TODAY)).await;
        let before = commits.board.snapshot().position.clone();
        assert_eq!(
            commits.rate("USD/KZT").value.to_string(),
            "475.00",
            "it serves what it restored"
        );
        let mut snapshots = commits.board.watch();
        let renewed =
            snapshots.wait_for(|published| published.snapshot.position.epoch != before.epoch);
        let renewed = tokio::time::timeout(PATIENCE, renewed).await;
        drop(renewed.expect("the damage is found").unwrap());
        let status = commits.status();
        assert!(status.error.contains("is damaged"), "{}", status.error);
        if retry_after == SOON {
            // Nothing is written until the file is replaced.
            commits
                .submit_newest(tenge(
                    TODAY.tomorrow().unwrap(),
                    &[("USD", 1, "476.00"), ("EUR", 1, "549.00")],
                ))
                .await;
            assert!(commits.status().unsaved > 0);
            put_back(&path, &whole);
            commits.recovered().await;
        }
        commits.close().await;
    }
    let commits = Commits::open(store(&path, NEVER), noon(TODAY)).await;
    let usd = commits.rate("USD/KZT");
    let announced = usd.announced.map(|announced| announced.value.to_string());
    assert_eq!(announced.as_deref(), Some("476.00"));
    assert_eq!(commits.status().error, "");
    commits.close().await;
    assert!(!is_hidden_damage(&path).await);
}
