//! Answers as JSON objects.

use serde::Serialize;

use crate::json::source::SourceState;
use crate::json::{Fixing, Position, Rate, Source, instant, list};
use crate::pb;

/// The rates of a filter, all of one revision.
#[derive(Debug, Serialize)]
pub struct Snapshot<'a> {
    position: Option<Position<'a>>,
    server_time: Option<String>,
    rates: Vec<Rate<'a>>,
    sources: Vec<SourceState<'a>>,
}

impl<'a> Snapshot<'a> {
    /// An answer, and what the server's clock said.
    pub fn of(answer: &'a pb::GetSnapshotResponse, now: &prost_types::Timestamp) -> Self {
        let pb::GetSnapshotResponse {
            position,
            rates,
            sources,
        } = answer;
        Self {
            position: position.as_ref().map(Position::from),
            server_time: instant(now),
            rates: list(rates),
            sources: list(sources),
        }
    }
}

/// One rate.
#[derive(Debug, Serialize)]
pub struct OneRate<'a> {
    position: Option<Position<'a>>,
    rate: Option<Rate<'a>>,
}

impl<'a> From<&'a pb::GetRateResponse> for OneRate<'a> {
    fn from(answer: &'a pb::GetRateResponse) -> Self {
        let pb::GetRateResponse { position, rate } = answer;
        Self {
            position: position.as_ref().map(Position::from),
            rate: rate.as_ref().map(Rate::from),
        }
    }
}

/// Every source.
#[derive(Debug, Serialize)]
pub struct Sources<'a> {
    server_time: Option<String>,
    sources: Vec<Source<'a>>,
}

impl<'a> Sources<'a> {
    /// An answer, and what the server's clock said.
    pub fn of(answer: &'a pb::ListSourcesResponse, now: &prost_types::Timestamp) -> Self {
        let pb::ListSourcesResponse { sources } = answer;
        Self {
            server_time: instant(now),
            sources: sources.iter().filter_map(Source::of).collect(),
        }
    }
}

/// Published rows, and how to ask for the next ones.
#[derive(Debug, Serialize)]
pub struct Fixings<'a> {
    fixings: Vec<Fixing<'a>>,
    next_page_token: Option<&'a str>,
}

impl<'a> From<&'a pb::ListFixingsResponse> for Fixings<'a> {
    fn from(answer: &'a pb::ListFixingsResponse) -> Self {
        let pb::ListFixingsResponse {
            fixings,
            next_page_token,
        } = answer;
        Self {
            fixings: list(fixings),
            next_page_token: next_page_token.as_deref(),
        }
    }
}

/// The rates of a pair over time, and how to ask for the next ones.
#[derive(Debug, Serialize)]
pub struct History<'a> {
    rates: Vec<Rate<'a>>,
    next_page_token: Option<&'a str>,
}

impl<'a> From<&'a pb::ListRateHistoryResponse> for History<'a> {
    fn from(answer: &'a pb::ListRateHistoryResponse) -> Self {
        let pb::ListRateHistoryResponse {
            rates,
            next_page_token,
        } = answer;
        Self {
            rates: list(rates),
            next_page_token: next_page_token.as_deref(),
        }
    }
}

/// A conversion, with what was asked.
#[derive(Debug, Serialize)]
pub struct Conversion<'a> {
    amount: &'a str,
    from_currency: &'a str,
    to_currency: &'a str,
    date: Option<&'a str>,
    round_to_minor_unit: bool,
    result: &'a str,
    rate: Option<Rate<'a>>,
    position: Option<Position<'a>>,
}

impl<'a> Conversion<'a> {
    /// A question and its answer.
    pub fn of(asked: &'a pb::ConvertAmountRequest, answer: &'a pb::ConvertAmountResponse) -> Self {
        let pb::ConvertAmountRequest {
            amount,
            from_currency,
            to_currency,
            date,
            round_to_minor_unit,
        } = asked;
        let pb::ConvertAmountResponse {
            result,
            rate,
            position,
        } = answer;
        Self {
            amount,
            from_currency,
            to_currency,
            date: date.as_deref().filter(|date| !date.is_empty()),
            round_to_minor_unit: *round_to_minor_unit,
            result,
            rate: rate.as_ref().map(Rate::from),
            position: position.as_ref().map(Position::from),
        }
    }
}
