//! Deadlines of a socket: for the peer's first bytes, and for a pending write.
//!
//! Measured without them: a peer that connects and sends nothing stays connected until it leaves by itself, since HTTP/2
//! keep-alive does not reach it, and a graceful shutdown waits for it without end; a peer that stops reading, or takes a byte now
//! and then, keeps its connection, and the memory of the data buffered for it.
//!
//! The timers belong to the socket and wake the task that polls the socket, whatever the streams on it wait for.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::listener::waiting::PROGRESS_BYTES_MIN;

/// The bytes a peer must send before the deadline: the length of the HTTP/2 preface. Half a preface is no better than
/// silence.
const FIRST_BYTES: usize = 24;

/// A deadline of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// For the first bytes of the peer.
    FirstBytes,
    /// For a pending write: the peer reads nothing, or too little.
    Write,
}

/// A socket with deadlines. Past one, reading and writing fail with [`io::ErrorKind::TimedOut`].
#[derive(Debug)]
pub struct Deadlines<S> {
    inner: S,
    /// Until the first bytes have arrived.
    first_bytes: Option<FirstBytes>,
    write_stall_max: Duration,
    /// Nothing while all was written that was to be.
    stalled: Option<Box<Stalled>>,
    /// The first deadline that has passed.
    passed: Option<Deadline>,
}

/// Writing that had to wait.
#[derive(Debug)]
struct Stalled {
    deadline: Pin<Box<Sleep>>,
    /// What was written since it began to wait, in bytes.
    written: usize,
    /// Whether it waits at this moment.
    is_pending: bool,
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

    /// Checks the result of a write: an error takes its place when it has been pending for too long. What is written meanwhile
    /// begins the time anew once it is as much as the largest frame, or all that was to be written.
    fn check_write(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let limit = self.write_stall_max;
        let Poll::Pending = outcome else {
            let written = self.stalled.take().zip(outcome_bytes(&outcome));
            self.stalled = written.and_then(|(stalled, bytes)| stalled.after(bytes));
            return outcome;
        };
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::new(Stalled::begin(limit)));
        stalled.is_pending = true;
        match stalled.deadline.as_mut().poll(cx) {
            Poll::Ready(()) => {
                self.pass(Deadline::Write);
                Poll::Ready(Err(stalled_error(limit)))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Stalled {
    fn begin(limit: Duration) -> Self {
        Self {
            deadline: Box::pin(sleep(limit)),
            written: 0,
            is_pending: true,
        }
    }

    /// The same after some was written; nothing if that was enough.
    fn after(mut self: Box<Self>, bytes: usize) -> Option<Box<Self>> {
        self.written = self.written.saturating_add(bytes);
        self.is_pending = false;
        (self.written < PROGRESS_BYTES_MIN).then_some(self)
    }

    /// Whether the deadline has passed while it waits.
    fn is_late(&self) -> bool {
        self.is_pending && self.deadline.is_elapsed()
    }
}

/// What a write has written; nothing if it failed.
fn outcome_bytes(outcome: &Poll<io::Result<usize>>) -> Option<usize> {
    match outcome {
        Poll::Ready(Ok(bytes)) => Some(*bytes),
        _ => None,
    }
}

fn stalled_error(limit: Duration) -> io::Error {
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
            .is_some_and(|stalled| stalled.is_late())
        {
            this.pass(Deadline::Write);
            return Poll::Ready(Err(stalled_error(this.write_stall_max)));
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

    /// What HTTP flushes was written whole.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        if flushed.is_ready() {
            self.stalled = None;
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;

    const STALL_MAX: Duration = Duration::from_secs(30);
    const LENGTH: usize = 100_000;

    /// How long a writer bears a peer that reads some bytes every twenty seconds, and whether it wrote everything.
    async fn written(bytes: usize) -> (Duration, bool) {
        let (near, mut far) = duplex(1024);
        let mut near = Deadlines::new(near, STALL_MAX, STALL_MAX);
        let began = Instant::now();
        let read = async move {
            let mut piece = vec![0; bytes];
            loop {
                sleep(Duration::from_secs(20)).await;
                if far.read_exact(&mut piece).await.is_err() {
                    return;
                }
            }
        };
        let write = async move {
            let outcome = near.write_all(&vec![0; LENGTH]).await;
            assert_eq!(near.passed().is_some(), outcome.is_err());
            (began.elapsed(), outcome.is_ok())
        };
        tokio::join!(write, read).0
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_less_than_a_frame_in_the_time_is_cut_and_a_slow_one_is_not() {
        let (lasted, is_whole) = written(1_000).await;
        assert!(!is_whole);
        assert!(lasted < 2 * STALL_MAX, "{lasted:?}");
        let (lasted, is_whole) = written(20_000).await;
        assert!(is_whole);
        assert!(lasted > 2 * STALL_MAX, "{lasted:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_written_whole_begins_no_time_that_goes_on() {
        let (near, mut far) = duplex(1024);
        let mut near = Deadlines::new(near, STALL_MAX, STALL_MAX);
        for _message in 0..5 {
            let mut piece = [0; 1_100];
            let message = [0; 1_100];
            let write = async {
                near.write_all(&message).await?;
                near.flush().await
            };
            let (written, read) = tokio::join!(write, far.read_exact(&mut piece));
            written.unwrap();
            read.unwrap();
            tokio::time::advance(STALL_MAX).await;
        }
        assert_eq!(near.passed(), None);
    }
}
