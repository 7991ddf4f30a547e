//! Tables: all fixings of one document.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::published::{Currency, Fixing, SourceId};

/// The decimal type has at most 28 decimal places, and a value may have none.
const DECIMAL_PLACES_KINDS: usize = 29;

/// One document of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentKey {
    /// The source.
    pub source: SourceId,
    /// The document's name within it.
    pub document: &'static str,
}

/// A row that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedRow {
    /// The code as printed, without control characters.
    pub currency: String,
    /// The reason as a sentence.
    pub reason: String,
}

/// All fixings of one document: one source, one document kind, the one date it prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The document's name.
    pub document: &'static str,
    /// The currency on one side of every row: a bank's own, or the base of a market table.
    pub pivot: Currency,
    /// The date the document prints.
    pub effective_date: Date,
    /// The instant that the document prints (market tables).
    pub as_of: Option<Timestamp>,
    /// The rows, by the currency that is not the pivot.
    pub rows: BTreeMap<Currency, Arc<Fixing>>,
    /// The rows that were left out.
    pub dropped: Vec<DroppedRow>,
}

impl Table {
    /// The one or two rows that lead from one currency to the other.
    pub fn path(&self, from: Currency, to: Currency) -> Option<Vec<Arc<Fixing>>> {
        let row = |currency| self.rows.get(&currency).map(Arc::clone);
        if from == to {
            None
        } else if from == self.pivot {
            Some(vec![row(to)?])
        } else if to == self.pivot {
            Some(vec![row(from)?])
        } else {
            Some(vec![row(from)?, row(to)?])
        }
    }

    /// Whether rows lead from one currency to the other.
    pub fn prices(&self, from: Currency, to: Currency) -> bool {
        let has = |currency| currency == self.pivot || self.rows.contains_key(&currency);
        from != to && has(from) && has(to)
    }

    /// Whether both have rows of the same currencies, as nearly all tables of a document have.
    pub fn same_currencies(&self, other: &Self) -> bool {
        self.pivot == other.pivot && self.rows.keys().eq(other.rows.keys())
    }

    /// The number of decimal places that most rows have; the larger one of two that are equally frequent. Some documents
    /// omit trailing zeros, so the row alone does not tell it.
    pub fn decimal_places(&self) -> u32 {
        let mut counts = [0_u32; DECIMAL_PLACES_KINDS];
        let scales = self.rows.values().map(|row| row.value.scale());
        for scale in scales.filter_map(|scale| usize::try_from(scale).ok()) {
            if let Some(count) = counts.get_mut(scale) {
                *count = count.saturating_add(1);
            }
        }
        let seen = (0_u32..).zip(counts).filter(|(_, count)| *count > 0);
        let most_frequent = seen.max_by_key(|(_, count)| *count);
        most_frequent.map_or(0, |(scale, _)| scale)
    }

    /// Whether both have the same rows with the same values, whatever their dates, as on weekends and holidays.
    pub fn same_values(&self, other: &Self) -> bool {
        self.pivot == other.pivot
            && self.rows.len() == other.rows.len()
            && self
                .rows
                .iter()
                .zip(&other.rows)
                .all(|((code, row), (other_code, other_row))| {
                    code == other_code && row.same_value(other_row)
                })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::numbers::parse_decimal;

    fn table(values: &[(Currency, &str)]) -> Table {
        let row = |(currency, value): &(Currency, &str)| {
            let fixing = Fixing {
                source: SourceId::new("nbk"),
                currency: *currency,
                units: 1,
                value: parse_decimal(value).unwrap(),
                home_currency: Currency::KZT,
                effective_date: date(2026, 4, 2),
                published_change: None,
                superseded_value: None,
            };
            (*currency, Arc::new(fixing))
        };
        Table {
            document: "daily",
            pivot: Currency::KZT,
            effective_date: date(2026, 4, 2),
            as_of: None,
            rows: values.iter().map(row).collect(),
            dropped: Vec::new(),
        }
    }

    #[test]
    fn the_decimal_places_of_a_table_are_those_of_most_rows() {
        let (usd, eur, rub, kgs) = (Currency::USD, Currency::EUR, Currency::RUB, Currency::KGS);
        let places = |values: &[_]| table(values).decimal_places();
        let omitted = [(usd, "507.5"), (eur, "590.12"), (rub, "6.48"), (kgs, "5.8")];
        assert_eq!(places(&omitted[..3]), 2);
        // Two rows of two that omit a zero: the larger number of places is the bank's.
        assert_eq!(places(&omitted), 2);
        let odd = [(usd, "507.5000"), (eur, "590.1"), (rub, "6.4")];
        assert_eq!(places(&odd), 1);
        assert_eq!(places(&[(usd, "12100")]), 0);
        assert_eq!(places(&[]), 0);
    }
}
