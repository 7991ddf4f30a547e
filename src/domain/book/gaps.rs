//! Gaps: tables that the bank must have published and that are not filed.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::domain::book::Book;
use crate::domain::judged::DocumentRecord;
use crate::domain::published::SourceId;

/// How far back a missed table is requested. Older ones are a matter for a backfill.
pub const GAP_DAYS_MAX: i32 = 14;

impl Book {
    /// The tables of the last two weeks that the bank must have published and that are missing, oldest first.
    pub fn gaps(&self, source: SourceId, now: Timestamp) -> Vec<(&'static str, Date)> {
        let Some(record) = self.record(source) else {
            return Vec::new();
        };
        let today = record.today(now);
        let earliest = today.checked_sub(GAP_DAYS_MAX.days()).unwrap_or(Date::MIN);
        let of_document = |document: &DocumentRecord| -> Vec<(&'static str, Date)> {
            let dates: Vec<Date> = document.history.kept_dates().collect();
            let steps = dates.windows(2).filter_map(|step| match *step {
                [before, date] if date > earliest => Some((before, date)),
                _ => None,
            });
            let missing = steps.flat_map(|(before, date)| document.gaps_between(before, date));
            let missing = missing.filter(|date| *date >= earliest);
            missing.map(|date| (document.name, date)).collect()
        };
        record.documents.iter().flat_map(of_document).collect()
    }
}
