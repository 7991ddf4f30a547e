//! HTTP/2 frames, as far as these measurements need them.

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RESET: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// One frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: &'a [u8],
}

/// The frame that a text begins with, and what follows it; nothing when it is not whole.
pub(crate) fn next(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
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

/// Adds a frame.
pub(crate) fn push(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let [_, length @ ..] = length.to_be_bytes();
    out.extend_from_slice(&length);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// A message framed for gRPC, uncompressed.
pub(crate) fn grpc(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&[0][..], &length.to_be_bytes(), message].concat()
}

/// A header as a literal that both sides remember, its name of the static table or written out.
pub(crate) fn header(block: &mut Vec<u8>, name: Name, value: &str) {
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
pub(crate) enum Name {
    /// By its place in the static table.
    Known(u8),
    New(&'static str),
}

/// A text of fewer than 127 bytes, not compressed.
fn text(block: &mut Vec<u8>, text: &str) {
    block.push(u8::try_from(text.len()).unwrap_or(0x7e));
    block.extend_from_slice(text.as_bytes());
}
