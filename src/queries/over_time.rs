//! Queries about pairs over time: the rows of a history, and the figures of periods. Both answer in pages of domain values,
//! which a face of the service may render in any form, page by page.

use jiff::civil::Date;

use crate::domain::{
    HistoryRow, HistoryStep, Pair, Period, PeriodRates, RateFilter, Refusal, Route,
};
use crate::queries::historical::canonical_range;
use crate::queries::history_reader::{PeriodsQuery, RowsQuery};
use crate::queries::page::{Page, PageLimit};
use crate::queries::{Queries, parse_date_range, parse_pair};

/// The rates of some pairs over time.
#[derive(Debug, Clone)]
pub struct HistoryQuery<'a> {
    /// The pairs.
    pub pairs: HistoryPairs<'a>,
    /// The days that have rows.
    pub step: HistoryStep,
    /// The days and the page.
    pub range: RangeQuery<'a>,
}

/// The pairs of a history.
#[derive(Debug, Clone)]
pub enum HistoryPairs<'a> {
    /// One pair, which a source must quote.
    One(&'a str),
    /// The pairs of a filter that a source quotes.
    Filter(Vec<&'a str>),
}

/// The figures of some pairs in the periods of a range.
#[derive(Debug, Clone)]
pub struct PeriodRatesQuery<'a> {
    /// The items of a filter; none for the ticker's pairs.
    pub pairs: Vec<&'a str>,
    /// The length of the periods.
    pub period: Period,
    /// The days whose periods are wanted, and the page.
    pub range: RangeQuery<'a>,
}

/// A range of days, and a page of its rows.
#[derive(Debug, Clone, Copy)]
pub struct RangeQuery<'a> {
    /// The first date; empty for the earliest.
    pub start_date: &'a str,
    /// The last date; empty for the latest.
    pub end_date: &'a str,
    /// The most rows of the page; zero for the default.
    pub page_size: i32,
    /// The token of the page; empty for the first.
    pub page_token: &'a str,
}

/// A page of rows: those of a history by date, those of periods by period, newest first.
#[derive(Debug, Clone)]
pub struct RowsPage<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// The token of the next page; empty after the last.
    pub next_page_token: String,
}

impl Queries {
    /// One page of the rates of some pairs over time.
    ///
    /// # Errors
    /// [`Refusal::Draining`], [`Refusal::NoState`], what is wrong with the query, [`Refusal::PairNotQuoted`] of a single pair, what
    /// the ledger says.
    pub async fn history(&self, query: HistoryQuery<'_>) -> Result<RowsPage<HistoryRow>, Refusal> {
        self.check_serving()?;
        let (name, pairs) = self.named_history(&query.pairs)?;
        let range = parse_date_range(query.range.start_date, query.range.end_date)?;
        let step = query.step;
        let canonical = format!("history {name} {step:?} {}", canonical_range(range));
        let page = Page::read(query.range.page_size, query.range.page_token, &canonical)?;
        let after = read_cursor(&page, &pairs)?;
        let rows_query = RowsQuery {
            pairs,
            step,
            range,
            after,
        };
        let mut limit = PageLimit::of(page.size);
        let rows = self.history.rows(rows_query, self.now(), &mut limit);
        let (rows, has_more) = rows.await?;
        let last = rows.last().filter(|_| has_more);
        let cursor = last.map(|row| cursor(row.date, row.rate.pair));
        Ok(RowsPage {
            next_page_token: cursor.map_or_else(String::new, |cursor| page.token(&cursor)),
            rows,
        })
    }

    /// One page of the figures of some pairs in periods.
    ///
    /// # Errors
    /// [`Refusal::Draining`], [`Refusal::NoState`], what is wrong with the query, what the ledger says.
    pub async fn period_rates(
        &self,
        query: PeriodRatesQuery<'_>,
    ) -> Result<RowsPage<PeriodRates>, Refusal> {
        self.check_serving()?;
        let (name, pairs) = self.named_pairs(&query.pairs)?;
        let range = parse_date_range(query.range.start_date, query.range.end_date)?;
        let period = query.period;
        let canonical = format!("periods {name} {period:?} {}", canonical_range(range));
        let page = Page::read(query.range.page_size, query.range.page_token, &canonical)?;
        let after = read_cursor(&page, &pairs)?;
        let periods_query = PeriodsQuery {
            pairs,
            period,
            range,
            after,
        };
        let figures = self.history.periods(periods_query, self.now(), page.size);
        let (rows, has_more) = figures.await?;
        let last = rows.last().filter(|_| has_more);
        let cursor = last.map(|figures| cursor(figures.period.first, figures.pair));
        Ok(RowsPage {
            next_page_token: cursor.map_or_else(String::new, |cursor| page.token(&cursor)),
            rows,
        })
    }

    /// The pairs that a history may have rows of, in the order of the rows of a day.
    ///
    /// # Errors
    /// What is wrong with the pairs.
    pub fn pairs_with_history(&self, pairs: &HistoryPairs<'_>) -> Result<Vec<Pair>, Refusal> {
        let (_, pairs) = self.named_history(pairs)?;
        Ok(pairs)
    }

    /// The canonical text of the pairs of a history, and those that have one.
    fn named_history(&self, pairs: &HistoryPairs<'_>) -> Result<(String, Vec<Pair>), Refusal> {
        match pairs {
            HistoryPairs::One(pair) => {
                let pair = parse_pair(pair)?;
                Ok((pair.to_string(), with_history(vec![pair])))
            }
            HistoryPairs::Filter(items) => self.named_pairs(items),
        }
    }

    /// The canonical text of a filter, and its pairs that a source has quoted.
    fn named_pairs(&self, items: &[&str]) -> Result<(String, Vec<Pair>), Refusal> {
        let filter: RateFilter = self.filter(items)?;
        let pairs = self.history.pairs(&filter);
        Ok((filter.to_string(), with_history(pairs)))
    }
}

/// The pairs that have a history: a currency in itself has none.
fn with_history(mut pairs: Vec<Pair>) -> Vec<Pair> {
    pairs.retain(|pair| pair.route() != Some(Route::Identity));
    pairs
}

/// The cursor behind a row: its date and its pair.
fn cursor(date: Date, pair: Pair) -> String {
    format!("{date}/{pair}")
}

/// The date and the index of the pair of the last row of the page before.
fn read_cursor(page: &Page, pairs: &[Pair]) -> Result<Option<(Date, usize)>, Refusal> {
    let Some(text) = &page.cursor else {
        return Ok(None);
    };
    let place = text.split_once('/').and_then(|(date, pair)| {
        let pair = Pair::parse(pair).ok()?;
        let index = pairs.iter().position(|known| *known == pair)?;
        Some((date.parse().ok()?, index))
    });
    place.map(Some).ok_or(Refusal::InvalidPageToken)
}
