//! The figures of a ticker entry: a rate as its readers know it, with the digits of its bank, as a pair or as local media
//! print it. The ticker element of web pages computes the same.

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::domain::numbers::{Change, Ratio};
use crate::domain::published::{Currency, Pair};
use crate::domain::served::{Derivation, Rate};

/// The least decimal places of a published value: every bank prints two or four, and some omit zeros.
const PUBLISHED_PLACES_MIN: u32 = 2;
/// Significant digits of a derived value: a day's usual move, a tenth of a per cent, changes the last two.
const DERIVED_DIGITS: u32 = 5;
/// Significant digits that a fixed number of places must leave of a value below one.
const FIXED_DIGITS_MIN: u32 = 3;
/// Decimal places of a displayed percentage.
const PERCENT_PLACES: u32 = 2;
/// Significant digits of an inverted value, as rates have them.
const INVERTED_DIGITS: u32 = 12;
/// The largest number of units that an entry is the price of: banks print 10 000 at most.
const UNITS_MAX: u32 = 1_000_000;
/// The source whose table no bank prints: its values have as many digits as its vendor computes.
pub const MARKET: &str = "market";

/// How many digits of a value are displayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Digits {
    /// The digits of the bank for a published value, with the zeros that it omits and the other rows of its table have; five
    /// significant ones for a derived value.
    #[default]
    Auto,
    /// This number of decimal places; more where it leaves fewer than three significant digits of a value below one.
    Places(u32),
}

/// How an entry is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// As the pair that was requested: `KZT/USD 0.0019624`.
    #[default]
    Pair,
    /// As local media print rates, with the number of units that the bank prints: `1 USD = 507.46 KZT`.
    Local,
}

/// What an entry is made of: a rate, or what a client received of one.
#[derive(Debug, Clone)]
pub struct Figures<'a> {
    /// The pair.
    pub pair: Pair,
    /// The value.
    pub value: Decimal,
    /// How the value is derived.
    pub derivation: Derivation,
    /// The source's id; empty for identity.
    pub source: &'a str,
    /// The units and the value of the row, if the value follows from one row.
    pub row: Option<(u32, Decimal)>,
    /// The number of decimal places that the rows of the table mostly have, if the value follows from one row.
    pub decimal_places: Option<u32>,
    /// The change.
    pub change: Option<Change>,
    /// What is announced for a later date: its value and its change.
    pub announced: Option<(Decimal, Option<Change>)>,
}

/// The figures that an entry shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TickerEntry {
    /// The currency that is priced.
    pub base: Currency,
    /// The currency of the price.
    pub quote: Currency,
    /// The number of units of the base that `value` is the price of.
    pub units: u32,
    /// The price.
    pub value: Decimal,
    /// Whether a bank printed the price.
    pub is_published: bool,
    /// The least decimal places of the price, if a bank printed it: those of its other rows.
    pub published_places: u32,
    /// The change of `value`.
    pub change: Option<Change>,
    /// What is announced for a later date: the price and its change.
    pub announced: Option<(Decimal, Option<Change>)>,
}

impl<'a> From<&'a Rate> for Figures<'a> {
    fn from(rate: &'a Rate) -> Self {
        let row = match &*rate.fixings {
            [row] => Some((row.units, row.value)),
            _ => None,
        };
        let announced = rate.announced.as_ref();
        Self {
            pair: rate.pair,
            value: rate.value,
            derivation: rate.derivation,
            source: &rate.source,
            row,
            decimal_places: rate.decimal_places,
            change: rate.change.clone(),
            announced: announced.map(|announced| (announced.value, announced.change.clone())),
        }
    }
}

impl Figures<'_> {
    /// The entry in a form.
    pub fn entry(self, form: Form) -> TickerEntry {
        let is_market = self.source == MARKET;
        let row = self.row.filter(|_row| !is_market);
        let (base, quote) = (self.pair.base, self.pair.quote);
        let is_home_first = base.is_of_the_five() && !quote.is_of_the_five();
        let is_turned = match self.derivation {
            Derivation::Inverted => true,
            Derivation::Published | Derivation::Identity => false,
            Derivation::Crossed => is_home_first,
        };
        match (form, is_turned) {
            (Form::Pair, _) => self.into_pair(is_market),
            (Form::Local, true) => {
                let turned = turned(&self, row);
                turned.unwrap_or_else(|| self.into_pair(is_market))
            }
            (Form::Local, false) => self.in_units(row, is_market),
        }
    }

    /// The least decimal places of a published price of a number of units.
    fn published_places(&self, units: u32) -> u32 {
        // The decimal point of a price of fewer units than those of the row has moved.
        let units_of_row = self.row.map_or(units, |(units, _)| units);
        let moved = units_of_row
            .checked_div(units)
            .and_then(u32::checked_ilog10);
        let places = self.decimal_places.unwrap_or_default();
        places
            .saturating_add(moved.unwrap_or_default())
            .max(PUBLISHED_PLACES_MIN)
    }

    fn into_pair(self, is_market: bool) -> TickerEntry {
        TickerEntry {
            published_places: self.published_places(1),
            base: self.pair.base,
            quote: self.pair.quote,
            units: 1,
            value: self.value,
            is_published: self.derivation != Derivation::Inverted
                && self.derivation != Derivation::Crossed
                && !is_market,
            change: self.change,
            announced: self.announced,
        }
    }

    /// The entry for the units of the row, or for the smallest power of ten whose price is one at least.
    fn in_units(self, row: Option<(u32, Decimal)>, is_market: bool) -> TickerEntry {
        let published = row.filter(|_row| self.derivation == Derivation::Published);
        let units = published.map_or_else(|| units_above_one(self.value), |(units, _)| units);
        let priced = |value: Decimal| product(value, units);
        let scaled = |change: Change| Change {
            absolute: priced(change.absolute),
            reference_value: priced(change.reference_value),
            ..change
        };
        let value = published.map_or_else(|| priced(self.value), |(_, value)| value);
        let announced = self.announced.clone();
        let change = self.change.clone();
        TickerEntry {
            units,
            value,
            published_places: self.published_places(units),
            change: change.map(scaled),
            announced: announced.map(|(value, change)| (priced(value), change.map(scaled))),
            ..self.into_pair(is_market)
        }
    }
}

/// The entry of the other direction: the row that was inverted, and the change of that row.
fn turned(figures: &Figures<'_>, row: Option<(u32, Decimal)>) -> Option<TickerEntry> {
    // The row has these places, so the value that it was inverted from is found again.
    let turn = |value: Decimal| match row {
        Some((units, printed)) => {
            let exact = Ratio::from(units).divided_by(&value.into())?;
            let mut found = exact.places(printed.scale())?;
            found.rescale(printed.scale());
            Some(found)
        }
        None => Ratio::from(1)
            .divided_by(&value.into())?
            .significant(INVERTED_DIGITS),
    };
    let value = match row {
        Some((_, printed)) => printed,
        None => turn(figures.value)?,
    };
    let since =
        |reference: Decimal, date: Date, value| Change::since(turn(reference)?, date, value);
    let change = figures.change.as_ref();
    let announced = figures.announced.as_ref();
    Some(TickerEntry {
        base: figures.pair.quote,
        quote: figures.pair.base,
        units: row.map_or(1, |(units, _)| units),
        value,
        is_published: row.is_some(),
        published_places: figures.published_places(row.map_or(1, |(units, _)| units)),
        change: change
            .and_then(|change| since(change.reference_value, change.reference_date, value)),
        announced: announced.and_then(|(next, change)| {
            let next = turn(*next)?;
            let date = change.as_ref().map(|change| change.reference_date);
            Some((next, date.and_then(|date| Change::since(value, date, next))))
        }),
    })
}

fn product(value: Decimal, units: u32) -> Decimal {
    let exact = Ratio::from(value).times(&units.into()).exact();
    exact.unwrap_or(value)
}

fn units_above_one(value: Decimal) -> u32 {
    let mut units = 1_u32;
    while units < UNITS_MAX && !value.is_zero() && product(value, units) < Decimal::ONE {
        units = units.saturating_mul(10);
    }
    units
}

impl TickerEntry {
    /// A value of this entry as it is displayed.
    pub fn shown(&self, value: Decimal, digits: Digits) -> Decimal {
        match digits {
            Digits::Auto if self.is_published => {
                let mut shown = value;
                shown.rescale(value.scale().max(self.published_places));
                shown
            }
            Digits::Auto => five_digits(five_digits(value)),
            Digits::Places(places) => fixed(value, places),
        }
    }

    /// A difference of this entry's value from another one, as it is displayed beside the value: with its decimal places.
    pub fn shown_difference(&self, absolute: Decimal, digits: Digits) -> Decimal {
        let places = self.shown(self.value, digits).scale();
        if absolute.is_zero() {
            Decimal::ZERO
        } else if absolute.normalize().scale() <= places {
            rounded(absolute, places)
        } else {
            fixed(absolute, places)
        }
    }

    /// The change in per cent as it is displayed, with two decimals.
    pub fn shown_percent(change: &Change) -> Decimal {
        rounded(change.percent, PERCENT_PLACES)
    }
}

/// A number of decimal places, or more where it leaves too few significant digits of a value below one.
fn fixed(value: Decimal, places: u32) -> Decimal {
    let threshold = Decimal::new(1, places.saturating_sub(FIXED_DIGITS_MIN - 1));
    let more = (value.abs() < threshold).then(|| Ratio::from(value).significant(FIXED_DIGITS_MIN));
    more.flatten().unwrap_or_else(|| rounded(value, places))
}

/// Half-even, with exactly this number of decimal places.
fn rounded(value: Decimal, places: u32) -> Decimal {
    let mut rounded = value.round_dp_with_strategy(places, RoundingStrategy::MidpointNearestEven);
    rounded.rescale(places);
    rounded
}

/// Five significant digits, zeros included; all digits of a longer whole part. Rounding up may add a digit, which a second
/// call removes.
fn five_digits(value: Decimal) -> Decimal {
    let digits = value.mantissa().unsigned_abs().to_string().len();
    let digits = u32::try_from(digits).unwrap_or(u32::MAX);
    let places = value.scale().saturating_add(DERIVED_DIGITS);
    rounded(value, places.saturating_sub(digits))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::numbers::{Direction, parse_decimal};

    fn decimal(text: &str) -> Decimal {
        parse_decimal(text).unwrap()
    }

    fn figures(
        pair: &str,
        value: &str,
        row: Option<(u32, &str)>,
        reference: &str,
    ) -> Figures<'static> {
        let change = Change::since(decimal(reference), date(2026, 4, 1), decimal(value));
        Figures {
            pair: Pair::parse(pair).unwrap(),
            value: decimal(value),
            derivation: Derivation::Inverted,
            source: "nbk",
            row: row.map(|(units, value)| (units, decimal(value))),
            decimal_places: None,
            change,
            announced: None,
        }
    }

    #[test]
    fn the_local_form_is_the_row_with_its_own_change() {
        let row = Some((1, "475.09"));
        let mut rate = figures("KZT/USD", "0.00210486434149", row, "0.00208877284595");
        rate.announced = Some((decimal("0.00198019801980"), rate.change.clone()));
        let entry = rate.entry(Form::Local);
        assert_eq!((entry.base, entry.quote), (Currency::USD, Currency::KZT));
        assert_eq!((entry.units, entry.value), (1, decimal("475.09")));
        assert!(entry.is_published);
        let change = entry.change.unwrap();
        assert_eq!(change.absolute, decimal("-3.66"));
        assert_eq!(change.percent, decimal("-0.7645"));
        assert_eq!(change.direction, Direction::Down);
        let (value, change) = entry.announced.unwrap();
        assert_eq!(value.to_string(), "505.00");
        assert_eq!(change.unwrap().direction, Direction::Up);
    }

    #[test]
    fn the_local_form_has_the_nominal_of_the_bank_or_a_power_of_ten() {
        let row = Some((100, "15.6012"));
        let mut rate = figures("KZT/RUB", "0.156012", row, "0.1557");
        rate.derivation = Derivation::Published;
        let entry = rate.entry(Form::Local);
        assert_eq!((entry.units, entry.value), (100, decimal("15.6012")));
        assert_eq!(entry.change.unwrap().absolute, decimal("0.0312"));
        let mut rate = figures("UZS/KZT", "0.0423456", None, "0.0423");
        rate.derivation = Derivation::Crossed;
        let entry = rate.entry(Form::Local);
        assert_eq!((entry.units, entry.value), (100, decimal("4.23456")));
        assert!(!entry.is_published);
    }
}
