//! Records of every kind are read back as they were written, and no bytes do harm.

mod made;

use proptest::prelude::*;

use crate::domain::{Fingerprint, ServedChange};
use crate::shared::record::tests::made::{any_change, any_entry};
use crate::shared::record::{Chain, FORMAT, Record, RecordError, frame, read_change, to_shown};

fn record_of(
    entry: crate::domain::LedgerEntry,
    changes: &[ServedChange],
    is_whole: bool,
) -> Record {
    let revision = entry.position.revision;
    Record {
        format: FORMAT,
        previous: Chain::START.followed_by(b"before"),
        served: changes
            .iter()
            .map(|change| to_shown(change, revision))
            .collect(),
        entry,
        is_whole,
        state: Fingerprint::of_text("state"),
        settings: None,
        node: "node".to_owned(),
        build: "0.1.0".to_owned(),
    }
}

proptest! {
    #[test]
    fn a_record_is_read_back_digit_by_digit(
        entry in any_entry(),
        changes in proptest::collection::vec(any_change(), 0..4),
        is_whole in any::<bool>(),
    ) {
        let record = record_of(entry, &changes, is_whole);
        let stored = record.encode().unwrap();
        let read = Record::decode(&stored).unwrap();
        prop_assert_eq!(&read, &record);
        // Decimals with other zeros at the end are equal; the bytes are not.
        prop_assert_eq!(read.encode().unwrap(), stored);
        for (shown, change) in read.served.iter().zip(&changes) {
            let again = read_change(shown).unwrap();
            prop_assert_eq!(&again, change);
            prop_assert_eq!(format!("{again:?}"), format!("{change:?}"));
        }
    }

    #[test]
    fn a_damaged_record_is_refused_and_a_forged_one_does_no_harm(
        entry in any_entry(),
        changes in proptest::collection::vec(any_change(), 0..3),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
        inside in any::<bool>(),
    ) {
        let record = record_of(entry, &changes, false);
        let stored = record.encode().unwrap();
        // Inside: a message whose frame is right.
        let mut bytes = if inside { frame::unpack(&stored).unwrap() } else { stored.clone() };
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let damaged = if inside { frame::pack(&bytes).unwrap() } else { bytes };
        if !inside {
            let refused = Record::decode(&damaged).unwrap_err();
            prop_assert!(matches!(refused, RecordError::Broken(_) | RecordError::UnknownFormat(_)));
        } else if let Ok(read) = Record::decode(&damaged) {
            for change in &read.served {
                // Whether it can be read or not, it does not panic.
                drop(read_change(change));
            }
        }
        prop_assert_ne!(Chain::START.followed_by(&damaged), Chain::START.followed_by(&stored));
    }

    #[test]
    fn a_fingerprint_of_what_is_served_has_no_place_among_those_of_settings(entry in any_entry()) {
        use prost::Message;
        let record = record_of(entry, &[], false);
        let stored = frame::unpack(&record.encode().unwrap()).unwrap();
        let mut message = crate::pb::log::Record::decode(&*stored).unwrap();
        message.settings_fingerprints.push(crate::pb::log::SettingsFingerprint {
            subject: "USD/KZT".to_owned(),
            fingerprint: vec![7; 32],
        });
        let forged = frame::pack(&message.encode_to_vec()).unwrap();
        prop_assert_eq!(Record::decode(&forged), Ok(record));
    }

    #[test]
    fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(Record::decode(&bytes));
        if let Ok(stored) = frame::pack(&bytes) {
            drop(Record::decode(&stored));
        }
    }
}

#[test]
fn a_record_for_newer_readers_is_refused_with_what_to_do() {
    use prost::Message;
    let newer = crate::pb::log::Record {
        format: FORMAT + 1,
        min_reader: FORMAT + 1,
        build: "9.1.0".to_owned(),
        ..Default::default()
    };
    let stored = frame::pack(&newer.encode_to_vec()).unwrap();
    let refused = Record::decode(&stored).unwrap_err();
    let expected = RecordError::NewerFormat {
        min_reader: FORMAT + 1,
        reads: FORMAT,
        build: "9.1.0".to_owned(),
    };
    assert_eq!(refused, expected);
    let refused = refused.to_string();
    assert!(
        refused.starts_with("silkrate 9.1.0 wrote the record, for readers of format 2"),
        "{refused}"
    );
    assert!(refused.ends_with("upgrade this replica"), "{refused}");
    let read = Record::decode_for(&stored, FORMAT + 1).unwrap_err();
    assert!(
        matches!(read, RecordError::Broken(_)),
        "its fields are absent: {read}"
    );
}
