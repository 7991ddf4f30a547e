//! The rows of a ledger and the file of its position: what somebody wrote into them, or a disk made of them.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use rust_decimal::Decimal;
use silkrate::domain::{Currency, DocumentKey, Fixing, RevisionPolicy, SourceId};
use silkrate::ledger::{ClockKind, FixingsPage, Ledger, LedgerError, LedgerReader};

use crate::checks::service::SERVICE;
use crate::checks::{file, statements};

const NAME: &str = "silkrate.db";
const DOCUMENT: DocumentKey = DocumentKey {
    source: SourceId::new("nbk"),
    document: "daily",
};
/// More rows than an input has.
const ROWS_MAX: u32 = 100;

/// An empty ledger of the newest version: what stands before the rows of the fixture.
static EMPTY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let fixture = crate::here().join("../fixtures/ledger/version-5.sql");
    statements::empty(&fs::read_to_string(fixture).expect("the fixture is there"))
});

/// An input: a line for the file of the position, then statements that insert rows.
pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (position, rows) = text.split_once('\n').unwrap_or_default();
    let path = file::write(NAME, &EMPTY);
    file::write(&format!("{NAME}.position"), position.as_bytes());
    if statements::insert(&path, rows) {
        SERVICE.with(|service| service.wait(read(&path, rows)));
    }
}

async fn read(path: &Path, rows: &str) {
    let (ledger, reader) = match Ledger::open(Some(path), ClockKind::Replay) {
        Ok(opened) => opened,
        Err(error) => return assert!(!matches!(error, LedgerError::Busy { .. }), "{error}"),
    };
    if let Ok(Some(state)) = reader.restore().await {
        assert!(
            rows.contains(&*state.position.epoch),
            "{:?}",
            state.position
        );
    }
    let policy = RevisionPolicy::Correction;
    drop(reader.restore_document(DOCUMENT, policy, 64).await);
    for currency in [Currency::USD, Currency::EUR] {
        read_rows(&reader, currency, rows).await;
    }
    drop(reader.first_seen(DOCUMENT).await);
    drop(reader.check().await);
    drop(reader);
    ledger.close().await;
}

async fn read_rows(reader: &LedgerReader, currency: Currency, rows: &str) {
    let page = FixingsPage {
        source: DOCUMENT.source,
        revision_policy: RevisionPolicy::Correction,
        currency,
        from: None,
        to: None,
        after: None,
        limit: ROWS_MAX,
    };
    for record in reader.fixings(page).await.unwrap_or_default() {
        check(&record.fixing, rows);
    }
}

fn check(fixing: &Fixing, rows: &str) {
    let values = [
        Some(fixing.value),
        fixing.published_change,
        fixing.superseded_value,
    ];
    for value in values.into_iter().flatten() {
        let digits = value.abs().to_string();
        assert!(rows.contains(&digits), "no row has {digits}: {fixing:?}");
    }
    assert!(fixing.value > Decimal::ZERO, "{fixing:?}");
}
