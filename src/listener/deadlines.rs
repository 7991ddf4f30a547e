//! Deadlines of a socket: for the peer's first bytes, and for a pending write.
//!
//! Measured without them: a peer that connects and sends nothing stays connected until it leaves by itself, since HTTP/2
//! keep-alive does not reach it, and a graceful shutdown waits for it without end; a peer that stops reading keeps its
//! connection, and the memory of the data buffered for it.
//!
//! The timers belong to the socket and wake the task that polls the socket, whatever the streams on it wait for.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// The bytes a peer must send before the deadline: the length of the HTTP/2 preface. Half a preface is no better than
/// silence.
const FIRST_BYTES: usize = 24;

/// A deadline of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// For the first bytes of the peer.
    FirstBytes,
    /// For a pending write: the peer reads nothing.
    Write,
}

/// A socket with deadlines. Past one, reading and writing fail with [`io::ErrorKind::TimedOut`].
#[derive(Debug)]
pub struct Deadlines<S> {
    inner: S,
    /// Until the first bytes have arrived.
    first_bytes: Option<FirstBytes>,
    write_stall_max: Duration,
    /// The deadline of a pending write.
    stalled: Option<Pin<Box<Sleep>>>,
    /// The first deadline that has passed.
    passed: Option<Deadline>,
}

#[derive(Debug)]
struct FirstBytes {
    missing: usize,
    deadline: Pin<Box<Sleep>>,
}

impl<S> Deadlines<S> {
    /// Sets the deadlines of a socket.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(inner: S, first_bytes_timeout: Duration, write_stall_max: Duration) -> Self {
        Self {
            inner,
            first_bytes: Some(FirstBytes {
                missing: FIRST_BYTES,
                deadline: Box::pin(sleep(first_bytes_timeout)),
            }),
            write_stall_max,
            stalled: None,
            passed: None,
        }
    }

    /// The socket itself.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The first deadline that has passed: why the socket fails. Reading may show that of a write.
    pub fn passed(&self) -> Option<Deadline> {
        self.passed
    }

    fn pass(&mut self, deadline: Deadline) {
        self.passed.get_or_insert(deadline);
    }

    /// Checks the result of a write: an error takes its place when it has been pending for too long.
    fn check_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stalled = None;
            return outcome;
        }
        let limit = self.write_stall_max;
        let timer = self.stalled.get_or_insert_with(|| Box::pin(sleep(limit)));
        match timer.as_mut().poll(cx) {
            Poll::Ready(()) => {
                self.pass(Deadline::Write);
                Poll::Ready(Err(stalled(limit)))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

fn stalled(limit: Duration) -> io::Error {
    let reason = format!("a write was pending for {limit:?}");
    io::Error::new(io::ErrorKind::TimedOut, reason)
}

impl<S: AsyncRead + Unpin> AsyncRead for Deadlines<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        // A peer that still sends, and so keeps its connection active, is disconnected all the same if it does not read.
        if this
            .stalled
            .as_ref()
            .is_some_and(|timer| timer.is_elapsed())
        {
            this.pass(Deadline::Write);
            return Poll::Ready(Err(stalled(this.write_stall_max)));
        }
        let filled = buffer.filled().len();
        let outcome = Pin::new(&mut this.inner).poll_read(cx, buffer);
        let Some(first_bytes) = &mut this.first_bytes else {
            return outcome;
        };
        let arrived = buffer.filled().len().saturating_sub(filled);
        first_bytes.missing = first_bytes.missing.saturating_sub(arrived);
        if first_bytes.missing == 0 {
            this.first_bytes = None;
            return outcome;
        }
        if outcome.is_pending() && first_bytes.deadline.as_mut().poll(cx).is_ready() {
            this.pass(Deadline::FirstBytes);
            let reason = "no first bytes from the peer before the deadline";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, reason)));
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Deadlines<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write(cx, data);
        self.check_write(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.check_write(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
