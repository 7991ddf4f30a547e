//! What a leg stood at on the days of a range.

use std::borrow::Borrow;
use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::judged::SourceRecord;
use crate::domain::published::DateRange;
use crate::domain::served::Quote;
use crate::domain::served::historical::Leg;

/// The answers of a leg, each from a day on until the next one.
#[derive(Debug)]
pub(super) struct Timeline {
    /// In order; the first is of the first day of the range.
    answers: Vec<(Date, Option<Quote>)>,
}

impl Timeline {
    /// The answers on the days of a range. The leg has the tables that decide them.
    pub(super) fn of<R: Borrow<SourceRecord>>(leg: &Leg<R>, range: DateRange) -> Self {
        let mut dates = leg.dates(range);
        dates.insert(range.first);
        let mut answers: Vec<(Date, Option<Quote>)> = Vec::with_capacity(dates.len());
        for date in dates {
            let inputs = leg.inputs(date);
            let before = answers.last().and_then(|(_, quote)| quote.as_ref());
            if !answers.is_empty() && before.map(|quote| &*quote.inputs) == inputs.as_ref() {
                continue;
            }
            let quote = inputs.map(|inputs| Quote {
                inputs: Arc::new(inputs),
                changed_at_revision: 0,
            });
            answers.push((date, quote));
        }
        Self { answers }
    }

    /// The answer on a day of the range.
    pub(super) fn on(&self, day: Date) -> Option<&Quote> {
        let after = self.answers.partition_point(|(date, _)| *date <= day);
        let (_, quote) = self.answers.get(after.checked_sub(1)?)?;
        quote.as_ref()
    }

    /// The days of a range from which on the answer is another one, the oldest first.
    pub(super) fn changes_in(&self, range: DateRange) -> impl Iterator<Item = Date> {
        let before = self
            .answers
            .partition_point(|(date, _)| *date < range.first);
        let dates = self.answers.iter().skip(before).map(|(date, _)| *date);
        dates.take_while(move |date| *date <= range.last)
    }
}
