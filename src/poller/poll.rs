//! The requests of one poll, and their results.

use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::Table;
use crate::poller::Poller;
use crate::poller::fetch::Validators;
use crate::poller::request::{Response, not_found_error, request};
use crate::sources::{Document, TableSelector};

/// The result of a poll or a start.
#[derive(Debug, Default)]
pub(super) struct PollResult {
    pub(super) tables: Vec<Table>,
    /// Whether any table was fetched, including those that have been submitted already.
    pub(super) brought_table: bool,
    /// The validators to keep once the tables of the document are accepted.
    pub(super) validators: Vec<(&'static str, String, Validators)>,
    /// The errors, as sentences.
    pub(super) errors: Vec<String>,
    /// Whether a request failed, so that its document is unknown.
    pub(super) failed: bool,
    pub(super) retry_after: Option<Duration>,
}

/// The outcome of one request.
#[derive(Debug)]
pub(super) enum RequestOutcome {
    Table(Table),
    NotModified,
    NotFound,
    Failed(AfterFailure),
}

/// Whether the bank's next document should be requested after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterFailure {
    GoOn,
    End,
}

impl Poller {
    pub(super) async fn request_each(
        &self,
        document: &'static Document,
        selectors: impl Iterator<Item = &'static TableSelector>,
        gathered: &Mutex<PollResult>,
    ) -> AfterFailure {
        let today = self.today();
        let mut paths: Vec<_> = selectors
            .filter_map(|selector| document.path(*selector, today))
            .collect();
        // On most days, the next fixing is tomorrow's.
        paths.dedup();
        for path in paths {
            let validators = self.validators.get(&path).cloned().unwrap_or_default();
            match self.request(document, path, &validators, gathered).await {
                RequestOutcome::Table(_)
                | RequestOutcome::NotModified
                | RequestOutcome::Failed(AfterFailure::GoOn) => {}
                RequestOutcome::NotFound => {
                    let error = not_found_error(document);
                    let error = error.map(|error| format!("{}: {error}", document.name));
                    locked(gathered).errors.extend(error);
                }
                RequestOutcome::Failed(AfterFailure::End) => return AfterFailure::End,
            }
        }
        AfterFailure::GoOn
    }

    /// Requests a document and parses the response. A table is filed under the date that it prints, whichever was
    /// requested.
    pub(super) async fn request(
        &self,
        document: &'static Document,
        path: String,
        known: &Validators,
        gathered: &Mutex<PollResult>,
    ) -> RequestOutcome {
        let response = request(&self.fetcher, &path, known, document.parse).await;
        let mut gathered = locked(gathered);
        let mut failed = |error: &dyn Display| {
            gathered.failed = true;
            gathered.errors.push(format!("{}: {error}", document.name));
        };
        match response {
            Response::NotModified => {
                let still_valid = (document.name, path, known.clone());
                gathered.validators.push(still_valid);
                RequestOutcome::NotModified
            }
            Response::Parsed {
                content: table,
                validators,
            } => {
                gathered.validators.push((document.name, path, validators));
                gathered.tables.push(table.clone());
                gathered.brought_table = true;
                RequestOutcome::Table(table)
            }
            Response::NotFound => RequestOutcome::NotFound,
            Response::Unparsable(error) => {
                failed(&error);
                RequestOutcome::Failed(AfterFailure::GoOn)
            }
            Response::Failed(error) => {
                failed(&error);
                gathered.retry_after = error.retry_after();
                RequestOutcome::Failed(if error.ends_the_poll() {
                    AfterFailure::End
                } else {
                    AfterFailure::GoOn
                })
            }
        }
    }
}

/// The lock is never held across an await, and nothing panics while it is held.
pub(super) fn locked(gathered: &Mutex<PollResult>) -> MutexGuard<'_, PollResult> {
    gathered.lock().unwrap_or_else(PoisonError::into_inner)
}
