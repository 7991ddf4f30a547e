//! The figures of a period: the first, last, highest and lowest rate of a pair, and its average.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::numbers::WeightedSum;
use crate::domain::published::{DateRange, Pair, days_between};
use crate::domain::served::historical::Past;
use crate::domain::served::rate::value_of;

/// The rates of a pair in a period. The rate of a day is what stood at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodRates {
    /// The pair.
    pub pair: Pair,
    /// The days of the whole period.
    pub period: DateRange,
    /// Whether the period is over.
    pub is_complete: bool,
    /// The first day that has a rate, and its rate.
    pub first: (Date, Decimal),
    /// The last day that has a rate, and its rate.
    pub last: (Date, Decimal),
    /// The first day with the highest rate, and that rate.
    pub highest: (Date, Decimal),
    /// The first day with the lowest rate, and that rate.
    pub lowest: (Date, Decimal),
    /// The sum of the rates of all days divided by their number, rounded once.
    pub average: Decimal,
    /// How many days have a rate.
    pub days: u32,
    /// On how many days a rate began to stand.
    pub fixings: u32,
}

impl Past {
    /// The figures of a pair in a period whose days until `today` are in the range. Returns `None` if no day has a rate.
    pub fn period(&self, pair: Pair, period: DateRange, today: Date) -> Option<PeriodRates> {
        let days = DateRange {
            last: period.last.min(today),
            ..period
        };
        let mut sum = WeightedSum::default();
        let mut figures: Option<[(Date, Decimal); 4]> = None;
        for (value, stood) in self.standing(pair, days) {
            sum.add(
                value,
                days_between(stood.first, stood.last).saturating_add(1),
            );
            let from = (stood.first, value);
            let until = (stood.last, value);
            let [first, _, highest, lowest] = figures.unwrap_or([from; 4]);
            let highest = if value > highest.1 { from } else { highest };
            let lowest = if value < lowest.1 { from } else { lowest };
            figures = Some([first, until, highest, lowest]);
        }
        let [first, last, highest, lowest] = figures?;
        let fixings = self.fixing_days(pair, days).len();
        Some(PeriodRates {
            pair,
            period,
            is_complete: period.last < today,
            first,
            last,
            highest,
            lowest,
            average: sum.average()?,
            days: sum.count(),
            fixings: u32::try_from(fixings).unwrap_or(u32::MAX),
        })
    }

    /// The values of a pair on some days of the range, the oldest first, each with the days on which it stood without an
    /// interruption. Days without a rate are left out.
    fn standing(&self, pair: Pair, days: DateRange) -> impl Iterator<Item = (Decimal, DateRange)> {
        let keys = pair.legs();
        let timelines = keys.iter().filter_map(|key| self.timelines.get(key));
        let changes = timelines.flat_map(|timeline| timeline.changes_in(days));
        let mut begins: BTreeSet<Date> = changes.collect();
        if days.first <= days.last {
            begins.insert(days.first);
        }
        let ends = begins.iter().skip(1).map(|next| next.yesterday().ok());
        let ends: Vec<Option<Date>> = ends.chain([Some(days.last)]).collect();
        let stood = begins.into_iter().zip(ends);
        stood.filter_map(move |(first, last)| {
            let value = value_of(pair, &self.quotes(pair, first)?)?;
            Some((value, DateRange { first, last: last? }))
        })
    }
}
