//! How often the log says that a state lasts.

use std::time::Duration;

use tokio::time::Instant;

/// While a port is full, the system out of descriptors, or a probe goes to a name that is not served, every attempt of a client
/// would be an event: thousands a minute.
const REMINDER_INTERVAL: Duration = Duration::from_secs(10 * 60);

/// The interval of what strangers cause on a public port: a line for each day of an operator.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A state that may be entered any number of times, and is logged once an interval.
#[derive(Debug)]
pub(crate) struct Reminder {
    interval: Duration,
    last: Option<Instant>,
}

impl Default for Reminder {
    fn default() -> Self {
        Self {
            interval: REMINDER_INTERVAL,
            last: None,
        }
    }
}

impl Reminder {
    /// One that is due once a day.
    pub(crate) fn daily() -> Self {
        Self {
            interval: DAY,
            last: None,
        }
    }

    /// Whether it is time to log the state; then the interval begins.
    pub(crate) fn is_due(&mut self) -> bool {
        let is_due = self.last.is_none_or(|last| last.elapsed() >= self.interval);
        if is_due {
            self.last = Some(Instant::now());
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_state_that_is_entered_each_second_is_logged_once_in_ten_minutes() {
        let mut reminder = Reminder::default();
        let mut lines = 0;
        for _ in 0..1800 {
            lines += u32::from(reminder.is_due());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(lines, 3);
    }
}
