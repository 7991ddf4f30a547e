//! The start of a poller: it fetches what the ledger lacks.

use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use jiff::civil::Date;

use crate::commit::Stopped;
use crate::domain::{History, Intent, PollOutcome, Schedule, SourceRecord};
use crate::fetch::{REQUEST_PAUSE, Validators};
use crate::poller::plan::PollScope;
use crate::poller::poll::{AfterFailure, PollResult, RequestOutcome, Wanted, locked};
use crate::poller::{Poller, reasons};
use crate::sources::{Document, TableSelector};

/// How often the tables fetched so far are submitted during a start.
const START_SUBMIT_INTERVAL: Duration = Duration::from_secs(5);
/// The maximum number of requests of a document's start: enough to skip the longest holidays.
const START_REQUESTS_MAX: u32 = 16;

impl Poller {
    /// The start: fetches what is in force, what went before, and what is announced. What has been fetched is submitted
    /// every few seconds, so that the first tables of a slow bank do not wait for its last.
    pub(super) async fn start(&self, record: Option<&SourceRecord>) -> Result<PollResult, Stopped> {
        let result = Mutex::new(PollResult::default());
        let requests = async {
            for document in self.documents {
                let history = record.and_then(|record| record.document(document.name));
                let history = history.map(|document| &document.history);
                let empty = History::new(self.source.revision_policy);
                let known = history.unwrap_or(&empty);
                if self.start_document(document, known, &result).await == AfterFailure::End {
                    break;
                }
            }
        };
        let mut requests = pin!(requests);
        loop {
            tokio::select! {
                biased;
                () = &mut requests => break,
                () = tokio::time::sleep(START_SUBMIT_INTERVAL) => {
                    let tables = std::mem::take(&mut locked(&result).tables);
                    let submission = self.submission(tables, Intent::AnyDate, false);
                    let outcome = self.commit.submit(submission).await?;
                    let mut result = locked(&result);
                    result.fail(PollOutcome::Implausible, reasons(&outcome, &[]));
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
        known: &History,
        result: &Mutex<PollResult>,
    ) -> AfterFailure {
        let today = self.today();
        if is_current(known, &document.schedule, today) {
            let selectors = self.selectors(document, PollScope::All);
            return self.request_each(document, &selectors, result).await;
        }
        // What the ledger has, and what is fetched: of the latter alone the oldest date says how far back it reaches.
        let (mut all, mut fetched) = (known.clone(), History::new(self.source.revision_policy));
        let mut requested_date = document.date(document.at_start, today);
        let mut path = document.path(document.at_start, today);
        for request in 0..START_REQUESTS_MAX {
            if request > 0 {
                if !self.can_go_back(&fetched, today) {
                    // The rest waits for the next start.
                    locked(result).failed = true;
                    break;
                }
                // Back from the oldest date printed or requested; from tomorrow if the newest table was requested and
                // not found.
                let back_from = [fetched.oldest_date(), requested_date]
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
                RequestOutcome::Table(table) => {
                    all.insert(table.clone());
                    fetched.insert(table)
                }
                RequestOutcome::NotModified
                | RequestOutcome::NoTable
                | RequestOutcome::NotFound
                    if document.dated.is_some() =>
                {
                    if requested_date.is_some_and(|date| reaches(known, date, today)) {
                        break;
                    }
                    continue;
                }
                RequestOutcome::Failed(AfterFailure::End) => return AfterFailure::End,
                RequestOutcome::NotModified
                | RequestOutcome::NoTable
                | RequestOutcome::NotFound
                | RequestOutcome::Failed(AfterFailure::GoOn) => break,
            };
            if fetched.has_reference(today) || continues(&all, &fetched, document, today) {
                break;
            }
        }
        let nothing = fetched.oldest_date().is_none();
        if nothing && !document.missing_is_normal {
            let mut result = locked(result);
            if result.failed {
                return AfterFailure::GoOn;
            }
            // Tomorrow's may be there all the same.
            let error = format!("{}: no table was found", document.name);
            result.fail(PollOutcome::NoTable, [error]);
        }
        let rest = rest_of_polls(document);
        self.request_each(document, &rest, result).await
    }

    /// Whether the budget allows a search to go on back in time: for what is in force, and then for the table before that.
    fn can_go_back(&self, fetched: &History, today: Date) -> bool {
        if fetched.date_in_force(today).is_some() {
            self.can_afford_past()
        } else {
            self.can_afford_more()
        }
    }
}

/// What the polls of a document request beside the table that its start begins with.
fn rest_of_polls(document: &Document) -> Vec<TableSelector> {
    let polls = document.polls.iter().copied();
    polls
        .filter(|selector| *selector != document.at_start)
        .collect()
}

/// Whether a search back in time has come to the tables of the ledger, which holds what was in force and its reference. A bank
/// that shows none of them now must not be asked for one after the other.
fn reaches(known: &History, date: Date, today: Date) -> bool {
    known.table(date).is_some() && known.has_reference(today)
}

/// Whether a history has what is in force on a day and its reference, and no table was scheduled since.
fn is_current(history: &History, schedule: &Schedule, today: Date) -> bool {
    let is_scheduled_since = |date: Date| {
        let tomorrow = today.tomorrow().unwrap_or(today);
        !schedule.dates_between(date, tomorrow).is_empty()
    };
    let in_force = history.date_in_force(today);
    history.has_reference(today) && in_force.is_some_and(|date| !is_scheduled_since(date))
}

/// Whether the fetched tables reach back to those known before: no table is scheduled between.
fn continues(all: &History, fetched: &History, document: &Document, today: Date) -> bool {
    let oldest = fetched.oldest_date().filter(|oldest| *oldest <= today);
    let gap = oldest.and_then(|oldest| {
        let before = all.date_before(oldest)?;
        Some(document.schedule.dates_between(before, oldest))
    });
    all.has_reference(today) && gap.is_some_and(|gap| gap.is_empty())
}
