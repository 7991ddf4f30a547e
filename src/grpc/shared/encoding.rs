//! Frames of messages, plain and compressed.

use std::io::{Read, Write};

use bytes::{BufMut, Bytes, BytesMut};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::header::HeaderMap;
use prost::Message;

/// The header with the encoding of a request or of an answer.
pub(super) const ENCODING: &str = "grpc-encoding";
/// The header with the encodings that a client accepts.
const ACCEPTED_ENCODINGS: &str = "grpc-accept-encoding";
/// The name of gzip in these headers.
pub(super) const GZIP: &str = "gzip";
/// The name of messages that are not compressed.
pub(super) const IDENTITY: &str = "identity";
/// The prefix of a frame: one byte that says whether the message is compressed, and four for its length.
pub(super) const PREFIX_BYTES: usize = 5;
/// The shortest message that is compressed. A shorter one, with its headers, is one packet either way.
const COMPRESSED_BYTES_MIN: usize = 1024;

/// How messages may be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    /// Compressed, where that makes them shorter.
    Gzip,
}

/// The encoding of the answer to a client, by what it accepts.
pub(super) fn accepted_encoding(headers: &HeaderMap) -> Encoding {
    let accepted = headers.get_all(ACCEPTED_ENCODINGS).into_iter();
    let mut names = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','));
    if names.any(|name| name.trim() == GZIP) {
        Encoding::Gzip
    } else {
        Encoding::Identity
    }
}

/// The encoding of the compressed messages of a request.
pub(super) fn sent_encoding(headers: &HeaderMap) -> Encoding {
    match headers.get(ENCODING) {
        Some(name) if name == GZIP => Encoding::Gzip,
        _ => Encoding::Identity,
    }
}

/// The frame of a message: its prefix and its encoding.
pub(super) fn encode_frame(message: &impl Message, encoding: Encoding) -> Bytes {
    let length = message.encoded_len();
    let mut frame = BytesMut::with_capacity(length.saturating_add(PREFIX_BYTES));
    put_prefix(&mut frame, length, false);
    message
        .encode(&mut frame)
        .expect("the buffer grows with the message");
    let frame = frame.freeze();
    match encoding {
        Encoding::Gzip if length >= COMPRESSED_BYTES_MIN => compress(&frame).unwrap_or(frame),
        Encoding::Gzip | Encoding::Identity => frame,
    }
}

/// The frame of a message that is encoded already.
pub(super) fn restore_frame(message: &Bytes) -> Bytes {
    let mut frame = BytesMut::with_capacity(message.len().saturating_add(PREFIX_BYTES));
    put_prefix(&mut frame, message.len(), false);
    frame.put_slice(message);
    frame.freeze()
}

/// No message reaches four gigabytes: that of the widest filter has some hundred kilobytes.
fn put_prefix(frame: &mut BytesMut, length: usize, is_compressed: bool) {
    frame.put_u8(is_compressed.into());
    frame.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
}

/// The frame with its message compressed, if it is shorter.
fn compress(frame: &Bytes) -> Option<Bytes> {
    let message = frame.get(PREFIX_BYTES..)?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(message).ok()?;
    let compressed = encoder.finish().ok()?;
    let mut shorter = BytesMut::with_capacity(compressed.len().saturating_add(PREFIX_BYTES));
    put_prefix(&mut shorter, compressed.len(), true);
    shorter.put_slice(&compressed);
    (shorter.len() < frame.len()).then(|| shorter.freeze())
}

/// A message that was compressed; nothing if it is not gzip, or longer than `bytes_max`.
pub(super) fn decompress(compressed: &[u8], bytes_max: usize) -> Option<Bytes> {
    let most = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let mut message = Vec::new();
    // One byte more than is accepted tells a longer message.
    let mut decoder = GzDecoder::new(compressed).take(most.saturating_add(1));
    decoder.read_to_end(&mut message).ok()?;
    (message.len() <= bytes_max).then(|| message.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{GetRateRequest, GetSnapshotRequest, RateFilter};

    fn long_request() -> GetSnapshotRequest {
        let pairs = vec!["KZT/USD".to_owned(); 200];
        GetSnapshotRequest {
            filter: Some(RateFilter { pairs }),
            date: None,
        }
    }

    #[test]
    fn a_frame_is_a_length_and_the_message() {
        let request = GetRateRequest {
            pair: "KZT/USD".to_owned(),
            date: None,
        };
        let frame = encode_frame(&request, Encoding::Identity);
        assert_eq!(&frame[..5], b"\0\0\0\0\x09");
        assert_eq!(restore_frame(&frame.slice(5..)), frame);
        assert_eq!(encode_frame(&request, Encoding::Gzip), frame, "too short");
    }

    #[test]
    fn a_long_message_is_compressed_for_those_who_accept_it_and_restored_byte_for_byte() {
        let plain = encode_frame(&long_request(), Encoding::Identity);
        let frame = encode_frame(&long_request(), Encoding::Gzip);
        assert!(frame.len() * 10 < plain.len(), "{} bytes", frame.len());
        assert_eq!(frame[0], 1);
        let message = decompress(&frame[5..], plain.len() - 5).unwrap();
        assert_eq!(restore_frame(&message), plain);
    }

    #[test]
    fn a_message_that_grows_beyond_the_bound_or_is_not_gzip_is_not_read() {
        let plain = encode_frame(&long_request(), Encoding::Identity);
        let frame = encode_frame(&long_request(), Encoding::Gzip);
        assert_eq!(decompress(&frame[5..], plain.len() - 6), None);
        assert_eq!(decompress(&frame[5..20], plain.len()), None);
        assert_eq!(decompress(b"KZT/USD", 100), None);
    }

    #[test]
    fn gzip_is_used_for_those_who_accept_it_among_others() {
        for (accepted, expected) in [
            ("gzip", Encoding::Gzip),
            ("identity, deflate, gzip", Encoding::Gzip),
            ("identity,deflate", Encoding::Identity),
            ("gzipped", Encoding::Identity),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPTED_ENCODINGS, accepted.parse().unwrap());
            assert_eq!(accepted_encoding(&headers), expected, "{accepted}");
        }
        assert_eq!(accepted_encoding(&HeaderMap::new()), Encoding::Identity);
    }
}
