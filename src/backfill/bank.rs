//! A client for one bank: one request at a time, with pauses, and no more of them once the bank fails repeatedly.

use std::time::Duration;

use crate::backfill::{Aborted, Recorder, Throttle};
use crate::config::{Http, SourceSettings};
use crate::fetch::{FetchError, Fetcher, ParsedResponse, Validators, request};
use crate::sources::ParseError;

/// A client for one bank, used by one task.
#[derive(Debug)]
pub(super) struct BankClient<'a> {
    fetcher: Fetcher,
    throttle: Throttle,
    recorder: &'a Recorder,
    is_first_request: bool,
    /// Failures in a row.
    failures: u32,
}

impl<'a> BankClient<'a> {
    pub(super) fn new(
        http: &Http,
        settings: &SourceSettings,
        throttle: Throttle,
        recorder: &'a Recorder,
    ) -> Result<Self, Aborted> {
        let fetcher = Fetcher::new(http, settings).map_err(|error| Aborted(error.to_string()))?;
        Ok(Self {
            fetcher,
            throttle,
            recorder,
            is_first_request: true,
            failures: 0,
        })
    }

    /// Requests a document. A bank that cannot be reached, or refuses to serve us now, is tried again after a delay.
    ///
    /// # Errors
    /// When the bank failed too often in a row, or demands too long a delay.
    pub(super) async fn get<T>(
        &mut self,
        path: &str,
        parse: impl Fn(&[u8]) -> Result<T, ParseError>,
    ) -> Result<ParsedResponse<T>, Aborted> {
        loop {
            if !self.is_first_request {
                tokio::time::sleep(self.throttle.pause).await;
            }
            self.is_first_request = false;
            self.recorder
                .update(|stats| stats.requests = stats.requests.saturating_add(1));
            match request(&self.fetcher, path, &Validators::default(), &parse).await {
                ParsedResponse::Failed(error) if error.affects_all_documents() => {
                    let delay = self.delay_after(&error)?;
                    tokio::time::sleep(delay).await;
                }
                response => return Ok(response),
            }
        }
    }

    /// Notes that the bank sent what was requested.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Notes that the bank sent nothing of use.
    ///
    /// # Errors
    /// When it failed too often in a row.
    pub(super) fn failed(&mut self, reason: &str) -> Result<(), Aborted> {
        self.failures = self.failures.saturating_add(1);
        if self.failures < self.throttle.failures_max {
            return Ok(());
        }
        let failures = self.failures;
        Err(Aborted(format!(
            "gave up after {failures} failures in a row, the last: {reason}"
        )))
    }

    fn delay_after(&mut self, error: &FetchError) -> Result<Duration, Aborted> {
        self.failed(&error.to_string())?;
        let retry_after = error.retry_after();
        if let Some(delay) = retry_after.filter(|delay| *delay > self.throttle.retry_after_max) {
            let seconds = delay.as_secs();
            return Err(Aborted(format!(
                "{error}; Retry-After is {seconds} s: run the same command after that"
            )));
        }
        Ok(self.throttle.backoff.delay(self.failures, retry_after))
    }
}
