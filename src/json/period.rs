//! The figures of periods as JSON objects.

use serde::Serialize;

use crate::json::list;
use crate::pb;

/// The rates of pairs in periods.
#[derive(Debug, Serialize)]
pub struct ListPeriodRatesResponse<'a> {
    periods: Vec<PeriodRates<'a>>,
    next_page_token: Option<&'a str>,
}

/// The rates of a pair in a period.
#[derive(Debug, Serialize)]
pub struct PeriodRates<'a> {
    pair: &'a str,
    start_date: &'a str,
    end_date: &'a str,
    complete: bool,
    first: Option<DatedValue<'a>>,
    last: Option<DatedValue<'a>>,
    highest: Option<DatedValue<'a>>,
    lowest: Option<DatedValue<'a>>,
    average: &'a str,
    days: u32,
    fixings: u32,
}

#[derive(Debug, Serialize)]
struct DatedValue<'a> {
    date: &'a str,
    value: &'a str,
}

impl<'a> From<&'a pb::ListPeriodRatesResponse> for ListPeriodRatesResponse<'a> {
    fn from(response: &'a pb::ListPeriodRatesResponse) -> Self {
        let pb::ListPeriodRatesResponse {
            periods,
            next_page_token,
        } = response;
        Self {
            periods: list(periods),
            next_page_token: next_page_token.as_deref(),
        }
    }
}

impl<'a> From<&'a pb::PeriodRates> for PeriodRates<'a> {
    fn from(rates: &'a pb::PeriodRates) -> Self {
        let pb::PeriodRates {
            pair,
            start_date,
            end_date,
            complete,
            first,
            last,
            highest,
            lowest,
            average,
            days,
            fixings,
        } = rates;
        Self {
            pair,
            start_date,
            end_date,
            complete: *complete,
            first: first.as_ref().map(DatedValue::from),
            last: last.as_ref().map(DatedValue::from),
            highest: highest.as_ref().map(DatedValue::from),
            lowest: lowest.as_ref().map(DatedValue::from),
            average,
            days: *days,
            fixings: *fixings,
        }
    }
}

impl<'a> From<&'a pb::DatedValue> for DatedValue<'a> {
    fn from(dated: &'a pb::DatedValue) -> Self {
        let pb::DatedValue { date, value } = dated;
        Self { date, value }
    }
}
