//! One accepted socket with its deadlines, which counts until it is dropped.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use crate::callers::{Caller, Network, Share};
use crate::listener::{Deadline, Deadlines, Limits};
use crate::telemetry::{OpenConnection, PortCounts};

/// One accepted socket.
#[derive(Debug)]
pub(super) struct AcceptedSocket {
    io: Deadlines<TcpStream>,
    caller: Caller,
    /// Counts the connection, and what passes.
    open: OpenConnection,
    /// Whether it is counted as cut by a deadline.
    is_cut: bool,
    /// That of the client, unless the peer is a proxy.
    _share: Option<Share<Network>>,
    /// Returned when the connection is dropped, for whatever reason.
    _permit: OwnedSemaphorePermit,
}

impl AcceptedSocket {
    pub(super) fn new(
        (socket, caller): (TcpStream, Caller),
        limits: &Limits,
        permit: OwnedSemaphorePermit,
        open: OpenConnection,
    ) -> Self {
        // What is written is whole; Nagle's algorithm would only wait for the peer's acknowledgement.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "could not set TCP_NODELAY");
        }
        Self {
            io: Deadlines::new(socket, limits.first_bytes_timeout, limits.write_stall_max),
            caller,
            _share: None,
            open,
            is_cut: false,
            _permit: permit,
        }
    }

    /// The address at the other end, or that which a proxy named in its PROXY header.
    pub(super) fn caller(&self) -> Caller {
        self.caller
    }

    /// The same for the client that a proxy named.
    pub(super) fn of(self, caller: Caller) -> Self {
        Self { caller, ..self }
    }

    /// The same with the share of its client.
    pub(super) fn sharing(self, share: Share<Network>) -> Self {
        Self {
            _share: Some(share),
            ..self
        }
    }

    /// The socket itself.
    pub(super) fn stream(&self) -> &TcpStream {
        self.io.get_ref()
    }

    /// What its port counts of connections.
    pub(super) fn counts(&self) -> &PortCounts {
        self.open.port()
    }

    /// Counts what a write has brought: bytes, or the end of the connection.
    fn count_write(&mut self, outcome: &Poll<io::Result<usize>>) {
        match outcome {
            Poll::Ready(Ok(bytes)) => {
                let bytes = u64::try_from(*bytes).unwrap_or(u64::MAX);
                self.open.port().sent_bytes.add(bytes);
            }
            Poll::Ready(Err(_)) => self.count_cut(),
            Poll::Pending => {}
        }
    }

    /// Counts that a deadline has cut the connection, once: reading and writing may both fail then.
    fn count_cut(&mut self) {
        let Some(deadline) = self.io.passed().filter(|_| !self.is_cut) else {
            return;
        };
        self.is_cut = true;
        let port = self.open.port();
        match deadline {
            Deadline::FirstBytes => port.silent.increment(),
            Deadline::Write => port.stalled.increment(),
        }
    }
}

impl AsyncRead for AcceptedSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.io).poll_read(cx, buffer);
        if let Poll::Ready(Err(_)) = &outcome {
            self.count_cut();
        }
        let bytes = buffer.filled().len().saturating_sub(before);
        if bytes > 0 {
            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            self.open.port().received_bytes.add(bytes);
        }
        outcome
    }
}

impl AsyncWrite for AcceptedSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write(cx, data);
        self.count_write(&outcome);
        outcome
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.count_write(&outcome);
        outcome
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
