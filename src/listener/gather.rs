//! A socket that writes late and in one piece.
//!
//! Measured reason: HTTP/2 as tonic has it flushes once for every DATA frame of 256 bytes or more, and once more for the
//! trailers. That is two writes for a reply, and one for each of a hundred streams that share a connection, when one
//! would do; each costs 5 to 10 microseconds, most of what serving a reply costs at all. Gathered, a reply takes a third
//! of the processor time, and a message to a hundred streams of one connection a fifth.
//!
//! How: writes go to a buffer. A flush after new data only asks to be polled again, behind the tasks that are ready now
//! and may have more to say to the same peer; a flush with nothing new since the one before writes. So a flush that
//! returns is a promise kept within one turn of the connection's task, not a deed: what would be lost if the task were
//! never polled again is written by [`AsyncWrite::poll_shutdown`].

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most that waits in memory for one connection: some hundred updates, or a snapshot of hundreds of pairs. A longer
/// answer passes in pieces of this size.
pub const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// The least that is set aside when there is something to write: a reply of five pairs with its headers and trailers.
const BUFFER_BYTES_MIN: usize = 1024;
/// How many turns of its connection data may wait while ever more joins it. One turn gathers nearly all there is; a
/// few more bound the delay on a connection that always has something new.
const TURNS_MAX: u8 = 4;

/// A socket whose writes are gathered. Nothing is kept between two bursts: ten thousand idle connections hold no buffer.
#[derive(Debug)]
pub struct Gather<S> {
    inner: S,
    buffer: Vec<u8>,
    /// How much of the buffer the kernel has taken.
    sent: usize,
    /// Whether something was added since the last flush.
    fresh: bool,
    /// How many turns what is buffered has waited.
    turns: u8,
}

impl<S> Gather<S> {
    /// Gathers what is written to a socket.
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            buffer: Vec::new(),
            sent: 0,
            fresh: false,
            turns: 0,
        }
    }

    /// Takes as much of the data as there is room for, and tells how much.
    fn take(&mut self, data: &[u8]) -> usize {
        let room = BUFFER_BYTES_MAX.saturating_sub(self.buffer.len());
        let taken = data.get(..room).unwrap_or(data);
        let wanted = self.buffer.len().saturating_add(taken.len());
        if wanted > self.buffer.capacity() {
            // By doubling, and never past the bound.
            let capacity = wanted.next_power_of_two().max(BUFFER_BYTES_MIN);
            self.buffer
                .reserve_exact(capacity.saturating_sub(self.buffer.len()));
        }
        self.buffer.extend_from_slice(taken);
        self.fresh |= !taken.is_empty();
        taken.len()
    }

    fn is_full(&self) -> bool {
        self.buffer.len() >= BUFFER_BYTES_MAX
    }
}

impl<S: AsyncWrite + Unpin> Gather<S> {
    /// Hands everything to the kernel; pending while the kernel takes no more.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.buffer.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent = self.sent.saturating_add(written);
        }
        self.buffer = Vec::new();
        (self.sent, self.fresh, self.turns) = (0, false, 0);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gather<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let outcome = Pin::new(&mut this.inner).poll_read(cx, buffer);
        // Every turn of a connection's task ends its reading with nothing more to read.
        if outcome.is_pending() && !this.buffer.is_empty() {
            this.turns = this.turns.saturating_add(1);
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gather<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_full() {
            ready!(self.poll_drain(cx))?;
        }
        Poll::Ready(Ok(self.take(data)))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.is_full() {
            ready!(self.poll_drain(cx))?;
        }
        let taken = slices.iter().map(|slice| self.take(slice)).sum();
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.fresh && self.turns < TURNS_MAX && !self.is_full() {
            self.fresh = false;
            cx.waker().wake_by_ref();
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[path = "gather_tests.rs"]
mod tests;
