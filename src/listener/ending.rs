//! The end of a connection whose peer sends too much.
//!
//! Closed with bytes that are unread, the system would discard what was written last, and the peer would not learn why. So what
//! the peer sends is read for a moment and dropped.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::ReadBuf;
use tokio::time::{Sleep, sleep};

/// How long the peer may take to read why, and to close its side.
const LINGER: Duration = Duration::from_secs(1);
/// What is read of it meanwhile: more than was on its way when it was told.
const READ_BYTES_MAX: usize = 64 * 1024;
/// What is read at once.
const PIECE_BYTES: usize = 4096;

/// The last moments of a connection.
#[derive(Debug)]
pub(super) struct Ending {
    deadline: Pin<Box<Sleep>>,
    left: usize,
}

impl Ending {
    pub(super) fn begin() -> Self {
        Self {
            deadline: Box::pin(sleep(LINGER)),
            left: READ_BYTES_MAX,
        }
    }

    /// Reads on by a function; ready with the error that the connection ends with.
    pub(super) fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut read: impl FnMut(&mut Context<'_>, &mut ReadBuf<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Error> {
        let mut piece = [0; PIECE_BYTES];
        while self.left > 0 && self.deadline.as_mut().poll(cx).is_pending() {
            let mut piece = ReadBuf::new(&mut piece);
            match read(cx, &mut piece) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(error),
                Poll::Ready(Ok(())) if piece.filled().is_empty() => break,
                Poll::Ready(Ok(())) => self.left = self.left.saturating_sub(piece.filled().len()),
            }
        }
        let reason = "the peer sent too many frames that no request follows from";
        Poll::Ready(io::Error::new(io::ErrorKind::ConnectionAborted, reason))
    }
}
