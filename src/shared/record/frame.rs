//! The bytes that are stored for a message: one byte that names the format, the beginning of the digest of the rest, and the
//! message, deflated.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use crate::domain::Fingerprint;
use crate::shared::record::RecordError;

/// The most bytes that are stored for a record: the log refuses larger requests (1.5 MiB by default), and the whole state of
/// three hundred rates takes 17 KB.
pub const STORED_BYTES_MAX: usize = 1024 * 1024;
/// The most bytes of a message: some fifty times the whole state. A few bytes can inflate to a thousand times as many, and
/// nothing larger is read into memory.
pub const MESSAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The format of a deflated message behind a digest.
const DEFLATED: u8 = 1;
/// The bytes of the digest: enough that no damage passes. Without it a bit that flips in a sentence would be read, and the next
/// record would seem to be of another chain.
const DIGEST_BYTES: usize = 8;

/// The bytes to store for a message.
///
/// # Errors
/// [`RecordError::TooLarge`].
pub(super) fn pack(message: &[u8]) -> Result<Vec<u8>, RecordError> {
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(RecordError::TooLarge);
    }
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    // Writing to a vector does not fail.
    let deflated = encoder
        .write_all(message)
        .and_then(|()| encoder.finish())
        .map_err(|_never| RecordError::TooLarge)?;
    let stored = framed(&deflated);
    if stored.len() > STORED_BYTES_MAX {
        return Err(RecordError::TooLarge);
    }
    Ok(stored)
}

fn framed(deflated: &[u8]) -> Vec<u8> {
    [&[DEFLATED][..], &digest(deflated), deflated].concat()
}

fn digest(deflated: &[u8]) -> [u8; DIGEST_BYTES] {
    let fingerprint = Fingerprint::of_parts([deflated]);
    let first = fingerprint.as_bytes().first_chunk();
    first.copied().unwrap_or_default()
}

/// The message of stored bytes.
///
/// # Errors
/// [`RecordError::TooLarge`], [`RecordError::UnknownFormat`], [`RecordError::Broken`].
pub(super) fn unpack(stored: &[u8]) -> Result<Vec<u8>, RecordError> {
    if stored.len() > STORED_BYTES_MAX {
        return Err(RecordError::TooLarge);
    }
    let broken = |what: &str| RecordError::Broken(what.to_owned());
    let (format, rest) = stored.split_first().ok_or_else(|| broken("it is empty"))?;
    if *format != DEFLATED {
        return Err(RecordError::UnknownFormat(*format));
    }
    let (expected, deflated) = rest
        .split_first_chunk::<DIGEST_BYTES>()
        .ok_or_else(|| broken("it is cut off"))?;
    if *expected != digest(deflated) {
        return Err(broken("its digest is another one"));
    }
    let limit = u64::try_from(MESSAGE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut decoder = DeflateDecoder::new(deflated).take(limit.saturating_add(1));
    let mut message = Vec::new();
    decoder
        .read_to_end(&mut message)
        .map_err(|error| RecordError::Broken(format!("it cannot be inflated: {error}")))?;
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(RecordError::TooLarge);
    }
    let read = decoder.into_inner().total_in();
    if usize::try_from(read) != Ok(deflated.len()) {
        return Err(RecordError::Broken("bytes follow its end".to_owned()));
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_stored_deflated_behind_one_byte_and_read_again() {
        let message = b"USD/KZT 475.09 ".repeat(1000);
        let stored = pack(&message).unwrap();
        assert_eq!(stored[0], 1);
        assert!(stored.len() < 200, "{}", stored.len());
        assert_eq!(unpack(&stored).unwrap(), message);
    }

    #[test]
    fn a_few_bytes_that_inflate_to_many_are_refused() {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        let zeros = vec![0; MESSAGE_BYTES_MAX + 1];
        encoder.write_all(&zeros).unwrap();
        let bomb = framed(&encoder.finish().unwrap());
        assert!(bomb.len() < STORED_BYTES_MAX / 64);
        assert_eq!(unpack(&bomb), Err(RecordError::TooLarge));
        assert_eq!(pack(&zeros), Err(RecordError::TooLarge));
    }

    #[test]
    fn bytes_that_are_no_record_are_refused_with_their_fault() {
        assert_eq!(unpack(&[9, 1, 2]), Err(RecordError::UnknownFormat(9)));
        let whole = pack(b"475.09").unwrap();
        let mut flipped = whole.clone();
        flipped[12] ^= 4;
        let deflated = &whole[1 + DIGEST_BYTES..];
        let longer = framed(&[deflated, &[0]].concat());
        let shorter = framed(&deflated[..deflated.len() - 1]);
        let noise = framed(&[0xff, 0xff]);
        for broken in [&[][..], &[DEFLATED, 7], &flipped, &longer, &shorter, &noise] {
            let refused = unpack(broken).unwrap_err();
            assert!(matches!(refused, RecordError::Broken(_)), "{refused}");
        }
        let random: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..))
            .take(STORED_BYTES_MAX + 1)
            .collect();
        assert_eq!(pack(&random), Err(RecordError::TooLarge));
        assert_eq!(unpack(&random), Err(RecordError::TooLarge));
    }
}
