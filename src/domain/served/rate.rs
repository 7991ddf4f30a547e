//! Rates: what is served for a pair, computed from the quotes of a snapshot on demand.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::judged::{Flag, Held, MissingPoint, Window, WindowPoint};
use crate::domain::numbers::Change;
use crate::domain::published::{Currency, Fixing, Pair, Point, SourceId, price};
use crate::domain::served::{Freshness, FreshnessStatus, Quote, QuoteInputs};

/// Significant digits of an inverted or crossed value: more than any bank prints, and fewer than an IEEE double holds.
const DERIVED_DIGITS: u32 = 12;

/// How a rate is derived from published rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derivation {
    /// The published row, divided by its units.
    Published,
    /// One divided by the published row.
    Inverted,
    /// One division along several rows.
    Crossed,
    /// The rate of a currency in itself.
    Identity,
}

/// A value that is published and not yet in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// The value, derived as the rate is.
    pub value: Decimal,
    /// The date on which it takes force.
    pub effective_date: Date,
    /// The change against the value in force.
    pub change: Option<Change>,
}

/// What is served for a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// The pair.
    pub pair: Pair,
    /// The price of one base in the quote currency.
    pub value: Decimal,
    /// How it is derived from `fixings`.
    pub derivation: Derivation,
    /// The source's id; two joined by `+` for a pair crossed from two; empty for identity.
    pub source: String,
    /// The effective date; `None` for identity.
    pub effective_date: Option<Date>,
    /// The freshness.
    pub freshness_status: FreshnessStatus,
    /// The change against the last fixing of an earlier date.
    pub change: Option<Change>,
    /// The rows from which it is derived.
    pub fixings: Vec<Arc<Fixing>>,
    /// What is announced for a later date; `None` for a pair of two of the five.
    pub announced: Option<Announced>,
    /// The revision that last changed it.
    pub changed_at_revision: u64,
    /// The held values of its rows.
    pub held: Vec<Arc<Held>>,
    /// The changes over a week, a month and a year; empty for identity.
    pub windows: Vec<WindowChange>,
    /// The flags of its fixings.
    pub flags: Vec<Flag>,
    /// The number of decimal places that the rows of the table mostly have, for the units of the row; `None` unless the value
    /// follows from one row.
    pub decimal_places: Option<u32>,
}

/// The change over a window, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowChange {
    /// The window.
    pub window: Window,
    /// The change, or the reason as a sentence.
    pub change: Result<Change, String>,
}

impl Rate {
    /// The rate of a currency in itself.
    pub(crate) fn identity(currency: Currency) -> Self {
        Self {
            pair: Pair {
                base: currency,
                quote: currency,
            },
            value: Decimal::ONE,
            derivation: Derivation::Identity,
            source: String::new(),
            effective_date: None,
            freshness_status: FreshnessStatus {
                freshness: Freshness::Fresh,
                reason: String::new(),
            },
            change: None,
            fixings: Vec::new(),
            announced: None,
            changed_at_revision: 0,
            held: Vec::new(),
            windows: Vec::new(),
            flags: Vec::new(),
            decimal_places: None,
        }
    }

    /// A pair with one of the five on one side and another currency on the other, in either direction.
    pub(crate) fn quoted(pair: Pair, quote: &Quote) -> Option<Self> {
        let inputs = &*quote.inputs;
        let pair_state = &inputs.pair_state;
        let value = value(pair, &[&pair_state.current])?;
        let earlier = pair_state.reference.as_ref();
        let change = earlier.and_then(|point| change_since(pair, &[point], value));
        let announced = pair_state.announced.as_ref().and_then(|point| {
            let announced = self::value(pair, &[point])?;
            let change = Change::since(value, pair_state.current.date, announced);
            Some(Announced {
                value: announced,
                effective_date: point.date,
                change,
            })
        });
        let windows = inputs.windows.iter().map(|at| {
            let change = reason_or(inputs.source, &at.point);
            let change = change.and_then(|point| window_change(pair, &[point], value));
            WindowChange {
                window: at.window,
                change,
            }
        });
        Some(Self {
            windows: windows.collect(),
            held: pair_state.held.clone(),
            flags: inputs.flags.clone(),
            decimal_places: (pair_state.current.fixings.len() == 1)
                .then_some(pair_state.decimal_places),
            pair,
            value,
            derivation: derivation(pair, &pair_state.current.fixings),
            source: inputs.source.to_string(),
            effective_date: Some(pair_state.effective_date),
            freshness_status: inputs.freshness_status.clone(),
            change,
            fixings: pair_state.current.fixings.clone(),
            announced,
            changed_at_revision: quote.changed_at_revision,
        })
    }

    /// A pair of two of the five, through the US dollar: `base` and `quote` are each side's price in dollars.
    pub(crate) fn crossed(pair: Pair, base: &Quote, quote: &Quote) -> Option<Self> {
        let legs = [&base.inputs.pair_state, &quote.inputs.pair_state];
        let value = value(pair, &legs.map(|leg| &leg.current))?;
        // The reference is the cross as it stood before the newer leg took force.
        let newer = legs.map(|leg| leg.current.date).into_iter().max()?;
        let before = base.before(newer).zip(quote.before(newer));
        let change = before.and_then(|(base, quote)| change_since(pair, &[base, quote], value));
        let (first, second) = (base.inputs.source, quote.inputs.source);
        Some(Self {
            windows: crossed_windows(pair, base, quote, value),
            held: both(base, quote, |inputs| &inputs.pair_state.held),
            flags: both(base, quote, |inputs| &inputs.flags),
            decimal_places: None,
            pair,
            value,
            derivation: Derivation::Crossed,
            source: if first == second {
                first.to_string()
            } else {
                format!("{first}+{second}")
            },
            effective_date: legs.into_iter().map(|leg| leg.effective_date).min(),
            freshness_status: base
                .inputs
                .freshness_status
                .clone()
                .worse(quote.inputs.freshness_status.clone()),
            change,
            fixings: legs
                .into_iter()
                .flat_map(|leg| leg.current.fixings.iter().map(Arc::clone))
                .collect(),
            announced: None,
            changed_at_revision: base.changed_at_revision.max(quote.changed_at_revision),
        })
    }
}

/// The changes over the windows for a pair of two of the five: each leg gives its fixing of the day.
fn crossed_windows(pair: Pair, base: &Quote, quote: &Quote, value: Decimal) -> Vec<WindowChange> {
    let windows = base.inputs.windows.iter().zip(&quote.inputs.windows);
    let change = |(base_at, quote_at): (&WindowPoint, &WindowPoint)| {
        let change = reason_or(base.inputs.source, &base_at.point).and_then(|first| {
            let second = reason_or(quote.inputs.source, &quote_at.point)?;
            window_change(pair, &[first, second], value)
        });
        WindowChange {
            window: base_at.window,
            change,
        }
    };
    windows.map(change).collect()
}

/// The values of both legs of a cross.
fn both<T: Clone>(base: &Quote, quote: &Quote, part: fn(&QuoteInputs) -> &Vec<T>) -> Vec<T> {
    [part(&base.inputs).as_slice(), part(&quote.inputs)].concat()
}

fn reason_or(source: SourceId, point: &Result<Point, MissingPoint>) -> Result<&Point, String> {
    point.as_ref().map_err(|missing| match missing {
        MissingPoint::BeginsLater(date) => format!("the history of {source} begins on {date}"),
        MissingPoint::Unknown(day) => {
            format!("there is no value of {day} or the two weeks before")
        }
    })
}

/// The change of a pair since the fixings of its legs. The pair has stood at their value since the newer one took force.
fn change_since(pair: Pair, legs: &[&Point], value: Decimal) -> Option<Change> {
    let date = legs.iter().map(|point| point.date).max()?;
    Change::since(self::value(pair, legs)?, date, value)
}

fn window_change(pair: Pair, legs: &[&Point], value: Decimal) -> Result<Change, String> {
    let change = change_since(pair, legs, value);
    change.ok_or_else(|| "the value at the beginning of the window cannot be compared".to_owned())
}

/// The value of a pair from the fixings of its legs: the digits of the bank if it is a published row, else rounded.
fn value(pair: Pair, legs: &[&Point]) -> Option<Decimal> {
    if let [point] = legs
        && let [row] = &*point.fixings
        && row.currency == pair.base
    {
        return row.value_per_unit();
    }
    let rows: Vec<&[Arc<Fixing>]> = legs.iter().map(|point| &*point.fixings).collect();
    price(pair, &rows)?.significant(DERIVED_DIGITS)
}

/// The value that is served for a pair whose legs have these quotes, without the rest of its rate.
pub(super) fn value_of(pair: Pair, quotes: &[&Quote]) -> Option<Decimal> {
    let points = quotes.iter().map(|quote| &quote.inputs.pair_state.current);
    match quotes {
        [] => Some(Rate::identity(pair.base).value),
        _ => value(pair, &points.collect::<Vec<_>>()),
    }
}

/// How the value of a pair follows from the rows of its one leg.
fn derivation(pair: Pair, rows: &[Arc<Fixing>]) -> Derivation {
    match rows {
        [row] if row.currency == pair.base => Derivation::Published,
        [_] => Derivation::Inverted,
        _ => Derivation::Crossed,
    }
}
