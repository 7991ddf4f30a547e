//! Write coalescing: one write to the kernel for each turn of a connection's task.
//!
//! Measured reason: hyper's HTTP/2 flushes once for every DATA frame of 256 bytes or more, and once more for the trailers.
//! That is two writes for a reply, and one for each of a hundred streams that share a connection, when one would do; each
//! costs 5 to 10 microseconds, most of the cost of serving a reply. Coalesced, a reply takes a third of the CPU time, and a
//! message to a hundred streams of one connection a fifth.
//!
//! [`CoalescedWriter`] appends to a buffer, and its `poll_flush` does nothing unless the kernel's send buffer is full. The task that polls the
//! connection calls [`Flusher::end_turn`] after each poll: it writes, or defers the write by a turn while other streams of
//! the connection are about to write as well.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most bytes buffered for one connection: some hundred updates, or a snapshot of hundreds of pairs. A longer response
/// passes in pieces of this size.
pub const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// The least capacity that is allocated for a write: a reply of five pairs with its headers and trailers.
const BUFFER_BYTES_MIN: usize = 2048;
/// The number of turns that a write may be deferred while more data joins it. One turn collects nearly all there is; the
/// limit bounds the delay on a connection that always has new data.
const TURNS_MAX: u8 = 4;

/// The writer of a connection. The buffer is freed after each write: ten thousand idle connections hold none.
#[derive(Debug)]
pub struct CoalescedWriter<S>(Arc<Mutex<Socket<S>>>);

/// Writes the buffer of a [`CoalescedWriter`] at the end of each turn; for the task that polls the connection.
#[derive(Debug)]
pub struct Flusher<S>(Arc<Mutex<Socket<S>>>);

/// Splits a socket into a coalescing writer and its flusher.
pub fn coalesce<S>(inner: S) -> (CoalescedWriter<S>, Flusher<S>) {
    let socket = Arc::new(Mutex::new(Socket {
        inner,
        buffer: Vec::new(),
        sent: 0,
        has_new_data: false,
        turns: 0,
        is_blocked: false,
    }));
    (CoalescedWriter(Arc::clone(&socket)), Flusher(socket))
}

#[derive(Debug)]
struct Socket<S> {
    inner: S,
    buffer: Vec<u8>,
    /// How many bytes of the buffer are written.
    sent: usize,
    /// Whether data was appended in this turn.
    has_new_data: bool,
    /// The number of turns that the write has been deferred.
    turns: u8,
    /// Whether the last write was pending: the kernel's send buffer is full.
    is_blocked: bool,
}

impl<S> Socket<S> {
    /// Appends as much of the data as there is room for, and returns how much.
    fn append(&mut self, data: &[u8]) -> usize {
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
        self.has_new_data |= !taken.is_empty();
        taken.len()
    }

    fn is_full(&self) -> bool {
        self.buffer.len() >= BUFFER_BYTES_MAX
    }
}

impl<S: AsyncWrite + Unpin> Socket<S> {
    /// Writes and flushes the whole buffer; pending while the kernel's send buffer is full.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.buffer.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let outcome = Pin::new(&mut self.inner).poll_write(cx, rest);
            self.is_blocked = outcome.is_pending();
            let written = ready!(outcome)?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent = self.sent.saturating_add(written);
        }
        // A plain socket has nothing to flush; one with TLS accepts data that it can encrypt and not yet write.
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.is_blocked = flushed.is_pending();
        ready!(flushed)?;
        self.buffer = Vec::new();
        (self.sent, self.has_new_data, self.turns) = (0, false, 0);
        Poll::Ready(Ok(()))
    }

    /// Makes room in a full buffer.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_full() {
            self.poll_drain(cx)
        } else {
            Poll::Ready(Ok(()))
        }
    }
}

/// One task polls a connection and everything in it, so the lock is never contended; and the buffer is consistent at every
/// moment, so a poisoned lock is safe to use.
fn lock<S>(socket: &Mutex<Socket<S>>) -> MutexGuard<'_, Socket<S>> {
    socket.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: AsyncWrite + Unpin> Flusher<S> {
    /// Ends a turn: writes the buffer or, while `is_more_expected`, wakes the task and defers the write to its next turn.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn end_turn(&self, cx: &mut Context<'_>, is_more_expected: bool) -> io::Result<()> {
        let mut socket = lock(&self.0);
        if socket.buffer.is_empty() {
            return Ok(());
        }
        let has_new_data = std::mem::take(&mut socket.has_new_data);
        let may_defer = socket.turns < TURNS_MAX && !socket.is_full() && !socket.is_blocked;
        if is_more_expected && has_new_data && may_defer {
            socket.turns = socket.turns.saturating_add(1);
            cx.waker().wake_by_ref();
            return Ok(());
        }
        match socket.poll_drain(cx) {
            Poll::Ready(outcome) => outcome,
            // The socket wakes this task when it is writable again.
            Poll::Pending => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for CoalescedWriter<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut lock(&self.0).inner).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for CoalescedWriter<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut socket = lock(&self.0);
        ready!(socket.poll_room(cx))?;
        Poll::Ready(Ok(socket.append(data)))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut socket = lock(&self.0);
        ready!(socket.poll_room(cx))?;
        let taken = slices.iter().map(|slice| socket.append(slice)).sum();
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Returns at once, since the end of the turn writes; pending while the kernel's send buffer is full.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut socket = lock(&self.0);
        if socket.is_blocked {
            socket.poll_drain(cx)
        } else {
            Poll::Ready(Ok(()))
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut socket = lock(&self.0);
        ready!(socket.poll_drain(cx))?;
        Pin::new(&mut socket.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
