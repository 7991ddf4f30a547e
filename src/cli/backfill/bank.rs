//! A bank that is asked one thing at a time, with pauses, and left alone when it fails.

use std::time::Duration;

use crate::cli::backfill::GivenUp;
use crate::cli::backfill::pace::Pace;
use crate::cli::backfill::progress::Progress;
use crate::config::{Http, SourceSettings};
use crate::poller::fetch::{Answer, FetchError, Fetcher, Validators};

/// What a bank answered.
pub(super) enum Reply {
    /// A document.
    Body(Vec<u8>),
    /// 404.
    Missing,
    /// Something else, of this address alone: the next one may be well.
    Failed(String),
}

/// One bank, asked by one task.
pub(super) struct Bank<'a> {
    fetcher: Fetcher,
    pace: Pace,
    progress: &'a Progress,
    was_asked: bool,
    failures: u32,
}

impl<'a> Bank<'a> {
    /// A bank that nothing has been asked of yet.
    pub(super) fn new(
        http: &Http,
        settings: &SourceSettings,
        pace: Pace,
        progress: &'a Progress,
    ) -> Result<Self, GivenUp> {
        let fetcher = Fetcher::new(http, settings).map_err(|error| GivenUp(error.to_string()))?;
        Ok(Self {
            fetcher,
            pace,
            progress,
            was_asked: false,
            failures: 0,
        })
    }

    /// Asks for a document until there is an answer to it: a bank that cannot be reached, or does not want us now, is
    /// asked again after a wait.
    pub(super) async fn get(&mut self, path: &str) -> Result<Reply, GivenUp> {
        loop {
            if self.was_asked {
                tokio::time::sleep(self.pace.pause).await;
            }
            self.was_asked = true;
            self.progress
                .update(|tally| tally.asked = tally.asked.saturating_add(1));
            let error = match self.fetcher.get(path, &Validators::default()).await {
                Ok(Answer::Document { body, .. }) => return Ok(Reply::Body(body)),
                // Nobody can send it: no validators were.
                Ok(Answer::NotModified) => FetchError::NothingToCompare,
                Err(error) if error.is_not_found() => return Ok(Reply::Missing),
                Err(error) => error,
            };
            if !error.ends_the_poll() {
                return Ok(Reply::Failed(error.to_string()));
            }
            let wait = self.wait_after(&error)?;
            tokio::time::sleep(wait).await;
        }
    }

    /// The bank gave what it was asked for.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// The bank gave something that is of no use.
    ///
    /// # Errors
    /// When there were too many of them in a row.
    pub(super) fn failed(&mut self, reason: &str) -> Result<(), GivenUp> {
        self.failures = self.failures.saturating_add(1);
        if self.failures < self.pace.failures_max {
            return Ok(());
        }
        let failures = self.failures;
        Err(GivenUp(format!(
            "given up after {failures} failures in a row, the last one: {reason}"
        )))
    }

    fn wait_after(&mut self, error: &FetchError) -> Result<Duration, GivenUp> {
        self.failed(&error.to_string())?;
        let asked = error.retry_after();
        if let Some(wait) = asked.filter(|wait| *wait > self.pace.wait_max) {
            let seconds = wait.as_secs();
            return Err(GivenUp(format!(
                "{error}, and it wants to be left alone for {seconds} s: go on after that"
            )));
        }
        Ok(self.pace.back_off.wait(self.failures, asked))
    }
}
