//! Files that are foreign, damaged, of a newer version, of another clock, or in use: each is refused with an error that
//! says what to do, and left unchanged.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rusqlite::Connection;
use silkrate::ledger::{ClockKind, Ledger, LedgerError};

use crate::ledger::{entry, filled, open, place, refusal};

/// Creates something at a path.
type Make<'a> = &'a dyn Fn(&Path);

/// Everything in a folder, byte by byte, but for the shared memory of open databases.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read(path).unwrap())
    };
    entries.map(read).collect()
}

#[tokio::test]
async fn a_second_silkrate_is_refused_until_the_first_has_closed() {
    let (_folder, path) = place();
    let (ledger, reader) = open(&path);
    assert_eq!(
        refusal(&path).to_string(),
        format!(
            "the ledger {} is in use by another silkrate process; stop it, or set store.path to another file",
            path.display()
        )
    );
    ledger.append(entry(1, Vec::new())).await.unwrap();
    ledger.close().await;
    let (_ledger, _) = open(&path);
    // A program that only reads can open it.
    assert!(reader.restore().await.unwrap().is_some());
}

#[test]
fn a_foreign_file_is_refused_and_not_changed() {
    let (folder, path) = place();
    let text = |path: &Path| fs::write(path, "dear diary\n".repeat(1000)).unwrap();
    let short = |path: &Path| fs::write(path, "x").unwrap();
    let database =
        |path: &Path, sql: &str| Connection::open(path).unwrap().execute_batch(sql).unwrap();
    let table = "CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x');";
    let of_another = |path: &Path| database(path, table);
    let with_its_own_id = |path: &Path| database(path, "PRAGMA application_id = 252006674;");
    let with_its_own_log =
        |path: &Path| database(path, &format!("PRAGMA journal_mode = WAL; {table}"));
    let make: [(Make<'_>, &str); 5] = [
        (
            &text,
            "it is not an SQLite database, or its first page is damaged",
        ),
        (
            &short,
            "it is not an SQLite database, or its first page is damaged",
        ),
        (&of_another, "it is an SQLite database of another program"),
        (
            &with_its_own_id,
            "it is an SQLite database of another program",
        ),
        (
            &with_its_own_log,
            "it is an SQLite database of another program",
        ),
    ];
    for (make, detail) in make {
        make(&path);
        let before = contents(folder.path());
        assert_eq!(
            refusal(&path).to_string(),
            format!(
                "{} is not a ledger of silkrate ({detail}) and was left as it is; set store.path to another file",
                path.display()
            )
        );
        assert_eq!(contents(folder.path()), before);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_database_that_another_program_has_open_is_not_changed() {
    let (folder, path) = place();
    // All its content is in the write-ahead log; the file itself has no table yet.
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE bookmarks (url TEXT)")
        .unwrap();
    let before = contents(folder.path());
    assert!(matches!(refusal(&path), LedgerError::Foreign { .. }));
    assert_eq!(contents(folder.path()), before);
    // Nor one that is in the middle of its first transaction.
    let (folder, path) = place();
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("VACUUM; PRAGMA cache_size = 1; BEGIN; CREATE TABLE bookmarks (url TEXT)")
        .unwrap();
    let before = contents(folder.path());
    assert!(before.contains_key("silkrate.db-journal"));
    assert!(matches!(refusal(&path), LedgerError::Foreign { .. }));
    assert_eq!(contents(folder.path()), before);
}

#[tokio::test]
async fn an_empty_file_and_an_empty_database_become_ledgers() {
    let empty_file = |path: &Path| fs::write(path, "").unwrap();
    let empty_database = |path: &Path| {
        Connection::open(path)
            .unwrap()
            .execute_batch("VACUUM")
            .unwrap();
    };
    let make: [Make<'_>; 2] = [&empty_file, &empty_database];
    for make in make {
        let (_folder, path) = place();
        make(&path);
        filled(&path).await;
        let (_ledger, reader) = open(&path);
        assert_eq!(
            reader.restore().await.unwrap().unwrap().position.revision,
            40
        );
    }
}

#[test]
fn a_path_that_cannot_be_a_file_is_refused() {
    let (folder, _) = place();
    let said = |path: &Path| refusal(path).to_string();
    assert_eq!(
        said(folder.path()),
        format!(
            "{} is not a ledger of silkrate (it is a folder) and was left as it is; set store.path to another file",
            folder.path().display()
        )
    );
    let missing = folder.path().join("missing").join("silkrate.db");
    assert_eq!(
        said(&missing),
        format!(
            "the folder of {} does not exist; create it, or set store.path to another place",
            missing.display()
        )
    );
}

/// Not even root can make a file there.
#[cfg(target_os = "linux")]
#[test]
fn a_path_that_cannot_be_written_is_refused() {
    let error = refusal(Path::new("/sys/silkrate.db"));
    assert!(matches!(error, LedgerError::ReadOnly { .. }), "{error}");
    let said = error.to_string();
    assert!(
        said.starts_with("the ledger /sys/silkrate.db.lock cannot be written ("),
        "{said}"
    );
    assert!(
        said.ends_with("give this user the right to write the file and its folder, or set store.path to another place"),
        "{said}"
    );
}

#[tokio::test]
async fn a_ledger_of_a_newer_silkrate_is_refused_and_not_changed() {
    let (folder, path) = place();
    filled(&path).await;
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 6)
        .unwrap();
    let before = contents(folder.path());
    assert_eq!(
        refusal(&path).to_string(),
        format!(
            "the ledger {} was written by a newer version of silkrate (schema version 6, this version supports up to 5); \
             upgrade silkrate, put the copy from before the upgrade in its place, or set store.path to another file",
            path.display()
        )
    );
    assert_eq!(contents(folder.path()), before);
}

#[tokio::test]
async fn a_ledger_of_the_other_clock_is_refused() {
    for (kept, opened_with, words) in [
        (
            ClockKind::Real,
            ClockKind::Replay,
            "under the real clock, and this run uses the clock of a replay; set store.path to another file, or \
             remove the [clock] section",
        ),
        (
            ClockKind::Replay,
            ClockKind::Real,
            "under the clock of a replay, and this run uses the real clock; set store.path to another file, or add \
             the [clock] section it was written with",
        ),
    ] {
        let (_folder, path) = place();
        let (ledger, _) = Ledger::open(Some(&path), kept).unwrap();
        ledger.close().await;
        let error = Ledger::open(Some(&path), opened_with)
            .map(|_| ())
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the ledger {} was written {words}", path.display())
        );
        Ledger::open(Some(&path), kept).unwrap().0.close().await;
    }
}
