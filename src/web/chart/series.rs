//! The rates of a window as a chart shows them: in one direction, in the price of as many units, each for the days on
//! which it stood.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::{
    Change, DateRange, Derivation, Figures, Form, Pair, Rate, Ratio, TickerEntry, last_in_force,
};
use crate::queries::WindowRates;

/// Significant digits of a value that is derived from the rate of the other direction, as rates have them.
const TURNED_DIGITS: u32 = 12;

/// What a chart needs of a rate of the past: a tenth of its memory.
#[derive(Debug, Clone)]
pub(super) struct PastRate {
    date: Date,
    value: Decimal,
    derivation: Derivation,
    source: String,
    /// The units and the value of the row, if the value follows from one row.
    row: Option<(u32, Decimal)>,
    decimal_places: Option<u32>,
}

/// The rates of a pair over a window.
#[derive(Debug, Clone)]
pub(super) struct PastRates {
    pub(super) pair: Pair,
    pub(super) days: DateRange,
    rates: Vec<PastRate>,
}

/// A value, and the date from which it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) date: Date,
    pub(super) value: Decimal,
    is_published: bool,
    /// The least decimal places of a published value.
    published_places: u32,
}

/// A value on the days of the window on which it stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) days: DateRange,
    pub(super) value: Decimal,
}

/// The values of a chart. There is one at least.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) days: DateRange,
    pub(super) first: Point,
    pub(super) last: Point,
    pub(super) low: Point,
    pub(super) high: Point,
    pub(super) standings: Vec<Standing>,
    /// The days on which no value stood.
    pub(super) gaps: Vec<DateRange>,
    /// The ids of the sources, the latest first.
    pub(super) sources: Vec<String>,
    /// How the values are written: the entry of the last rate.
    entry: TickerEntry,
}

impl PastRates {
    /// What a chart needs of the rates of a window.
    pub(super) fn of(pair: Pair, window: WindowRates) -> Self {
        let rates = window.rates.into_iter();
        Self {
            pair,
            days: window.days,
            rates: rates
                .map(|(date, rate)| PastRate::of(date, &rate))
                .collect(),
        }
    }

    /// The values in a form; nothing without rates.
    pub(super) fn series(&self, form: Form) -> Option<Series> {
        let last = self.rates.last()?;
        let entry = last.figures(self.pair).entry(form);
        let points = self.rates.iter();
        let points = points.filter_map(|rate| point(rate, self.pair, form, &entry));
        let points: Vec<Point> = points.collect();
        let standings = standings(&points, self.days);
        let mut sources: Vec<String> = Vec::new();
        for id in self
            .rates
            .iter()
            .rev()
            .flat_map(|rate| rate.source.split('+'))
        {
            if !id.is_empty() && !sources.iter().any(|known| known == id) {
                sources.push(id.to_owned());
            }
        }
        Some(Series {
            days: self.days,
            first: points.first()?.clone(),
            last: points.last()?.clone(),
            low: points.iter().min_by_key(|point| point.value)?.clone(),
            high: points.iter().rev().max_by_key(|point| point.value)?.clone(),
            gaps: gaps(&standings, self.days),
            standings,
            sources,
            entry,
        })
    }
}

impl PastRate {
    fn of(date: Date, rate: &Rate) -> Self {
        let figures = Figures::from(rate);
        Self {
            date,
            value: rate.value,
            derivation: rate.derivation,
            row: figures.row,
            decimal_places: figures.decimal_places,
            source: rate.source.clone(),
        }
    }

    fn figures(&self, pair: Pair) -> Figures<'_> {
        Figures {
            pair,
            value: self.value,
            derivation: self.derivation,
            source: &self.source,
            row: self.row,
            decimal_places: self.decimal_places,
            change: None,
            announced: None,
        }
    }
}

impl Series {
    /// The entry whose digits, names and currencies the values of a point have.
    pub(super) fn entry(&self, point: &Point) -> TickerEntry {
        TickerEntry {
            is_published: point.is_published,
            published_places: point.published_places,
            ..self.entry.clone()
        }
    }

    /// The change from the first value to the last. There is none when the window begins with the last value: nothing is
    /// known before it.
    pub(super) fn change(&self) -> Option<Change> {
        let is_known = self.first.date < self.last.date || self.begins_in_time();
        let change = Change::since(self.first.value, self.first.date, self.last.value);
        change.filter(|_| is_known)
    }

    /// Whether a value stood on the first day of the window.
    pub(super) fn begins_in_time(&self) -> bool {
        let first = self.standings.first();
        first.is_some_and(|standing| standing.days.first == self.days.first)
    }
}

/// A rate as the price of the units, in the direction of an entry. Another source may print another direction, or the price
/// of more units.
fn point(rate: &PastRate, pair: Pair, form: Form, entry: &TickerEntry) -> Option<Point> {
    let own = rate.figures(pair).entry(form);
    let (value, is_published) = if (own.base, own.units) == (entry.base, entry.units) {
        (own.value, own.is_published)
    } else {
        let of_one = if entry.base == pair.base {
            Ratio::from(rate.value)
        } else {
            Ratio::from(1).divided_by(&rate.value.into())?
        };
        let of_units = of_one.times(&entry.units.into());
        (of_units.significant(TURNED_DIGITS)?, false)
    };
    Some(Point {
        date: rate.date,
        value,
        is_published,
        published_places: own.published_places,
    })
}

/// The days of the window on which each value stood: until the next one, and as long as the service answers with it.
fn standings(points: &[Point], days: DateRange) -> Vec<Standing> {
    let next = points.iter().skip(1).map(|next| next.date.yesterday().ok());
    let next = next.chain([Some(days.last)]);
    let stood = points.iter().zip(next).filter_map(|(point, until)| {
        let stood = DateRange {
            first: point.date,
            last: until?.min(last_in_force(point.date)),
        };
        Some(Standing {
            days: stood.intersection(days)?,
            value: point.value,
        })
    });
    stood.collect()
}

/// The days on which no value stood.
fn gaps(standings: &[Standing], days: DateRange) -> Vec<DateRange> {
    let mut gaps = Vec::new();
    let mut open = Some(days.first);
    for standing in standings {
        let until = standing.days.first.yesterday().ok();
        gaps.extend(open.zip(until).and_then(non_empty));
        open = standing.days.last.tomorrow().ok();
    }
    gaps.extend(open.and_then(|open| non_empty((open, days.last))));
    gaps
}

fn non_empty((first, last): (Date, Date)) -> Option<DateRange> {
    (first <= last).then_some(DateRange { first, last })
}

#[cfg(test)]
mod tests;
