//! What time it is.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The clock of the service.
#[derive(Debug, Clone)]
pub struct Clock {
    replay: Option<(Timestamp, u32, Instant)>,
}

impl Clock {
    /// The machine's clock.
    pub fn real() -> Self {
        Self { replay: None }
    }
    /// replay
    pub fn replay(start: Timestamp, speed: u32) -> Self {
        Self {
            replay: Some((start, speed, Instant::now())),
        }
    }
    /// now
    pub fn now(&self) -> Timestamp {
        match self.replay {
            None => Timestamp::now(),
            Some((start, speed, origin)) => {
                let d = SignedDuration::try_from(origin.elapsed().saturating_mul(speed))
                    .unwrap_or(SignedDuration::MAX);
                start.saturating_add(d).unwrap_or(start)
            }
        }
    }
    /// real time until
    pub fn real_time_until(&self, at: Timestamp) -> Duration {
        let d = Duration::try_from(self.now().duration_until(at)).unwrap_or(Duration::ZERO);
        self.real_time(d)
    }
    /// What the clock will show after so much real time.
    pub fn after(&self, real: Duration) -> Timestamp {
        let d = match self.replay {
            None => real,
            Some((_, speed, _)) => real.saturating_mul(speed),
        };
        self.now().saturating_add(d).unwrap_or(Timestamp::MAX)
    }
    /// scaled
    pub fn real_time(&self, clock_duration: Duration) -> Duration {
        match self.replay {
            None => clock_duration,
            Some((_, speed, _)) => clock_duration / speed,
        }
    }
}
