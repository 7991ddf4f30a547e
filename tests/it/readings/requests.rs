//! Requests of the contract, as bytes, with any field wrong.

use prost::Message;
use silkrate::pb;

use crate::support::silkrate::filter;

pub(super) fn listed(pairs: &[&str]) -> Vec<u8> {
    let request = pb::GetSnapshotRequest {
        filter: Some(filter(pairs)),
        date: None,
    };
    request.encode_to_vec()
}

pub(super) fn snapshot(date: &str) -> Vec<u8> {
    let request = pb::GetSnapshotRequest {
        filter: None,
        date: Some(date.to_owned()),
    };
    request.encode_to_vec()
}

pub(super) fn rate(pair: &str, date: &str) -> Vec<u8> {
    let request = pb::GetRateRequest {
        pair: pair.to_owned(),
        date: Some(date.to_owned()),
    };
    request.encode_to_vec()
}

pub(super) fn conversion(amount: &str, from_currency: &str, date: &str) -> Vec<u8> {
    let request = pb::ConvertAmountRequest {
        amount: amount.to_owned(),
        from_currency: from_currency.to_owned(),
        to_currency: "KZT".to_owned(),
        date: Some(date.to_owned()),
        round_to_minor_unit: false,
    };
    request.encode_to_vec()
}

pub(super) fn history(start: &str, end: &str, step: i32) -> Vec<u8> {
    let request = pb::ListRateHistoryRequest {
        pair: "KZT/USD".to_owned(),
        start_date: Some(start.to_owned()),
        end_date: Some(end.to_owned()),
        step,
        ..pb::ListRateHistoryRequest::default()
    };
    request.encode_to_vec()
}

pub(super) fn periods(end: &str, period: i32) -> Vec<u8> {
    let request = pb::ListPeriodRatesRequest {
        end_date: Some(end.to_owned()),
        period,
        ..pb::ListPeriodRatesRequest::default()
    };
    request.encode_to_vec()
}

pub(super) fn fixings(source: &str, currency: &str, start: &str) -> Vec<u8> {
    let request = pb::ListFixingsRequest {
        source: source.to_owned(),
        currency: currency.to_owned(),
        start_date: Some(start.to_owned()),
        ..pb::ListFixingsRequest::default()
    };
    request.encode_to_vec()
}

pub(super) fn pairs(pairs: &[&str], page_size: Option<i32>, page_token: &str) -> Vec<u8> {
    let request = pb::ListPairsRequest {
        filter: Some(filter(pairs)),
        page_size,
        page_token: Some(page_token.to_owned()),
    };
    request.encode_to_vec()
}
