//! Whether something waits for a reader for longer than it may, which is less long while too much waits for others.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// How often it is checked: half of the time that a stream may wait while too much waits, or the service stops.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The timer of the next check; none while nothing waits.
#[derive(Debug, Default)]
pub(super) struct Stall(Option<Pin<Box<Sleep>>>);

impl Stall {
    /// Ready when something has waited for as long as it may at this moment.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        since: impl Fn() -> Option<Instant>,
        limit: impl Fn() -> Duration,
    ) -> Poll<()> {
        loop {
            let Some(since) = since() else {
                self.0 = None;
                return Poll::Pending;
            };
            let limit = limit();
            if since.elapsed() >= limit {
                return Poll::Ready(());
            }
            let next = (since + limit).min(Instant::now() + CHECK_INTERVAL);
            let check = self.0.get_or_insert_with(|| Box::pin(sleep_until(next)));
            if check.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.0 = None;
        }
    }
}
