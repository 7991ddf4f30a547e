//! A ledger that is damaged, replaced or put back while silkrate runs or is stopped: the errors, and what is in the file
//! afterwards.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::{Date, date};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::boards::noon;
use crate::support::commits::{Commits, NEVER, SOON, store, tenge};

const FIRST: Date = date(2026, 4, 1);
const SECOND: Date = date(2026, 4, 2);
const THIRD: Date = date(2026, 4, 3);

fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    (folder, path)
}

fn two(day: Date, usd: &str, eur: &str) -> silkrate::domain::Table {
    tenge(day, &[("USD", 1, usd), ("EUR", 1, eur)])
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

/// Removes the ledger, with the files that the library keeps beside it; not the lock, nor the position.
fn remove(path: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let file = beside(path, ending);
        if file.exists() {
            fs::remove_file(file).unwrap();
        }
    }
}

/// What the file holds, all of it, as if it had been copied while silkrate is stopped.
fn copy_of(path: &Path) -> Vec<u8> {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    fs::read(path).unwrap()
}

/// Puts a copy in the place of the ledger, in one step.
fn replace(path: &Path, copy: &[u8]) {
    let new = beside(path, ".new");
    fs::write(&new, copy).unwrap();
    remove(path);
    fs::rename(new, path).unwrap();
}

fn count(path: &Path, table: &str) -> i64 {
    let connection = Connection::open(path).unwrap();
    let query = format!("SELECT count(*) FROM {table}");
    connection.query_row(&query, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn an_older_copy_put_back_begins_a_new_epoch_and_a_plain_restart_does_not() {
    let (_folder, path) = place();
    let commits = Commits::open(store(&path, NEVER), noon(THIRD)).await;
    commits.submit_newest(two(FIRST, "475.00", "548.00")).await;
    commits.close().await;
    let copy = copy_of(&path);
    let commits = Commits::open(store(&path, NEVER), noon(THIRD)).await;
    commits.submit_newest(two(SECOND, "476.00", "549.00")).await;
    let reader = commits.close().await;
    let commits = Commits::open(store(&path, NEVER), noon(THIRD)).await;
    assert_eq!(commits.close().await, reader, "nothing was put back");

    replace(&path, &copy);
    let commits = Commits::open(store(&path, NEVER), noon(THIRD)).await;
    assert_eq!(commits.rate("USD/KZT").value.to_string(), "475.00");
    let served = commits.board.snapshot().position.clone();
    assert_ne!(served.epoch, reader.position.epoch);
    // The bank goes on from the first table, and passes the revision at which the reader stands.
    for eur in ["548.10", "548.20", "548.30"] {
        commits.submit_newest(two(FIRST, "475.00", eur)).await;
    }
    let served = commits.close().await;
    assert!(served.position.revision > reader.position.revision);
    assert_ne!(served.position.epoch, reader.position.epoch);
    let commits = Commits::open(store(&path, NEVER), noon(THIRD)).await;
    assert_eq!(
        commits.close().await,
        served,
        "from here on it is the ledger"
    );
}

#[tokio::test]
async fn a_deleted_position_file_leads_to_a_new_epoch_alone() {
    let (_folder, path) = place();
    let commits = Commits::open(store(&path, NEVER), noon(FIRST)).await;
    commits.submit_newest(two(FIRST, "475.00", "548.00")).await;
    let usd = commits.rate("USD/KZT");
    let before = commits.close().await.position.clone();
    fs::remove_file(beside(&path, ".position")).unwrap();
    let commits = Commits::open(store(&path, NEVER), noon(FIRST)).await;
    let again = commits.rate("USD/KZT");
    assert_eq!((again.value, again.fixings), (usd.value, usd.fixings));
    let after = commits.close().await;
    assert_ne!(after.position.epoch, before.epoch);
    assert!(after.position.revision > before.revision);
    let commits = Commits::open(store(&path, NEVER), noon(FIRST)).await;
    assert_eq!(commits.close().await, after);
}

#[tokio::test]
async fn a_file_that_is_removed_or_replaced_is_noticed_and_gets_all_that_was_acknowledged() {
    for replaced in [false, true] {
        for retry_after in [SOON, NEVER] {
            let (_folder, path) = place();
            let commits = Commits::open(store(&path, retry_after), noon(THIRD)).await;
            commits.submit_newest(two(FIRST, "475.00", "548.00")).await;
            let before = commits.board.snapshot().position.clone();
            if replaced {
                replace(&path, &copy_of(&path));
            } else {
                remove(&path);
            }
            commits.submit_newest(two(SECOND, "476.00", "549.00")).await;
            if retry_after == NEVER {
                let status = commits.status();
                assert!(
                    status.error.contains("was moved away or replaced"),
                    "{}",
                    status.error
                );
                assert_eq!(status.unsaved, 1);
            } else {
                commits.recovered().await;
            }
            commits.submit_newest(two(THIRD, "477.00", "550.00")).await;
            assert_eq!(commits.rate("USD/KZT").value.to_string(), "477.00");
            // If it was not retried before, it is at the stop.
            let shown = commits.close().await;
            assert_ne!(shown.position.epoch, before.epoch);
            assert_eq!(count(&path, "tables"), 3, "replaced: {replaced}");
            let commits = Commits::open(store(&path, NEVER), noon(THIRD)).await;
            let again = commits.close().await;
            assert_eq!(again, shown, "replaced: {replaced}, tried {retry_after:?}");
        }
    }
}

#[tokio::test]
async fn a_ledger_with_a_row_that_cannot_be_read_is_not_added_to_until_it_is_replaced() {
    let (_folder, path) = place();
    let commits = Commits::open(store(&path, NEVER), noon(FIRST)).await;
    commits.submit_newest(two(FIRST, "475.00", "548.00")).await;
    commits.close().await;
    let copy = copy_of(&path);
    let damage = "DROP TRIGGER fixings_stay; UPDATE fixings SET value = 'x' WHERE currency = 'EUR'";
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(damage).unwrap();
    drop(connection);
    let held = |path: &Path| ["entries", "fixings", "epochs"].map(|table| count(path, table));
    let before = held(&path);

    let commits = Commits::open(store(&path, SOON), noon(SECOND)).await;
    let status = commits.status();
    assert!(status.error.contains("is damaged"), "{}", status.error);
    commits.submit_newest(two(SECOND, "476.00", "549.00")).await;
    assert_eq!(commits.rate("USD/KZT").value.to_string(), "476.00");
    let status = commits.status();
    assert!(status.error.contains("is damaged"), "{}", status.error);
    assert!(status.unsaved >= 1, "{}", status.unsaved);
    assert_eq!(held(&path), before, "nothing is added to what is damaged");

    replace(&path, &copy);
    commits.recovered().await;
    let shown = commits.close().await;
    assert_eq!(
        count(&path, "tables"),
        2,
        "the earlier table and the buffered one"
    );
    let commits = Commits::open(store(&path, NEVER), noon(SECOND)).await;
    assert_eq!(commits.rate("USD/KZT").value.to_string(), "476.00");
    let again = commits.close().await;
    assert_eq!(again.position.epoch, shown.position.epoch);
}

#[tokio::test]
async fn buffered_entries_are_written_at_a_clean_stop() {
    let (_folder, path) = place();
    fs::write(&path, "an editor's notes, by no means a database").unwrap();
    let commits = Commits::open(store(&path, NEVER), noon(SECOND)).await;
    commits.submit_newest(two(FIRST, "475.00", "548.00")).await;
    commits.submit_newest(two(SECOND, "476.00", "549.00")).await;
    assert!(commits.status().unsaved >= 2);
    fs::remove_file(&path).unwrap();
    let shown = commits.close().await;
    let commits = Commits::open(store(&path, NEVER), noon(SECOND)).await;
    assert_eq!(commits.rate("USD/KZT").value.to_string(), "476.00");
    assert_eq!(commits.close().await, shown);
}
