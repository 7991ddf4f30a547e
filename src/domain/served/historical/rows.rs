//! The rows of a history: rates of several pairs, day by day.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::published::{HistoryStep, Pair};
use crate::domain::served::historical::{Past, rate};
use crate::domain::served::{QuoteInputs, Rate};

/// A row of a history: the rate of a pair on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// The day; with the step [`HistoryStep::Fixing`] the one on which the rate began to stand.
    pub date: Date,
    /// The rate. Of a crossed pair with the step [`HistoryStep::Fixing`], it bears this day as its effective date.
    pub rate: Rate,
}

/// The last rate that was computed of a pair, and the inputs it follows from: on a weekend the next one is the same.
#[derive(Debug, Clone, Default)]
struct Computed {
    inputs: Vec<Arc<QuoteInputs>>,
    rate: Option<Rate>,
}

impl Past {
    /// The rows of some pairs, each until its last day: by date, newest first, and those of a day in the order of the pairs.
    /// The step divides the days until `last`, or until the last day of a pair if that is earlier; the rows come from the days
    /// of this past. Those up to and including the one of the day and the pair, by its index, of `after` are left out. What a
    /// caller does not take is not computed.
    pub fn rows<'a>(
        &'a self,
        pairs: &'a [(Pair, Date)],
        step: HistoryStep,
        last: Date,
        after: Option<(Date, usize)>,
    ) -> impl Iterator<Item = HistoryRow> + 'a {
        let mut places: Vec<(Date, usize)> = match step {
            HistoryStep::Fixing => {
                let pairs = pairs.iter().enumerate();
                let places = pairs.flat_map(|(index, (pair, _))| {
                    let days = self.fixing_days(*pair, self.range).into_iter();
                    days.map(move |day| (day, index))
                });
                places.collect()
            }
            HistoryStep::Day | HistoryStep::LastOf(_) => {
                let on = |day: Date| {
                    let pairs = pairs.iter().enumerate();
                    let pairs = pairs
                        .filter(move |(_, (_, until))| step.has_rows_on(day, last.min(*until)));
                    pairs.map(move |(index, _)| (day, index))
                };
                self.range.dates().flat_map(on).collect()
            }
        };
        let newest_first = |(day, index): (Date, usize)| (Reverse(day), index);
        places.sort_unstable_by_key(|place| newest_first(*place));
        let is_known = |place| after.is_some_and(|last| newest_first(place) <= newest_first(last));
        let known = places.partition_point(|place| is_known(*place));
        let mut computed = vec![Computed::default(); pairs.len()];
        let places = places.into_iter().skip(known);
        places.filter_map(move |(day, index)| {
            let (pair, until) = *pairs.get(index)?;
            if day > until {
                return None;
            }
            let rate = self.rate_again(pair, day, computed.get_mut(index)?)?;
            let is_cross = pair.legs().len() > 1;
            let effective_date = match step {
                HistoryStep::Fixing if is_cross => Some(day),
                _ => rate.effective_date,
            };
            let rate = Rate {
                effective_date,
                ..rate
            };
            Some(HistoryRow { date: day, rate })
        })
    }

    /// The rate of a pair on a day. It is computed unless the last one follows from the same inputs.
    fn rate_again(&self, pair: Pair, day: Date, last: &mut Computed) -> Option<Rate> {
        let quotes = self.quotes(pair, day)?;
        let mut inputs = quotes.iter().zip(&last.inputs);
        let is_same = quotes.len() == last.inputs.len()
            && inputs.all(|(quote, last)| Arc::ptr_eq(&quote.inputs, last));
        if !is_same {
            last.rate = rate(pair, &quotes);
            last.inputs = quotes
                .iter()
                .map(|quote| Arc::clone(&quote.inputs))
                .collect();
        }
        last.rate.clone()
    }
}
