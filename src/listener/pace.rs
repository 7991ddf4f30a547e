//! How fast connections are accepted.
//!
//! Measured reason: under a flood of connections, each of which costs a task and the first frames of HTTP/2, the answers to
//! other clients came most of a second later. What comes faster waits in the queue of the kernel.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The connections that are accepted in an interval: two milliseconds of work or so.
const ACCEPTED_MAX: u32 = 16;
/// The interval: at three thousand connections a second, all clients of a full port are back some seconds after a restart.
const INTERVAL: Duration = Duration::from_millis(5);

/// The pace of a port.
#[derive(Debug)]
pub(super) struct Pace {
    left: u32,
    begun: Instant,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            left: ACCEPTED_MAX,
            begun: Instant::now(),
        }
    }
}

impl Pace {
    /// Waits until another connection may be accepted.
    pub(super) async fn wait(&mut self) {
        let end = self.begun + INTERVAL;
        if self.left == 0 && Instant::now() < end {
            sleep_until(end).await;
        }
        let now = Instant::now();
        if now >= end {
            (self.left, self.begun) = (ACCEPTED_MAX, now);
        }
        self.left = self.left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_accepted_at_a_pace_and_a_few_connections_at_once() {
        let mut pace = Pace::default();
        let begun = Instant::now();
        for _connection in 0..ACCEPTED_MAX {
            pace.wait().await;
        }
        assert_eq!(begun.elapsed(), Duration::ZERO);
        for _connection in 0..3 * ACCEPTED_MAX {
            pace.wait().await;
        }
        assert_eq!(begun.elapsed(), 3 * INTERVAL);
        tokio::time::sleep(INTERVAL).await;
        let later = Instant::now();
        pace.wait().await;
        assert_eq!(later.elapsed(), Duration::ZERO);
    }
}
