//! Copies of a ledger: of the file alone, and by `back_up`.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use silkrate::ledger::{Backup, BackupError, LedgerReader, back_up, copy_database};

use crate::ledger::{APRIL_1, NBK, entry, filed, filled, open, place, tenge};

/// The number of entries of a file.
fn entries(path: &Path) -> i64 {
    let connection = Connection::open(path).unwrap();
    let count = "SELECT count(*) FROM entries";
    connection.query_row(count, [], |row| row.get(0)).unwrap()
}

/// The last revision of a copy, which is opened as a ledger.
async fn last_revision(path: &Path) -> (u64, bool) {
    let (ledger, reader) = open(path);
    let restored = reader.restore().await.unwrap().unwrap();
    reader.check().await.unwrap();
    let continues = ledger.continues();
    ledger.close().await;
    (restored.position.revision, continues)
}

fn copied(backup: &Backup) -> (u64, u64) {
    let position = backup.position.as_ref().unwrap();
    (position.revision, backup.fixings)
}

#[tokio::test]
async fn a_backup_of_a_ledger_in_use_has_everything_that_was_acknowledged() {
    let (folder, path) = place();
    filled(&path).await;
    let (ledger, _reader) = open(&path);
    let table = tenge(APRIL_1, &[("USD", 1, "477.00")]);
    ledger
        .append(entry(41, vec![filed(NBK, &table)]))
        .await
        .unwrap();
    let copy = folder.path().join("copy.db");
    let backup = back_up(&path, &copy).unwrap();
    assert_eq!(copied(&backup), (41, 121));
    assert_eq!(backup.bytes, fs::metadata(&copy).unwrap().len());
    // The ledger goes on, and the copy stays as it is.
    ledger.append(entry(42, Vec::new())).await.unwrap();
    ledger.close().await;
    let other_place = folder.path().join("elsewhere.db");
    fs::copy(&copy, &other_place).unwrap();
    assert_eq!(last_revision(&other_place).await, (41, false));
    assert_eq!(entries(&path), 42);
}

#[tokio::test]
async fn a_backup_of_a_stopped_ledger_can_be_put_back_and_begins_a_new_epoch() {
    let (folder, path) = place();
    filled(&path).await;
    let copy = folder.path().join("copy.db");
    assert_eq!(copied(&back_up(&path, &copy).unwrap()), (40, 120));
    let (ledger, _reader) = open(&path);
    assert!(ledger.continues());
    ledger.append(entry(41, Vec::new())).await.unwrap();
    ledger.close().await;
    for ending in ["-wal", "-shm"] {
        let beside = folder.path().join(format!("silkrate.db{ending}"));
        if beside.exists() {
            fs::remove_file(beside).unwrap();
        }
    }
    fs::rename(&copy, &path).unwrap();
    assert_eq!(last_revision(&path).await, (40, false));
}

#[tokio::test]
async fn a_backup_of_a_killed_ledger_has_what_is_in_the_log() {
    let (folder, path) = place();
    filled(&path).await;
    let (ledger, _reader) = open(&path);
    ledger.append(entry(41, Vec::new())).await.unwrap();
    let killed = folder.path().join("killed.db");
    fs::copy(&path, &killed).unwrap();
    let log = |name: &str| folder.path().join(format!("{name}-wal"));
    fs::copy(log("silkrate.db"), log("killed.db")).unwrap();
    ledger.close().await;
    let copy = folder.path().join("copy.db");
    assert_eq!(copied(&back_up(&killed, &copy).unwrap()), (41, 120));
}

#[tokio::test]
async fn a_file_that_exists_is_not_overwritten_and_a_failed_backup_leaves_none() {
    let (folder, path) = place();
    filled(&path).await;
    let target = folder.path().join("copy.db");
    fs::write(&target, "a letter").unwrap();
    let refused = back_up(&path, &target).unwrap_err();
    assert!(matches!(refused, BackupError::Exists { .. }), "{refused}");
    assert_eq!(fs::read_to_string(&target).unwrap(), "a letter");
    fs::remove_file(&target).unwrap();

    let unfinished = folder.path().join("copy.db.unfinished");
    fs::write(&unfinished, "").unwrap();
    let refused = back_up(&path, &target).unwrap_err();
    assert!(
        matches!(refused, BackupError::Unfinished { .. }),
        "{refused}"
    );
    fs::remove_file(&unfinished).unwrap();

    let missing = folder.path().join("missing.db");
    let refused = back_up(&missing, &target).unwrap_err();
    assert!(matches!(refused, BackupError::NoLedger { .. }), "{refused}");
    assert!(!missing.exists());

    let whole = fs::read(&path).unwrap();
    let mut torn = whole.clone();
    torn[4 * 4096..][..4096].fill(0xa5);
    fs::write(&path, torn).unwrap();
    let refused = back_up(&path, &target).unwrap_err();
    assert!(refused.to_string().contains("is damaged"), "{refused}");
    let notes = folder.path().join("notes.txt");
    fs::write(&notes, "a letter").unwrap();
    let refused = back_up(&notes, &target).unwrap_err();
    assert!(
        refused.to_string().contains("is not a ledger of silkrate"),
        "{refused}"
    );
    assert!(!target.exists() && !unfinished.exists());
}

#[tokio::test]
async fn a_copy_of_the_file_alone_is_complete_after_a_close_though_readers_stay() {
    let (folder, path) = place();
    let (ledger, reader) = open(&path);
    for revision in 1..=3 {
        ledger.append(entry(revision, Vec::new())).await.unwrap();
    }
    let readers: [LedgerReader; 2] = [reader.for_commits().unwrap(), reader];
    for reader in &readers {
        assert!(reader.restore().await.unwrap().is_some());
    }
    ledger.close().await;
    let copy = folder.path().join("copy.db");
    fs::copy(&path, &copy).unwrap();
    assert_eq!(entries(&copy), 3);
}

#[test]
fn a_database_whose_last_write_a_crash_cut_off_is_copied_as_it_was_before_that() {
    let folder = tempfile::tempdir().unwrap();
    let [live, crashed, copy] = ["live", "crashed", "copy"].map(|name| folder.path().join(name));
    let connection = Connection::open(&live).unwrap();
    // With a cache of one page, the pages of an open transaction are written before it ends.
    let filled = "CREATE TABLE entries (filler BLOB, number INTEGER);
        WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers LIMIT 100)
        INSERT INTO entries SELECT zeroblob(4000), number FROM numbers;
        PRAGMA cache_size = 1;
        BEGIN; DELETE FROM entries WHERE number > 50; UPDATE entries SET number = 0";
    connection.execute_batch(filled).unwrap();
    let journal = |name| folder.path().join(format!("{name}-journal"));
    fs::copy(&live, &crashed).unwrap();
    fs::copy(journal("live"), journal("crashed")).unwrap();
    copy_database(&crashed, &copy).unwrap();
    assert_eq!(entries(&copy), 100);
}
