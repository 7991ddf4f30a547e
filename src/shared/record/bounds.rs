//! The number of parts of a message, before they are decoded: an empty part takes two bytes of the message, and hundreds in memory.

use prost::decode_length_delimiter as decode_varint;

use crate::shared::record::RecordError;

/// The most texts, bytes and messages within a message: some three times those of the largest table with every value held, and
/// enough for the whole state of fifty banks. Decoded they take some hundred megabytes at most.
const PARTS_MAX: usize = 256 * 1024;
/// How deep messages are within each other: a row in a point of a window of a quote is at four.
const DEPTH_MAX: u32 = 6;

/// Checks the number of parts.
///
/// # Errors
/// [`RecordError::TooLarge`].
pub(super) fn check(message: &[u8]) -> Result<(), RecordError> {
    let mut left = PARTS_MAX;
    match count(message, DEPTH_MAX, &mut left) {
        Err(Stop::TooMany) => Err(RecordError::TooLarge),
        // What cannot be read is refused by the decoder, with its reason.
        Ok(()) | Err(Stop::NoMessage) => Ok(()),
    }
}

/// Why counting ended.
enum Stop {
    TooMany,
    /// The bytes are no message: a text, or broken.
    NoMessage,
}

/// The types of fields, in the last three bits of their keys.
const VARINT: usize = 0;
const EIGHT_BYTES: usize = 1;
const LENGTH_DELIMITED: usize = 2;
const FOUR_BYTES: usize = 5;

fn count(mut message: &[u8], depth: u32, left: &mut usize) -> Result<(), Stop> {
    let number = |message: &mut &[u8]| decode_varint(message).map_err(|_broken| Stop::NoMessage);
    while !message.is_empty() {
        let wire_type = number(&mut message)? & 7;
        let length = match wire_type {
            VARINT => {
                number(&mut message)?;
                continue;
            }
            EIGHT_BYTES => 8,
            FOUR_BYTES => 4,
            LENGTH_DELIMITED => number(&mut message)?,
            _ => return Err(Stop::NoMessage),
        };
        let (part, rest) = message.split_at_checked(length).ok_or(Stop::NoMessage)?;
        message = rest;
        if wire_type != LENGTH_DELIMITED {
            continue;
        }
        *left = left.checked_sub(1).ok_or(Stop::TooMany)?;
        if let Some(depth) = depth.checked_sub(1)
            && matches!(count(part, depth, left), Err(Stop::TooMany))
        {
            return Err(Stop::TooMany);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::pb::log as pb;

    #[test]
    fn a_message_of_very_many_empty_parts_is_refused_before_it_is_decoded() {
        let held = |count| pb::Record {
            held: vec![pb::Held::default(); count],
            ..pb::Record::default()
        };
        let within = |count| pb::Record {
            filed: vec![pb::FiledTable {
                rows: vec![pb::Fixing::default(); count],
                ..pb::FiledTable::default()
            }],
            ..pb::Record::default()
        };
        for record in [held(PARTS_MAX + 1), within(PARTS_MAX)] {
            assert_eq!(check(&record.encode_to_vec()), Err(RecordError::TooLarge));
        }
        for record in [held(PARTS_MAX), within(PARTS_MAX - 1)] {
            assert_eq!(check(&record.encode_to_vec()), Ok(()));
        }
        assert_eq!(check(b"a text, and no message"), Ok(()));
    }
}
