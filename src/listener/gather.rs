//! A socket that writes once for each turn of its connection.
//!
//! Measured reason: HTTP/2 as hyper has it flushes once for every DATA frame of 256 bytes or more, and once more for the
//! trailers. That is two writes for a reply, and one for each of a hundred streams that share a connection, when one
//! would do; each costs 5 to 10 microseconds, most of what serving a reply costs at all. Gathered, a reply takes a third
//! of the processor time, and a message to a hundred streams of one connection a fifth.
//!
//! How: what is written goes to a buffer, and a flush is a promise. Whoever polls the connection keeps it: behind each
//! poll it calls [`Turn::end`], which writes, or puts it off for a turn while other streams of the connection are about to
//! have something to say as well.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most that waits in memory for one connection: some hundred updates, or a snapshot of hundreds of pairs. A longer
/// answer passes in pieces of this size.
pub const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// The least that is set aside when there is something to write: a reply of five pairs with its headers and trailers.
const BUFFER_BYTES_MIN: usize = 2048;
/// How many turns data may wait while ever more joins it. One turn gathers nearly all there is; a few more bound the
/// delay on a connection that always has something new.
const TURNS_MAX: u8 = 4;

/// A socket whose writes are gathered. Nothing is kept between two bursts: ten thousand idle connections hold no buffer.
#[derive(Debug)]
pub struct Gathered<S>(Arc<Mutex<Socket<S>>>);

/// The end of a turn, for the one who polls the connection.
#[derive(Debug)]
pub struct Turn<S>(Arc<Mutex<Socket<S>>>);

/// Gathers what is written to a socket, until each turn's end.
pub fn gather<S>(inner: S) -> (Gathered<S>, Turn<S>) {
    let socket = Arc::new(Mutex::new(Socket {
        inner,
        buffer: Vec::new(),
        sent: 0,
        fresh: false,
        turns: 0,
        stuck: false,
    }));
    (Gathered(Arc::clone(&socket)), Turn(socket))
}

#[derive(Debug)]
struct Socket<S> {
    inner: S,
    buffer: Vec<u8>,
    /// How much of the buffer the kernel has taken.
    sent: usize,
    /// Whether something was added in this turn.
    fresh: bool,
    /// How many turns what is buffered has waited.
    turns: u8,
    /// Whether the kernel takes no more at present.
    stuck: bool,
}

impl<S> Socket<S> {
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

impl<S: AsyncWrite + Unpin> Socket<S> {
    /// Hands everything to the kernel; pending while the kernel takes no more.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.buffer.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let outcome = Pin::new(&mut self.inner).poll_write(cx, rest);
            self.stuck = outcome.is_pending();
            let written = ready!(outcome)?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent = self.sent.saturating_add(written);
        }
        self.buffer = Vec::new();
        (self.sent, self.fresh, self.turns) = (0, false, 0);
        Poll::Ready(Ok(()))
    }

    /// Makes room when there is none.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_full() {
            self.poll_drain(cx)
        } else {
            Poll::Ready(Ok(()))
        }
    }
}

/// One task polls a connection and everything in it, so nobody ever waits here; and what is kept is whole at every moment,
/// so a panic elsewhere does not spoil it.
fn lock<S>(socket: &Mutex<Socket<S>>) -> MutexGuard<'_, Socket<S>> {
    socket.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: AsyncWrite + Unpin> Turn<S> {
    /// Ends a turn: what was written in it goes to the kernel now, or with the next turn, which is asked for, while
    /// `is_more_to_come`. An error means that the connection is lost.
    pub fn end(&self, cx: &mut Context<'_>, is_more_to_come: bool) -> io::Result<()> {
        let mut socket = lock(&self.0);
        if socket.buffer.is_empty() {
            return Ok(());
        }
        let is_joined = std::mem::take(&mut socket.fresh);
        let may_wait = socket.turns < TURNS_MAX && !socket.is_full() && !socket.stuck;
        if is_more_to_come && is_joined && may_wait {
            socket.turns = socket.turns.saturating_add(1);
            cx.waker().wake_by_ref();
            return Ok(());
        }
        match socket.poll_drain(cx) {
            Poll::Ready(outcome) => outcome,
            // The kernel is full, and wakes this task when it is not.
            Poll::Pending => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gathered<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut lock(&self.0).inner).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gathered<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut socket = lock(&self.0);
        ready!(socket.poll_room(cx))?;
        Poll::Ready(Ok(socket.take(data)))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut socket = lock(&self.0);
        ready!(socket.poll_room(cx))?;
        let taken = slices.iter().map(|slice| socket.take(slice)).sum();
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Done at once, for the end of the turn keeps the promise; but while the kernel takes no more, whoever writes waits.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut socket = lock(&self.0);
        if socket.stuck {
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
#[path = "gather_tests.rs"]
mod tests;
