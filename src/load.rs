//! A load generator: many connections in one thread, cheap enough that the server is what is measured. `silkrate bench` and
//! `cargo bench` use it.
//!
//! *Chose* frames written and read by hand, *over* a client library: thousands of subscribers that decode headers and
//! messages would measure themselves.

pub mod frames;
mod histogram;
mod http2;

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

pub use histogram::Histogram;
pub use http2::{Call, GrpcConnection};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// How much is read at once: as a rule everything that a socket holds.
const READ_BYTES: usize = 256 * 1024;
/// Connections that are opened before the first responses are read.
const CONNECT_BATCH: usize = 64;
/// The pause after each batch, so that no accept queue overflows, even when the server gets little CPU time.
const CONNECT_PAUSE: Duration = Duration::from_millis(3);
/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Events taken from the kernel at once.
const EVENTS: usize = 4096;

/// Something that arrived on a connection.
#[derive(Debug)]
pub enum Event<'a> {
    /// A message of a stream.
    Message(&'a [u8]),
    /// The end of a call, and the time since it was made if that is measured.
    Ended(Option<Duration>),
}

/// The client's side of one connection.
pub trait Protocol: Debug {
    /// Takes bytes that arrived, reports what they contain, and appends what is to be sent.
    ///
    /// # Errors
    /// When the server ended the connection or a stream with an error.
    fn received(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<u8>,
        report: &mut dyn FnMut(Event<'_>),
    ) -> io::Result<()>;
}

#[derive(Debug)]
struct Connection<P> {
    socket: TcpStream,
    protocol: P,
    out: Vec<u8>,
}

/// Many connections to one server.
#[derive(Debug)]
pub struct LoadGenerator<P> {
    poll: Poll,
    events: Events,
    connections: Vec<Connection<P>>,
    buffer: Vec<u8>,
}

impl<P: Protocol> LoadGenerator<P> {
    /// Opens connections; `begin` makes the protocol of each and appends what it sends first. Events that arrive meanwhile are
    /// reported.
    ///
    /// # Errors
    /// When a connection cannot be opened.
    pub fn connect(
        server: SocketAddr,
        count: usize,
        begin: impl Fn(&mut Vec<u8>) -> P,
        report: &mut dyn FnMut(Event<'_>),
    ) -> io::Result<Self> {
        let mut load = Self {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS),
            connections: Vec::with_capacity(count),
            buffer: vec![0; READ_BYTES],
        };
        for index in 0..count {
            load.add(server, &begin)?;
            // Servers disconnect a client that answers no ping, and a crowd takes its time to connect.
            if (index + 1).is_multiple_of(CONNECT_BATCH) {
                load.turn(CONNECT_PAUSE, report)?;
                std::thread::sleep(CONNECT_PAUSE);
            }
        }
        Ok(load)
    }

    fn add(&mut self, server: SocketAddr, begin: &impl Fn(&mut Vec<u8>) -> P) -> io::Result<()> {
        let socket = std::net::TcpStream::connect_timeout(&server, CONNECT_TIMEOUT)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut socket = TcpStream::from_std(socket);
        let token = Token(self.connections.len());
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut socket, token, interest)?;
        let mut out = Vec::new();
        let protocol = begin(&mut out);
        let mut connection = Connection {
            socket,
            protocol,
            out,
        };
        connection.write()?;
        self.connections.push(connection);
        Ok(())
    }

    /// The protocols of the connections.
    pub fn protocols(&self) -> impl Iterator<Item = &P> {
        self.connections
            .iter()
            .map(|connection| &connection.protocol)
    }

    /// The protocols of the connections, to be changed.
    pub fn protocols_mut(&mut self) -> impl Iterator<Item = &mut P> {
        self.connections
            .iter_mut()
            .map(|connection| &mut connection.protocol)
    }

    /// Waits for something to arrive, at most for `timeout`, and reports it.
    ///
    /// # Errors
    /// When the server closed a connection, or its protocol failed.
    pub fn turn(&mut self, timeout: Duration, report: &mut dyn FnMut(Event<'_>)) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        for event in &self.events {
            if let Some(connection) = self.connections.get_mut(event.token().0) {
                connection.read(&mut self.buffer, report)?;
                connection.write()?;
            }
        }
        Ok(())
    }
}

impl<P: Protocol> Connection<P> {
    fn read(&mut self, buffer: &mut [u8], report: &mut dyn FnMut(Event<'_>)) -> io::Result<()> {
        loop {
            let read = match self.socket.read(buffer) {
                Ok(0) => return Err(io::Error::other("the server closed a connection")),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let bytes = buffer.get(..read).unwrap_or_default();
            self.protocol.received(bytes, &mut self.out, report)?;
            if read < buffer.len() {
                return Ok(());
            }
        }
    }

    fn write(&mut self) -> io::Result<()> {
        while !self.out.is_empty() {
            match self.socket.write(&self.out) {
                Ok(written) => drop(self.out.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
