//! The end of a connection that has nothing left to do while the service stops.
//!
//! HTTP/2 closes when the peer has acknowledged that no more streams are taken. One that reads or answers nothing would hold the
//! stop up to its limit.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use crate::listener::ConnectionOutput;

/// How long a connection without requests may take to close: what was written last arrives, and the answer comes back.
const CLOSING_MAX: Duration = Duration::from_secs(2);

/// Waits for a connection without requests.
#[derive(Debug, Default)]
pub(super) struct Goodbye(Option<Pin<Box<Sleep>>>);

impl Goodbye {
    /// Ready when a connection has had no request for so long. Its task polls it after the connection, which wakes it when a
    /// request ends.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, output: &ConnectionOutput) -> Poll<()> {
        if output.requests() > 0 {
            self.0 = None;
            return Poll::Pending;
        }
        let closing = self.0.get_or_insert_with(|| Box::pin(sleep(CLOSING_MAX)));
        closing.as_mut().poll(cx)
    }
}
