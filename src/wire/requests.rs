//! Requests of the contract, inwards.

use std::time::Duration;

use crate::domain::{RateFilter, Refusal};
use crate::feed::SubscribeRequest;
use crate::pb;
use crate::queries::{ConvertQuery, FixingsQuery, HistoryQuery};
use crate::wire::from_position;

impl<'a> From<&'a pb::ConvertAmountRequest> for ConvertQuery<'a> {
    fn from(request: &'a pb::ConvertAmountRequest) -> Self {
        let pb::ConvertAmountRequest {
            amount,
            from_currency,
            to_currency,
            date,
            round_to_minor_unit,
        } = request;
        Self {
            amount,
            from_currency,
            to_currency,
            date: date.as_deref().unwrap_or_default(),
            round_to_minor_unit: *round_to_minor_unit,
        }
    }
}

impl<'a> From<&'a pb::ListFixingsRequest> for FixingsQuery<'a> {
    fn from(request: &'a pb::ListFixingsRequest) -> Self {
        let pb::ListFixingsRequest {
            source,
            currency,
            start_date,
            end_date,
            page_size,
            page_token,
        } = request;
        Self {
            source,
            currency,
            start_date: start_date.as_deref().unwrap_or_default(),
            end_date: end_date.as_deref().unwrap_or_default(),
            page_size: page_size.unwrap_or_default(),
            page_token: page_token.as_deref().unwrap_or_default(),
        }
    }
}

impl<'a> From<&'a pb::ListRateHistoryRequest> for HistoryQuery<'a> {
    fn from(request: &'a pb::ListRateHistoryRequest) -> Self {
        let pb::ListRateHistoryRequest {
            pair,
            start_date,
            end_date,
            page_size,
            page_token,
        } = request;
        Self {
            pair,
            start_date: start_date.as_deref().unwrap_or_default(),
            end_date: end_date.as_deref().unwrap_or_default(),
            page_size: page_size.unwrap_or_default(),
            page_token: page_token.as_deref().unwrap_or_default(),
        }
    }
}

/// A subscription; `filter` makes a filter of the pairs of the request.
pub(crate) fn to_subscribe(
    request: pb::WatchRatesRequest,
    filter: impl FnOnce(&[String]) -> Result<RateFilter, Refusal>,
) -> Result<SubscribeRequest, Refusal> {
    let pb::WatchRatesRequest {
        filter: wanted,
        resume_after,
        min_interval,
        updates_only,
    } = request;
    let pb::RateFilter { pairs } = wanted.unwrap_or_default();
    let min_interval = min_interval.map_or(Some(Duration::ZERO), from_duration);
    Ok(SubscribeRequest {
        filter: filter(&pairs)?,
        resume_after: resume_after.map(from_position),
        min_interval: min_interval.ok_or(Refusal::InvalidInterval)?,
        updates_only,
    })
}

/// A duration that is not negative.
fn from_duration(duration: prost_types::Duration) -> Option<Duration> {
    let prost_types::Duration { seconds, nanos } = duration;
    let seconds = u64::try_from(seconds).ok()?;
    let nanoseconds = u32::try_from(nanos).ok();
    let nanoseconds = nanoseconds.filter(|nanoseconds| *nanoseconds < 1_000_000_000)?;
    Some(Duration::new(seconds, nanoseconds))
}
