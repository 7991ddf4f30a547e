//! Files of SQLite, made by statements.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use crate::checks::file;

/// What an input may not do: it would read or write other files, or compute for ever.
const FORBIDDEN: [&str; 6] = [
    "attach",
    "vacuum",
    "pragma",
    "recursive",
    "select",
    "load_extension",
];

/// The bytes of a file with the tables of a fixture and none of its rows.
pub(crate) fn empty(fixture: &str) -> Vec<u8> {
    let is_of_schema = |line: &&str| !line.starts_with("INSERT");
    let schema: Vec<&str> = fixture.lines().filter(is_of_schema).collect();
    let path = file::path("empty.db");
    drop(fs::remove_file(&path));
    let connection = Connection::open(&path).expect("the file can be made");
    let made = connection.execute_batch(&schema.join("\n"));
    made.expect("the fixture is made of statements");
    connection.close().expect("nothing is left to do");
    fs::read(&path).expect("the file is there")
}

/// Inserts the rows of an input, whatever the rules of the tables are. Returns whether they could be inserted.
pub(crate) fn insert(path: &Path, rows: &str) -> bool {
    let lower = rows.to_ascii_lowercase();
    if FORBIDDEN.iter().any(|word| lower.contains(word)) {
        return false;
    }
    for beside in ["-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        drop(fs::remove_file(name));
    }
    let connection = Connection::open(path).expect("the file is there");
    let rules =
        "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF";
    connection.execute_batch(rules).expect("these are settings");
    let inserted = connection.execute_batch(&format!("BEGIN; {rows}; COMMIT"));
    inserted.is_ok()
}
