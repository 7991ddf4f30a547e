//! One question to a bank, and what becomes of the answer.

use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::civil::Date;

use crate::domain::Table;
use crate::poller::Poller;
use crate::poller::fetch::{Answer, Validators};
use crate::sources::{Asked, Document};

/// What one poll or start came to.
#[derive(Debug, Default)]
pub(super) struct Harvest {
    pub(super) tables: Vec<Table>,
    /// Validators that hold once the tables of the document are accepted.
    pub(super) validators: Vec<(&'static str, String, Validators)>,
    /// What went wrong, for people.
    pub(super) errors: Vec<String>,
    /// Whether a request failed, so that its answer is not known.
    pub(super) failed: bool,
    pub(super) retry_after: Option<Duration>,
}

/// What became of one request.
#[derive(Debug)]
pub(super) enum Reply {
    Table(Table),
    NotModified,
    NotFound,
    Failed(Next),
}

/// Whether the bank's next document is worth asking for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    GoOn,
    End,
}

impl Poller {
    pub(super) async fn ask_each(
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
                    let error = format!("{}: no table was found (404)", document.name);
                    locked(gathered).errors.push(error);
                }
                Reply::Failed(Next::End) => return Next::End,
                Reply::Failed(Next::GoOn) => {}
            }
        }
        Next::GoOn
    }

    /// One request, its answer parsed. A table is filed under the date it prints, whatever was asked for.
    pub(super) async fn ask(
        &self,
        document: &'static Document,
        path: String,
        known: &Validators,
        gathered: &Mutex<Harvest>,
    ) -> Reply {
        let answer = self.fetcher.get(&path, known).await;
        let mut gathered = locked(gathered);
        let mut failed = |error: &dyn Display| {
            gathered.failed = true;
            gathered.errors.push(format!("{}: {error}", document.name));
        };
        match answer {
            Ok(Answer::NotModified) => Reply::NotModified,
            Ok(Answer::Document { body, validators }) => match (document.parse)(&body) {
                Ok(table) => {
                    gathered.validators.push((document.name, path, validators));
                    gathered.tables.push(table.clone());
                    Reply::Table(table)
                }
                Err(error) => {
                    failed(&error);
                    Reply::Failed(Next::GoOn)
                }
            },
            Err(error) if error.is_not_found() => Reply::NotFound,
            Err(error) => {
                failed(&error);
                gathered.retry_after = error.retry_after();
                Reply::Failed(if error.ends_the_poll() {
                    Next::End
                } else {
                    Next::GoOn
                })
            }
        }
    }

    pub(super) fn path(&self, document: &Document, asked: Asked) -> Option<String> {
        match self.day(asked) {
            None => document.latest.map(str::to_owned),
            Some(day) => document.dated.map(|dated| dated(day)),
        }
    }

    /// The date asked for, in the source's zone; none for the newest.
    pub(super) fn day(&self, asked: Asked) -> Option<Date> {
        let today = self.window.zone.to_datetime(self.clock.now()).date();
        match asked {
            Asked::Latest => None,
            Asked::Today => Some(today),
            Asked::Tomorrow => Some(today.tomorrow().unwrap_or(today)),
        }
    }
}

/// The lock is never held across an await, and nothing panics while it is.
pub(super) fn locked(gathered: &Mutex<Harvest>) -> MutexGuard<'_, Harvest> {
    gathered.lock().unwrap_or_else(PoisonError::into_inner)
}
