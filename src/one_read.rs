//! Reading that may never end: one read at a time, and no caller waits longer than a limit.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

/// A place for one read.
#[derive(Debug)]
pub(crate) struct OneRead<T> {
    limit: Duration,
    /// The read that is under way. A disk that does not answer keeps one thread, and no more with each attempt.
    under_way: Mutex<Option<JoinHandle<T>>>,
}

/// Why there is no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoOutcome {
    /// The read goes on after the limit.
    Slow,
    /// It panicked, or the runtime ends.
    Ended,
}

impl<T: Send + 'static> OneRead<T> {
    pub(crate) fn within(limit: Duration) -> Self {
        Self {
            limit,
            under_way: Mutex::default(),
        }
    }

    /// Reads on a thread that may block. After a read that exceeded the limit, the outcome is that of the same read.
    pub(crate) async fn outcome(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NoOutcome> {
        let mut under_way = self.under_way.lock().await;
        let begun = under_way.get_or_insert_with(|| spawn_blocking(read));
        let ended = timeout(self.limit, begun).await;
        let ended = ended.map_err(|_elapsed| NoOutcome::Slow)?;
        *under_way = None;
        ended.map_err(|_panicked| NoOutcome::Ended)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_read_that_hangs_keeps_one_thread_and_its_outcome_comes_later() {
        let reads = OneRead::within(Duration::from_millis(1));
        let (answer, disk) = mpsc::channel();
        let hangs = move || disk.recv().unwrap();
        assert_eq!(reads.outcome(hangs).await, Err(NoOutcome::Slow));
        let another = || panic!("a second read begins while the first one hangs");
        assert_eq!(reads.outcome(another).await, Err(NoOutcome::Slow));
        answer.send("read").unwrap();
        let outcome = loop {
            // A loaded machine may take longer than the limit to end it.
            match reads.outcome(another).await {
                Err(NoOutcome::Slow) => {}
                ended => break ended,
            }
        };
        assert_eq!(outcome, Ok("read"));
    }

    #[tokio::test]
    async fn a_read_that_panics_has_no_outcome_and_the_next_one_begins() {
        let reads = OneRead::within(Duration::from_secs(120));
        let panics = || -> u32 { panic!("as a defect would") };
        assert_eq!(reads.outcome(panics).await, Err(NoOutcome::Ended));
        assert_eq!(reads.outcome(|| 5).await, Ok(5));
    }
}
