//! Pollers: one task for each source, which decides when to poll, what to request, and what to submit.
//!
//! At start a poller fetches what the ledger lacks: what is in force, then back in time until the fixing before that is
//! known, then what is announced. After that, a poll requests what [`Document::polls`] names, when the [`Plan`] says. Every
//! table is parsed and submitted to the commit task, which checks it. Errors are reported there too, and the next poll
//! tries again. No request is sent beyond the budget of the day.

mod gaps;
mod leading;
mod outage;
mod poll;
mod start;
pub mod delay;
pub mod plan;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::backoff::jitter;
use crate::budget::RequestBudget;
use crate::clock::{Clock, Wait};
use crate::commit::{CommitHandle, Stopped, Submission, SubmitOutcome};
use crate::config::{Http, SourceSettings};
use crate::domain::{
    FilingError, Implausible, Intent, PollOutcome, PollReport, SourceId, SourceRecord, Table,
};
use crate::fetch::{FetchError, Fetcher, Validators};
use crate::poller::delay::{POLL_INTERVAL_MIN, PollHealth, delay};
use crate::poller::gaps::{Gap, GapTries};
use crate::poller::leading::until;
use crate::poller::outage::Outages;
use crate::poller::plan::{Plan, PollScope};
use crate::poller::poll::PollResult;
use crate::sources::{Document, Source};

/// The maximum number of starts that are repeated because a request failed, once a table is known. A bank whose older
/// documents are broken must not be polled for them forever.
const STARTS_MAX: u32 = 5;
/// The maximum number of addresses whose validators are kept while polls fail in part: a few days of dated documents.
const VALIDATORS_MAX: usize = 8;

/// The task of one source.
#[derive(Debug)]
pub struct Poller {
    source: &'static Source,
    documents: &'static [Document],
    fetcher: Fetcher,
    budget: RequestBudget,
    plan: Plan,
    clock: Clock,
    commit: CommitHandle,
    /// When the last poll began that requested all tables, without an error.
    last_complete: Option<Timestamp>,
    /// When the last poll began, if it had no error.
    last_success: Option<Timestamp>,
    validators: BTreeMap<String, Validators>,
    /// Before when the bank wants no request, in real time.
    not_before: Option<Instant>,
    /// The requests for missed tables.
    gap_tries: GapTries,
    /// Whether polls fail, so that a long outage is not logged with each of them.
    outages: Outages,
    /// Whether this replica asks the banks; `None` for a service that runs alone.
    leads: Option<watch::Receiver<bool>>,
}

impl Poller {
    /// A poller for an enabled source, in the time zone of its budget. Fails if its HTTP client cannot be built.
    pub fn new(
        settings: &SourceSettings,
        http: &Http,
        budget: RequestBudget,
        clock: Clock,
        commit: CommitHandle,
    ) -> Result<Self, FetchError> {
        let SourceSettings {
            source, documents, ..
        } = *settings;
        Ok(Self {
            source,
            documents,
            fetcher: Fetcher::new(http, settings)?.within(budget.clone()),
            plan: Plan::new(budget.zone().clone(), settings.interval, documents),
            budget,
            clock,
            commit,
            last_complete: None,
            last_success: None,
            validators: BTreeMap::new(),
            not_before: None,
            gap_tries: GapTries::default(),
            outages: Outages::default(),
            leads: None,
        })
    }

    /// Lets it poll only while this replica leads.
    #[must_use]
    pub fn while_leading(mut self, leads: watch::Receiver<bool>) -> Self {
        self.leads = Some(leads);
        self
    }

    /// The source that it polls.
    pub fn id(&self) -> SourceId {
        self.source.id
    }

    /// Runs until it is stopped.
    pub async fn run(mut self, stop: CancellationToken) {
        let leads = self.leads.take();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                // A table that the log did not accept is fetched again, though the bank has not changed it.
                () = until(leads.clone(), true) => self.validators.clear(),
            }
            tokio::select! {
                // Once it is to stop, or leads no more, it sends nothing more.
                biased;
                () = stop.cancelled() => return,
                () = until(leads.clone(), false) => {}
                stopped = self.work() => {
                    let Err(Stopped) = stopped;
                    tracing::error!(source = %self.source.id, "the commit task has ended");
                    return;
                }
            }
        }
    }

    async fn work(&mut self) -> Result<Infallible, Stopped> {
        drop(self.update_plan().await?);
        let mut health = PollHealth {
            has_table: self.plan.has_table(),
            ..PollHealth::default()
        };
        // A start that was cut short is repeated. So is one that found nothing, once there is a table: without it there
        // would be no reference for the change.
        let (mut start_is_due, mut is_first) = (true, true);
        let mut starts_with_tables = 0;
        let now = self.clock.now();
        let first = self.put_off(now).await?;
        if first.until() > now {
            // A restart must not exhaust the budget. Sources of lower preference answer what the ledger does not.
            let nothing = self.submission(Vec::new(), Intent::AnyDate, true);
            self.commit.submit(nothing).await?;
        }
        self.clock.wait(first).await;
        loop {
            let attempted_at = self.clock.now();
            let had_table = health.has_table;
            let scope = self.plan.scope(attempted_at, self.last_complete);
            let span = tracing::info_span!("poll", source = %self.source.id, outcome = Empty);
            // What a repeated start lacks is of the past.
            let starts = start_is_due && (is_first || !had_table || self.can_afford_past());
            let (result, intent) = if starts {
                let record = self.update_plan().await?;
                let started = self.start(record.as_deref()).instrument(span.clone());
                (started.await?, Intent::AnyDate)
            } else {
                let polled = self.poll(scope).instrument(span.clone());
                (polled.await, Intent::Newest)
            };
            let cut_short = result.failed && starts_with_tables < STARTS_MAX;
            let is_live = !starts && self.plan.is_live(attempted_at, self.last_success);
            let submission = Submission {
                is_live,
                ..self.submission(Vec::new(), intent, true)
            };
            let all = starts || scope == PollScope::All;
            let (next, gaps) = self
                .submit_result(result, submission, (attempted_at, all), &mut health)
                .instrument(span.clone())
                .await?;
            let demanded = match gaps {
                Some(gaps) => self.fetch_gaps(gaps).instrument(span.clone()).await?,
                None => Duration::ZERO,
            };
            // Here the poll ends, and not with the wait for the next one.
            drop(span);
            starts_with_tables += u32::from(starts && health.has_table);
            start_is_due = if starts {
                cut_short
            } else {
                start_is_due || (!had_table && health.has_table)
            };
            is_first = false;
            tokio::time::sleep(POLL_INTERVAL_MIN).await;
            // If the clock was set since, the real time that was planned holds.
            let due = self.clock.end_of(next).max(self.clock.after(demanded));
            let next = self.put_off(due).await?;
            self.demand(demanded);
            self.clock.wait(next).await;
            if let Some(not_before) = self.not_before
                && self.clock.now() < next.until()
            {
                // The clock was set back. What the bank demands holds all the same.
                tokio::time::sleep_until(not_before).await;
            }
        }
    }

    /// Takes over a delay that the bank demands, in addition to earlier ones.
    fn demand(&mut self, delay: Duration) {
        let until = Instant::now().checked_add(delay);
        self.not_before = self.not_before.max(until);
    }

    /// Takes over into the plan what the service knows of the source.
    async fn update_plan(&mut self) -> Result<Option<Arc<SourceRecord>>, Stopped> {
        let context = self.commit.poll_context(self.source.id).await?;
        Ok(context.map(|context| {
            self.plan.update(&context.record, &context.first_seen);
            context.record
        }))
    }

    /// Whether the budget allows more requests than those of the planned polls.
    fn can_afford_more(&self) -> bool {
        let requests = self.budget.count();
        self.plan.is_affordable(self.clock.now(), requests)
    }

    /// The wait for the poll that is due at `due`, longer if the budget of the day would not last; that is reported then.
    async fn put_off(&self, due: Timestamp) -> Result<Wait, Stopped> {
        let (now, requests) = (self.clock.now(), self.budget.count());
        let at = self.plan.within_budget(due, now, requests);
        let wait = self.clock.plan(now, at);
        if at > due {
            if requests.left() == 0 {
                tracing::warn!(source = %self.source.id, limit = requests.per_day, next_attempt = %at, "the requests of the day are used up");
            }
            let report = PollReport {
                attempted_at: None,
                next_attempt: at,
                error: None,
                outcome: PollOutcome::BudgetUsedUp,
                requests,
            };
            self.commit.polled(self.source.id, report).await?;
        }
        Ok(wait)
    }

    /// Submits the result of a poll, of all tables or of some, reports its status, and returns when the next one is due
    /// and the missed tables, if the bank may be asked for them now.
    async fn submit_result(
        &mut self,
        result: PollResult,
        submission: Submission,
        (attempted_at, all): (Timestamp, bool),
        health: &mut PollHealth,
    ) -> Result<(Wait, Option<Vec<Gap>>), Stopped> {
        let answered = result.answers(self.source.id);
        let PollResult {
            tables,
            brought_table,
            earlier,
            validators,
            mut errors,
            failure,
            failed,
            refused,
            retry_after,
            ..
        } = result;
        health.has_table = health.has_table || brought_table;
        let submission = Submission {
            tables,
            answered,
            ..submission
        };
        let outcome = self.commit.submit(submission).await?;
        self.remember(validators, &outcome, failed || !all);
        errors.extend(reasons(&outcome, &earlier));
        errors.dedup();
        let succeeded = errors.is_empty() && !failed;
        self.last_success = succeeded.then_some(attempted_at);
        if succeeded && all {
            self.last_complete = Some(attempted_at);
        }
        health.failures = if errors.is_empty() {
            0
        } else {
            health.failures.saturating_add(1)
        };
        health.refused = refused;
        health.retry_after = retry_after;
        let refusal = if refused {
            self.clock.real_time(self.plan.interval)
        } else {
            Duration::ZERO
        };
        self.demand(refusal.max(retry_after.unwrap_or_default()));
        drop(self.update_plan().await?);
        let wait = self.next_attempt(*health);
        let error = (!errors.is_empty()).then(|| errors.join("; "));
        // A table that is refused was fetched without a failure.
        let refused_table = error.as_ref().map(|_error| PollOutcome::Implausible);
        match &error {
            Some(error) => self
                .outages
                .log_failure(self.source.id, error, self.clock.now()),
            None if succeeded => self.outages.log_success(self.source.id, self.clock.now()),
            // It was cut short, by the budget of the day.
            None => {}
        }
        let outcome_of_poll = failure.or(refused_table).unwrap_or(PollOutcome::Ok);
        Span::current().record("outcome", outcome_of_poll.as_str());
        let report = PollReport {
            attempted_at: Some(attempted_at),
            next_attempt: wait.until(),
            error,
            outcome: outcome_of_poll,
            requests: self.budget.count(),
        };
        self.commit.polled(self.source.id, report).await?;
        // A bank that refuses, or demands a delay, is not asked for more.
        let may_ask = !refused && retry_after.is_none();
        Ok((wait, may_ask.then_some(outcome.gaps)))
    }

    fn submission(&self, tables: Vec<Table>, intent: Intent, attempt_ended: bool) -> Submission {
        Submission {
            source: self.source.id,
            tables,
            intent,
            attempt_ended,
            is_live: false,
            answered: Vec::new(),
        }
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

    /// When the next poll is due, whatever the budget.
    fn next_attempt(&self, health: PollHealth) -> Wait {
        let now = self.clock.now();
        let planned = self.plan.interval(now);
        // A source that refuses this client is not asked sooner than configured, however much its table is awaited.
        let least = health.refused.then_some(self.plan.interval);
        let due = self.clock.real_time(planned.max(least.unwrap_or_default()));
        let longest = self.clock.real_time(self.plan.longest_interval(now));
        let next = self.clock.after(jitter(delay(due, longest, health)));
        self.clock.plan(now, next)
    }

    /// The current date in the source's time zone.
    fn today(&self) -> Date {
        self.plan.zone.to_datetime(self.clock.now()).date()
    }
}

/// Why tables were refused, as sentences. A table older than the one in force that was the answer to a request for a later
/// date means that there is none of that date, or none yet: no failure.
fn reasons(
    outcome: &SubmitOutcome,
    earlier: &[(&'static str, Date)],
) -> impl Iterator<Item = String> {
    let is_failure = |(document, reason): &&(&'static str, FilingError)| match reason {
        FilingError::Implausible(Implausible::OlderThanInForce { date, .. }) => {
            !earlier.contains(&(*document, *date))
        }
        FilingError::Implausible(_) | FilingError::UnknownDocument => true,
    };
    let failures = outcome.refused.iter().filter(is_failure);
    failures.map(|(document, reason)| format!("{document}: {reason}"))
}
