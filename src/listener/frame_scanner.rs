//! Finds the frames of HTTP/2 in bytes as they pass, in pieces of any size.

/// What a client of HTTP/2 sends before its first frame.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The bytes before the payload of a frame.
const HEAD_BYTES: usize = 9;

/// What stands before the payload of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHead {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    /// The length of its payload, in bytes.
    pub(super) length: u32,
}

/// Where the bytes that passed have ended.
#[derive(Debug)]
pub(super) struct FrameScanner {
    place: Place,
    head: [u8; HEAD_BYTES],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// After a number of bytes of the preface.
    Preface(usize),
    /// After a number of bytes of the head of a frame.
    Head(usize),
    /// Before a number of bytes of a payload.
    Payload(usize),
    /// Anywhere in what is not HTTP/2.
    Other,
}

impl FrameScanner {
    /// Of what a client sends, which begins with the preface or is not HTTP/2.
    pub(super) fn of_client() -> Self {
        Self {
            place: Place::Preface(0),
            head: [0; HEAD_BYTES],
        }
    }

    /// Of what a server sends over HTTP/2.
    pub(super) fn of_server() -> Self {
        Self {
            place: Place::Head(0),
            ..Self::of_client()
        }
    }

    /// Whether the bytes are HTTP/2, as far as they tell.
    pub(super) fn is_framed(&self) -> bool {
        self.place != Place::Other
    }

    /// Whether the next byte begins a frame.
    pub(super) fn is_between_frames(&self) -> bool {
        self.place == Place::Head(0)
    }

    /// The next frame whose head ends in these bytes; it takes them off.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<FrameHead> {
        while !bytes.is_empty() {
            match self.place {
                Place::Other => {
                    *bytes = &[];
                }
                Place::Preface(done) => self.place = preface(done, bytes),
                Place::Payload(left) => {
                    let taken = left.min(bytes.len());
                    *bytes = bytes.get(taken..).unwrap_or_default();
                    self.place = after_payload(left.saturating_sub(taken));
                }
                Place::Head(done) => {
                    if let Some(head) = self.head(done, bytes) {
                        return Some(head);
                    }
                }
            }
        }
        None
    }

    /// Continues the head of a frame; returns it once it is complete.
    fn head(&mut self, done: usize, bytes: &mut &[u8]) -> Option<FrameHead> {
        // Nearly every head is whole, so nothing of it is kept.
        if let (0, Some((head, rest))) = (done, bytes.split_first_chunk()) {
            *bytes = rest;
            return Some(self.found(*head));
        }
        let missing = self.head.get_mut(done..).unwrap_or_default();
        let taken = missing.len().min(bytes.len());
        let (piece, rest) = bytes.split_at_checked(taken)?;
        for (place, byte) in missing.iter_mut().zip(piece) {
            *place = *byte;
        }
        *bytes = rest;
        let done = done.saturating_add(taken);
        if done < HEAD_BYTES {
            self.place = Place::Head(done);
            return None;
        }
        Some(self.found(self.head))
    }

    /// The frame of a head, whose payload follows.
    fn found(&mut self, head: [u8; HEAD_BYTES]) -> FrameHead {
        let [high, middle, low, kind, flags, stream @ ..] = head;
        let length = u32::from_be_bytes([0, high, middle, low]);
        self.place = after_payload(usize::try_from(length).unwrap_or(usize::MAX));
        FrameHead {
            kind,
            flags,
            stream: u32::from_be_bytes(stream) & 0x7fff_ffff,
            length,
        }
    }
}

/// The place before the rest of a payload; without one, before the next frame.
fn after_payload(left: usize) -> Place {
    match left {
        0 => Place::Head(0),
        left => Place::Payload(left),
    }
}

/// The place after these bytes of a preface, and what follows it.
fn preface(done: usize, bytes: &mut &[u8]) -> Place {
    let missing = PREFACE.get(done..).unwrap_or_default();
    let taken = missing.len().min(bytes.len());
    if bytes.get(..taken) != missing.get(..taken) {
        return Place::Other;
    }
    *bytes = bytes.get(taken..).unwrap_or_default();
    let done = done.saturating_add(taken);
    if done < PREFACE.len() {
        Place::Preface(done)
    } else {
        Place::Head(0)
    }
}

/// The bytes of a frame.
#[cfg(test)]
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let stream = stream.to_be_bytes();
    [&length[..], &[kind, flags], &stream, payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frames in some bytes that pass in pieces of a size.
    fn found(bytes: &[u8], size: usize) -> Vec<FrameHead> {
        let mut scanner = FrameScanner::of_client();
        let mut heads = Vec::new();
        for mut piece in bytes.chunks(size) {
            while let Some(head) = scanner.next(&mut piece) {
                heads.push(head);
            }
        }
        assert!(scanner.is_between_frames());
        heads
    }

    #[test]
    fn frames_are_found_in_pieces_of_any_size() {
        let bytes = [
            PREFACE.to_vec(),
            frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]),
            frame(1, 5, 3, &[0x82]),
            frame(4, 1, 0, &[]),
            frame(0, 1, 0x8000_0005, &vec![0; 70_000]),
        ]
        .concat();
        let head = |kind, flags, stream, length| FrameHead {
            kind,
            flags,
            stream,
            length,
        };
        let expected = [
            head(4, 0, 0, 6),
            head(1, 5, 3, 1),
            head(4, 1, 0, 0),
            head(0, 1, 5, 70_000),
        ];
        for size in [1, 2, 8, 9, 10, 24, 25, 33, 4096, bytes.len()] {
            assert_eq!(found(&bytes, size), expected, "{size}");
        }
    }

    #[test]
    fn what_does_not_begin_with_the_preface_is_never_framed_again() {
        for begun in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"PRI * HTTP/2.0\r\n\r\nSX",
            b"\0",
        ] {
            let mut scanner = FrameScanner::of_client();
            let bytes = [begun, PREFACE, &[0; 90]].concat();
            assert_eq!(scanner.next(&mut bytes.as_slice()), None);
            assert!(!scanner.is_framed());
        }
    }
}
