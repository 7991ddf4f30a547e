//! A socket that does not wait for ever: for a peer's first bytes, or for a write to get through.
//!
//! Measured without it: a peer that connects and says nothing stays until it goes away by itself, HTTP/2's keepalive
//! does not reach it, and a graceful shutdown waits for it without end; one that stops reading keeps its connection for
//! as long as it answers nothing, with whatever is buffered for it.
//!
//! The timers belong to the socket and wake the task that polls the socket, whatever the streams on it wait for.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How much a peer has to say before it counts as one: the preface of HTTP/2. Half of it is as silent as nothing.
const FIRST_BYTES: usize = 24;

/// A socket with deadlines. Past one, reading and writing fail with [`io::ErrorKind::TimedOut`].
#[derive(Debug)]
pub struct Deadlines<S> {
    inner: S,
    /// Until the first bytes are there: how many are missing, and until when.
    silent: Option<Silent>,
    write_stall_max: Duration,
    /// While a write is pending.
    stalled: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug)]
struct Silent {
    missing: usize,
    deadline: Pin<Box<Sleep>>,
}

impl<S> Deadlines<S> {
    /// Guards a socket. It has to be called within a runtime.
    pub fn new(inner: S, first_bytes_timeout: Duration, write_stall_max: Duration) -> Self {
        Self {
            inner,
            silent: Some(Silent {
                missing: FIRST_BYTES,
                deadline: Box::pin(sleep(first_bytes_timeout)),
            }),
            write_stall_max,
            stalled: None,
        }
    }

    /// Notes what became of a write, and fails in its place when it has been pending for too long.
    fn written<T>(
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
            Poll::Ready(()) => Poll::Ready(Err(stalled(limit))),
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
        // A peer that still sends, and so keeps its connection busy, is cut all the same when it does not read.
        if this
            .stalled
            .as_ref()
            .is_some_and(|timer| timer.is_elapsed())
        {
            return Poll::Ready(Err(stalled(this.write_stall_max)));
        }
        let filled = buffer.filled().len();
        let outcome = Pin::new(&mut this.inner).poll_read(cx, buffer);
        let Some(silent) = &mut this.silent else {
            return outcome;
        };
        let arrived = buffer.filled().len().saturating_sub(filled);
        silent.missing = silent.missing.saturating_sub(arrived);
        if silent.missing == 0 {
            this.silent = None;
            return outcome;
        }
        if outcome.is_pending() && silent.deadline.as_mut().poll(cx).is_ready() {
            let reason = "the peer connected and said nothing";
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
        self.written(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.written(cx, outcome)
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
