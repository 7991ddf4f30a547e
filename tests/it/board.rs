//! A board publishes a snapshot and the records it was derived from, in one value.

use std::sync::Arc;

use jiff::civil::{Date, date};
use silkrate::board::Published;
use silkrate::domain::SourceId;

use crate::support::boards::{OneBank, noon, table};

const NBK: SourceId = SourceId::new("nbk");
const APRIL_1: Date = date(2026, 4, 1);
const APRIL_2: Date = date(2026, 4, 2);

/// The newest date of the bank by the snapshot, and by the record published with it.
fn newest(published: &Published) -> (Option<Date>, Option<Date>) {
    let state = published.snapshot.source(NBK).unwrap();
    let record = published.record("nbk").unwrap();
    let table = record.documents[0].history.newest();
    (
        state.newest_effective_date,
        table.map(|table| table.effective_date),
    )
}

#[test]
fn a_reader_sees_the_records_that_the_snapshot_was_derived_from() {
    let bank = OneBank::new();
    bank.commit(APRIL_1, &[("USD", "478.77")]);
    let mut watch = bank.feed.board().watch();
    let before = watch.borrow_and_update().clone();
    assert_eq!(newest(&before), (Some(APRIL_1), Some(APRIL_1)));

    // The book changes: a reader sees nothing of it before it is published, and then all of it.
    let mut commit = bank.commit.borrow_mut();
    commit.insert(NBK, table(APRIL_2, &[("USD", "475.09")]));
    assert!(!watch.has_changed().unwrap());
    assert_eq!(newest(&watch.borrow()), (Some(APRIL_1), Some(APRIL_1)));
    commit.publish(noon(APRIL_2)).unwrap();
    assert!(watch.has_changed().unwrap());
    let after = watch.borrow_and_update().clone();
    assert_eq!(newest(&after), (Some(APRIL_2), Some(APRIL_2)));
    assert_eq!(newest(&before), (Some(APRIL_1), Some(APRIL_1)), "immutable");
}

#[test]
fn records_that_change_nothing_served_are_replaced_without_a_notification() {
    let bank = OneBank::new();
    bank.commit(APRIL_2, &[("USD", "475.09")]);
    let mut watch = bank.feed.board().watch();
    let before = watch.borrow_and_update().clone();
    let mut commit = bank.commit.borrow_mut();
    commit.publish_records();
    assert!(!watch.has_changed().unwrap());
    let after = watch.borrow().clone();
    assert!(Arc::ptr_eq(&after.snapshot, &before.snapshot));
    let record = |published: &Published| Arc::as_ptr(published.record("nbk").unwrap());
    assert_eq!(record(&after), record(&before), "the book has not changed");
    commit.insert(NBK, table(APRIL_1, &[("USD", "478.77")]));
    commit.publish_records();
    let after = watch.borrow().clone();
    assert_ne!(record(&after), record(&before));
    assert!(Arc::ptr_eq(&after.snapshot, &before.snapshot));
}
