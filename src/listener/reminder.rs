//! How often the log says that a state lasts.

use std::time::Duration;

use tokio::time::Instant;

/// While a port is full, the system out of descriptors, or a probe goes to a name that is not served, every attempt of a client
/// would be an event: thousands a minute.
const REMINDER_INTERVAL: Duration = Duration::from_secs(10 * 60);

/// A state that may be entered any number of times, and is logged once an interval.
#[derive(Debug, Default)]
pub(crate) struct Reminder {
    last: Option<Instant>,
}

impl Reminder {
    /// Whether it is time to log the state; then the interval begins.
    pub(crate) fn is_due(&mut self) -> bool {
        let is_due = self
            .last
            .is_none_or(|last| last.elapsed() >= REMINDER_INTERVAL);
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
