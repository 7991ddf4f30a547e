//! A store that cannot be opened: the service does not start, unless the store is not required.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use silkrate::app::{App, AppError};
use silkrate::config::{self, Config};
use tempfile::TempDir;

use crate::support::silkrate::{Silkrate, settings};

fn config(path: &Path, is_required: bool) -> Config {
    let mut config = settings("2026-04-02T09:00:00Z");
    config.store = config::Store::File(path.to_owned());
    config.store_required = is_required;
    config
}

/// Makes a store that cannot be opened in a folder, and returns its path.
type Make = fn(&Path) -> PathBuf;

fn foreign(folder: &Path) -> PathBuf {
    let path = folder.join("silkrate.db");
    fs::write(&path, "an editor's notes, by no means a database").unwrap();
    path
}

fn of_a_newer_version(folder: &Path) -> PathBuf {
    let path = folder.join("silkrate.db");
    let connection = Connection::open(&path).unwrap();
    let newer = format!(
        "PRAGMA application_id = {}; PRAGMA user_version = 99",
        0x7369_6c6b
    );
    connection.execute_batch(&newer).unwrap();
    path
}

fn in_a_missing_folder(folder: &Path) -> PathBuf {
    folder.join("missing").join("silkrate.db")
}

fn folder_itself(folder: &Path) -> PathBuf {
    folder.to_owned()
}

/// Not even root can make a file there.
fn read_only(_folder: &Path) -> PathBuf {
    "/sys/silkrate.db".into()
}

fn damaged(folder: &Path) -> PathBuf {
    let path = folder.join("silkrate.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("PRAGMA application_id = 1936288875; CREATE TABLE x (y)")
        .unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..5000]).unwrap();
    path
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_stops_the_start_with_what_to_do() {
    let cases: [(Make, &str); 6] = [
        (foreign, "set store.path to another file"),
        (
            of_a_newer_version,
            "upgrade silkrate, put the copy from before",
        ),
        (in_a_missing_folder, "does not exist; create it"),
        (folder_itself, "(it is a folder)"),
        (read_only, "give this user the right to write the file"),
        (damaged, "put back a copy, or move the file away"),
    ];
    for (make, expected) in cases {
        let folder = TempDir::new().unwrap();
        let path = make(folder.path());
        let refused = App::bind(config(&path, true)).await;
        let Err(AppError::Store(error)) = refused else {
            panic!("{expected}: {refused:?}");
        };
        let said = error.to_string();
        assert!(said.contains(expected), "{said}");
        assert!(said.contains(&*path.to_string_lossy()), "{said}");
    }
}

#[tokio::test]
async fn a_store_that_is_not_required_is_opened_when_it_can_be() {
    let folder = TempDir::new().unwrap();
    let path = foreign(folder.path());
    let mut silkrate = Silkrate::start(config(&path, false)).await;
    assert_eq!(silkrate.snapshot(&["KZT/USD"]).await.rates, []);
    // The buffered entries are written at the stop.
    fs::remove_file(&path).unwrap();
    silkrate.finish().await;
    let entries: i64 = Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM entries", [], |row| row.get(0))
        .unwrap();
    assert!(entries > 0);
}
