//! The rates that are served: those of the ticker, and every foreign currency in each of the five.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rust_decimal::Decimal;

use crate::board::BoardReader;
use crate::domain::{Currency, Position, Rate, RateFilter};
use crate::queries::Queries;
use crate::telemetry::{Collect, Label, Page};

const PER_CENT: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// The rates of one snapshot are computed once, however often the page is read: it takes milliseconds.
#[derive(Debug)]
pub(super) struct RateMetrics {
    board: BoardReader,
    queries: Queries,
    /// Every foreign currency in each of the five.
    every: RateFilter,
    known: Mutex<Option<(Position, Arc<Rows>)>>,
}

/// The rates of a snapshot, by pair.
type Rows = BTreeMap<String, Row>;

#[derive(Debug)]
struct Row {
    source: String,
    value: Decimal,
    /// The change, as a part of the reference.
    change: Option<Decimal>,
}

impl From<Rate> for Row {
    fn from(rate: Rate) -> Self {
        Self {
            source: rate.source,
            value: rate.value,
            change: rate
                .change
                .and_then(|change| change.percent.checked_mul(PER_CENT)),
        }
    }
}

impl RateMetrics {
    pub(super) fn new(board: BoardReader, queries: Queries) -> Self {
        // Each of the five in the direction in which its bank prints; the inverse of a pair tells nothing new.
        let every: Vec<String> = Currency::FIVE.map(|home| format!("*/{home}")).to_vec();
        let every = RateFilter::parse(&every).unwrap_or_default();
        Self {
            board,
            queries,
            every,
            known: Mutex::new(None),
        }
    }

    fn rows(&self) -> Arc<Rows> {
        let snapshot = self.board.snapshot();
        // Nothing panics while it is locked, and a second reader of the page waits for the rates.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((position, rows)) = &*known
            && *position == snapshot.position
        {
            return Arc::clone(rows);
        }
        let ticker = self.queries.ticker();
        let filters = [&*ticker, &self.every].into_iter();
        let rates = filters.flat_map(|filter| snapshot.rates(filter));
        let rows = rates.map(|rate| (rate.pair.to_string(), rate.into()));
        let rows = Arc::new(rows.collect::<Rows>());
        *known = Some((snapshot.position.clone(), Arc::clone(&rows)));
        rows
    }
}

impl Collect for RateMetrics {
    fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
        let rows = self.rows();
        let values = rows.iter();
        let values = values.map(|(pair, row)| (labels(pair, row), row.value));
        let names = (
            "silkrate_rate",
            "The price of one base of the pair in its quote currency, as the nearest double",
        );
        page.gauges(names, values)?;
        let changes = rows
            .iter()
            .filter_map(|(pair, row)| Some((labels(pair, row), row.change?)));
        let names = (
            "silkrate_rate_change_ratio",
            "The change against the previous rate of the same source, as a part of it: 0.01 is one per cent",
        );
        page.gauges(names, changes)
    }
}

fn labels<'a>(pair: &'a str, row: &'a Row) -> [Label<'a>; 2] {
    [("pair", pair), ("source", &row.source)]
}
