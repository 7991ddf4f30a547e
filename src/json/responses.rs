//! Responses as JSON objects.

use serde::Serialize;

use crate::json::{
    Fixing, HeldFixing, Position, Rate, Replica, SourceDetail, SourceState, instant, list,
};
use crate::pb;
use crate::pb::admin;

/// The latest rates, all of one revision.
#[derive(Debug, Serialize)]
pub struct GetSnapshotResponse<'a> {
    position: Option<Position<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_time: Option<String>,
    rates: Vec<Rate<'a>>,
    sources: Vec<SourceState<'a>>,
}

impl<'a> From<&'a pb::GetSnapshotResponse> for GetSnapshotResponse<'a> {
    fn from(response: &'a pb::GetSnapshotResponse) -> Self {
        let pb::GetSnapshotResponse {
            position,
            rates,
            sources,
        } = response;
        Self {
            position: position.as_ref().map(Position::from),
            server_time: None,
            rates: list(rates),
            sources: list(sources),
        }
    }
}

impl GetSnapshotResponse<'_> {
    /// Adds the server's clock.
    #[must_use]
    pub fn at(self, now: &prost_types::Timestamp) -> Self {
        Self {
            server_time: instant(now),
            ..self
        }
    }
}

/// The latest rate of one pair.
#[derive(Debug, Serialize)]
pub struct GetRateResponse<'a> {
    position: Option<Position<'a>>,
    rate: Option<Rate<'a>>,
}

impl<'a> From<&'a pb::GetRateResponse> for GetRateResponse<'a> {
    fn from(response: &'a pb::GetRateResponse) -> Self {
        let pb::GetRateResponse { position, rate } = response;
        Self {
            position: position.as_ref().map(Position::from),
            rate: rate.as_ref().map(Rate::from),
        }
    }
}

/// Every enabled source.
#[derive(Debug, Serialize)]
pub struct ListSourcesResponse<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    server_time: Option<String>,
    sources: Vec<SourceDetail<'a>>,
    replica: Option<Replica<'a>>,
}

impl<'a> From<&'a pb::ListSourcesResponse> for ListSourcesResponse<'a> {
    fn from(response: &'a pb::ListSourcesResponse) -> Self {
        let pb::ListSourcesResponse { sources, replica } = response;
        Self {
            server_time: None,
            sources: sources.iter().filter_map(SourceDetail::of).collect(),
            replica: replica.as_ref().map(Replica::from),
        }
    }
}

impl ListSourcesResponse<'_> {
    /// Adds the server's clock.
    #[must_use]
    pub fn at(self, now: &prost_types::Timestamp) -> Self {
        Self {
            server_time: instant(now),
            ..self
        }
    }
}

/// Published fixings.
#[derive(Debug, Serialize)]
pub struct ListFixingsResponse<'a> {
    fixings: Vec<Fixing<'a>>,
    next_page_token: Option<&'a str>,
}

impl<'a> From<&'a pb::ListFixingsResponse> for ListFixingsResponse<'a> {
    fn from(response: &'a pb::ListFixingsResponse) -> Self {
        let pb::ListFixingsResponse {
            fixings,
            next_page_token,
        } = response;
        Self {
            fixings: list(fixings),
            next_page_token: next_page_token.as_deref(),
        }
    }
}

/// The rates of pairs over time.
#[derive(Debug, Serialize)]
pub struct ListRateHistoryResponse<'a> {
    rates: Vec<Rate<'a>>,
    next_page_token: Option<&'a str>,
}

impl<'a> From<&'a pb::ListRateHistoryResponse> for ListRateHistoryResponse<'a> {
    fn from(response: &'a pb::ListRateHistoryResponse) -> Self {
        let pb::ListRateHistoryResponse {
            rates,
            next_page_token,
        } = response;
        Self {
            rates: list(rates),
            next_page_token: next_page_token.as_deref(),
        }
    }
}

/// A converted amount, with the fields of its request.
#[derive(Debug, Serialize)]
pub struct ConvertAmountResponse<'a> {
    amount: &'a str,
    from_currency: &'a str,
    to_currency: &'a str,
    date: Option<&'a str>,
    round_to_minor_unit: bool,
    result: &'a str,
    rate: Option<Rate<'a>>,
    position: Option<Position<'a>>,
}

impl<'a> ConvertAmountResponse<'a> {
    /// The JSON form of a response and its request.
    pub fn of(
        request: &'a pb::ConvertAmountRequest,
        response: &'a pb::ConvertAmountResponse,
    ) -> Self {
        let pb::ConvertAmountRequest {
            amount,
            from_currency,
            to_currency,
            date,
            round_to_minor_unit,
        } = request;
        let pb::ConvertAmountResponse {
            result,
            rate,
            position,
        } = response;
        Self {
            amount,
            from_currency,
            to_currency,
            // An empty date in a request is read as absent.
            date: date.as_deref().filter(|date| !date.is_empty()),
            round_to_minor_unit: *round_to_minor_unit,
            result,
            rate: rate.as_ref().map(Rate::from),
            position: position.as_ref().map(Position::from),
        }
    }
}

/// The held values.
#[derive(Debug, Serialize)]
pub struct ListHeldResponse<'a> {
    held: Vec<HeldFixing<'a>>,
}

impl<'a> From<&'a admin::ListHeldResponse> for ListHeldResponse<'a> {
    fn from(response: &'a admin::ListHeldResponse) -> Self {
        let admin::ListHeldResponse { held } = response;
        Self { held: list(held) }
    }
}

/// A released or rejected value.
#[derive(Debug, Serialize)]
pub struct Decision<'a> {
    position: Option<Position<'a>>,
    held: Option<HeldFixing<'a>>,
}

impl<'a> From<&'a admin::ReleaseHeldResponse> for Decision<'a> {
    fn from(response: &'a admin::ReleaseHeldResponse) -> Self {
        let admin::ReleaseHeldResponse { position, held } = response;
        Self {
            position: position.as_ref().map(Position::from),
            held: held.as_ref().map(HeldFixing::from),
        }
    }
}

impl<'a> From<&'a admin::RejectHeldResponse> for Decision<'a> {
    fn from(response: &'a admin::RejectHeldResponse) -> Self {
        let admin::RejectHeldResponse { position, held } = response;
        Self {
            position: position.as_ref().map(Position::from),
            held: held.as_ref().map(HeldFixing::from),
        }
    }
}
