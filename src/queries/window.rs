//! The rates of a pair over a window that ends today.

use jiff::civil::Date;

use crate::domain::{DateRange, HistoryStep, Pair, Rate, Refusal, Window, oldest_in_force};
use crate::queries::Queries;
use crate::queries::history_reader::RowsQuery;
use crate::queries::page::PageLimit;

/// The most rates of a window: one for each day of a leap year, and of the two weeks before it.
const RATES_MAX: usize = 384;

/// The rates of a pair over a window.
#[derive(Debug, Clone)]
pub struct WindowRates {
    /// The first day of the window, and today.
    pub days: DateRange,
    /// The rates, the oldest first, each with the date from which it stood. The first one may have stood before the window.
    pub rates: Vec<(Date, Rate)>,
}

impl Queries {
    /// The rates that a pair stood at in a window that ends today: those of [`Queries::history`], and the one that stood
    /// when the window began.
    ///
    /// # Errors
    /// [`Refusal::Draining`], [`Refusal::NoState`], [`Refusal::PairNotQuoted`], what the ledger says.
    pub async fn window_rates(&self, pair: Pair, window: Window) -> Result<WindowRates, Refusal> {
        self.check_serving()?;
        let now = self.now();
        let last = self.history.today(pair, now)?;
        let first = window.before(last);
        let range = DateRange {
            first: oldest_in_force(first),
            last,
        };
        let query = RowsQuery {
            pairs: vec![pair],
            step: HistoryStep::Fixing,
            range,
            after: None,
        };
        let mut limit = PageLimit::of(RATES_MAX);
        let (rows, _has_more) = self.history.rows(query, now, &mut limit).await?;
        let rates = rows.into_iter().rev();
        let mut rates: Vec<(Date, Rate)> = rates.map(|row| (row.date, row.rate)).collect();
        let begun = rates.partition_point(|(date, _rate)| *date <= first);
        Ok(WindowRates {
            days: DateRange { first, last },
            rates: rates.split_off(begun.saturating_sub(1)),
        })
    }
}
