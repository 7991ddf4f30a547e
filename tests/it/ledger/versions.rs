//! Upgrade and downgrade: ledgers of the last two schema versions, `tests/fixtures/ledger/version-4.sql` and `version-5.sql`.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use silkrate::app::App;
use silkrate::config;
use silkrate::domain::{Pair, Snapshot};
use silkrate::ledger::{ClockKind, Ledger, LedgerError, check};
use tempfile::TempDir;

use crate::support::silkrate::{settings, source};

/// The versions of the fixtures: the newest one, and the one before it.
const VERSIONS: [i64; 2] = [4, 5];
const NEWEST: i64 = 5;
/// Where a service of that version stopped.
const EPOCH: &str = "k3v9TqLmWz5XbYcD";
const REVISION: u64 = 3;

/// The ledger of a version, in a folder of its own.
fn ledger_of(version: i64) -> (TempDir, PathBuf) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let name = format!("tests/fixtures/ledger/version-{version}.sql");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silkrate.db");
    let connection = Connection::open(&path).unwrap();
    let statements = fs::read_to_string(root.join(name)).unwrap();
    connection.execute_batch(&statements).unwrap();
    let position = folder.path().join("silkrate.db.position");
    fs::write(position, format!("{EPOCH} {REVISION}\n")).unwrap();
    (folder, path)
}

fn version_of(path: &Path) -> i64 {
    let connection = Connection::open(path).unwrap();
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

/// What is served from a ledger, before any source is polled.
async fn served(path: &Path) -> Snapshot {
    let mut config = settings("2026-04-02T09:00:00Z");
    config.store = config::Store::File(path.to_owned());
    config.sources.push(source("nbk", "", "http://127.0.0.1:9"));
    let snapshot = App::bind(config).await.unwrap().board().snapshot();
    Snapshot::clone(&snapshot)
}

#[tokio::test]
async fn a_ledger_of_each_of_the_last_versions_is_served_digit_by_digit_and_has_the_newest_version_then()
 {
    for version in VERSIONS {
        let (_folder, path) = ledger_of(version);
        assert_eq!(version_of(&path), version);
        let snapshot = served(&path).await;
        let rate = |pair| snapshot.rate(Pair::parse(pair).unwrap()).unwrap();
        let dollar = rate("USD/KZT");
        assert_eq!(dollar.value.to_string(), "475.09", "version {version}");
        let change = dollar.change.unwrap();
        assert_eq!(change.absolute.to_string(), "-3.68");
        assert_eq!(change.reference_value.to_string(), "478.77");
        assert_eq!(
            dollar.fixings[0].superseded_value.unwrap().to_string(),
            "475.90"
        );
        let euro = rate("EUR/KZT");
        assert_eq!(
            (euro.value.to_string(), euro.held.len()),
            ("548.62".to_owned(), 1)
        );
        // Within its epoch: subscribers resume.
        let position = &snapshot.position;
        assert_eq!((&*position.epoch, position.revision), (EPOCH, REVISION + 1));
        assert_eq!(version_of(&path), NEWEST);
        let rows = |table: &str| -> i64 {
            let query = format!("SELECT count(*) FROM {table}");
            let connection = Connection::open(&path).unwrap();
            connection.query_row(&query, [], |row| row.get(0)).unwrap()
        };
        assert_eq!(
            ["tables", "fixings", "held", "attempted"].map(rows),
            [3, 6, 1, 1]
        );
        assert_eq!(
            served(&path).await,
            snapshot,
            "and a second start changes nothing"
        );
    }
}

/// A downgrade: the earlier program refuses the file that the later one has migrated, and starts with the copy that was made
/// before. Every program decides by the version in the file alone, as this one does about the version after its own.
#[tokio::test]
async fn a_later_ledger_is_refused_with_what_to_do_and_the_copy_from_before_the_upgrade_is_served_again()
 {
    let (folder, path) = ledger_of(4);
    let copy = folder.path().join("before-the-upgrade.db");
    fs::copy(&path, &copy).unwrap();
    let upgraded = served(&path).await;
    let later = Connection::open(&path).unwrap();
    later
        .pragma_update(None, "user_version", NEWEST + 1)
        .unwrap();
    drop(later);
    for refused in [
        Ledger::open(Some(&path), ClockKind::Replay)
            .map(drop)
            .unwrap_err(),
        check(&path, ClockKind::Replay).unwrap_err(),
    ] {
        assert!(
            matches!(refused, LedgerError::NewerSchema { found: 6, .. }),
            "{refused}"
        );
        let text = refused.to_string();
        assert!(
            text.contains("put the copy from before the upgrade in its place"),
            "{text}"
        );
    }
    assert_eq!(version_of(&path), NEWEST + 1, "it is not changed");

    fs::copy(&copy, &path).unwrap();
    let again = served(&path).await;
    let pair = Pair::parse("USD/KZT").unwrap();
    assert_eq!(again.rate(pair), upgraded.rate(pair));
    // It is behind what was served last, so that no subscriber may resume.
    assert_ne!(again.position.epoch, upgraded.position.epoch);
}
