//! The ledger, from outside: appended entries are read back, none is ever changed, and foreign files are left alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use silkrate::domain::{
    Cause, Currency, DocumentKey, FiledTable, Fixing, LedgerEntry, Position, RevisionPolicy,
    SourceId, Table,
};
use silkrate::ledger::{ClockKind, FixingsPage, Ledger, LedgerError, LedgerReader};
use tempfile::TempDir;

use crate::support::records::{Quotes, table};

mod backup;
mod corrections;
mod damage;
mod entries;
mod files;
mod held;
mod history;
mod log_place;
mod older;
mod partial;
mod round_trip;
mod sql;
mod versions;

const NBK: DocumentKey = DocumentKey {
    source: SourceId::new("nbk"),
    document: "daily",
};
const MARKET: DocumentKey = DocumentKey {
    source: SourceId::new("market"),
    document: "daily",
};
const APRIL_1: Date = date(2026, 4, 1);
const APRIL_2: Date = date(2026, 4, 2);
const APRIL_3: Date = date(2026, 4, 3);

/// A folder for one test, and the path of a ledger in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silkrate.db");
    (folder, path)
}

fn open(path: &Path) -> (Ledger, LedgerReader) {
    Ledger::open(Some(path), ClockKind::Real).unwrap()
}

fn in_memory() -> (Ledger, LedgerReader) {
    Ledger::open(None, ClockKind::Replay).unwrap()
}

/// The instant of a revision: with a fraction of a second, so that its loss is found.
fn at(revision: u64) -> Timestamp {
    let start: Timestamp = "2026-04-02T09:00:00.123456789Z".parse().unwrap();
    start + jiff::SignedDuration::from_secs(revision.try_into().unwrap())
}

/// An entry of a poll of the Kazakh bank.
fn entry(revision: u64, filed: Vec<FiledTable>) -> LedgerEntry {
    LedgerEntry {
        position: Position {
            epoch: "first".into(),
            revision,
        },
        at: at(revision),
        cause: Cause::Poll(NBK.source),
        filed,
        held: Vec::new(),
        decided: Vec::new(),
        attempted: Vec::new(),
        answered: Vec::new(),
        served: Vec::new(),
    }
}

/// A table of the Kazakh bank.
fn tenge(day: Date, rows: &[(&'static str, u32, &str)]) -> Table {
    table("nbk", Quotes::InHome(Currency::KZT), day, rows)
}

/// A market table with the dollar as its base.
fn market(day: Date, rows: &[(&'static str, u32, &str)]) -> Table {
    table("market", Quotes::OfBase(Currency::USD), day, rows)
}

/// All rows of a table, as an entry files them.
fn filed(key: DocumentKey, table: &Table) -> FiledTable {
    FiledTable {
        source: key.source,
        document: key.document,
        pivot: table.pivot,
        effective_date: table.effective_date,
        as_of: table.as_of,
        rows: table.rows.values().map(Arc::clone).collect(),
    }
}

/// A ledger with a few tables, closed.
async fn filled(path: &Path) {
    let (ledger, reader) = open(path);
    let mut day = APRIL_1;
    for revision in 1..=40 {
        let value = format!("47{revision}.09");
        let rows = [
            ("EUR", 1, "511.20"),
            ("USD", 1, &*value),
            ("UZS", 100, "3.95"),
        ];
        ledger
            .append(entry(revision, vec![filed(NBK, &tenge(day, &rows))]))
            .await
            .unwrap();
        day = day.tomorrow().unwrap();
    }
    drop(reader);
    ledger.close().await;
}

/// The error of opening a ledger.
fn refusal(path: &Path) -> LedgerError {
    Ledger::open(Some(path), ClockKind::Real)
        .map(|_| ())
        .unwrap_err()
}

/// A row in one line: its value, and the value it corrected.
fn line(fixing: &Fixing) -> String {
    let Fixing {
        source,
        currency,
        units,
        value,
        home_currency,
        effective_date,
        ..
    } = fixing;
    let corrected = fixing
        .superseded_value
        .map(|value| format!(" instead of {value}"));
    let corrected = corrected.unwrap_or_default();
    format!("{source} {effective_date} {units} {currency} = {value} {home_currency}{corrected}")
}

/// The first page of all rows of a currency.
fn all_of(key: DocumentKey, currency: Currency) -> FixingsPage {
    FixingsPage {
        source: key.source,
        revision_policy: RevisionPolicy::Correction,
        currency,
        from: None,
        to: None,
        after: None,
        limit: 1000,
    }
}

/// All tables of a document.
async fn tables(
    reader: &LedgerReader,
    key: DocumentKey,
    revision_policy: RevisionPolicy,
) -> Vec<Table> {
    let tables = reader.tables(key, revision_policy, Date::ZERO, Date::MAX);
    tables.await.unwrap()
}
