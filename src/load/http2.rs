//! One connection of a cheap gRPC client: it reads the lengths of frames and messages, and decodes neither headers nor
//! messages.

use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::time::Instant;

use http::HeaderValue;

use crate::load::frames::{self, Frame, Name};
use crate::load::{Event, Protocol};

/// The largest flow-control window: it never stops the server.
const WINDOW_MAX: u32 = (1 << 31) - 1;
/// The window at the start of a connection.
const WINDOW_START: u32 = 65_535;
/// The consumption after which the window of the connection is enlarged again.
const WINDOW_LOW: u32 = 1 << 30;

/// A call, made once or again and again.
#[derive(Debug, Clone)]
pub struct Call {
    /// The host and port of the server.
    pub authority: String,
    /// The path of the method.
    pub path: String,
    /// The request, framed for gRPC.
    pub body: Vec<u8>,
    /// Whether the request ends with its message; an etcd watcher leaves it open.
    pub ends_stream: bool,
    /// Whether a call is made anew when it has ended.
    pub is_repeated: bool,
    /// The header with a key.
    pub authorization: Option<HeaderValue>,
}

impl Call {
    /// A call of a request message that is not yet framed.
    pub fn new(authority: &str, path: &str, message: &[u8]) -> Self {
        Self {
            authority: authority.to_owned(),
            path: path.to_owned(),
            body: frames::grpc(message),
            ends_stream: true,
            is_repeated: false,
            authorization: None,
        }
    }

    /// The same call, made anew when it has ended.
    #[must_use]
    pub fn repeated(self) -> Self {
        Self {
            is_repeated: true,
            ..self
        }
    }
}

/// One connection.
#[derive(Debug)]
pub struct GrpcConnection {
    call: Rc<Call>,
    partial: Vec<u8>,
    /// Messages that are incomplete.
    bodies: BTreeMap<u32, Vec<u8>>,
    consumed: u32,
    stream: u32,
    started: Vec<(u32, Instant)>,
}

impl GrpcConnection {
    /// Begins a connection with a number of concurrent calls; what is to be sent is appended to `out`.
    pub fn begin(call: &Rc<Call>, calls: usize, out: &mut Vec<u8>) -> Self {
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
            connection.call(out);
        }
        connection
    }

    fn call(&mut self, out: &mut Vec<u8>) {
        // POST and http, from the static table.
        let mut block = vec![0x83, 0x86];
        let key = self.call.authorization.as_ref();
        let key = key.and_then(|key| key.to_str().ok());
        if self.stream == 0 {
            frames::header(&mut block, Name::Known(4), &self.call.path);
            frames::header(&mut block, Name::Known(1), &self.call.authority);
            frames::header(&mut block, Name::Known(31), "application/grpc");
            frames::header(&mut block, Name::New("te"), "trailers");
            if let Some(key) = key {
                frames::header(&mut block, Name::Known(23), key);
            }
        } else {
            // The headers of the first call, by their indices in the dynamic table: from 65 or 66 to 62, the newest last.
            let oldest = if key.is_some() { 0xc2 } else { 0xc1 };
            block.extend((0xbe..=oldest).rev());
        }
        self.stream += if self.stream == 0 { 1 } else { 2 };
        let flags = frames::END_HEADERS;
        frames::push(out, frames::HEADERS, flags, self.stream, &block);
        let flags = if self.call.ends_stream {
            frames::END_STREAM
        } else {
            0
        };
        frames::push(out, frames::DATA, flags, self.stream, &self.call.body);
        if self.call.is_repeated {
            self.started.push((self.stream, Instant::now()));
        }
    }

    fn frame(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<u8>,
        report: &mut dyn FnMut(Event<'_>),
    ) -> io::Result<()> {
        let has = |flag| frame.flags & flag != 0;
        match frame.kind {
            frames::DATA => self.data(frame, out, report),
            frames::HEADERS if has(frames::END_STREAM) => {
                let place = self
                    .started
                    .iter()
                    .position(|(stream, _)| *stream == frame.stream);
                let started = place.map(|place| self.started.swap_remove(place).1);
                report(Event::Ended(started.map(|started| started.elapsed())));
                if self.call.is_repeated {
                    self.call(out);
                }
            }
            frames::SETTINGS if !has(frames::ACK) => {
                frames::push(out, frames::SETTINGS, frames::ACK, 0, &[]);
            }
            frames::PING if !has(frames::ACK) => {
                frames::push(out, frames::PING, frames::ACK, 0, frame.payload);
            }
            frames::RESET | frames::GOAWAY => {
                let reason = format!(
                    "the server ended a stream or the connection: frame type {}, {:?}",
                    frame.kind, frame.payload
                );
                return Err(io::Error::other(reason));
            }
            _ => {}
        }
        Ok(())
    }

    fn data(&mut self, frame: Frame<'_>, out: &mut Vec<u8>, report: &mut dyn FnMut(Event<'_>)) {
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
            report(Event::Message(message));
        }
        if !rest.is_empty() {
            self.bodies.insert(frame.stream, rest.to_vec());
        }
    }
}

impl Protocol for GrpcConnection {
    fn received(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<u8>,
        report: &mut dyn FnMut(Event<'_>),
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
            self.frame(frame, out, report)?;
        }
        self.partial = rest.to_vec();
        Ok(())
    }
}

/// The gRPC message at the start of `bytes`, and the bytes after it.
fn next_message(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let ([_compressed, length @ ..], rest) = bytes.split_first_chunk::<5>()?;
    let length = u32::from_be_bytes(*length);
    rest.split_at_checked(usize::try_from(length).ok()?)
}
