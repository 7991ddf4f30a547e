//! How each method is read.

use prost::Message;
use silkrate::pb;
use silkrate::tabular::{
    CONVERSION, CURRENCY, Column, FIXING, PAIR, PAST_RATE, PERIOD, RATE, SOURCE,
};

use crate::support::silkrate::filter;

/// A question, in every way to ask it.
pub(super) struct Reading {
    /// The method of the contract, and its request.
    pub(super) method: &'static str,
    pub(super) request: fn() -> Vec<u8>,
    /// The path that answers in JSON; of a stream, its first lines.
    pub(super) path: &'static str,
    /// Where the rows are in the response: a list, or one row.
    pub(super) rows: &'static str,
    /// The path of the rows as text, with `{}` for the ending; or why there is none.
    pub(super) table: Result<&'static str, &'static str>,
    /// The command.
    pub(super) command: &'static [&'static str],
    /// Where the rows are in what the command prints as JSON.
    pub(super) printed_rows: &'static str,
    /// The columns of CSV.
    pub(super) columns: &'static [Column],
}

/// Every method of the contract, some of them with several questions.
pub(super) const READINGS: &[Reading] = &[
    Reading {
        method: "GetSnapshot",
        request: || encoded(&snapshot(&["KZT/USD", "*/KZT"], None)),
        path: "/v1/snapshot.json?pairs=KZT/USD,*/KZT",
        rows: "/rates",
        table: Ok("/v1/snapshot{}?pairs=KZT/USD,*/KZT"),
        command: &["rates", "KZT/USD", "*/KZT"],
        printed_rows: "/rates",
        columns: RATE,
    },
    Reading {
        method: "GetSnapshot",
        request: || encoded(&snapshot(&["*/*"], Some("2026-04-01"))),
        path: "/v1/snapshot.json?pairs=*/*&date=2026-04-01",
        rows: "/rates",
        table: Ok("/v1/snapshot{}?pairs=*/*&date=2026-04-01"),
        command: &["rates", "*/*", "--date", "2026-04-01"],
        printed_rows: "/rates",
        columns: PAST_RATE,
    },
    Reading {
        method: "GetRate",
        request: || {
            encoded(&pb::GetRateRequest {
                pair: "KZT/USD".to_owned(),
                date: None,
            })
        },
        path: "/v1/rates/KZT/USD",
        rows: "/rate",
        table: Ok("/v1/rates/KZT/USD{}"),
        command: &["rates", "KZT/USD"],
        printed_rows: "/rates",
        columns: RATE,
    },
    Reading {
        method: "WatchRates",
        request: || {
            encoded(&pb::WatchRatesRequest {
                filter: Some(filter(&["*/KZT"])),
                ..pb::WatchRatesRequest::default()
            })
        },
        path: "/v1/watch?pairs=*/KZT&format=ndjson",
        rows: "/rates",
        table: Err("its lines are messages, not rows"),
        command: &["watch", "*/KZT", "--once"],
        printed_rows: "/rates",
        columns: &[],
    },
    Reading {
        method: "ConvertAmount",
        request: || {
            encoded(&pb::ConvertAmountRequest {
                amount: "1000.10".to_owned(),
                from_currency: "USD".to_owned(),
                to_currency: "KZT".to_owned(),
                ..pb::ConvertAmountRequest::default()
            })
        },
        path: "/v1/convert?amount=1000.10&from=USD&to=KZT",
        rows: "",
        table: Ok("/v1/convert{}?amount=1000.10&from=USD&to=KZT"),
        command: &["convert", "1000.10", "USD", "KZT"],
        printed_rows: "",
        columns: CONVERSION,
    },
    Reading {
        method: "ListRateHistory",
        request: || {
            encoded(&pb::ListRateHistoryRequest {
                filter: Some(filter(&["USD/KZT", "KZT/USD"])),
                step: pb::HistoryStep::Day.into(),
                end_date: Some("2026-04-02".to_owned()),
                ..pb::ListRateHistoryRequest::default()
            })
        },
        path: "/v1/history?pairs=USD/KZT,KZT/USD&step=day&end=2026-04-02",
        rows: "/rates",
        table: Ok("/v1/history{}?pairs=USD/KZT,KZT/USD&step=day&end=2026-04-02"),
        command: &[
            "history",
            "USD/KZT",
            "KZT/USD",
            "--step",
            "day",
            "--end",
            "2026-04-02",
            "--limit",
            "100",
        ],
        printed_rows: "/rates",
        columns: PAST_RATE,
    },
    Reading {
        method: "ListRateHistory",
        request: || {
            encoded(&pb::ListRateHistoryRequest {
                pair: "kzt/USD".to_owned(),
                start_date: Some("2026-04-01".to_owned()),
                ..pb::ListRateHistoryRequest::default()
            })
        },
        path: "/v1/history/kzt/USD?start=2026-04-01",
        rows: "/rates",
        table: Ok("/v1/history/kzt/USD{}?start=2026-04-01"),
        command: &["history", "KZT/USD", "--start", "2026-04-01"],
        printed_rows: "/rates",
        columns: PAST_RATE,
    },
    Reading {
        method: "ListPeriodRates",
        request: || {
            encoded(&pb::ListPeriodRatesRequest {
                filter: Some(filter(&["*/*"])),
                period: pb::Period::Week.into(),
                ..pb::ListPeriodRatesRequest::default()
            })
        },
        path: "/v1/periods?pairs=*/*&period=week",
        rows: "/periods",
        table: Ok("/v1/periods{}?pairs=*/*&period=week"),
        command: &[
            "periods",
            "*/*",
            "--period",
            "week",
            "--start",
            "2026-01-01",
        ],
        printed_rows: "/periods",
        columns: PERIOD,
    },
    Reading {
        method: "ListFixings",
        request: || {
            encoded(&pb::ListFixingsRequest {
                source: "nbk".to_owned(),
                currency: "USD".to_owned(),
                start_date: Some("2026-03-01".to_owned()),
                ..pb::ListFixingsRequest::default()
            })
        },
        path: "/v1/fixings/nbk/USD?start=2026-03-01",
        rows: "/fixings",
        table: Ok("/v1/fixings/nbk/USD{}?start=2026-03-01"),
        command: &["fixings", "nbk", "USD", "--start", "2026-03-01"],
        printed_rows: "/fixings",
        columns: FIXING,
    },
    Reading {
        method: "ListSources",
        request: || encoded(&pb::ListSourcesRequest {}),
        path: "/v1/sources",
        rows: "/sources",
        table: Ok("/v1/sources{}"),
        command: &["sources"],
        printed_rows: "/sources",
        columns: SOURCE,
    },
    Reading {
        method: "ListCurrencies",
        request: || encoded(&pb::ListCurrenciesRequest {}),
        path: "/v1/currencies",
        rows: "/currencies",
        table: Ok("/v1/currencies{}"),
        command: &["currencies"],
        printed_rows: "/currencies",
        columns: CURRENCY,
    },
    Reading {
        method: "ListPairs",
        request: || {
            encoded(&pb::ListPairsRequest {
                filter: Some(filter(&["*/KZT"])),
                ..pb::ListPairsRequest::default()
            })
        },
        path: "/v1/pairs?pairs=*/KZT",
        rows: "/pairs",
        table: Ok("/v1/pairs{}?pairs=*/KZT"),
        command: &["pairs", "*/KZT"],
        printed_rows: "/pairs",
        columns: PAIR,
    },
];

fn encoded(request: &impl Message) -> Vec<u8> {
    request.encode_to_vec()
}

fn snapshot(pairs: &[&str], date: Option<&str>) -> pb::GetSnapshotRequest {
    pb::GetSnapshotRequest {
        filter: Some(filter(pairs)),
        date: date.map(str::to_owned),
    }
}
