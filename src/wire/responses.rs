//! Answers of the contract, outwards. Every face of the service renders these messages.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::board::{Replica, SourceDetail};
use crate::domain::{HistoryRow, PeriodRates, Rate, Snapshot};
use crate::pb;
use crate::queries::{Converted, FixingRecord, FixingsPage, PastRates, RowsPage};
use crate::wire::{
    present, to_fixing, to_position, to_rate, to_rates, to_replica, to_source_detail,
    to_source_states, to_timestamp,
};

/// Some rates of a snapshot, and its sources.
pub(crate) fn to_snapshot_response(snapshot: &Snapshot, rates: &[Rate]) -> pb::GetSnapshotResponse {
    pb::GetSnapshotResponse {
        position: Some(to_position(&snapshot.position)),
        rates: to_rates(rates),
        sources: to_source_states(snapshot),
    }
}

/// One rate of a snapshot.
pub(crate) fn to_rate_response(snapshot: &Snapshot, rate: &Rate) -> pb::GetRateResponse {
    pb::GetRateResponse {
        position: Some(to_position(&snapshot.position)),
        rate: Some(to_rate(rate)),
    }
}

/// The rates of a past day. The state of the sources is a fact of the present.
pub(crate) fn to_past_snapshot_response(past: &PastRates) -> pb::GetSnapshotResponse {
    let PastRates {
        date,
        rates,
        position,
    } = past;
    let rates = rates.iter().map(|rate| to_past_rate(rate, *date));
    pb::GetSnapshotResponse {
        position: Some(to_position(position)),
        rates: rates.collect(),
        sources: Vec::new(),
    }
}

/// The one rate of a past day.
pub(crate) fn to_past_rate_response(past: &PastRates) -> pb::GetRateResponse {
    let PastRates {
        date,
        rates,
        position,
    } = past;
    pb::GetRateResponse {
        position: Some(to_position(position)),
        rate: rates.first().map(|rate| to_past_rate(rate, *date)),
    }
}

/// A converted amount.
pub(crate) fn to_convert_response(converted: &Converted) -> pb::ConvertAmountResponse {
    let Converted {
        result,
        rate,
        date,
        position,
    } = converted;
    pb::ConvertAmountResponse {
        result: result.to_string(),
        rate: Some(match date {
            Some(date) => to_past_rate(rate, *date),
            None => to_rate(rate),
        }),
        position: Some(to_position(position)),
    }
}

/// A page of published rows.
pub(crate) fn to_fixings_response(page: FixingsPage) -> pb::ListFixingsResponse {
    let FixingsPage {
        fixings,
        next_page_token,
    } = page;
    pb::ListFixingsResponse {
        fixings: fixings.iter().map(to_recorded_fixing).collect(),
        next_page_token: present(&next_page_token),
    }
}

/// A page of historical rates.
pub(crate) fn to_history_response(page: &RowsPage<HistoryRow>) -> pb::ListRateHistoryResponse {
    let RowsPage {
        rows,
        next_page_token,
    } = page;
    let rates = rows.iter();
    pb::ListRateHistoryResponse {
        rates: rates.map(|row| to_past_rate(&row.rate, row.date)).collect(),
        next_page_token: present(next_page_token),
    }
}

/// A page of the figures of periods.
pub(crate) fn to_periods_response(page: &RowsPage<PeriodRates>) -> pb::ListPeriodRatesResponse {
    let RowsPage {
        rows,
        next_page_token,
    } = page;
    pb::ListPeriodRatesResponse {
        periods: rows.iter().map(to_period_rates).collect(),
        next_page_token: present(next_page_token),
    }
}

fn to_period_rates(rates: &PeriodRates) -> pb::PeriodRates {
    let PeriodRates {
        pair,
        period,
        is_complete,
        first,
        last,
        highest,
        lowest,
        average,
        days,
        fixings,
    } = rates;
    let dated = |(date, value): &(Date, Decimal)| {
        Some(pb::DatedValue {
            date: date.to_string(),
            value: value.to_string(),
        })
    };
    pb::PeriodRates {
        pair: pair.to_string(),
        start_date: period.first.to_string(),
        end_date: period.last.to_string(),
        complete: *is_complete,
        first: dated(first),
        last: dated(last),
        highest: dated(highest),
        lowest: dated(lowest),
        average: average.to_string(),
        days: *days,
        fixings: *fixings,
    }
}

/// Every source.
pub(crate) fn to_sources_response(
    (details, replica): &(Vec<SourceDetail>, Option<Replica>),
) -> pb::ListSourcesResponse {
    pb::ListSourcesResponse {
        sources: details.iter().map(to_source_detail).collect(),
        replica: replica.as_ref().map(to_replica),
    }
}

/// A rate of a past date. Freshness, announcements and changes over windows are facts of the present, and of the past tables
/// those rows alone are read that the rate follows from.
pub(crate) fn to_past_rate(rate: &Rate, date: Date) -> pb::Rate {
    pb::Rate {
        date: Some(date.to_string()),
        freshness: pb::Freshness::Unspecified.into(),
        freshness_reason: None,
        windows: Vec::new(),
        announced: None,
        decimal_places: None,
        ..to_rate(rate)
    }
}

fn to_recorded_fixing(record: &FixingRecord) -> pb::Fixing {
    pb::Fixing {
        superseded: record.superseded,
        recorded_time: Some(to_timestamp(record.recorded_at)),
        ..to_fixing(&record.fixing)
    }
}
