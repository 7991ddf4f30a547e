//! HTTP/2 frames, as far as a load generator needs them.

/// What a client sends first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The type of a frame of data.
pub const DATA: u8 = 0;
/// The type of a frame of headers.
pub const HEADERS: u8 = 1;
/// The type of a frame that ends a stream early.
pub const RESET: u8 = 3;
/// The type of a frame of settings.
pub const SETTINGS: u8 = 4;
/// The type of a ping.
pub const PING: u8 = 6;
/// The type of a frame that ends the connection.
pub const GOAWAY: u8 = 7;
/// The type of a frame that enlarges a flow-control window.
pub const WINDOW_UPDATE: u8 = 8;
/// The flag of an acknowledgement.
pub const ACK: u8 = 1;
/// The flag of the last frame of a stream.
pub const END_STREAM: u8 = 1;
/// The flag of headers that are complete.
pub const END_HEADERS: u8 = 4;

/// One frame.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The type.
    pub kind: u8,
    /// The flags.
    pub flags: u8,
    /// The stream; zero for the connection.
    pub stream: u32,
    /// The payload.
    pub payload: &'a [u8],
}

/// The frame at the start of `bytes`, and the bytes after it; `None` while it is incomplete.
pub fn next(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<9>()?;
    let [high, middle, low, kind, flags, stream @ ..] = *head;
    let length = u32::from_be_bytes([0, high, middle, low]);
    let (payload, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let stream = u32::from_be_bytes(stream) & 0x7fff_ffff;
    let frame = Frame {
        kind,
        flags,
        stream,
        payload,
    };
    Some((frame, rest))
}

/// Appends a frame.
pub fn push(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let [_, length @ ..] = length.to_be_bytes();
    out.extend_from_slice(&length);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// A message framed for gRPC, uncompressed.
pub fn grpc(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&[0][..], &length.to_be_bytes(), message].concat()
}

/// Appends a header as a literal that both sides add to their dynamic table.
pub fn header(block: &mut Vec<u8>, name: Name, value: &str) {
    match name {
        Name::Known(index) => block.push(0x40 | index),
        Name::New(name) => {
            block.push(0x40);
            text(block, name);
        }
    }
    text(block, value);
}

/// The name of a header.
#[derive(Debug, Clone, Copy)]
pub enum Name {
    /// By its index in the static table, at most 62.
    Known(u8),
    /// As a literal.
    New(&'static str),
}

/// Appends a string, its length as an integer with a prefix of seven bits, its bytes without Huffman coding.
fn text(block: &mut Vec<u8>, text: &str) {
    const PREFIX_MAX: u8 = 0x7f;
    let short = u8::try_from(text.len()).ok();
    if let Some(length) = short.filter(|length| *length < PREFIX_MAX) {
        block.push(length);
    } else {
        block.push(PREFIX_MAX);
        let mut rest = text.len() - usize::from(PREFIX_MAX);
        while let Some(low) = u8::try_from(rest & 0x7f).ok().filter(|_| rest >= 0x80) {
            block.push(low | 0x80);
            rest >>= 7;
        }
        block.push(u8::try_from(rest).unwrap_or_default());
    }
    block.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written_and_not_before_it_is_complete() {
        let mut bytes = Vec::new();
        push(&mut bytes, DATA, END_STREAM, 5, b"rate");
        push(&mut bytes, PING, 0, 0, &[7; 8]);
        let (frame, rest) = next(&bytes).unwrap();
        let read = (frame.kind, frame.flags, frame.stream, frame.payload);
        assert_eq!(read, (DATA, END_STREAM, 5, &b"rate"[..]));
        assert_eq!(next(rest).unwrap().0.kind, PING);
        assert!(next(&bytes[..12]).is_none());
    }

    #[test]
    fn the_length_of_a_string_is_an_integer_as_rfc_7541_has_it() {
        for (length, expected) in [
            (0, &[0][..]),
            (126, &[126]),
            (127, &[127, 0]),
            (254, &[127, 127]),
            (255, &[127, 128, 1]),
            // Section C.1.2 of the RFC, with a prefix of seven bits: 1337 = 127 + 58 + 9 × 128.
            (1337, &[127, 186, 9]),
        ] {
            let mut block = Vec::new();
            text(&mut block, &"x".repeat(length));
            assert_eq!(&block[..expected.len()], expected, "{length}");
            assert_eq!(block.len(), expected.len() + length);
        }
    }
}
