//! The settings of a source that correct its calendar: `holidays` and `working_days`.

use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;

use super::Loader;
use crate::config::values;
use crate::domain::{Exceptions, Schedule};
use crate::sources::{Document, Source};

/// The documents with corrected calendars, by source and days. Schedules are constants, so the lists live as long as the
/// process: the same days are kept once, however often settings are read.
static CORRECTED: Mutex<Vec<Corrected>> = Mutex::new(Vec::new());

struct Corrected {
    source: &'static Source,
    exceptions: Exceptions,
    documents: &'static [Document],
}

impl Loader<'_> {
    /// The documents of a source, with the days that the settings name in their schedules.
    pub(super) fn documents(&self, source: &'static Source) -> &'static [Document] {
        let id = source.id;
        let dates = |name: &str| -> Vec<Date> {
            let key = format!("sources.{id}.{name}");
            let dates = self.entries.get(&key, values::DATES, values::dates);
            dates.unwrap_or_default()
        };
        let (holidays, working_days) = (dates("holidays"), dates("working_days"));
        if let Some(both) = working_days.iter().find(|day| holidays.contains(day)) {
            let reason = format!("{both} is one of its holidays too");
            let key = format!("sources.{id}.working_days");
            self.entries.refuse(&key, reason, values::DATES);
        }
        if holidays.is_empty() && working_days.is_empty() {
            return source.documents;
        }
        corrected(source, holidays, working_days)
    }
}

/// The documents of a source with these days in their schedules.
fn corrected(
    source: &'static Source,
    holidays: Vec<Date>,
    working_days: Vec<Date>,
) -> &'static [Document] {
    // Nothing panics while it is locked.
    let mut known = CORRECTED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut same = known.iter().filter(|corrected| {
        let Exceptions {
            holidays: of_holidays,
            working_days: of_working_days,
        } = corrected.exceptions;
        std::ptr::eq(corrected.source, source)
            && of_holidays == holidays
            && of_working_days == working_days
    });
    if let Some(corrected) = same.next() {
        return corrected.documents;
    }
    let exceptions = Exceptions {
        holidays: holidays.leak(),
        working_days: working_days.leak(),
    };
    let documents = source.documents.iter().map(|document| Document {
        schedule: Schedule {
            exceptions,
            ..document.schedule
        },
        ..*document
    });
    let documents: &'static [Document] = documents.collect::<Vec<_>>().leak();
    known.push(Corrected {
        source,
        exceptions,
        documents,
    });
    documents
}
