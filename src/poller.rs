//! One task a source: when to ask, what to ask, and what to make of the answer.
//!
//! At start a source is asked for what is in force, then back in time until the fixing before that is known, then for
//! what is announced. After that a poll asks what [`Document::polls`] names. Everything that comes is parsed and handed
//! to the commit task, which judges it; whatever goes wrong is told there too, and the next poll tries again.

pub mod fetch;
pub mod schedule;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::commit::{CommitHandle, Stopped};
use crate::config::{Http, SourceSettings};
use crate::domain::{History, Intent, PollReport, SourceId, Table};
use crate::poller::fetch::{Answer, FetchError, Fetcher, Validators};
use crate::poller::schedule::{DICE, Outcome, Window, delay};
use crate::sources::{Asked, Document, Source};

/// How long the first commit waits for a source's start to end; what has come by then is committed.
const FIRST_COMMIT_AFTER: Duration = Duration::from_secs(5);
/// How many requests a document's start may take: enough to step over the longest holidays.
const START_REQUESTS_MAX: u32 = 16;
/// The pause between two requests back in time: four a second is well below what any of the banks throttles.
const BACK_PAUSE: Duration = Duration::from_millis(250);
/// For how many addresses validators are remembered: a week of dated documents.
const VALIDATORS_MAX: usize = 8;

/// The task of one source.
#[derive(Debug)]
pub struct Poller {
    source: &'static Source,
    fetcher: Fetcher,
    interval: Duration,
    window: Window,
    clock: Clock,
    commit: CommitHandle,
    validators: BTreeMap<String, Validators>,
}

/// What one poll or start came to.
#[derive(Debug, Default)]
struct Harvest {
    tables: Vec<Table>,
    /// Validators that hold once the tables of the document are accepted.
    validators: Vec<(&'static str, String, Validators)>,
    /// What went wrong, for people.
    errors: Vec<String>,
    retry_after: Option<Duration>,
}

/// What became of one request.
#[derive(Debug)]
enum Reply {
    Table(Table),
    NotModified,
    NotFound,
    Failed(Next),
}

/// Whether the bank's next document is worth asking for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    End,
}

impl Poller {
    /// A poller for an enabled source; fails when its client cannot be built.
    pub fn new(
        settings: &SourceSettings,
        http: &Http,
        zone: TimeZone,
        clock: Clock,
        commit: CommitHandle,
    ) -> Result<Self, FetchError> {
        Ok(Self {
            source: settings.source,
            fetcher: Fetcher::new(http, settings)?,
            interval: settings.interval,
            window: Window {
                hours: settings.source.hours,
                zone,
            },
            clock,
            commit,
            validators: BTreeMap::new(),
        })
    }

    /// Which source it asks.
    pub fn id(&self) -> SourceId {
        self.source.id
    }

    /// Works until told to stop.
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
        let mut outcome = Outcome::default();
        let mut started = false;
        loop {
            let attempted_at = self.clock.now();
            let (harvest, intent) = if started {
                (self.poll().await, Intent::News)
            } else {
                (self.start().await?, Intent::History)
            };
            // A start that was cut short is made again: without it there would be no reference to compare with.
            started = started || harvest.errors.is_empty();
            let pause = self
                .settle(harvest, intent, attempted_at, &mut outcome)
                .await?;
            self.commit.attempted(self.source.id).await?;
            tokio::time::sleep(pause).await;
        }
    }

    /// Hands in what a poll brought, tells how it went, and says how long to wait for the next.
    async fn settle(
        &mut self,
        harvest: Harvest,
        intent: Intent,
        attempted_at: Timestamp,
        outcome: &mut Outcome,
    ) -> Result<Duration, Stopped> {
        let Harvest {
            tables,
            validators,
            mut errors,
            retry_after,
        } = harvest;
        outcome.has_table = outcome.has_table || !tables.is_empty();
        let verdict = self.commit.tables(self.source.id, tables, intent).await?;
        for (document, path, validators) in validators {
            let refused = verdict
                .refused
                .iter()
                .any(|(refused, _)| *refused == document);
            self.remember(
                path,
                if refused {
                    Validators::default()
                } else {
                    validators
                },
            );
        }
        errors.extend(
            verdict
                .refused
                .iter()
                .map(|(document, reason)| format!("{document}: {reason}")),
        );
        outcome.failures = if errors.is_empty() {
            0
        } else {
            outcome.failures.saturating_add(1)
        };
        outcome.retry_after = retry_after;
        let interval = self.window.interval(self.interval, self.clock.now());
        let pause = delay(
            self.clock.real_time(interval),
            *outcome,
            fastrand::u32(..DICE),
        );
        let error = (!errors.is_empty()).then(|| errors.join("; "));
        if let Some(error) = &error {
            tracing::warn!(source = %self.source.id, failures = outcome.failures, error, "a poll failed");
        }
        let report = PollReport {
            attempted_at,
            next_attempt: self.clock.after(pause),
            error,
        };
        self.commit.polled(self.source.id, report).await?;
        Ok(pause)
    }

    /// The first questions: what is in force, what went before, what is announced. What has come is committed every
    /// few seconds, so that a slow bank's first figures do not wait for its last.
    async fn start(&self) -> Result<Harvest, Stopped> {
        let gathered = Mutex::new(Harvest::default());
        let gather = async {
            for document in self.source.documents {
                if self.start_document(document, &gathered).await == Next::End {
                    break;
                }
            }
        };
        let mut gather = pin!(gather);
        loop {
            tokio::select! {
                () = &mut gather => break,
                () = tokio::time::sleep(FIRST_COMMIT_AFTER) => {
                    let tables = std::mem::take(&mut locked(&gathered).tables);
                    let verdict = self.commit.tables(self.source.id, tables, Intent::History).await?;
                    let refused = verdict.refused.into_iter().map(|(document, reason)| format!("{document}: {reason}"));
                    locked(&gathered).errors.extend(refused);
                }
            }
        }
        let harvest = std::mem::take(&mut *locked(&gathered));
        Ok(harvest)
    }

    async fn start_document(&self, document: &'static Document, gathered: &Mutex<Harvest>) -> Next {
        let today = self.window.zone.to_datetime(self.clock.now()).date();
        let mut known = History::new(self.source.revising);
        let mut asked_day = self.day(document.at_start).unwrap_or(today);
        let mut path = self.path(document, document.at_start);
        for request in 0..START_REQUESTS_MAX {
            if request > 0 {
                let before = known
                    .oldest_date()
                    .map_or(asked_day, |oldest| oldest.min(asked_day));
                let (Some(dated), Ok(day)) = (document.dated, before.yesterday()) else {
                    break;
                };
                (asked_day, path) = (day, Some(dated(day)));
                tokio::time::sleep(BACK_PAUSE).await;
            }
            let Some(path) = path.take() else { break };
            match self
                .ask(document, path, &Validators::default(), gathered)
                .await
            {
                Reply::Table(table) => known.insert(table),
                Reply::NotModified | Reply::NotFound if document.dated.is_some() => continue,
                Reply::NotModified | Reply::NotFound => break,
                Reply::Failed(next) => return next,
            };
            if known.has_reference(today) {
                break;
            }
        }
        if known.oldest_date().is_none() && !document.missing_is_normal {
            let error = format!("{}: no table was found", document.name);
            locked(gathered).errors.push(error);
            return Next::GoOn;
        }
        let later = document
            .polls
            .iter()
            .filter(|asked| **asked != document.at_start);
        self.ask_each(document, later, gathered).await
    }

    /// One poll of every document.
    async fn poll(&self) -> Harvest {
        let gathered = Mutex::new(Harvest::default());
        for document in self.source.documents {
            if self
                .ask_each(document, document.polls.iter(), &gathered)
                .await
                == Next::End
            {
                break;
            }
        }
        gathered
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask_each(
        &self,
        document: &'static Document,
        asked: impl Iterator<Item = &'static Asked>,
        gathered: &Mutex<Harvest>,
    ) -> Next {
        for path in asked.filter_map(|asked| self.path(document, *asked)) {
            let validators = self.validators.get(&path).cloned().unwrap_or_default();
            match self.ask(document, path, &validators, gathered).await {
                Reply::Table(_) | Reply::NotModified => {}
                Reply::NotFound if document.missing_is_normal => {}
                Reply::NotFound => {
                    let error = format!("{}: the address was not found (404)", document.name);
                    locked(gathered).errors.push(error);
                }
                Reply::Failed(next) => return next,
            }
        }
        Next::GoOn
    }

    /// One request, its answer parsed. A table is filed under the date it prints, whatever was asked for.
    async fn ask(
        &self,
        document: &'static Document,
        path: String,
        known: &Validators,
        gathered: &Mutex<Harvest>,
    ) -> Reply {
        let answer = self.fetcher.get(&path, known).await;
        let mut gathered = locked(gathered);
        match answer {
            Ok(Answer::NotModified) => Reply::NotModified,
            Ok(Answer::Document { body, validators }) => match (document.parse)(&body) {
                Ok(table) => {
                    gathered.validators.push((document.name, path, validators));
                    gathered.tables.push(table.clone());
                    Reply::Table(table)
                }
                Err(error) => {
                    gathered.errors.push(format!("{}: {error}", document.name));
                    Reply::Failed(Next::GoOn)
                }
            },
            Err(error) if error.is_not_found() => Reply::NotFound,
            Err(error) => {
                gathered.errors.push(format!("{}: {error}", document.name));
                gathered.retry_after = error.retry_after();
                Reply::Failed(if error.ends_the_poll() {
                    Next::End
                } else {
                    Next::GoOn
                })
            }
        }
    }

    fn path(&self, document: &Document, asked: Asked) -> Option<String> {
        match self.day(asked) {
            None => document.latest.map(str::to_owned),
            Some(day) => document.dated.map(|dated| dated(day)),
        }
    }

    /// The date asked for, in the source's zone; none for the newest.
    fn day(&self, asked: Asked) -> Option<Date> {
        let today = self.window.zone.to_datetime(self.clock.now()).date();
        match asked {
            Asked::Latest => None,
            Asked::Today => Some(today),
            Asked::Tomorrow => Some(today.tomorrow().unwrap_or(today)),
        }
    }

    fn remember(&mut self, path: String, validators: Validators) {
        self.validators.insert(path, validators);
        while self.validators.len() > VALIDATORS_MAX {
            // Dated addresses sort by their date within a month; which one is forgotten costs one full answer.
            self.validators.pop_first();
        }
    }
}

/// The lock is never held across an await, and nothing panics while it is.
fn locked(gathered: &Mutex<Harvest>) -> MutexGuard<'_, Harvest> {
    gathered.lock().unwrap_or_else(PoisonError::into_inner)
}
