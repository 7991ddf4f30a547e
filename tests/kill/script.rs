//! The entries: a function of the revision alone, so that the parent knows what the file must contain.

use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan};
use silkrate::domain::{
    Cause, Check, Currency, DocumentKey, FiledTable, Fingerprint, Fixing, Held, LedgerEntry,
    Position, ServedFingerprint, SourceId, parse_decimal,
};

pub(crate) const NBK: DocumentKey = DocumentKey {
    source: SourceId::new("nbk"),
    document: "daily",
};
const FIRST_DAY: Date = date(2000, 1, 1);
/// The numbers of rows of successive entries: none, a few, a whole table, and sometimes enough that a kill hits the middle of
/// the write.
const ROWS: [usize; 8] = [3, 0, 20, 1, 7, 2, 120, 5];

/// The number of rows in the entry of a revision. All of them are new.
pub(crate) fn rows(revision: u64) -> usize {
    ROWS[usize::try_from(revision).unwrap() % ROWS.len()]
}

/// The number of values held since a revision.
pub(crate) fn held(revision: u64) -> usize {
    usize::from(revision.is_multiple_of(3))
}

/// The value of every row of a revision.
pub(crate) fn value(revision: u64) -> String {
    format!("{revision}.50")
}

/// The entry of a revision. Two in a row print the same date: the second corrects the first.
pub(crate) fn entry(revision: u64) -> LedgerEntry {
    let effective_date = FIRST_DAY + i64::try_from(revision / 2).unwrap().days();
    let at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(revision.try_into().unwrap());
    let fixing = |number: usize| Fixing {
        source: NBK.source,
        currency: currency(number),
        units: 1,
        value: parse_decimal(&value(revision)).unwrap(),
        home_currency: Currency::KZT,
        effective_date,
        published_change: None,
        superseded_value: None,
    };
    let table = FiledTable {
        source: NBK.source,
        document: NBK.document,
        pivot: Currency::KZT,
        effective_date,
        as_of: None,
        rows: (0..rows(revision))
            .map(|number| Arc::new(fixing(number)))
            .collect(),
    };
    let waiting = |number| Held {
        code: fixing(number).currency,
        document: NBK.document,
        fixing: Arc::new(fixing(number)),
        check: Check::UnitJump,
        detail: "for the test".into(),
        since: at,
        change: None,
    };
    LedgerEntry {
        position: Position {
            epoch: "kill".into(),
            revision,
        },
        at,
        cause: Cause::Poll(NBK.source),
        filed: vec![table],
        held: (0..held(revision))
            .map(|number| Arc::new(waiting(number)))
            .collect(),
        decided: Vec::new(),
        attempted: vec![NBK.source],
        answered: Vec::new(),
        served: vec![ServedFingerprint {
            subject: "KZT/USD".into(),
            fingerprint: Some(Fingerprint::of_text(&value(revision))),
        }],
    }
}

/// The codes AAA, AAB, and so on.
fn currency(number: usize) -> Currency {
    let letter = |digit: usize| char::from(b'A' + u8::try_from(digit % 26).unwrap());
    let code: String = [number / 676, number / 26, number]
        .map(letter)
        .iter()
        .collect();
    Currency::parse(&code).unwrap()
}
