//! The requests of one poll, and their results.

use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::Table;
use crate::fetch::{ParsedResponse, Validators, not_found_error, request};
use crate::poller::Poller;
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
        result: &Mutex<PollResult>,
    ) -> AfterFailure {
        let today = self.today();
        let mut paths: Vec<_> = selectors
            .filter_map(|selector| document.path(*selector, today))
            .collect();
        // On most days, the next fixing is tomorrow's.
        paths.dedup();
        for path in paths {
            let validators = self.validators.get(&path).cloned().unwrap_or_default();
            match self.request(document, path, &validators, result).await {
                RequestOutcome::Table(_)
                | RequestOutcome::NotModified
                | RequestOutcome::Failed(AfterFailure::GoOn) => {}
                RequestOutcome::NotFound => {
                    let error = not_found_error(document);
                    let error = error.map(|error| format!("{}: {error}", document.name));
                    locked(result).errors.extend(error);
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
        result: &Mutex<PollResult>,
    ) -> RequestOutcome {
        let response = request(&self.fetcher, &path, known, document.parse).await;
        let mut result = locked(result);
        let mut failed = |error: &dyn Display| {
            result.failed = true;
            result.errors.push(format!("{}: {error}", document.name));
        };
        match response {
            ParsedResponse::NotModified => {
                let still_valid = (document.name, path, known.clone());
                result.validators.push(still_valid);
                RequestOutcome::NotModified
            }
            ParsedResponse::Parsed {
                content: table,
                validators,
            } => {
                result.validators.push((document.name, path, validators));
                result.tables.push(table.clone());
                result.brought_table = true;
                RequestOutcome::Table(table)
            }
            ParsedResponse::NotFound => RequestOutcome::NotFound,
            ParsedResponse::Unparsable(error) => {
                failed(&error);
                RequestOutcome::Failed(AfterFailure::GoOn)
            }
            ParsedResponse::Failed(error) => {
                failed(&error);
                result.retry_after = error.retry_after();
                RequestOutcome::Failed(if error.affects_all_documents() {
                    AfterFailure::End
                } else {
                    AfterFailure::GoOn
                })
            }
        }
    }
}

/// The lock is never held across an await, and nothing panics while it is held.
pub(super) fn locked(result: &Mutex<PollResult>) -> MutexGuard<'_, PollResult> {
    result.lock().unwrap_or_else(PoisonError::into_inner)
}
