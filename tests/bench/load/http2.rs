//! One connection of a gRPC client that costs little: it reads lengths, not headers, and never decodes a message.

use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::time::Instant;

use crate::load::Arrived;
use crate::load::frames::{self, Frame, Name};

/// What the windows of HTTP/2 hold at most: the server is never stopped by them.
const WINDOW_MAX: u32 = (1 << 31) - 1;
/// A window before anything is said.
const WINDOW_START: u32 = 65_535;
/// When the window of the connection is filled up again.
const WINDOW_LOW: u32 = 1 << 30;

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) path: &'static str,
    /// The request, framed for gRPC.
    pub(crate) body: Vec<u8>,
    /// Whether the request ends with its message; a watcher of etcd says more later, or nothing.
    pub(crate) is_whole: bool,
    /// Whether a call that has ended is made anew.
    pub(crate) is_repeated: bool,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Http2 {
    call: Rc<Call>,
    partial: Vec<u8>,
    /// Messages that have not arrived whole.
    bodies: BTreeMap<u32, Vec<u8>>,
    consumed: u32,
    stream: u32,
    started: Vec<(u32, Instant)>,
}

impl Http2 {
    /// Begins a connection with so many calls at once; what is to be sent is added to `out`.
    pub(crate) fn begin(call: &Rc<Call>, calls: usize, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(frames::PREFACE);
        let window = [&[0, 4][..], &WINDOW_MAX.to_be_bytes()].concat();
        frames::push(out, frames::SETTINGS, 0, 0, &window);
        let more = (WINDOW_MAX - WINDOW_START).to_be_bytes();
        frames::push(out, frames::WINDOW_UPDATE, 0, 0, &more);
        let mut connection = Self {
            call: Rc::clone(call),
            partial: Vec::new(),
            bodies: BTreeMap::new(),
            consumed: 0,
            stream: 0,
            started: Vec::new(),
        };
        for _call in 0..calls {
            connection.ask(out);
        }
        connection
    }

    fn ask(&mut self, out: &mut Vec<u8>) {
        // POST and http, from the static table.
        let mut block = vec![0x83, 0x86];
        if self.stream == 0 {
            frames::header(&mut block, Name::Known(4), self.call.path);
            frames::header(&mut block, Name::Known(1), "127.0.0.1");
            frames::header(&mut block, Name::Known(31), "application/grpc");
            frames::header(&mut block, Name::New("te"), "trailers");
        } else {
            // What the first call said, by its place among what is remembered: 65 to 62, the newest last.
            block.extend_from_slice(&[0xc1, 0xc0, 0xbf, 0xbe]);
        }
        self.stream += if self.stream == 0 { 1 } else { 2 };
        let flags = frames::END_HEADERS;
        frames::push(out, frames::HEADERS, flags, self.stream, &block);
        let flags = if self.call.is_whole {
            frames::END_STREAM
        } else {
            0
        };
        frames::push(out, frames::DATA, flags, self.stream, &self.call.body);
        if self.call.is_repeated {
            self.started.push((self.stream, Instant::now()));
        }
    }

    /// Takes what has arrived.
    pub(crate) fn received(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<u8>,
        arrived: &mut dyn FnMut(Arrived<'_>),
    ) -> io::Result<()> {
        let mut partial = std::mem::take(&mut self.partial);
        let mut rest = if partial.is_empty() {
            bytes
        } else {
            partial.extend_from_slice(bytes);
            partial.as_slice()
        };
        while let Some((frame, after)) = frames::next(rest) {
            rest = after;
            self.frame(frame, out, arrived)?;
        }
        self.partial = rest.to_vec();
        Ok(())
    }

    fn frame(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<u8>,
        arrived: &mut dyn FnMut(Arrived<'_>),
    ) -> io::Result<()> {
        let has = |flag| frame.flags & flag != 0;
        match frame.kind {
            frames::DATA => self.data(frame, out, arrived),
            frames::HEADERS if has(frames::END_STREAM) => {
                let place = self
                    .started
                    .iter()
                    .position(|(stream, _)| *stream == frame.stream);
                let asked = place.map(|place| self.started.swap_remove(place).1);
                arrived(Arrived::Ended(asked.map(|asked| asked.elapsed())));
                if self.call.is_repeated {
                    self.ask(out);
                }
            }
            frames::SETTINGS if !has(frames::ACK) => {
                frames::push(out, frames::SETTINGS, frames::ACK, 0, &[]);
            }
            frames::PING if !has(frames::ACK) => {
                frames::push(out, frames::PING, frames::ACK, 0, frame.payload);
            }
            frames::RESET | frames::GOAWAY => {
                let said = format!(
                    "the server gave up: frame {} {:?}",
                    frame.kind, frame.payload
                );
                return Err(io::Error::other(said));
            }
            _ => {}
        }
        Ok(())
    }

    fn data(&mut self, frame: Frame<'_>, out: &mut Vec<u8>, arrived: &mut dyn FnMut(Arrived<'_>)) {
        self.consumed += u32::try_from(frame.payload.len()).unwrap_or(WINDOW_LOW);
        if self.consumed >= WINDOW_LOW {
            frames::push(
                out,
                frames::WINDOW_UPDATE,
                0,
                0,
                &self.consumed.to_be_bytes(),
            );
            self.consumed = 0;
        }
        let begun = self.bodies.remove(&frame.stream);
        let mut whole = begun.unwrap_or_default();
        let mut rest = if whole.is_empty() {
            frame.payload
        } else {
            whole.extend_from_slice(frame.payload);
            whole.as_slice()
        };
        while let Some((message, after)) = next_message(rest) {
            rest = after;
            arrived(Arrived::Message(message));
        }
        if !rest.is_empty() {
            self.bodies.insert(frame.stream, rest.to_vec());
        }
    }
}

/// The gRPC message that a text begins with, and what follows it.
fn next_message(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let ([_compressed, length @ ..], rest) = bytes.split_first_chunk::<5>()?;
    let length = u32::from_be_bytes(*length);
    rest.split_at_checked(usize::try_from(length).ok()?)
}
