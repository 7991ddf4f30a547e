//! The load: many connections in one thread, cheap enough that the server is what is measured.

pub(crate) mod frames;
pub(crate) mod http1;
pub(crate) mod http2;
pub(crate) mod text;

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use http1::Http1;
use http2::{Call, Http2};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use text::{Counted, Text};

/// How much is read at once: everything a socket holds, as a rule.
const READ_BYTES: usize = 256 * 1024;
/// Connections that are made before what has arrived is looked at.
const CONNECTED_AT_ONCE: usize = 64;
/// How long is waited then: no queue of connections to be accepted runs over, even when the server gets little time.
const CONNECT_PAUSE: Duration = Duration::from_millis(3);
/// Events taken at once.
const EVENTS: usize = 4096;

/// What has arrived.
#[derive(Debug)]
pub(crate) enum Arrived<'a> {
    /// A message of a stream.
    Message(&'a [u8]),
    /// A call has ended, so long after it was made.
    Ended(Option<Duration>),
}

/// What is spoken on the connections.
#[derive(Debug, Clone)]
pub(crate) enum Speech {
    /// gRPC: so many calls at once on each.
    Grpc { call: Rc<Call>, calls: usize },
    /// A protocol of short texts.
    Text(Text),
    /// HTTP/1.1: a request, one at a time on each.
    Http1(Rc<[u8]>),
}

#[derive(Debug)]
enum Side {
    Grpc(Http2),
    Text(Counted),
    Http1(Http1),
}

#[derive(Debug)]
struct Connection {
    socket: TcpStream,
    side: Side,
    out: Vec<u8>,
}

/// Many connections to one server.
#[derive(Debug)]
pub(crate) struct Load {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    buffer: Vec<u8>,
}

impl Load {
    /// Connects, and says what is said first; takes what arrives meanwhile.
    pub(crate) fn connect(
        server: SocketAddr,
        count: usize,
        speech: &Speech,
        arrived: &mut dyn FnMut(Arrived<'_>),
    ) -> io::Result<Self> {
        let mut load = Self {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS),
            connections: Vec::with_capacity(count),
            buffer: vec![0; READ_BYTES],
        };
        for index in 0..count {
            load.add(server, speech)?;
            // Servers cut a client that answers no ping, and a crowd takes its time to connect.
            if (index + 1).is_multiple_of(CONNECTED_AT_ONCE) {
                load.turn(CONNECT_PAUSE, arrived)?;
                std::thread::sleep(CONNECT_PAUSE);
            }
        }
        Ok(load)
    }

    fn add(&mut self, server: SocketAddr, speech: &Speech) -> io::Result<()> {
        let socket = std::net::TcpStream::connect(server)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut socket = TcpStream::from_std(socket);
        let token = Token(self.connections.len());
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut socket, token, interest)?;
        let mut out = Vec::new();
        let side = match speech {
            Speech::Grpc { call, calls } => Side::Grpc(Http2::begin(call, *calls, &mut out)),
            Speech::Text(text) => {
                out.extend_from_slice(&text.hello);
                Side::Text(Counted::begin(text))
            }
            Speech::Http1(request) => Side::Http1(Http1::begin(request, &mut out)),
        };
        let mut connection = Connection { socket, side, out };
        connection.write()?;
        self.connections.push(connection);
        Ok(())
    }

    /// Whether the server has said something on every connection.
    pub(crate) fn is_greeted(&self) -> bool {
        let is_greeted = |connection: &Connection| match &connection.side {
            Side::Grpc(_) | Side::Http1(_) => true,
            Side::Text(side) => side.is_greeted(),
        };
        self.connections.iter().all(is_greeted)
    }

    /// What has arrived so far was a greeting: messages are counted from here.
    pub(crate) fn settle(&mut self) {
        for connection in &mut self.connections {
            if let Side::Text(side) = &mut connection.side {
                side.settle();
            }
        }
    }

    /// Waits for something to arrive, at most so long, and takes it.
    pub(crate) fn turn(
        &mut self,
        at_most: Duration,
        arrived: &mut dyn FnMut(Arrived<'_>),
    ) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(at_most)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        for event in &self.events {
            if let Some(connection) = self.connections.get_mut(event.token().0) {
                connection.read(&mut self.buffer, arrived)?;
                connection.write()?;
            }
        }
        Ok(())
    }
}

impl Connection {
    fn read(&mut self, buffer: &mut [u8], arrived: &mut dyn FnMut(Arrived<'_>)) -> io::Result<()> {
        loop {
            let read = match self.socket.read(buffer) {
                Ok(0) => return Err(io::Error::other("the server closed a connection")),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let bytes = buffer.get(..read).unwrap_or_default();
            match &mut self.side {
                Side::Grpc(side) => side.received(bytes, &mut self.out, arrived)?,
                Side::Text(side) => side.received(read, &mut self.out, arrived),
                Side::Http1(side) => side.received(bytes, &mut self.out, arrived)?,
            }
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
