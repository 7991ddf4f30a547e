//! Accepted sockets: how many there may be, how long each may do nothing, and how what is written reaches the kernel.
//!
//! ```text
//! accept (at most so many) ─▶ Deadlines (silent, stalled) ─▶ tonic, or hyper for browsers
//!                                                         └▶ Gathered (one write a turn) ─▶ HTTP/2 with turns
//! ```
//!
//! tonic and hyper take any socket, and leave to it what they do not do themselves: they accept without a bound, wait for
//! ever for a peer that connects and says nothing (and so never end when told to), and write to the kernel once for every
//! frame.

mod deadlines;
mod descriptors;
mod gather;
mod http2;
mod serve;

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

pub use deadlines::Deadlines;
pub use descriptors::raise_descriptors;
use futures_util::{Stream, stream};
pub use gather::{BUFFER_BYTES_MAX, Gathered, Turn, gather};
pub use http2::serve_http2;
pub use serve::serve;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::transport::server::Connected;

/// A client's preface is under way before its connection is accepted; a far and lossy one takes a second or two. Less
/// than a drain lasts, so that a peer which says nothing does not hold one up.
const FIRST_BYTES_TIMEOUT: Duration = Duration::from_secs(5);
/// A reader whose buffers stay full for half a minute, the interval of a keepalive, is gone or of no use to itself.
const WRITE_STALL_MAX: Duration = Duration::from_secs(30);
/// How long accepting pauses after the system refused: out of descriptors, it would refuse again at once, and asking
/// without a pause takes a whole core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Connections that may wait to be accepted: a crowd that comes back after a restart comes at once. Whoever finds the queue
/// full tries again after seconds. Many systems have a bound of 4 096 of their own.
const BACKLOG: u32 = 16_384;

/// What a listener allows.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many connections there may be at once; whoever comes then waits in the kernel's queue.
    pub connections_max: usize,
    /// How long a peer that has connected may say nothing.
    pub first_bytes_timeout: Duration,
    /// How long a write may be pending.
    pub write_stall_max: Duration,
}

impl Limits {
    /// The limits in use, for a number of connections.
    pub fn new(connections_max: usize) -> Self {
        Self {
            connections_max,
            first_bytes_timeout: FIRST_BYTES_TIMEOUT,
            write_stall_max: WRITE_STALL_MAX,
        }
    }
}

/// Takes a port.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A restart does not wait for the connections of the run before. Elsewhere it would let another program in.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The sockets that come in, guarded. It never ends and never fails: what the system refuses is logged and tried again.
pub fn incoming(
    listener: TcpListener,
    limits: Limits,
) -> impl Stream<Item = io::Result<Connection>> + Send {
    let permits = Arc::new(Semaphore::new(limits.connections_max));
    stream::unfold((listener, permits), move |(listener, permits)| async move {
        let permit = permit(&permits, limits.connections_max).await?;
        let socket = accept(&listener).await;
        let connection = Connection::new(socket, &limits, permit);
        Some((Ok(connection), (listener, permits)))
    })
}

/// The right to hold one more connection.
async fn permit(permits: &Arc<Semaphore>, connections_max: usize) -> Option<OwnedSemaphorePermit> {
    if permits.available_permits() == 0 {
        tracing::warn!(
            connections_max,
            "no more connections are taken until one ends"
        );
    }
    Arc::clone(permits).acquire_owned().await.ok()
}

/// The next socket, however often the system refuses.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => return socket,
            Err(error) if is_of_the_peer(&error) => tracing::debug!(%error, "a peer went away"),
            Err(error) => {
                tracing::warn!(%error, pause = ?ACCEPT_PAUSE, "no connection can be taken now");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether accepting failed for one connection alone: the next one may be well.
fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// One accepted socket.
#[derive(Debug)]
pub struct Connection {
    io: Deadlines<TcpStream>,
    /// Given back when the connection is dropped, by whichever way that comes.
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    fn new(socket: TcpStream, limits: &Limits, permit: OwnedSemaphorePermit) -> Self {
        // What is written is whole; the kernel's own gathering would only add a wait for the peer's acknowledgement.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "the peer is gone already");
        }
        Self {
            io: Deadlines::new(socket, limits.first_bytes_timeout, limits.write_stall_max),
            _permit: permit,
        }
    }
}

impl Connected for Connection {
    /// Nobody here asks who a peer is.
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
