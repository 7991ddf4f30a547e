//! The place of a ledger in a log that replicas share.

use std::path::Path;

use silkrate::domain::{Fingerprint, LogStep, RestoredLog, ShownChange};
use silkrate::ledger::{ClockKind, Ledger, LedgerError};

use crate::ledger::{APRIL_1, NBK, at, entry, filed, in_memory, place, tenge};
use crate::support::commits::{Commits, NEVER, store};

fn shown(subject: &str, changed_at_revision: u64, value: Option<&str>) -> ShownChange {
    ShownChange {
        subject: subject.to_owned(),
        changed_at_revision,
        value: value.map(|value| value.as_bytes().into()),
    }
}

pub(super) fn step(seq: u64, is_whole: bool, shown: Vec<ShownChange>) -> LogStep {
    LogStep {
        log: "main".into(),
        seq,
        chain: Fingerprint::of_text(&seq.to_string()),
        is_whole,
        shown,
    }
}

#[tokio::test]
async fn the_place_in_the_log_and_what_is_served_there_are_written_with_the_entry() {
    let (ledger, reader) = in_memory();
    let restored = async || reader.restore_log("main".into()).await.unwrap();
    assert_eq!(restored().await, None);
    let both = vec![
        shown("KZT/USD", 1, Some("475.00")),
        shown("source nbk", 1, Some("fresh")),
    ];
    let first = ledger.append_record(entry(1, Vec::new()), step(1, true, both));
    first.await.unwrap();
    let moved = vec![shown("KZT/RUB", 2, Some("5.9")), shown("KZT/USD", 2, None)];
    let second = ledger.append_record(entry(2, Vec::new()), step(2, false, moved));
    second.await.unwrap();
    let expected = RestoredLog {
        seq: 2,
        chain: Fingerprint::of_text("2"),
        shown: vec![
            shown("KZT/RUB", 2, Some("5.9")),
            shown("source nbk", 1, Some("fresh")),
            shown("KZT/USD", 2, None),
        ],
    };
    assert_eq!(restored().await, Some(expected));
    assert_eq!(reader.restore_log("other".into()).await, Ok(None));

    // A record that does not follow leaves nothing behind.
    let later = ledger.append_record(entry(3, Vec::new()), step(4, false, Vec::new()));
    let refused = later.await.unwrap_err();
    assert!(matches!(refused, LedgerError::Refused { .. }), "{refused}");
    let position = reader.restore().await.unwrap().unwrap().position;
    assert_eq!(position.revision, 2);

    let whole = vec![shown("KZT/USD", 9, Some("476.00"))];
    let joined = ledger.append_record(entry(9, Vec::new()), step(70, true, whole.clone()));
    joined.await.unwrap();
    let expected = RestoredLog {
        seq: 70,
        chain: Fingerprint::of_text("70"),
        shown: whole,
    };
    assert_eq!(restored().await, Some(expected));
}

/// The epoch that a service which runs alone begins with.
async fn epoch_alone(path: &Path) -> String {
    let commits = Commits::open(store(path, NEVER), at(9)).await;
    commits.close().await.position.epoch.to_string()
}

#[tokio::test]
async fn a_ledger_that_followed_a_log_begins_one_new_epoch_when_it_is_opened_alone() {
    let (_folder, path) = place();
    let (ledger, reader) = Ledger::open(Some(&path), ClockKind::Replay).unwrap();
    let table = filed(NBK, &tenge(APRIL_1, &[("USD", 1, "475.09")]));
    let record = ledger.append_record(entry(1, vec![table]), step(1, true, Vec::new()));
    record.await.unwrap();
    drop(reader);
    ledger.close().await;
    let alone = epoch_alone(&path).await;
    assert_ne!(alone, "first");
    assert_eq!(epoch_alone(&path).await, alone, "the next start goes on");
    let (ledger, reader) = Ledger::open(Some(&path), ClockKind::Replay).unwrap();
    assert_eq!(reader.restore_log("main".into()).await, Ok(None));
    drop(reader);
    ledger.close().await;
}
