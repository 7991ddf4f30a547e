//! A ledger that an earlier version of silkrate wrote: it is migrated when it is opened, and what is served from it is
//! what that version served, digit by digit. `tests/fixtures/ledger/version-1/README.md` says how it was made.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::GzDecoder;
use rusqlite::Connection;
use silkrate::app::App;
use silkrate::config;
use silkrate::domain::{Change, Rate, RateFilter, Snapshot};
use tempfile::TempDir;

use crate::support::silkrate::{settings, source};

/// The position that the older version served last.
const EPOCH: &str = "fZ5tUfgBCwHrrdU8";
const REVISION: u64 = 92;
/// Every pair of the five, both of each direction once, in the order of `served.txt`.
const PAIRS: [&str; 7] = [
    "KZT/*", "TMT/*", "KGS/*", "TJS/*", "UZS/*", "USD/KZT", "RUB/TMT",
];

fn fixture(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/fixtures/ledger/version-1").join(name)
}

/// The older ledger, unpacked into a folder of its own.
pub(crate) fn unpacked() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silkrate.db");
    let mut packed = GzDecoder::new(File::open(fixture("silkrate.db.gz")).unwrap());
    io::copy(&mut packed, &mut File::create(&path).unwrap()).unwrap();
    let lock = folder.path().join("silkrate.db.lock");
    fs::copy(fixture("position.txt"), lock).unwrap();
    (folder, path)
}

/// What is served from a ledger, before any source is polled.
async fn served(path: &Path) -> Arc<Snapshot> {
    let mut config = settings("2026-04-02T06:00:00Z");
    config.store = config::Store::File(path.to_owned());
    for id in ["cbr", "cbt", "nbk"] {
        config.sources.push(source(id, "", "http://127.0.0.1:9"));
    }
    App::bind(config).await.unwrap().board().snapshot()
}

fn change(change: &Change) -> String {
    format!(
        "{} {}% since {} of {}",
        change.absolute, change.percent, change.reference_value, change.reference_date
    )
}

/// A rate in the lines of `served.txt`.
fn lines(rate: &Rate) -> String {
    let upper = |text: String| text.to_uppercase();
    let date = rate.effective_date.unwrap();
    let mut lines = format!(
        "{} = {} {} {} {date} {}\n",
        rate.pair,
        rate.value,
        upper(format!("{:?}", rate.derivation)),
        rate.source,
        upper(format!("{:?}", rate.freshness_status.freshness)),
    );
    let optional = |known: Option<&Change>| known.map_or("none".to_owned(), change);
    writeln!(lines, "  change {}", optional(rate.change.as_ref())).unwrap();
    for at in &rate.windows {
        let window = format!("{:?}", at.window).to_lowercase();
        let change = at.change.as_ref().map_or_else(String::clone, change);
        writeln!(lines, "  {window} {change}").unwrap();
    }
    if let Some(announced) = &rate.announced {
        let (value, date) = (announced.value, announced.effective_date);
        let change = optional(announced.change.as_ref());
        writeln!(lines, "  announced {value} for {date}, {change}").unwrap();
    }
    for row in &rate.fixings {
        let before = row
            .superseded_value
            .map(|value| format!(", before {value}"));
        let before = before.unwrap_or_default();
        writeln!(
            lines,
            "  fixing {} {} {} = {} {} of {}{before}",
            row.source, row.units, row.currency, row.value, row.home_currency, row.effective_date
        )
        .unwrap();
    }
    for held in &rate.held {
        writeln!(lines, "  held {}", held.id()).unwrap();
    }
    for flag in &rate.flags {
        let check = upper(flag.check.as_str().to_owned());
        writeln!(lines, "  flag {check}: {}", flag.detail).unwrap();
    }
    lines
}

fn rates(snapshot: &Snapshot) -> Vec<Rate> {
    snapshot.rates(&RateFilter::parse(&PAIRS).unwrap())
}

#[tokio::test]
async fn an_older_ledger_serves_the_rates_and_changes_that_the_older_version_served() {
    let (_folder, path) = unpacked();
    let snapshot = served(&path).await;
    let found: String = rates(&snapshot).iter().map(lines).collect();
    let recorded = fs::read_to_string(fixture("served.txt")).unwrap();
    assert_eq!(found.lines().count(), 337);
    for (found, recorded) in found.lines().zip(recorded.lines()) {
        assert_eq!(found, recorded);
    }
    assert_eq!(found, recorded);
}

#[tokio::test]
async fn an_older_ledger_keeps_its_epoch_and_every_row_changes_once() {
    let (_folder, path) = unpacked();
    let snapshot = served(&path).await;
    let position = &snapshot.position;
    assert_eq!((&*position.epoch, position.revision), (EPOCH, REVISION + 1));
    // A client that resumes from the last position of the older version gets every row.
    let update = snapshot.update_since(REVISION, &RateFilter::parse(&PAIRS).unwrap());
    assert_eq!(update.rates, rates(&snapshot));
    assert_eq!(update.sources.len(), 3);

    let again = served(&path).await;
    assert_eq!(*again, *snapshot, "once only");
}

#[tokio::test]
async fn a_migrated_ledger_keeps_every_row_and_gets_comparable_fingerprints() {
    let (_folder, path) = unpacked();
    let count = |table: &str| -> i64 {
        let connection = Connection::open(&path).unwrap();
        let query = format!("SELECT count(*) FROM {table}");
        connection.query_row(&query, [], |row| row.get(0)).unwrap()
    };
    let grown = [
        "epochs",
        "tables",
        "fixings",
        "held",
        "decisions",
        "attempted",
        "replaced",
        "waiting",
        "rates",
        "served",
    ];
    let before = grown.map(count);
    assert_eq!(before, [1, 980, 4771, 5, 3, 3, 2, 2, 4769, 19]);
    served(&path).await;
    let mut after = before;
    // The settings that decide which source answers a past date, and the pairs of the ticker.
    after[grown.len() - 1] += 2;
    assert_eq!(grown.map(count), after);
    assert_eq!(count("current_fixings"), 4769);
    let digits = "served WHERE length(fingerprint) = 64 AND revision = 93";
    assert_eq!(count(digits), 21);
}
