//! Held values: they are restored unchanged until a decision settles them.

use std::sync::Arc;

use jiff::civil::Date;
use silkrate::domain::{
    Change, Check, Currency, DecidedBy, Decision, Held, HeldOutcome, LedgerEntry, RestoredDocument,
    RevisionPolicy, parse_decimal,
};
use silkrate::ledger::LedgerReader;

use crate::ledger::{APRIL_1, APRIL_2, NBK, at, entry, in_memory, open, place, tenge};

/// A held dollar of the Kazakh bank, with everything a held value can have.
pub(super) fn held(day: Date, value: &str) -> Arc<Held> {
    let decimal = |text| parse_decimal(text).unwrap();
    let table = tenge(day, &[("USD", 1, value)]);
    let mut fixing = (*table.rows[&Currency::USD]).clone();
    fixing.published_change = Some(decimal("-0.50"));
    fixing.superseded_value = Some(decimal("475.10"));
    Arc::new(Held {
        document: NBK.document,
        code: Currency::USD,
        change: Change::since(decimal("475.10"), APRIL_1, fixing.value),
        fixing: Arc::new(fixing),
        check: Check::UnitJump,
        detail: "47509 is 100 times \"475.09\"; it's large".into(),
        since: at(7),
    })
}

pub(super) fn decided(held: &Arc<Held>, outcome: HeldOutcome) -> Decision {
    Decision {
        held: Arc::clone(held),
        outcome,
        by: DecidedBy::Operator,
        note: "asked the bank".into(),
    }
}

async fn restored(reader: &LedgerReader) -> RestoredDocument {
    let document = reader.restore_document(NBK, RevisionPolicy::Correction, 64);
    document.await.unwrap()
}

#[tokio::test]
async fn a_held_value_is_restored_digit_by_digit() {
    let (_folder, path) = place();
    let (ledger, _) = open(&path);
    let mut all = vec![held(APRIL_1, "47509.00"), held(APRIL_2, "0.0021")];
    Arc::make_mut(&mut all[1]).change = None;
    let rise = held(APRIL_2, "475.10");
    for (check, day) in Check::ALL.into_iter().zip(1..) {
        let mut one = (*rise).clone();
        one.check = check;
        Arc::make_mut(&mut one.fixing).effective_date = Date::constant(2026, 5, day);
        all.push(Arc::new(one));
    }
    let entry = LedgerEntry {
        held: all.clone(),
        ..entry(7, Vec::new())
    };
    ledger.append(entry).await.unwrap();
    ledger.close().await;
    let (_ledger, reader) = open(&path);
    // As text, so that the zeros at the end of a number count.
    assert_eq!(
        format!("{:?}", restored(&reader).await.held),
        format!("{all:?}")
    );
}

#[tokio::test]
async fn a_decided_value_is_no_longer_held_and_is_remembered_with_its_outcome() {
    let outcomes = [
        HeldOutcome::Released,
        HeldOutcome::Rejected,
        HeldOutcome::Replaced,
        HeldOutcome::Overtaken,
    ];
    let (ledger, reader) = in_memory();
    for (outcome, revision) in outcomes.into_iter().zip([1, 3, 5, 7]) {
        let value = held(APRIL_2, &format!("4750{revision}.0"));
        let holding = LedgerEntry {
            held: vec![Arc::clone(&value)],
            ..entry(revision, Vec::new())
        };
        let deciding = LedgerEntry {
            decided: vec![decided(&value, outcome)],
            ..entry(revision + 1, Vec::new())
        };
        ledger.append(holding).await.unwrap();
        assert_eq!(restored(&reader).await.held, [(*value).clone()]);
        ledger.append(deciding).await.unwrap();
        assert_eq!(restored(&reader).await.held, []);
    }
    let remembered = restored(&reader).await.settled;
    let settled = outcomes.into_iter().zip([1, 3, 5, 7]);
    let settled = settled.map(|(outcome, revision)| {
        let value = held(APRIL_2, &format!("4750{revision}.0"));
        (Held::clone(&value), outcome)
    });
    assert_eq!(remembered, settled.collect::<Vec<_>>());
}

#[tokio::test]
async fn the_same_value_is_held_once_and_may_be_held_again_after_a_decision() {
    let (ledger, reader) = in_memory();
    let value = held(APRIL_2, "47509");
    let holding = |revision| LedgerEntry {
        held: vec![Arc::clone(&value)],
        ..entry(revision, Vec::new())
    };
    ledger.append(holding(1)).await.unwrap();
    ledger.append(holding(2)).await.unwrap();
    assert_eq!(restored(&reader).await.held.len(), 1);
    // One that replaces it is in the same entry.
    let other = held(APRIL_2, "47510");
    let overtaking = LedgerEntry {
        held: vec![Arc::clone(&other)],
        decided: vec![decided(&value, HeldOutcome::Overtaken)],
        ..entry(3, Vec::new())
    };
    ledger.append(overtaking).await.unwrap();
    assert_eq!(restored(&reader).await.held, [(*other).clone()]);
    ledger.append(holding(4)).await.unwrap();
    assert_eq!(
        restored(&reader).await.held,
        [(*other).clone(), (*value).clone()]
    );
}

#[tokio::test]
async fn a_decision_on_a_value_that_was_never_written_down_is_kept_once() {
    let (ledger, reader) = in_memory();
    let value = held(APRIL_2, "47509");
    for revision in [1, 2] {
        let deciding = LedgerEntry {
            decided: vec![decided(&value, HeldOutcome::Rejected)],
            ..entry(revision, Vec::new())
        };
        ledger.append(deciding).await.unwrap();
    }
    let document = restored(&reader).await;
    assert_eq!(document.held, []);
    let rejected = (Held::clone(&value), HeldOutcome::Rejected);
    assert_eq!(document.settled, [rejected]);
}
