//! The records of a shared log: what is read of one is written so that it is read as the same.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use silkrate::domain::Fingerprint;
use silkrate::shared::record::{self, Record, RecordError, read_change};

/// The format and the bytes of the digest of a stored record.
const FORMAT: u8 = 1;
const DIGEST_BYTES: usize = 8;

/// The bytes that are stored for a message. Without the digest and the compression nothing but the check of these would be
/// reached.
fn stored(message: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder
        .write_all(message)
        .expect("a vector takes every byte");
    let deflated = encoder.finish().expect("a vector takes every byte");
    let fingerprint = Fingerprint::of_parts([&*deflated]);
    let digest = &fingerprint.as_bytes()[..DIGEST_BYTES];
    [&[FORMAT], digest, &deflated].concat()
}

fn check(stored: &[u8]) {
    let record = match Record::decode(stored) {
        Ok(record) => record,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    for change in &record.served {
        if let Err(error) = read_change(change) {
            assert!(!error.to_string().is_empty());
        }
    }
    // One of a later format may be read, but only a later version writes it.
    if record.format > record::FORMAT {
        return;
    }
    match record.encode() {
        Ok(again) => assert_eq!(Record::decode(&again), Ok(record)),
        Err(error) => assert_eq!(error, RecordError::TooLarge),
    }
}

pub(crate) fn run(bytes: &[u8]) {
    check(bytes);
    check(&stored(bytes));
}
