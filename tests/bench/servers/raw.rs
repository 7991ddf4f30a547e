//! The lower bound: frames written by hand to non-blocking sockets, one write for each message, and no header decoded. It speaks
//! just enough HTTP/2 for the load of this benchmark.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use silkrate::load::frames::{self, Frame};
use silkrate::pb::rate_service_server::RateService;
use tonic::Request;

use crate::servers::figures::{Figures, pairs};
use crate::servers::{announce, ours, read_orders};

const LISTENER: Token = Token(0);
const ORDERS: Token = Token(1);
/// The first token of a connection.
const CONNECTIONS: usize = 2;
/// `:status: 200` and `content-type: application/grpc`, from the static table and as a literal.
const ANSWER_HEADERS: &[u8] = b"\x88\x0f\x10\x10application/grpc";
/// `grpc-status: 0`, as a literal.
const TRAILERS: &[u8] = b"\x00\x0bgrpc-status\x010";

struct Connection {
    socket: TcpStream,
    partial: Vec<u8>,
    /// The open streams of subscribers.
    watching: Vec<u32>,
    out: Vec<u8>,
}

struct Raw {
    poll: Poll,
    listener: TcpListener,
    connections: Vec<Connection>,
    /// One response, framed for gRPC.
    message: Vec<u8>,
    /// Whether its clients are subscribers; requests are not decoded.
    watching: bool,
}

/// Serves until the process ends: the same message of a number of pairs to every client, and again on each order.
pub(crate) fn serve(wanted: usize, watching: bool) -> io::Result<()> {
    let message = message(wanted)?;
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), ORDERS)?);
    let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    announce(listener.local_addr()?)?;
    let (sender, orders) = channel();
    let _orders_end_with_the_process = std::thread::spawn(move || {
        read_orders(|| sender.send(()).is_ok() && waker.wake().is_ok());
    });
    let raw = Raw {
        poll,
        listener,
        connections: Vec::new(),
        message,
        watching,
    };
    raw.run(&orders)
}

/// The response of our own server, framed for gRPC, so that the bytes are the same.
pub(crate) fn message(wanted: usize) -> io::Result<Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let filter = Some(silkrate::pb::RateFilter {
        pairs: pairs(wanted),
    });
    let request = Request::new(silkrate::pb::GetSnapshotRequest { filter, date: None });
    let answer =
        runtime.block_on(async { ours::service(&Figures::new()).get_snapshot(request).await });
    let answer = answer.map_err(io::Error::other)?.into_inner();
    Ok(frames::grpc(&prost::Message::encode_to_vec(&answer)))
}

impl Raw {
    fn run(mut self, orders: &Receiver<()>) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            self.poll.poll(&mut events, Some(Duration::from_secs(1)))?;
            for event in &events {
                self.take(event.token(), &mut buffer)?;
            }
            loop {
                match orders.try_recv() {
                    Ok(()) => self.publish(),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return Ok(()),
                }
            }
        }
    }

    fn take(&mut self, token: Token, buffer: &mut [u8]) -> io::Result<()> {
        if token == LISTENER {
            return self.accept();
        }
        let index = token.0.checked_sub(CONNECTIONS);
        if let Some(connection) = index.and_then(|index| self.connections.get_mut(index)) {
            connection.read(buffer, &self.message, self.watching);
        }
        Ok(())
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let mut socket = match self.listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            socket.set_nodelay(true)?;
            let token = Token(self.connections.len() + CONNECTIONS);
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll
                .registry()
                .register(&mut socket, token, interest)?;
            let mut out = Vec::new();
            frames::push(&mut out, frames::SETTINGS, 0, 0, &[]);
            self.connections.push(Connection {
                socket,
                partial: Vec::new(),
                watching: Vec::new(),
                out,
            });
        }
    }

    fn publish(&mut self) {
        for connection in &mut self.connections {
            for index in 0..connection.watching.len() {
                let stream = connection.watching.get(index).copied().unwrap_or_default();
                frames::push(&mut connection.out, frames::DATA, 0, stream, &self.message);
                connection.write();
            }
        }
    }
}

impl Connection {
    fn read(&mut self, buffer: &mut [u8], message: &[u8], watching: bool) {
        loop {
            match self.socket.read(buffer) {
                Ok(0) => return,
                Ok(read) => self
                    .partial
                    .extend_from_slice(buffer.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_gone) => return,
            }
        }
        let mut rest = self.partial.as_slice();
        rest = rest.strip_prefix(frames::PREFACE).unwrap_or(rest);
        while let Some((frame, after)) = frames::next(rest) {
            rest = after;
            // A request is complete with its body.
            if let Frame {
                kind: frames::DATA,
                stream,
                ..
            } = frame
            {
                frames::push(
                    &mut self.out,
                    frames::HEADERS,
                    frames::END_HEADERS,
                    stream,
                    ANSWER_HEADERS,
                );
                frames::push(&mut self.out, frames::DATA, 0, stream, message);
                if watching {
                    frames::push(&mut self.out, frames::DATA, 0, stream, message);
                    self.watching.push(stream);
                } else {
                    let flags = frames::END_HEADERS | frames::END_STREAM;
                    frames::push(&mut self.out, frames::HEADERS, flags, stream, TRAILERS);
                }
            }
        }
        self.partial = rest.to_vec();
        self.write();
    }

    /// A lost connection is ignored: the run fails elsewhere.
    fn write(&mut self) {
        while !self.out.is_empty() {
            match self.socket.write(&self.out) {
                Ok(written) => drop(self.out.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_gone) => self.out.clear(),
            }
        }
    }
}
