//! Historical queries about a day, and what was published: rates of a date, what an amount was worth, and fixings.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::{DateRange, Field, Pair, Position, Rate, RateFilter, Refusal, parse_decimal};
use crate::ledger::{self, FixingRecord};
use crate::queries::page::Page;
use crate::queries::{Queries, parse_currency, parse_date, parse_date_range};

/// An amount to convert.
#[derive(Debug, Clone, Copy)]
pub struct ConvertQuery<'a> {
    /// The amount, as text.
    pub amount: &'a str,
    /// The currency of the amount.
    pub from_currency: &'a str,
    /// The currency of the result.
    pub to_currency: &'a str,
    /// The date of the rate; empty for the present.
    pub date: &'a str,
    /// Whether the result is rounded to the minor unit of its currency.
    pub round_to_minor_unit: bool,
}

/// A converted amount.
#[derive(Debug, Clone)]
pub struct Converted {
    /// The amount in the other currency.
    pub result: Decimal,
    /// The rate behind it.
    pub rate: Rate,
    /// The date of the request, which the rate is of; `None` for the present.
    pub date: Option<Date>,
    /// The present position.
    pub position: Position,
}

/// Rates as they stood at the end of a day.
#[derive(Debug, Clone)]
pub struct PastRates {
    /// The day.
    pub date: Date,
    /// The rates.
    pub rates: Vec<Rate>,
    /// The present position.
    pub position: Position,
}

/// Rows as a source published them.
#[derive(Debug, Clone, Copy)]
pub struct FixingsQuery<'a> {
    /// The id of the source.
    pub source: &'a str,
    /// The currency of the rows.
    pub currency: &'a str,
    /// The first date; empty for the earliest.
    pub start_date: &'a str,
    /// The last date; empty for the latest.
    pub end_date: &'a str,
    /// The most rows of the page; zero for the default.
    pub page_size: i32,
    /// The token of the page; empty for the first.
    pub page_token: &'a str,
}

/// A page of published rows, newest first.
#[derive(Debug, Clone)]
pub struct FixingsPage {
    /// The rows.
    pub fixings: Vec<FixingRecord>,
    /// The token of the next page; empty after the last.
    pub next_page_token: String,
}

impl Queries {
    /// Converts an amount at the present rate, or at that of a date.
    ///
    /// # Errors
    /// [`Refusal::Draining`], [`Refusal::NoState`], what is wrong with the query, [`Refusal::PairNotQuoted`],
    /// [`Refusal::NoRateOnDate`], [`Refusal::ResultTooLarge`], what the ledger says.
    pub async fn convert(&self, query: ConvertQuery<'_>) -> Result<Converted, Refusal> {
        let present = self.snapshot()?;
        let amount = parse_decimal(query.amount).map_err(Refusal::InvalidAmount)?;
        let pair = Pair {
            base: parse_currency(Field::FromCurrency, query.from_currency)?,
            quote: parse_currency(Field::ToCurrency, query.to_currency)?,
        };
        let date = parse_date(Field::Date, query.date)?;
        let round = query.round_to_minor_unit;
        let (rate, result) = match date {
            None => {
                let rate = self.rate(&present, pair)?;
                (rate, present.convert(amount, pair, round))
            }
            Some(date) => {
                let past = self.history.snapshot_on(&[pair], date).await?;
                let rate = past
                    .rate(pair)
                    .ok_or(Refusal::NoRateOnDate { pair, date })?;
                (rate, past.convert(amount, pair, round))
            }
        };
        Ok(Converted {
            result: result.ok_or(Refusal::ResultTooLarge(pair.quote))?,
            rate,
            date,
            position: present.position.clone(),
        })
    }

    /// The rates of a filter as they stood at the end of a day. Pairs without a rate then are left out.
    ///
    /// # Errors
    /// [`Refusal::Draining`], [`Refusal::NoState`], what the ledger says.
    pub async fn rates_on(&self, filter: &RateFilter, date: Date) -> Result<PastRates, Refusal> {
        let position = self.snapshot()?.position.clone();
        let pairs = self.history.pairs(filter);
        let rates = self.history.rates_on(pairs, date).await?;
        Ok(PastRates {
            date,
            rates,
            position,
        })
    }

    /// The rate of a pair as it stood at the end of a day: the only one of the result.
    ///
    /// # Errors
    /// [`Refusal::Draining`], [`Refusal::NoState`], [`Refusal::PairNotQuoted`], [`Refusal::NoRateOnDate`], what the ledger says.
    pub async fn rate_on(&self, pair: Pair, date: Date) -> Result<PastRates, Refusal> {
        let position = self.snapshot()?.position.clone();
        let past = self.history.snapshot_on(&[pair], date).await?;
        let rate = past
            .rate(pair)
            .ok_or(Refusal::NoRateOnDate { pair, date })?;
        Ok(PastRates {
            date,
            rates: vec![rate],
            position,
        })
    }

    /// One page of the rows that a source published of a currency.
    ///
    /// # Errors
    /// [`Refusal::Draining`], [`Refusal::NoState`], what is wrong with the query, what the ledger says.
    pub async fn fixings(&self, query: FixingsQuery<'_>) -> Result<FixingsPage, Refusal> {
        self.check_serving()?;
        let source = self.known_source(query.source)?;
        let currency = parse_currency(Field::Currency, query.currency)?;
        let range = parse_date_range(query.start_date, query.end_date)?;
        let canonical = format!(
            "fixings {} {currency} {}",
            source.id,
            canonical_range(range)
        );
        let page = Page::read(query.page_size, query.page_token, &canonical)?;
        let after = page.cursor.as_deref();
        let after = after.map(|text| parse_fixings_cursor(text).ok_or(Refusal::InvalidPageToken));
        let wanted = page.size.saturating_add(1);
        let rows = self.history.fixings(ledger::FixingsPage {
            source: source.id,
            revision_policy: source.revision_policy(),
            currency,
            from: Some(range.first),
            to: Some(range.last),
            after: after.transpose()?,
            limit: u32::try_from(wanted).unwrap_or(u32::MAX),
        });
        let mut fixings = rows.await?;
        let has_more = fixings.len() > page.size;
        fixings.truncate(page.size);
        let last = fixings.last().filter(|_| has_more);
        let cursor = last.map(|row| format!("{}/{}", row.fixing.effective_date, row.place));
        Ok(FixingsPage {
            next_page_token: cursor.map_or_else(String::new, |cursor| page.token(&cursor)),
            fixings,
        })
    }
}

/// A range as page tokens know it: one text for each range, however the request spells it.
pub(super) fn canonical_range(range: DateRange) -> String {
    format!("{}..{}", range.first, range.last)
}

/// The date and the place of the last row of a page.
fn parse_fixings_cursor(text: &str) -> Option<(Date, u32)> {
    let (date, place) = text.split_once('/')?;
    Some((date.parse().ok()?, place.parse().ok()?))
}
