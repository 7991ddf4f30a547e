//! The requests of one poll, and their results.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use tracing::Instrument;

use crate::domain::{Answer, PollOutcome, SourceId, Table};
use crate::fetch::{BankDouble, FetchError, ParsedResponse, Validators, not_found_error, request};
use crate::poller::Poller;
use crate::poller::plan::PollScope;
use crate::sources::{Document, ParseError, TableSelector};

/// The result of a poll or a start.
#[derive(Debug, Default)]
pub(super) struct PollResult {
    pub(super) tables: Vec<Table>,
    /// Whether any table was fetched, including those that have been submitted already.
    pub(super) brought_table: bool,
    /// The validators to keep once the tables of the document are accepted.
    pub(super) validators: Vec<(&'static str, String, Validators)>,
    /// The documents and dates of tables that were the answer to a request for a later date.
    pub(super) earlier: Vec<(&'static str, Date)>,
    /// The documents for which a request was answered, and when the last of them began.
    pub(super) answered: BTreeMap<&'static str, Timestamp>,
    /// The documents for which a request was not answered, or not readably.
    pub(super) unanswered: BTreeSet<&'static str>,
    /// The errors, as sentences.
    pub(super) errors: Vec<String>,
    /// How it failed first; `None` if it did not fail.
    pub(super) failure: Option<PollOutcome>,
    /// Whether a request failed, so that its document is unknown.
    pub(super) failed: bool,
    /// Whether the source refused this client: it wants a key, another plan, or fewer requests.
    pub(super) refused: bool,
    /// The longest delay that it demands.
    pub(super) retry_after: Option<Duration>,
}

/// A table to request: the path of its document, and its date unless it is the newest one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) path: String,
    pub(super) date: Option<Date>,
}

/// The outcome of one request.
#[derive(Debug)]
pub(super) enum RequestOutcome {
    Table(Table),
    NotModified,
    /// The bank answered that it has no table of the date, or none yet: no failure.
    NoTable,
    /// Status 404.
    NotFound,
    Failed(AfterFailure),
}

/// Whether the bank's next document should be requested after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterFailure {
    GoOn,
    End,
}

impl PollResult {
    /// Notes errors, and how the poll failed.
    pub(super) fn fail(&mut self, outcome: PollOutcome, errors: impl IntoIterator<Item = String>) {
        let before = self.errors.len();
        self.errors.extend(errors);
        if self.errors.len() > before {
            self.failure.get_or_insert(outcome);
        }
    }

    /// Notes whether a request for a document was answered.
    fn note(&mut self, document: &Document, asked_at: Timestamp, is_answered: bool) {
        if is_answered {
            self.answered.insert(document.name, asked_at);
        } else {
            self.unanswered.insert(document.name);
        }
    }

    /// The documents of a source for which the bank answered every request.
    pub(super) fn answers(&self, source: SourceId) -> Vec<Answer> {
        let answered = self.answered.iter();
        let answered = answered.filter(|(document, _)| !self.unanswered.contains(*document));
        let answer = |(document, asked_at): (&&'static str, &Timestamp)| Answer {
            source,
            document,
            asked_at: *asked_at,
        };
        answered.map(answer).collect()
    }
}

impl Poller {
    /// Lets a bank within the process answer it, in a simulation.
    #[must_use]
    pub fn answered_by(self, double: Arc<dyn BankDouble>) -> Self {
        Self {
            fetcher: self.fetcher.answered_by(double),
            ..self
        }
    }

    /// Requests the tables of a scope from every document.
    pub(super) async fn poll(&self, scope: PollScope) -> PollResult {
        let result = Mutex::new(PollResult::default());
        for document in self.documents {
            let selectors = self.selectors(document, scope);
            if self.request_each(document, &selectors, &result).await == AfterFailure::End {
                break;
            }
        }
        result.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which tables of a document a poll requests now.
    pub(super) fn selectors(&self, document: &Document, scope: PollScope) -> Vec<TableSelector> {
        self.plan.selectors(document, scope, self.clock.now())
    }

    pub(super) async fn request_each(
        &self,
        document: &'static Document,
        selectors: &[TableSelector],
        result: &Mutex<PollResult>,
    ) -> AfterFailure {
        let today = self.today();
        let wanted = |selector: &TableSelector| {
            let path = document.path(*selector, today)?;
            let date = document.date(*selector, today);
            Some(Wanted { path, date })
        };
        let mut tables: Vec<_> = selectors.iter().filter_map(wanted).collect();
        // On most days, the next fixing is tomorrow's.
        tables.dedup();
        for wanted in tables {
            let is_ahead = wanted.date.is_some_and(|date| date > today);
            let known = self.validators.get(&wanted.path);
            let known = known.cloned().unwrap_or_default();
            match self.request(document, wanted, &known, result).await {
                RequestOutcome::Table(_)
                | RequestOutcome::NotModified
                | RequestOutcome::NoTable
                | RequestOutcome::Failed(AfterFailure::GoOn) => {}
                // A table of a date to come may not be published yet.
                RequestOutcome::NotFound if is_ahead => {}
                RequestOutcome::NotFound => {
                    let error = not_found_error(document);
                    let error = error.map(|error| format!("{}: {error}", document.name));
                    locked(result).fail(PollOutcome::NoTable, error);
                }
                RequestOutcome::Failed(AfterFailure::End) => return AfterFailure::End,
            }
        }
        AfterFailure::GoOn
    }

    /// Whether a response tells which table the bank has, or that it has none of the date.
    fn is_answer<T>(
        &self,
        document: &Document,
        response: &ParsedResponse<T>,
        date: Option<Date>,
    ) -> bool {
        match response {
            ParsedResponse::NotModified | ParsedResponse::Parsed { .. } => true,
            ParsedResponse::NoTable => date.is_some(),
            ParsedResponse::NotFound => {
                document.missing_is_normal || date.is_some_and(|date| date > self.today())
            }
            ParsedResponse::Unparsable { .. } | ParsedResponse::Failed(_) => false,
        }
    }

    /// Requests a document and parses the response. A table is filed under the date that it prints, whichever was
    /// requested.
    pub(super) async fn request(
        &self,
        document: &'static Document,
        wanted: Wanted,
        known: &Validators,
        result: &Mutex<PollResult>,
    ) -> RequestOutcome {
        let Wanted { path, date } = wanted;
        let asked_at = self.clock.now();
        // Not the path: that of a vendor may contain the key.
        let date_shown = date.map(tracing::field::display);
        let span = tracing::info_span!("fetch", source = %self.source.id, document = document.name, date = date_shown);
        let response = request(&self.fetcher, &path, known, document.parse);
        let response = response.instrument(span).await;
        let mut result = locked(result);
        result.note(
            document,
            asked_at,
            self.is_answer(document, &response, date),
        );
        let mut failed = |outcome, error: &dyn Display| {
            result.failed = true;
            result.fail(outcome, [format!("{}: {error}", document.name)]);
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
                if date.is_some_and(|date| table.effective_date < date) {
                    result.earlier.push((document.name, table.effective_date));
                }
                RequestOutcome::Table(table)
            }
            ParsedResponse::NotFound => RequestOutcome::NotFound,
            ParsedResponse::NoTable => {
                let Some(date) = date else {
                    // There is always a newest table.
                    failed(PollOutcome::NoTable, &ParseError::Empty);
                    return RequestOutcome::Failed(AfterFailure::GoOn);
                };
                let (source, document) = (self.source.id, document.name);
                tracing::debug!(%source, document, %date, "no table of that date");
                RequestOutcome::NoTable
            }
            ParsedResponse::Unparsable { error, retry_after } => {
                let is_refusal = matches!(error, ParseError::Refused(_));
                failed(unparsable(is_refusal), &error);
                result.retry_after = result.retry_after.max(retry_after);
                result.refused |= is_refusal;
                RequestOutcome::Failed(AfterFailure::GoOn)
            }
            // Not a failure of the bank: there is nothing to report. The rest waits for the next day.
            ParsedResponse::Failed(FetchError::BudgetUsedUp) => {
                result.failed = true;
                result.failure.get_or_insert(PollOutcome::BudgetUsedUp);
                RequestOutcome::Failed(AfterFailure::End)
            }
            ParsedResponse::Failed(error) => {
                failed(outcome(&error), &error);
                result.refused |= error.is_refusal();
                result.retry_after = result.retry_after.max(error.retry_after());
                RequestOutcome::Failed(if error.affects_all_documents() {
                    AfterFailure::End
                } else {
                    AfterFailure::GoOn
                })
            }
        }
    }
}

/// How a poll ends by a document that cannot be parsed.
fn unparsable(is_refusal: bool) -> PollOutcome {
    if is_refusal {
        PollOutcome::Refused
    } else {
        PollOutcome::Unreadable
    }
}

/// How a poll ends by the error of a request.
fn outcome(error: &FetchError) -> PollOutcome {
    match error {
        FetchError::BudgetUsedUp => PollOutcome::BudgetUsedUp,
        FetchError::Status { .. } if error.is_refusal() => PollOutcome::Refused,
        FetchError::Status { .. }
        | FetchError::Redirect { .. }
        | FetchError::UnexpectedNotModified => PollOutcome::Status,
        FetchError::TooLarge | FetchError::ContentEncoding(_) | FetchError::Undecodable(_) => {
            PollOutcome::Unreadable
        }
        FetchError::Address { .. }
        | FetchError::UnusableKey
        | FetchError::Authorities(_)
        | FetchError::Client(_)
        | FetchError::Connect(_)
        | FetchError::Proxy { .. }
        | FetchError::ConnectTimeout(_)
        | FetchError::Certificate(_)
        | FetchError::Tls(_)
        | FetchError::ReadTimeout(_)
        | FetchError::TotalTimeout(_)
        | FetchError::Incomplete(_) => PollOutcome::Unreachable,
    }
}

/// The lock is never held across an await, and nothing panics while it is held.
pub(super) fn locked(result: &Mutex<PollResult>) -> MutexGuard<'_, PollResult> {
    result.lock().unwrap_or_else(PoisonError::into_inner)
}
