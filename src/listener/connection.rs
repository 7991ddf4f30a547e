//! One accepted connection, secured or not: what HTTP reads and writes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use crate::callers::Caller;
use crate::listener::socket::AcceptedSocket;
use crate::listener::{Deadline, Deadlines, Limits};

/// One accepted connection.
#[derive(Debug)]
pub struct Connection(Transport);

/// One type for both, so that HTTP over it is compiled once.
#[derive(Debug)]
enum Transport {
    Plain(AcceptedSocket),
    Secure(Box<SecureSocket>),
}

/// A socket whose handshake is complete.
#[derive(Debug)]
struct SecureSocket {
    /// The socket has a deadline for its first bytes, and those were of the handshake: this one is for what is within TLS.
    io: Deadlines<TlsStream<AcceptedSocket>>,
    /// Whether it is counted as silent.
    is_counted: bool,
}

impl Connection {
    /// A connection without TLS.
    pub(super) fn plain(socket: AcceptedSocket) -> Self {
        Self(Transport::Plain(socket))
    }

    /// A connection over TLS.
    pub(super) fn secure(stream: TlsStream<AcceptedSocket>, limits: &Limits) -> Self {
        let io = Deadlines::new(stream, limits.first_bytes_timeout, limits.write_stall_max);
        Self(Transport::Secure(Box::new(SecureSocket {
            io,
            is_counted: false,
        })))
    }

    /// The address at the other end, or that which a trusted proxy named before the first byte.
    pub fn caller(&self) -> Caller {
        match &self.0 {
            Transport::Plain(socket) => socket.caller(),
            Transport::Secure(socket) => socket.accepted().caller(),
        }
    }

    fn writer(&mut self) -> &mut (dyn AsyncWrite + Send + Unpin) {
        match &mut self.0 {
            Transport::Plain(socket) => socket,
            Transport::Secure(socket) => &mut socket.io,
        }
    }
}

impl SecureSocket {
    fn accepted(&self) -> &AcceptedSocket {
        self.io.get_ref().get_ref().0
    }

    /// Counts that the peer has sent nothing within TLS, once.
    fn count_silent(&mut self) {
        if self.io.passed() == Some(Deadline::FirstBytes) && !self.is_counted {
            self.is_counted = true;
            self.accepted().counts().silent.increment();
        }
    }
}

impl Connected for Connection {
    /// No service looks at the address of a peer.
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Transport::Plain(socket) => Pin::new(socket).poll_read(cx, buffer),
            Transport::Secure(socket) => {
                let outcome = Pin::new(&mut socket.io).poll_read(cx, buffer);
                if let Poll::Ready(Err(_)) = &outcome {
                    socket.count_silent();
                }
                outcome
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.writer()).poll_write(cx, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.writer()).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            Transport::Plain(socket) => socket.is_write_vectored(),
            Transport::Secure(socket) => socket.io.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.writer()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.writer()).poll_shutdown(cx)
    }
}
