//! Hostile peers, with frames and bytes that no library would send: their outcome, and that others are served.
//!
#![doc = include_str!("hostile/README.md")]

mod bodies;
#[cfg(target_os = "linux")]
mod descriptors;
mod frames;
mod headers;
mod health;
mod messages;
mod requests;
mod streams;
mod unread;

use std::net::SocketAddr;
use std::path::Path;
use std::{fs, io};

use silkrate::load::frames::{self as raw, Name};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::browser::get;
use crate::support::silkrate::{PATIENCE, Silkrate};

/// The largest flow-control window.
const WINDOW_MAX: u32 = (1 << 31) - 1;
/// The error code of a peer that makes too much work.
const ENHANCE_YOUR_CALM: u32 = 11;
/// The error code of a stream that is cut.
const CANCEL: u32 = 8;
/// The error code of a stream that is one too many.
const REFUSED_STREAM: u32 = 7;

/// The media type of gRPC.
const GRPC: &str = "application/grpc";

/// The address of the operators' port of a service.
fn admin(silkrate: &Silkrate) -> SocketAddr {
    let address = silkrate.admin_url.trim_start_matches("http://");
    address.parse().unwrap()
}

/// The value of a sample of the metrics; zero if there is none.
async fn metric(silkrate: &Silkrate, name: &str) -> u64 {
    let page = get(admin(silkrate), "/metrics", &[]).await;
    let mut lines = page.text().lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map_or(0, |value| value.parse().unwrap())
}

/// Whether a file of Rust below a folder has a test of this name.
fn has_test(folder: &Path, name: &str) -> bool {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return has_test(&path, name);
        }
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        is_rust
            && fs::read_to_string(path)
                .unwrap()
                .contains(&format!("fn {name}()"))
    })
}

#[test]
fn every_attack_of_the_list_has_a_test_that_exists() {
    let list = include_str!("hostile/README.md");
    let rows: Vec<_> = list.lines().filter(|line| line.starts_with("| ")).collect();
    let mut tests = 0;
    for row in rows {
        let named: Vec<_> = row.split('`').skip(1).step_by(2).collect();
        for name in &named {
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            let is_there = ["src", "tests/it"]
                .iter()
                .any(|folder| has_test(&root.join(folder), name));
            assert!(is_there, "there is no test {name}");
        }
        let is_head = row.contains("the test |") || row.contains("| ---");
        assert_eq!(named.is_empty(), is_head, "{row}");
        tests += named.len();
    }
    assert!(tests > 50, "{tests} were found");
}

/// One frame from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Frame {
    /// The error code of a frame that ends a stream or, after its last stream, the connection.
    fn code(&self) -> u32 {
        let code = if self.kind == raw::GOAWAY { 4..8 } else { 0..4 };
        u32::from_be_bytes(self.payload[code].try_into().unwrap())
    }

    /// The reason in a GOAWAY.
    fn reason(&self) -> &str {
        std::str::from_utf8(&self.payload[8..]).unwrap()
    }
}

/// A connection whose frames are written by hand.
pub(crate) struct Peer {
    socket: TcpStream,
    out: Vec<u8>,
    read: Vec<u8>,
    stream: u32,
}

impl Peer {
    /// Connects, and announces the window of its streams.
    pub(crate) async fn connect(server: SocketAddr, window: u32) -> Self {
        Self::over(TcpStream::connect(server).await.unwrap(), window).await
    }

    /// The same over a socket that is connected.
    async fn over(socket: TcpStream, window: u32) -> Self {
        let mut peer = Self {
            socket,
            out: raw::PREFACE.to_vec(),
            read: Vec::new(),
            stream: 1,
        };
        peer.socket.set_nodelay(true).unwrap();
        peer.window(window);
        peer.send().await.unwrap();
        // The windows of the server are in force when its first frame is acknowledged.
        peer.frame().await.unwrap();
        peer.push(raw::SETTINGS, raw::ACK, 0, &[]);
        peer.send().await.unwrap();
        peer
    }

    /// To the gRPC port of a service.
    async fn of_grpc(silkrate: &Silkrate, window: u32) -> Self {
        let address = silkrate.url.trim_start_matches("http://");
        Self::connect(address.parse().unwrap(), window).await
    }

    fn push(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        raw::push(&mut self.out, kind, flags, stream, payload);
    }

    /// Appends a SETTINGS frame with the window of streams.
    fn window(&mut self, window: u32) {
        let payload = [&[0, 4][..], &window.to_be_bytes()].concat();
        self.push(raw::SETTINGS, 0, 0, &payload);
    }

    fn block(path: &str, media_type: &str) -> Vec<u8> {
        let mut block = vec![0x83, 0x86];
        raw::header(&mut block, Name::Known(4), path);
        raw::header(&mut block, Name::Known(1), "localhost");
        raw::header(&mut block, Name::Known(31), media_type);
        raw::header(&mut block, Name::New("te"), "trailers");
        block
    }

    /// Appends the headers of a call; returns its stream.
    fn call(&mut self, path: &str) -> u32 {
        self.begin(&Self::block(path, GRPC))
    }

    /// Appends the headers of a request; returns its stream.
    fn begin(&mut self, block: &[u8]) -> u32 {
        let stream = self.stream;
        self.stream += 2;
        self.push(raw::HEADERS, raw::END_HEADERS, stream, block);
        stream
    }

    /// Appends a call with its message.
    pub(crate) fn ask(&mut self, method: &str, message: &[u8]) -> u32 {
        let stream = self.call(&format!("/silkrate.v1.RateService/{method}"));
        let message = raw::grpc(message);
        self.push(raw::DATA, raw::END_STREAM, stream, &message);
        stream
    }

    /// Sends what was appended.
    pub(crate) async fn send(&mut self) -> io::Result<()> {
        let out = std::mem::take(&mut self.out);
        self.socket.write_all(&out).await
    }

    /// The next frame; nothing when the server has closed the connection.
    async fn frame(&mut self) -> Option<Frame> {
        let read = async {
            loop {
                if let Some((frame, rest)) = raw::next(&self.read) {
                    let frame = Frame {
                        kind: frame.kind,
                        flags: frame.flags,
                        stream: frame.stream,
                        payload: frame.payload.to_vec(),
                    };
                    let taken = self.read.len() - rest.len();
                    self.read.drain(..taken);
                    return Some(frame);
                }
                if self.socket.read_buf(&mut self.read).await.unwrap_or(0) == 0 {
                    return None;
                }
            }
        };
        let frame = tokio::time::timeout(PATIENCE, read).await;
        frame.expect("the server sends a frame or closes")
    }

    /// Reads up to a frame of a kind, and answers pings and settings meanwhile.
    async fn until(&mut self, is_it: impl Fn(&Frame) -> bool) -> Frame {
        while let Some(frame) = self.frame().await {
            if is_it(&frame) {
                return frame;
            }
            if frame.flags & raw::ACK == 0 && frame.kind == raw::PING {
                self.push(raw::PING, raw::ACK, 0, &frame.payload);
                // The server may have closed.
                drop(self.send().await);
            }
        }
        panic!("the server closed the connection before the frame");
    }

    /// The frame that ends the connection, and the end itself.
    async fn goaway(&mut self) -> Frame {
        let goaway = self.until(|frame| frame.kind == raw::GOAWAY).await;
        while self.frame().await.is_some() {}
        goaway
    }

    /// The end of any stream with a status.
    async fn ended(&mut self) {
        let ends = raw::END_STREAM | raw::END_HEADERS;
        self.until(|frame| frame.kind == raw::HEADERS && frame.flags & ends == ends)
            .await;
    }

    /// The headers that end a stream, which name the status of a call.
    async fn trailers(&mut self, stream: u32) -> Vec<u8> {
        let ends = raw::END_STREAM | raw::END_HEADERS;
        let is_last = |frame: &Frame| {
            let is_headers = frame.kind == raw::HEADERS && frame.flags & ends == ends;
            is_headers && frame.stream == stream
        };
        self.until(is_last).await.payload
    }

    /// The end of a stream without a status.
    async fn reset(&mut self, stream: u32) -> Frame {
        self.until(|frame| frame.kind == raw::RESET && frame.stream == stream)
            .await
    }
}
