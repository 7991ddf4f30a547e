//! A connection whose frames are written by hand: hostile clients say what no library would.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use silkrate::load::frames::{self, Name};

use super::connect;

/// The largest flow-control window.
pub(super) const WINDOW_MAX: u32 = (1 << 31) - 1;
/// By how much the window of a connection is enlarged: it never stops the server, and may still grow.
const CONNECTION_WINDOW_MORE: u32 = 1 << 30;
/// How long a write may be pending: a server that was told enough does not read on.
const WRITE_TIMEOUT: Duration = Duration::from_millis(200);
/// The pause before a client that was cut connects again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(20);
/// The setting of the window that a stream begins with.
const INITIAL_WINDOW: u16 = 4;

/// A connection.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) socket: TcpStream,
    pub(super) out: Vec<u8>,
    authority: String,
    stream: u32,
}

impl Raw {
    /// Connects, and announces the window of its streams. That of the connection is large.
    pub(super) fn connect(server: SocketAddr, window: u32) -> io::Result<Self> {
        let socket = connect(server)?;
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
        let mut raw = Self {
            socket,
            out: frames::PREFACE.to_vec(),
            authority: server.to_string(),
            stream: 1,
        };
        raw.window(window);
        let more = CONNECTION_WINDOW_MORE.to_be_bytes();
        raw.push(frames::WINDOW_UPDATE, 0, 0, &more);
        raw.flush()?;
        Ok(raw)
    }

    /// Appends a SETTINGS frame with another window of streams.
    pub(super) fn window(&mut self, window: u32) {
        let payload = [&INITIAL_WINDOW.to_be_bytes()[..], &window.to_be_bytes()].concat();
        self.push(frames::SETTINGS, 0, 0, &payload);
    }

    pub(super) fn push(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        frames::push(&mut self.out, kind, flags, stream, payload);
    }

    /// Appends the headers of a call of gRPC; returns its stream.
    pub(super) fn call(&mut self, path: &str) -> u32 {
        let mut block = vec![0x83, 0x86];
        frames::header(&mut block, Name::Known(4), path);
        frames::header(&mut block, Name::Known(1), &self.authority);
        frames::header(&mut block, Name::Known(31), "application/grpc");
        frames::header(&mut block, Name::New("te"), "trailers");
        self.headers(frames::END_HEADERS, &block)
    }

    /// Appends a call with its message.
    pub(super) fn ask(&mut self, path: &str, message: &[u8]) -> u32 {
        let stream = self.call(path);
        let message = frames::grpc(message);
        self.push(frames::DATA, frames::END_STREAM, stream, &message);
        stream
    }

    /// Appends a GET.
    pub(super) fn get(&mut self, path: &str) {
        let mut block = vec![0x82, 0x86];
        frames::header(&mut block, Name::Known(4), path);
        frames::header(&mut block, Name::Known(1), &self.authority);
        self.headers(frames::END_HEADERS | frames::END_STREAM, &block);
    }

    fn headers(&mut self, flags: u8, block: &[u8]) -> u32 {
        let stream = self.stream;
        self.stream += 2;
        self.push(frames::HEADERS, flags, stream, block);
        stream
    }

    /// Sends what was appended.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let out = std::mem::take(&mut self.out);
        self.socket.write_all(&out)
    }

    /// Reads and forgets what the server sends, on a thread of its own, until it closes the connection.
    pub(super) fn read_all(&self) -> io::Result<()> {
        let mut socket = self.socket.try_clone()?;
        let _ends_with_the_connection = thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while socket.read(&mut buffer).is_ok_and(|read| read > 0) {}
        });
        Ok(())
    }
}

impl Drop for Raw {
    /// Closes the connection for its reader, too.
    fn drop(&mut self) {
        let _closed_already = self.socket.shutdown(Shutdown::Both);
    }
}

/// Attacks again and again until a deadline: a client that was cut comes back.
///
/// # Errors
/// When the server is gone.
pub(super) fn again(
    deadline: Instant,
    mut attack: impl FnMut() -> io::Result<()>,
) -> io::Result<()> {
    while Instant::now() < deadline {
        match attack() {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Err(error),
            // To be cut is what a hostile client expects.
            Err(_cut) => thread::sleep(RECONNECT_PAUSE),
        }
    }
    Ok(())
}

/// Holds what was opened until a deadline.
pub(super) fn hold(deadline: Instant) {
    thread::sleep(deadline.saturating_duration_since(Instant::now()));
}
