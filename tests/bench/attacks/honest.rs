//! The honest client: calls one after the other on one connection, a watch on another, and now and then a call on a connection of
//! its own, as that of a client that comes anew.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use prost::Message;
use silkrate::load::{Call, Event, GrpcConnection, Protocol};
use silkrate::pb;

/// The pause after an answer: a dashboard that asks often.
const PAUSE: Duration = Duration::from_millis(2);
/// The timeout of an answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// The pause before another connection is opened: some hundred in each attack, which take little of the core themselves.
const NEW_PAUSE: Duration = Duration::from_millis(20);
/// The timeout of an answer on a connection of its own; a call that fails counts as long.
const NEW_MAX: Duration = Duration::from_secs(10);

/// A client that reads.
pub(super) struct Honest {
    server: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

/// The revisions by when an answer first had them, and how much later the watch had one at most, in microseconds.
#[derive(Debug, Default)]
struct Seen {
    first: BTreeMap<u64, Instant>,
    watched: u64,
    late: u64,
}

/// What it noticed.
pub(super) struct Noticed {
    /// Of its calls, sorted, in microseconds.
    pub(super) latencies: Vec<u32>,
    /// The same of calls on a connection of their own, from its first packet.
    pub(super) of_newcomers: Vec<u32>,
    /// How late its watch was at most, in microseconds.
    pub(super) late: u64,
}

impl Seen {
    fn watched(&mut self, revision: u64) {
        self.watched = self.watched.max(revision);
        let first = self.first.split_off(&(revision + 1));
        let reached = std::mem::replace(&mut self.first, first);
        let late = reached.into_values().map(|since| since.elapsed()).max();
        self.late = self.late.max(micros(late.unwrap_or_default()));
    }
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Honest {
    /// Begins to watch.
    pub(super) fn connect(server: SocketAddr) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let watching = Arc::clone(&seen);
        let _ends_with_the_server = thread::spawn(move || watch(server, &watching));
        Self { server, seen }
    }

    /// Calls until a deadline.
    pub(super) fn measure(&self, deadline: Instant) -> io::Result<Noticed> {
        lock(&self.seen).late = 0;
        let mut latencies = Vec::new();
        let server = self.server;
        let newcomers = thread::spawn(move || newcomers(server, deadline));
        let mut calls = Connection::open(self.server, "GetSnapshot")?;
        while Instant::now() < deadline {
            let begun = Instant::now();
            calls.ask()?;
            let answer = calls.answer()?;
            latencies.push(u32::try_from(micros(begun.elapsed())).unwrap_or(u32::MAX));
            let answer = pb::GetSnapshotResponse::decode(&*answer).map_err(io::Error::other)?;
            let revision = answer.position.unwrap_or_default().revision;
            let mut seen = lock(&self.seen);
            if revision > seen.watched {
                seen.first.entry(revision).or_insert_with(Instant::now);
            }
            drop(seen);
            thread::sleep(PAUSE);
        }
        latencies.sort_unstable();
        let of_newcomers = newcomers
            .join()
            .map_err(|_panic| io::Error::other("the thread of the new connections failed"))?;
        let seen = lock(&self.seen);
        let waiting = seen.first.values().map(Instant::elapsed).max();
        let late = seen.late.max(micros(waiting.unwrap_or_default()));
        Ok(Noticed {
            latencies,
            of_newcomers,
            late,
        })
    }
}

/// Calls on one connection after the other until a deadline; returns the latencies, sorted, in microseconds.
fn newcomers(server: SocketAddr, deadline: Instant) -> Vec<u32> {
    let mut latencies = Vec::new();
    while Instant::now() < deadline {
        let begun = Instant::now();
        let taken = match newcomer(server) {
            Ok(()) => begun.elapsed(),
            Err(_failed) => NEW_MAX.max(begun.elapsed()),
        };
        latencies.push(u32::try_from(micros(taken)).unwrap_or(u32::MAX));
        thread::sleep(NEW_PAUSE);
    }
    latencies.sort_unstable();
    latencies
}

/// One call on a connection of its own.
fn newcomer(server: SocketAddr) -> io::Result<()> {
    let socket = TcpStream::connect_timeout(&server, NEW_MAX)?;
    let mut connection = Connection::over(socket, (server, NEW_MAX), "GetSnapshot")?;
    connection.ask()?;
    connection.answer().map(drop)
}

/// Watches until the connection ends.
fn watch(server: SocketAddr, seen: &Mutex<Seen>) -> io::Result<()> {
    let mut watch = Connection::open(server, "WatchRates")?;
    watch.ask()?;
    loop {
        for message in watch.read()?.0 {
            let message = pb::WatchRatesResponse::decode(&*message).map_err(io::Error::other)?;
            lock(seen).watched(message.position.unwrap_or_default().revision);
        }
    }
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection with one call at a time.
struct Connection {
    socket: TcpStream,
    protocol: GrpcConnection,
    /// The next call, until it is made.
    out: Vec<u8>,
    buffer: Vec<u8>,
}

impl Connection {
    fn open(server: SocketAddr, method: &str) -> io::Result<Self> {
        Self::over(TcpStream::connect(server)?, (server, ANSWER_MAX), method)
    }

    /// The same over a socket that is connected, with a timeout of its answers.
    fn over(
        socket: TcpStream,
        (server, answer_max): (SocketAddr, Duration),
        method: &str,
    ) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(answer_max))?;
        let path = format!("/silkrate.v1.RateService/{method}");
        let call = Call::new(&server.to_string(), &path, &[]).repeated();
        let mut out = Vec::new();
        Ok(Self {
            socket,
            protocol: GrpcConnection::begin(&Rc::new(call), 1, &mut out),
            out,
            buffer: vec![0; 256 * 1024],
        })
    }

    /// Makes the next call.
    fn ask(&mut self) -> io::Result<()> {
        self.socket.write_all(&std::mem::take(&mut self.out))
    }

    /// The messages that have arrived, and whether the call has ended.
    fn read(&mut self) -> io::Result<(Vec<Vec<u8>>, bool)> {
        let read = self.socket.read(&mut self.buffer)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (mut messages, mut is_ended) = (Vec::new(), false);
        let bytes = self.buffer.get(..read).unwrap_or_default();
        let report = &mut |event: Event<'_>| match event {
            Event::Message(message) => messages.push(message.to_vec()),
            Event::Ended(_) => is_ended = true,
        };
        self.protocol.received(bytes, &mut self.out, report)?;
        Ok((messages, is_ended))
    }

    /// The message that answers the call.
    fn answer(&mut self) -> io::Result<Vec<u8>> {
        let mut answer = Vec::new();
        loop {
            let (messages, is_ended) = self.read()?;
            answer = messages.into_iter().next_back().unwrap_or(answer);
            if is_ended {
                return Ok(answer);
            }
        }
    }
}
