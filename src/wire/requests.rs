//! Requests of the contract, inwards.

use std::time::Duration;

use crate::domain::{Field, HistoryStep, Period, RateFilter, Refusal};
use crate::feed::SubscribeRequest;
use crate::pb;
use crate::queries::{
    ConvertQuery, FixingsQuery, HistoryPairs, HistoryQuery, PairsQuery, PeriodRatesQuery,
    RangeQuery,
};
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

impl<'a> TryFrom<&'a pb::ListRateHistoryRequest> for HistoryQuery<'a> {
    type Error = Refusal;

    fn try_from(request: &'a pb::ListRateHistoryRequest) -> Result<Self, Refusal> {
        let pb::ListRateHistoryRequest {
            pair,
            start_date,
            end_date,
            page_size,
            page_token,
            filter,
            step,
        } = request;
        let pairs = match filter {
            None if !pair.is_empty() => HistoryPairs::One(pair),
            Some(filter) if pair.is_empty() => HistoryPairs::Filter(items(Some(filter))),
            None | Some(_) => return Err(Refusal::PairOrFilter),
        };
        Ok(Self {
            pairs,
            step: from_step(*step)?,
            range: range(
                (start_date.as_deref(), end_date.as_deref()),
                *page_size,
                page_token.as_deref(),
            ),
        })
    }
}

impl<'a> TryFrom<&'a pb::ListPeriodRatesRequest> for PeriodRatesQuery<'a> {
    type Error = Refusal;

    fn try_from(request: &'a pb::ListPeriodRatesRequest) -> Result<Self, Refusal> {
        let pb::ListPeriodRatesRequest {
            filter,
            period,
            start_date,
            end_date,
            page_size,
            page_token,
        } = request;
        Ok(Self {
            pairs: items(filter.as_ref()),
            period: from_period(*period)?,
            range: range(
                (start_date.as_deref(), end_date.as_deref()),
                *page_size,
                page_token.as_deref(),
            ),
        })
    }
}

impl<'a> From<&'a pb::ListPairsRequest> for PairsQuery<'a> {
    fn from(request: &'a pb::ListPairsRequest) -> Self {
        let pb::ListPairsRequest {
            filter,
            page_size,
            page_token,
        } = request;
        Self {
            pairs: items(filter.as_ref()),
            page_size: page_size.unwrap_or_default(),
            page_token: page_token.as_deref().unwrap_or_default(),
        }
    }
}

/// The items of a filter; what none stand for is decided by the query.
fn items(filter: Option<&pb::RateFilter>) -> Vec<&str> {
    let pairs = filter.map(|pb::RateFilter { pairs }| pairs.iter().map(String::as_str));
    pairs.into_iter().flatten().collect()
}

fn range<'a>(
    (start_date, end_date): (Option<&'a str>, Option<&'a str>),
    page_size: Option<i32>,
    page_token: Option<&'a str>,
) -> RangeQuery<'a> {
    RangeQuery {
        start_date: start_date.unwrap_or_default(),
        end_date: end_date.unwrap_or_default(),
        page_size: page_size.unwrap_or_default(),
        page_token: page_token.unwrap_or_default(),
    }
}

fn from_step(step: i32) -> Result<HistoryStep, Refusal> {
    Ok(
        match from_number(step, Field::Step, pb::HistoryStep::as_str_name)? {
            pb::HistoryStep::Unspecified | pb::HistoryStep::Fixing => HistoryStep::Fixing,
            pb::HistoryStep::Day => HistoryStep::Day,
            pb::HistoryStep::Week => HistoryStep::LastOf(Period::Week),
            pb::HistoryStep::Month => HistoryStep::LastOf(Period::Month),
            pb::HistoryStep::Quarter => HistoryStep::LastOf(Period::Quarter),
            pb::HistoryStep::Year => HistoryStep::LastOf(Period::Year),
        },
    )
}

fn from_period(period: i32) -> Result<Period, Refusal> {
    Ok(
        match from_number(period, Field::Period, pb::Period::as_str_name)? {
            pb::Period::Week => Period::Week,
            pb::Period::Unspecified | pb::Period::Month => Period::Month,
            pb::Period::Quarter => Period::Quarter,
            pb::Period::Year => Period::Year,
        },
    )
}

/// The value of a number in a field. The error names the values that there are, which the contract numbers from 1 on.
fn from_number<E: TryFrom<i32>>(
    number: i32,
    field: Field,
    name: fn(&E) -> &'static str,
) -> Result<E, Refusal> {
    E::try_from(number).map_err(|_unknown| {
        let known = (1..).map_while(|number| E::try_from(number).ok());
        Refusal::UnknownValue {
            value: number,
            field,
            known: known.map(|value| name(&value)).collect(),
        }
    })
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
