//! Conditions that cannot be produced from outside: a full disk, a read-only file, an older schema.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::domain::{
    Cause, Currency, FiledTable, Fixing, LedgerEntry, Position, SourceId, parse_decimal,
};
use crate::ledger::open::{Location, MIGRATIONS, migrate, prepare};
use crate::ledger::{Append, ClockKind, Ledger, LedgerError, LedgerReader, write};

const SOURCE: SourceId = SourceId::new("nbk");

/// An entry with a whole month of a bank's tables, with this number of currencies.
fn entry(revision: u64, currencies: u8) -> LedgerEntry {
    let table = |day| {
        let effective_date = Date::constant(2026, 4, day);
        let row = |number: u8| Fixing {
            source: SOURCE,
            currency: Currency::parse(&format!(
                "X{}{}",
                char::from(b'A' + number / 26),
                char::from(b'A' + number % 26)
            ))
            .unwrap(),
            units: 1,
            value: parse_decimal("475.09").unwrap(),
            home_currency: Currency::KZT,
            effective_date,
            published_change: None,
            superseded_value: None,
        };
        FiledTable {
            source: SOURCE,
            document: "daily",
            pivot: Currency::KZT,
            effective_date,
            as_of: None,
            rows: (0..currencies).map(|number| row(number).into()).collect(),
        }
    };
    LedgerEntry {
        position: Position {
            epoch: "first".into(),
            revision,
        },
        at: Timestamp::UNIX_EPOCH,
        cause: Cause::Backfill(SOURCE),
        filed: (1..=30).map(table).collect(),
        held: Vec::new(),
        decided: Vec::new(),
        attempted: Vec::new(),
        answered: Vec::new(),
        served: Vec::new(),
    }
}

/// The writing connection of a ledger on the disk.
fn connection() -> (TempDir, Location, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let place = Location::of(Some(&folder.path().join("silkrate.db"))).unwrap();
    let connection = super::open::open(&place, ClockKind::Real)
        .unwrap()
        .connection;
    (folder, place, connection)
}

fn count(connection: &Connection, table: &str) -> i64 {
    connection
        .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
            row.get(0)
        })
        .unwrap()
}

fn user_version(connection: &Connection) -> i64 {
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

#[test]
fn a_full_disk_refuses_a_whole_entry_and_takes_it_when_there_is_room() {
    let (_folder, place, mut connection) = connection();
    write::append(&mut connection, &[(entry(1, 1), None)]).unwrap();
    let pages: i64 = connection
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    let limit = |connection: &Connection, pages: i64| {
        let set: i64 = connection
            .pragma_update_and_check(None, "max_page_count", pages, |row| row.get(0))
            .unwrap();
        assert_eq!(set, pages);
    };
    limit(&connection, pages + 2);
    let error = write::append(&mut connection, &[(entry(2, 100), None)]).unwrap_err();
    assert_eq!(
        error.of(&place.label).to_string(),
        format!(
            "the ledger {} cannot grow (database or disk is full); nothing of the entry was written: make room on its \
             disk",
            place.label.display()
        )
    );
    assert_eq!(
        (count(&connection, "entries"), count(&connection, "fixings")),
        (1, 30)
    );
    limit(&connection, 100_000);
    write::append(&mut connection, &[(entry(2, 100), None)]).unwrap();
    assert_eq!(
        (count(&connection, "entries"), count(&connection, "fixings")),
        (2, 3000)
    );
}

#[test]
fn a_file_that_opens_for_reading_alone_is_refused() {
    let (_folder, place, connection) = connection();
    drop(connection);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let mut connection = Connection::open_with_flags(&*place.label, flags).unwrap();
    let error = prepare(&mut connection, &place, ClockKind::Real).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the ledger {} cannot be written (it opens for reading alone); give this user the right to write the file \
             and its folder, or set store.path to another place",
            place.label.display()
        )
    );
}

#[test]
fn a_file_that_becomes_read_only_refuses_an_entry_and_takes_it_later() {
    let (_folder, place, mut connection) = connection();
    connection.pragma_update(None, "query_only", true).unwrap();
    let error = write::append(&mut connection, &[(entry(1, 1), None)]).unwrap_err();
    let error = error.of(&place.label);
    assert!(matches!(error, LedgerError::ReadOnly { .. }), "{error}");
    connection.pragma_update(None, "query_only", false).unwrap();
    write::append(&mut connection, &[(entry(1, 1), None)]).unwrap();
    assert_eq!(count(&connection, "entries"), 1);
}

#[test]
fn a_file_that_another_program_keeps_locked_refuses_an_entry_and_takes_it_later() {
    let (_folder, place, mut connection) = connection();
    // As if the lock time-out had passed.
    connection.busy_timeout(Duration::ZERO).unwrap();
    let other = Connection::open(&place.label).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = write::append(&mut connection, &[(entry(1, 1), None)]).unwrap_err();
    assert_eq!(
        error.of(&place.label).to_string(),
        format!(
            "another program keeps the ledger {} locked; nothing of the entry was written: close that program",
            place.label.display()
        )
    );
    other.execute_batch("ROLLBACK").unwrap();
    write::append(&mut connection, &[(entry(1, 1), None)]).unwrap();
    assert_eq!(count(&connection, "entries"), 1);
}

/// The number of entries in a copy of the file alone.
fn entries_of_copy(path: &Path) -> i64 {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::copy(path, &copy).unwrap();
    count(&Connection::open(&copy).unwrap(), "entries")
}

#[test]
fn the_log_is_folded_into_the_file_at_intervals_though_a_reader_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silkrate.db");
    let place = Location::of(Some(&path)).unwrap();
    let opened = super::open::open(&place, ClockKind::Real).unwrap();
    let reader = place.connect(super::open::Access::Read).unwrap();
    assert_eq!(count(&reader, "entries"), 0);
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    let label = std::sync::Arc::clone(&place.label);
    let thread = std::thread::spawn(move || {
        let beside = opened.beside.as_ref();
        write::run(opened.connection, &receiver, &label, beside, Duration::ZERO);
    });
    for revision in 1..=2 {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let entries = vec![(entry(revision, 1), None)];
        let append = Append { entries, answer };
        sender.send(append).unwrap();
        answered.blocking_recv().unwrap().unwrap();
        let began = std::time::Instant::now();
        while entries_of_copy(&path) < i64::try_from(revision).unwrap() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "it is not folded in"
            );
            std::thread::yield_now();
        }
        assert_eq!(count(&reader, "entries"), entries_of_copy(&path));
    }
    drop(sender);
    thread.join().unwrap();
}

#[test]
fn an_older_schema_is_brought_forward_and_keeps_its_rows() {
    let (_folder, _place, mut connection) = connection();
    write::append(&mut connection, &[(entry(1, 1), None)]).unwrap();
    let more = [
        "ALTER TABLE entries ADD COLUMN remark TEXT",
        "CREATE TABLE remarks (remark TEXT) STRICT; INSERT INTO remarks SELECT 'seen ' || count(*) FROM fixings",
    ];
    let newer = [MIGRATIONS, &more].concat();
    migrate(&mut connection, &newer).unwrap();
    let remark: String = connection
        .query_row(
            "SELECT remarks.remark FROM remarks, entries WHERE entries.remark IS NULL",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(remark, "seen 30");
    assert_eq!(user_version(&connection), 7);
    // A repeated migration would fail, because the column exists.
    migrate(&mut connection, &newer).unwrap();
}

#[test]
fn a_migration_that_fails_half_way_leaves_the_file_as_it_was() {
    let (_folder, place, mut connection) = connection();
    write::append(&mut connection, &[(entry(1, 1), None)]).unwrap();
    let more = ["ALTER TABLE entries ADD COLUMN remark TEXT", "not SQL"];
    let newer = [MIGRATIONS, &more].concat();
    assert!(migrate(&mut connection, &newer).is_err());
    drop(connection);
    let connection = super::open::open(&place, ClockKind::Real)
        .unwrap()
        .connection;
    assert!(connection.prepare("SELECT remark FROM entries").is_err());
    assert_eq!(count(&connection, "entries"), 1);
}

#[test]
fn a_version_below_zero_is_damage() {
    let (_folder, place, connection) = connection();
    connection.pragma_update(None, "user_version", -1).unwrap();
    drop(connection);
    let error = super::open::open(&place, ClockKind::Real)
        .map(|_| ())
        .unwrap_err();
    assert!(
        error.to_string().contains("is damaged: its version is -1"),
        "{error}"
    );
}

#[test]
fn a_path_that_looks_like_a_uri_is_a_path() {
    let place = Location::of(Some(Path::new("file:x?mode=memory"))).unwrap();
    assert!(
        format!("{place:?}").contains("/file:x?mode=memory"),
        "{place:?}"
    );
}

/// The ledger that version 1 wrote, unpacked.
fn version_1(folder: &Path) -> std::path::PathBuf {
    let packed = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/ledger/version-1/silkrate.db.gz"
    );
    let path = folder.join("silkrate.db");
    let mut packed = flate2::read::GzDecoder::new(std::fs::File::open(packed).unwrap());
    std::io::copy(&mut packed, &mut std::fs::File::create(&path).unwrap()).unwrap();
    path
}

#[test]
fn a_migration_that_is_cut_off_in_the_middle_is_made_again_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = version_1(folder.path());
    let mut connection = Connection::open(&path).unwrap();
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .unwrap();
    // With a cache of one page, uncommitted pages are spilled into the write-ahead log.
    connection.pragma_update(None, "cache_size", 1).unwrap();
    let transaction = connection.transaction().unwrap();
    transaction.execute_batch(MIGRATIONS[1]).unwrap();
    transaction.pragma_update(None, "user_version", 2).unwrap();

    let killed = tempfile::tempdir().unwrap();
    for name in ["silkrate.db", "silkrate.db-wal"] {
        std::fs::copy(folder.path().join(name), killed.path().join(name)).unwrap();
    }
    let log = std::fs::metadata(killed.path().join("silkrate.db-wal")).unwrap();
    assert!(
        log.len() > 4096,
        "nothing of the migration had been written"
    );
    let place = Location::of(Some(&killed.path().join("silkrate.db"))).unwrap();
    let left = place.connect(super::open::Access::Read).unwrap();
    assert_eq!(user_version(&left), 1);
    assert_eq!(count(&left, "served"), 19);
    drop(left);

    let connection = super::open::open(&place, ClockKind::Replay)
        .unwrap()
        .connection;
    assert_eq!(user_version(&connection), 5);
    assert_eq!(count(&connection, "served"), 19);
    assert_eq!(count(&connection, "current_fixings"), 4769);
    assert_eq!(count(&connection, "table_digests"), 976);
}

#[test]
fn a_connection_keeps_no_more_than_its_part_of_a_large_file_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silkrate.db");
    let place = Location::of(Some(&path)).unwrap();
    let connection = super::open::open(&place, ClockKind::Real)
        .unwrap()
        .connection;
    let log = || {
        let log = std::fs::metadata(folder.path().join("silkrate.db-wal"));
        log.unwrap().len()
    };
    let before = log();
    connection
        .execute_batch(
            "BEGIN; CREATE TABLE large (content); INSERT INTO large VALUES (zeroblob(1 << 20))",
        )
        .unwrap();
    // What is not kept is in the write-ahead log before the end of the transaction.
    assert!(log() > before + (1 << 18), "it is all in memory");
    assert!(log() < before + (1 << 20), "nothing is in memory");
}

#[tokio::test]
async fn what_a_commit_reads_is_not_read_on_the_threads_for_queries() {
    let (ledger, reader) = Ledger::open(None, ClockKind::Replay).unwrap();
    let of_queries = async |reader: &LedgerReader| {
        let name = || std::thread::current().name().map(ToOwned::to_owned);
        let name = reader.read(move |_state| Ok(name())).await.unwrap();
        name.as_deref() == Some("silkrate-query")
    };
    assert!(of_queries(&reader).await);
    assert!(!of_queries(&reader.for_commits().unwrap()).await);
    ledger.close().await;
}
