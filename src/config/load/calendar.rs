//! The settings of a source that correct its calendar: `holidays` and `working_days`.

use jiff::civil::Date;

use super::Loader;
use crate::config::values;
use crate::domain::{Exceptions, Schedule};
use crate::sources::{Document, Source};

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
        // Schedules are constants, and settings are read once: the lists live as long as the process.
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
        documents.collect::<Vec<_>>().leak()
    }
}
