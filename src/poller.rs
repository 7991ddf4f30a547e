//! Pollers: one task for each source, which decides when to poll, what to request, and what to submit.
//!
//! At start a poller fetches what is in force, then goes back in time until the fixing before that is known, then
//! fetches what is announced. After that, a poll requests what [`Document::polls`] names. Every table is parsed and
//! submitted to the commit task, which checks it. Errors are reported there too, and the next poll tries again.

mod poll;
pub mod interval;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use crate::backoff::jitter;
use crate::clock::Clock;
use crate::commit::{CommitHandle, Stopped, Submission, SubmitOutcome};
use crate::config::{Http, SourceSettings};
use crate::domain::{History, Intent, PollReport, SourceId, Table};
use crate::fetch::{FetchError, Fetcher, REQUEST_PAUSE, Validators};
use crate::poller::interval::{PollHealth, PublicationWindow, delay};
use crate::poller::poll::{AfterFailure, PollResult, RequestOutcome, Wanted, locked};
use crate::sources::{Document, Source, TableSelector};

/// How often the tables fetched so far are submitted during a start.
const START_SUBMIT_INTERVAL: Duration = Duration::from_secs(5);
/// The maximum number of requests of a document's start: enough to skip the longest holidays.
const START_REQUESTS_MAX: u32 = 16;
/// The maximum number of starts that are repeated because a request failed, once a table is known. A bank whose older
/// documents are broken must not be polled for them forever.
const STARTS_MAX: u32 = 5;
/// The maximum number of addresses whose validators are kept while polls fail in part: a few days of dated documents.
const VALIDATORS_MAX: usize = 8;

/// How many times a missed table is requested: a bank that does not have it by then never will.
const GAP_TRIES_MAX: u32 = 3;

/// A missed table: its document and date.
type Gap = (&'static str, Date);

/// The task of one source.
#[derive(Debug)]
pub struct Poller {
    source: &'static Source,
    documents: &'static [Document],
    fetcher: Fetcher,
    interval: Duration,
    window: PublicationWindow,
    clock: Clock,
    commit: CommitHandle,
    validators: BTreeMap<String, Validators>,
    /// How many times each missed table has been requested.
    gap_tries: BTreeMap<Gap, u32>,
    /// The error of the last failed poll, so that a long outage is logged once.
    logged_error: Option<String>,
}

impl Poller {
    /// A poller for an enabled source. Fails if its HTTP client cannot be built.
    pub fn new(
        settings: &SourceSettings,
        http: &Http,
        zone: TimeZone,
        clock: Clock,
        commit: CommitHandle,
    ) -> Result<Self, FetchError> {
        Ok(Self {
            source: settings.source,
            documents: settings.documents,
            fetcher: Fetcher::new(http, settings)?,
            interval: settings.interval,
            window: PublicationWindow {
                schedules: settings
                    .documents
                    .iter()
                    .map(|document| document.schedule)
                    .collect(),
                zone,
            },
            clock,
            commit,
            validators: BTreeMap::new(),
            gap_tries: BTreeMap::new(),
            logged_error: None,
        })
    }

    /// The source that it polls.
    pub fn id(&self) -> SourceId {
        self.source.id
    }

    /// Runs until it is stopped.
    pub async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            stopped = self.work() => {
                let Err(Stopped) = stopped;
                tracing::error!(source = %self.source.id, "the commit task has ended");
            }
        }
    }

    async fn work(&mut self) -> Result<Infallible, Stopped> {
        let mut health = PollHealth::default();
        // A start that was cut short is repeated. So is one that found nothing, once there is a table: without it there
        // would be no reference for the change.
        let mut start_is_due = true;
        let mut starts_with_tables = 0;
        loop {
            let attempted_at = self.clock.now();
            let had_table = health.has_table;
            let (result, intent) = if start_is_due {
                (self.start().await?, Intent::AnyDate)
            } else {
                (self.poll().await, Intent::Newest)
            };
            let cut_short = start_is_due && result.failed && starts_with_tables < STARTS_MAX;
            let (pause, gaps) = self
                .submit_result(result, intent, attempted_at, &mut health)
                .await?;
            self.fetch_gaps(gaps).await?;
            starts_with_tables += u32::from(start_is_due && health.has_table);
            start_is_due = cut_short || (!start_is_due && !had_table && health.has_table);
            self.clock.sleep(pause).await;
        }
    }

    /// Submits the result of a poll, reports its status, and returns the delay before the next one.
    async fn submit_result(
        &mut self,
        result: PollResult,
        intent: Intent,
        attempted_at: Timestamp,
        health: &mut PollHealth,
    ) -> Result<(Duration, Vec<Gap>), Stopped> {
        let PollResult {
            tables,
            brought_table,
            validators,
            mut errors,
            failed,
            retry_after,
        } = result;
        health.has_table = health.has_table || brought_table;
        let outcome = self
            .commit
            .submit(self.submission(tables, intent, true))
            .await?;
        self.remember(validators, &outcome, failed);
        errors.extend(reasons(&outcome));
        errors.dedup();
        health.failures = if errors.is_empty() {
            0
        } else {
            health.failures.saturating_add(1)
        };
        health.retry_after = retry_after;
        let pause = self.pause(*health);
        let error = (!errors.is_empty()).then(|| errors.join("; "));
        self.log(error.as_deref(), health.failures);
        let report = PollReport {
            attempted_at,
            next_attempt: self.clock.after(pause),
            error,
        };
        self.commit.polled(self.source.id, report).await?;
        Ok((pause, outcome.gaps))
    }

    /// Fetches the tables that the bank must have published and that are missing: a few times each, then no more.
    async fn fetch_gaps(&mut self, gaps: Vec<Gap>) -> Result<(), Stopped> {
        self.gap_tries.retain(|gap, _| gaps.contains(gap));
        for gap in gaps {
            let tries = self.gap_tries.entry(gap).or_default();
            if *tries >= GAP_TRIES_MAX {
                continue;
            }
            *tries += 1;
            let (name, date) = gap;
            let document = self.documents.iter().find(|document| document.name == name);
            let Some((document, dated)) =
                document.and_then(|document| Some((document, document.dated?)))
            else {
                continue;
            };
            tokio::time::sleep(REQUEST_PAUSE).await;
            let result = Mutex::new(PollResult::default());
            let unknown = Validators::default();
            let wanted = Wanted {
                path: dated(date),
                date: Some(date),
            };
            let reply = self.request(document, wanted, &unknown, &result).await;
            let tables = std::mem::take(&mut locked(&result).tables);
            let submission = self.submission(tables, Intent::AnyDate, false);
            self.commit.submit(submission).await?;
            if matches!(reply, RequestOutcome::Failed(AfterFailure::End)) {
                break;
            }
        }
        Ok(())
    }

    /// The start: fetches what is in force, what went before, and what is announced. What has been fetched is submitted
    /// every few seconds, so that the first tables of a slow bank do not wait for its last.
    async fn start(&self) -> Result<PollResult, Stopped> {
        let result = Mutex::new(PollResult::default());
        let requests = async {
            for document in self.documents {
                if self.start_document(document, &result).await == AfterFailure::End {
                    break;
                }
            }
        };
        let mut requests = pin!(requests);
        loop {
            tokio::select! {
                () = &mut requests => break,
                () = tokio::time::sleep(START_SUBMIT_INTERVAL) => {
                    let tables = std::mem::take(&mut locked(&result).tables);
                    let submission = self.submission(tables, Intent::AnyDate, false);
                    let outcome = self.commit.submit(submission).await?;
                    let mut result = locked(&result);
                    result.errors.extend(reasons(&outcome));
                    result.validators.retain(|(document, ..)| {
                        !outcome.refuses(document) && !outcome.holds(document)
                    });
                }
            }
        }
        let result = std::mem::take(&mut *locked(&result));
        Ok(result)
    }

    async fn start_document(
        &self,
        document: &'static Document,
        result: &Mutex<PollResult>,
    ) -> AfterFailure {
        let today = self.today();
        let mut known = History::new(self.source.revision_policy);
        let mut requested_date = document.date(document.at_start, today);
        let mut path = document.path(document.at_start, today);
        for request in 0..START_REQUESTS_MAX {
            if request > 0 {
                // Back from the oldest date printed or requested; from tomorrow if the newest table was requested and
                // not found.
                let back_from = [known.oldest_date(), requested_date]
                    .into_iter()
                    .flatten()
                    .min();
                let back_from = back_from.or_else(|| document.date(TableSelector::Tomorrow, today));
                let date = back_from.and_then(|date| date.yesterday().ok());
                let (Some(dated), Some(date)) = (document.dated, date) else {
                    break;
                };
                (requested_date, path) = (Some(date), Some(dated(date)));
                tokio::time::sleep(REQUEST_PAUSE).await;
            }
            let Some(path) = path.take() else { break };
            let wanted = Wanted {
                path,
                date: requested_date,
            };
            let unknown = Validators::default();
            match self.request(document, wanted, &unknown, result).await {
                RequestOutcome::Table(table) => known.insert(table),
                RequestOutcome::NotModified
                | RequestOutcome::NoTable
                | RequestOutcome::NotFound
                    if document.dated.is_some() =>
                {
                    continue;
                }
                RequestOutcome::Failed(AfterFailure::End) => return AfterFailure::End,
                RequestOutcome::NotModified
                | RequestOutcome::NoTable
                | RequestOutcome::NotFound
                | RequestOutcome::Failed(AfterFailure::GoOn) => break,
            };
            if known.has_reference(today) {
                break;
            }
        }
        let nothing = known.oldest_date().is_none();
        if nothing && !document.missing_is_normal {
            let mut result = locked(result);
            if result.failed {
                return AfterFailure::GoOn;
            }
            // Tomorrow's may be there all the same.
            let error = format!("{}: no table was found", document.name);
            result.errors.push(error);
        }
        let later = document
            .polls
            .iter()
            .filter(|selector| **selector != document.at_start);
        self.request_each(document, later, result).await
    }

    /// Polls every document once.
    async fn poll(&self) -> PollResult {
        let result = Mutex::new(PollResult::default());
        for document in self.documents {
            if self
                .request_each(document, document.polls.iter(), &result)
                .await
                == AfterFailure::End
            {
                break;
            }
        }
        result.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn submission(&self, tables: Vec<Table>, intent: Intent, attempt_ended: bool) -> Submission {
        Submission {
            source: self.source.id,
            tables,
            intent,
            attempt_ended,
        }
    }

    fn log(&mut self, error: Option<&str>, failures: u32) {
        let source = self.source.id;
        match error {
            Some(error) if self.logged_error.as_deref() == Some(error) => {
                tracing::debug!(%source, failures, error, "a poll failed again");
            }
            Some(error) => tracing::warn!(%source, failures, error, "a poll failed"),
            None if self.logged_error.is_some() => tracing::info!(%source, "polls succeed again"),
            None => {}
        }
        self.logged_error = error.map(str::to_owned);
    }

    /// Keeps the validators of accepted documents. A complete poll replaces all of them, so that those of outdated
    /// addresses do not accumulate.
    fn remember(
        &mut self,
        validators: Vec<(&'static str, String, Validators)>,
        outcome: &SubmitOutcome,
        failed: bool,
    ) {
        if !failed || self.validators.len() > VALIDATORS_MAX {
            self.validators.clear();
        }
        for (document, path, validators) in validators {
            // A held value is confirmed when the document is read again, so it must be fetched again.
            let unsettled = outcome.refuses(document) || outcome.holds(document);
            if unsettled || validators.is_empty() {
                self.validators.remove(&path);
            } else {
                self.validators.insert(path, validators);
            }
        }
    }

    /// The delay in real time before the next poll.
    fn pause(&self, health: PollHealth) -> Duration {
        let now = self.clock.now();
        let due = self
            .clock
            .real_time(self.window.interval(self.interval, now));
        let longest = self
            .clock
            .real_time(self.window.longest(self.interval, now));
        jitter(delay(due, longest, health))
    }

    /// The current date in the source's time zone.
    fn today(&self) -> Date {
        self.window.zone.to_datetime(self.clock.now()).date()
    }
}

/// Why tables were refused, as sentences.
fn reasons(outcome: &SubmitOutcome) -> impl Iterator<Item = String> {
    outcome
        .refused
        .iter()
        .map(|(document, reason)| format!("{document}: {reason}"))
}
