//! How fast connections are admitted.
//!
//! Measured reason: under a flood of connections, each of which costs a task and the first frames of HTTP/2, the answers to
//! other clients came most of a second later. What comes faster waits, each client for its turn.
//!
//! A connection that is refused costs neither, so it is closed without a pause: the sockets of a client that has its share already
//! would otherwise fill the queue of the kernel, and a newcomer would find it full.

use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

/// The connections that are admitted in an interval: two milliseconds of work or so.
const ADMITTED_MAX: u32 = 16;
/// The interval: at three thousand connections a second, all clients of a full port are back some seconds after a restart.
const INTERVAL: Duration = Duration::from_millis(5);
/// How many intervals are made up at once by a port that waited for the end of one and was late, because timers are or the
/// processor was busy: some eight milliseconds of work.
const INTERVALS_AT_ONCE: u32 = 4;
/// How many connections are refused before other tasks have their turn: half a millisecond of work or so.
const REFUSED_AT_ONCE: u32 = 64;

/// The pace of a port.
#[derive(Debug)]
pub(super) struct Pace {
    left: u32,
    /// When the next interval begins.
    next: Instant,
    /// The connections that were refused since other tasks had their turn.
    refused: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            left: ADMITTED_MAX,
            next: Instant::now() + INTERVAL,
            refused: 0,
        }
    }
}

impl Pace {
    /// Waits until another connection may be admitted.
    pub(super) async fn wait(&mut self) {
        if self.left == 0 && Instant::now() < self.next {
            sleep_until(self.next).await;
        }
        let now = Instant::now();
        if now < self.next {
            return;
        }
        if self.left > 0 {
            // Nothing waited.
            (self.left, self.next) = (ADMITTED_MAX, now + INTERVAL);
            return;
        }
        for _begun in 0..INTERVALS_AT_ONCE {
            if now < self.next {
                return;
            }
            self.left = self.left.saturating_add(ADMITTED_MAX);
            self.next += INTERVAL;
        }
        if self.next <= now {
            // The intervals before are not made up for.
            self.next = now + INTERVAL;
        }
    }

    /// Counts a connection that was admitted.
    pub(super) fn admitted(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// Counts a connection that was refused. Other tasks have their turn after some of them.
    pub(super) async fn refused(&mut self) {
        self.refused = self.refused.saturating_add(1);
        if self.refused >= REFUSED_AT_ONCE {
            self.refused = 0;
            yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    /// Admits as many connections.
    async fn admit(pace: &mut Pace, count: u32) {
        for _connection in 0..count {
            pace.wait().await;
            pace.admitted();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_admitted_at_a_pace_and_a_few_connections_at_once() {
        let mut pace = Pace::default();
        let begun = Instant::now();
        admit(&mut pace, ADMITTED_MAX).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        admit(&mut pace, 3 * ADMITTED_MAX).await;
        assert_eq!(begun.elapsed(), 3 * INTERVAL);
        tokio::time::sleep(INTERVAL).await;
        let later = Instant::now();
        admit(&mut pace, 1).await;
        assert_eq!(later.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_refused_connections_takes_nothing_of_the_pace() {
        let mut pace = Pace::default();
        let begun = Instant::now();
        for _round in 0..ADMITTED_MAX {
            for _connection in 0..1000 {
                pace.wait().await;
                pace.refused().await;
            }
            admit(&mut pace, 1).await;
        }
        assert_eq!(begun.elapsed(), Duration::ZERO);
        admit(&mut pace, 1).await;
        assert_eq!(begun.elapsed(), INTERVAL);
    }

    /// How many connections a port admits at once that comes back so long after its last one, and when it admits the next one.
    async fn late(by: Duration) -> (u32, Duration) {
        let mut pace = Pace::default();
        admit(&mut pace, ADMITTED_MAX).await;
        let exhausted = Instant::now();
        tokio::time::sleep(by).await;
        let mut at_once = 0;
        admit(&mut pace, 1).await;
        while exhausted.elapsed() == by {
            at_once += 1;
            admit(&mut pace, 1).await;
        }
        (at_once, exhausted.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_port_that_is_late_keeps_the_pace_and_makes_up_a_few_intervals_at_most() {
        // The next connections come with the schedule, however late the port was.
        let more = Duration::from_millis(2);
        assert_eq!(late(INTERVAL + more).await, (ADMITTED_MAX, 2 * INTERVAL));
        let by = 3 * INTERVAL + more;
        assert_eq!(late(by).await, (3 * ADMITTED_MAX, 4 * INTERVAL));
        let most = INTERVALS_AT_ONCE * ADMITTED_MAX;
        let by = 100 * INTERVAL;
        assert_eq!(late(by).await.0, most);
    }

    #[tokio::test(start_paused = true)]
    async fn other_tasks_have_their_turn_after_some_refused_connections() {
        let mut pace = Pace::default();
        let mut cx = Context::from_waker(Waker::noop());
        for connection in 1..=3 * REFUSED_AT_ONCE {
            let refused = pin!(pace.refused());
            let is_ready = refused.poll(&mut cx).is_ready();
            assert_eq!(is_ready, !connection.is_multiple_of(REFUSED_AT_ONCE));
        }
    }
}
