//! Sockets that accept connections: limits on them, deadlines for their peers, and HTTP over them.
//!
//! ```text
//! accept (bounded) ─▶ socket (deadlines) ─▶ Connection ─▶ Listener::serve_http2: gRPC, writes coalesced
//!                  PROXY header ┘└▶ handshake (TLS) ┘└▶ Listener::serve_http:  browsers, HTTP/1.1 and HTTP/2
//! ```
//!
//! Every port of the service is a [`Listener`]. hyper takes any socket and leaves to it what it does not do itself: it
//! would accept without a bound, wait for ever for a peer that connects and sends nothing (and so never end a graceful
//! shutdown), and write to the kernel once for every frame. What is equal for all ports is a constant of this module;
//! what differs is a field of [`Limits`].
//!
#![doc = include_str!("listener/README.md")]

mod accept;
mod account;
mod coalesce;
mod connection;
mod cuts;
mod deadlines;
mod ending;
mod faults;
mod frame_guard;
mod frame_scanner;
mod goodbye;
mod handshake;
mod holders;
mod hosts;
mod http2;
mod output;
mod pace;
mod plain;
mod protocol;
mod proxied;
mod reminder;
mod request_body;
mod rlimit;
mod sent_body;
mod serve;
mod socket;
mod stall;
mod stream_task;
mod turns;
mod waiting;
mod wakers;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use accept::Admission;
pub use coalesce::{BUFFER_BYTES_MAX, CoalescedWriter, Flusher, coalesce};
pub use connection::Connection;
pub use deadlines::{Deadline, Deadlines};
use futures_util::{Stream, StreamExt};
pub use hosts::{Hosts, HostsOf};
pub use http2::serve_http2;
pub use output::{COUNTED_BYTES_MIN, ConnectionOutput, OutputBudget, OutputLimits, Recipient};
pub(crate) use reminder::Reminder;
pub use request_body::RequestBody;
pub use rlimit::raise_descriptor_limit;
pub use stream_task::StreamExecutor;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;

use crate::listener::accept::{Connections, accepted};
use crate::telemetry::PortCounts;
use crate::tls::ServerTls;

/// A client's preface is sent before its connection is accepted; over a slow and lossy link it takes a second or two. Less
/// than a drain lasts, so that a silent peer does not hold one up.
const FIRST_BYTES_TIMEOUT: Duration = Duration::from_secs(5);
/// A handshake is two round trips; with a retransmission of each over a lossy link it takes some seconds.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// A reader whose buffers stay full for half a minute, the interval of a keep-alive, is gone or of no use to itself.
const WRITE_STALL_MAX: Duration = Duration::from_secs(30);
/// Enough for a proxy that multiplexes a newsroom's readers, few enough to bound the memory of a connection.
const STREAMS_PER_CONNECTION_MAX: u32 = 1024;
/// A gRPC request has a handful of short headers.
const HEADER_BYTES_MAX: u32 = 8 * 1024;
/// The pause after the system refused to accept: out of descriptors, it would refuse again at once, and trying without a
/// pause takes a whole core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// Connections that may wait to be accepted: after a restart all clients reconnect at once. A client that finds the queue
/// full retries after seconds. Many systems have a limit of 4 096 of their own.
const BACKLOG: u32 = 16_384;

/// The limits of a listener.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The number of connections at once; further ones wait in the kernel's queue.
    pub connections_max: usize,
    /// How long a peer may take to send its first bytes and, over HTTP/1.1, the headers of each request.
    pub first_bytes_timeout: Duration,
    /// How long a TLS handshake may take, from its first byte to its end.
    pub handshake_timeout: Duration,
    /// How long a write may be pending before the connection is closed.
    pub write_stall_max: Duration,
    /// The number of HTTP/2 streams on one connection.
    pub streams_per_connection_max: u32,
    /// The bytes of the headers of a request.
    pub header_bytes_max: u32,
    /// What may wait to be sent.
    pub output: OutputLimits,
}

impl Limits {
    /// The limits of a gRPC port, with a number of connections.
    pub fn new(connections_max: usize) -> Self {
        Self {
            connections_max,
            first_bytes_timeout: FIRST_BYTES_TIMEOUT,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            write_stall_max: WRITE_STALL_MAX,
            streams_per_connection_max: STREAMS_PER_CONNECTION_MAX,
            header_bytes_max: HEADER_BYTES_MAX,
            output: OutputLimits::default(),
        }
    }
}

/// A bound socket, its limits, and the token that ends it.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    limits: Limits,
    draining: CancellationToken,
    counts: Arc<PortCounts>,
    output: Arc<OutputBudget>,
    tls: Option<Arc<ServerTls>>,
    admission: Admission,
}

impl Listener {
    /// A listener that accepts connections until `draining` is cancelled.
    pub fn new(socket: TcpListener, limits: Limits, draining: CancellationToken) -> Self {
        let counts = Arc::<PortCounts>::default();
        let output = OutputBudget::new(limits.output, Arc::clone(&counts), draining.clone());
        Self {
            socket,
            limits,
            draining,
            counts,
            output: Arc::new(output),
            tls: None,
            admission: Admission::default(),
        }
    }

    /// The same, with the counts of its connections kept elsewhere.
    #[must_use]
    pub fn counted(self, counts: Arc<PortCounts>) -> Self {
        let limit = u64::try_from(self.limits.connections_max);
        counts.limit.set(limit.unwrap_or(u64::MAX));
        let (limits, draining) = (self.limits.output, self.draining.clone());
        let output = OutputBudget::new(limits, Arc::clone(&counts), draining);
        Self {
            counts,
            output: Arc::new(output),
            ..self
        }
    }

    /// The same with TLS on every connection, if there is one.
    #[must_use]
    pub fn secured(self, tls: Option<Arc<ServerTls>>) -> Self {
        Self { tls, ..self }
    }

    /// The same with a rule about who is admitted.
    #[must_use]
    pub fn admitting(self, admission: Admission) -> Self {
        Self { admission, ..self }
    }
}

/// Binds a socket and listens on it.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A restart does not wait for the connections of the run before. On other systems it would let another program in.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The accepted connections, with their deadlines. The stream never ends and no item is an error: errors of the system are
/// logged and accepting is tried again. The items are results because `serve_with_incoming` of tonic takes such a stream.
pub fn incoming(
    listener: TcpListener,
    limits: Limits,
) -> impl Stream<Item = io::Result<Connection>> + Send {
    let connections = Connections::new(limits, Admission::default(), Arc::default());
    let sockets = accepted(listener, Arc::new(connections));
    sockets.map(|socket| Ok(Connection::plain(socket)))
}
