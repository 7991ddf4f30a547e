//! Historical queries over real sockets: fixings, rates, conversions, windows, and tables that an operator submits.

mod asof;
mod bounds;
mod busy;
mod catalogue;
mod crosses;
mod full;
mod laws;
mod operator;
mod pages;
mod past;
mod periods;
mod steps;
mod tables;
mod windows;

use silkrate::pb::admin::admin_service_client::AdminServiceClient;
use silkrate::pb::admin::{FileTableRequest, ListFiledDatesRequest, Row, Table};
use silkrate::pb::{
    ConvertAmountRequest, Fixing, ListFixingsRequest, ListRateHistoryRequest, Rate, Window,
};
use tonic::Code;
use tonic::transport::Channel;

use crate::support::april::{bank_of_april, nbk, nbk_path, silkrate_of_april};
use crate::support::silkrate::{Silkrate, reason};

/// A table of the Kazakh bank as an operator submits it: the dollar and a hundred sums.
pub(crate) fn table_request(date: &str, usd: &str, uzs: &str) -> FileTableRequest {
    let row = |currency: &str, units: &str, value: &str| Row {
        currency: currency.to_owned(),
        units: units.to_owned(),
        value: value.to_owned(),
        home_currency: "KZT".to_owned(),
        published_change: None,
    };
    FileTableRequest {
        table: Some(Table {
            source: "nbk".to_owned(),
            document: "daily".to_owned(),
            pivot: "KZT".to_owned(),
            effective_date: date.to_owned(),
            as_of_time: None,
            rows: vec![row("USD", "1", usd), row("UZS", "100", uzs)],
        }),
    }
}

pub(crate) async fn admin(silkrate: &Silkrate) -> AdminServiceClient<Channel> {
    AdminServiceClient::connect(silkrate.admin_url.clone())
        .await
        .unwrap()
}

fn line(fixing: &Fixing) -> String {
    let mark = if fixing.superseded { " superseded" } else { "" };
    let old = fixing.superseded_value.as_deref().unwrap_or("-");
    format!("{} {} was {old}{mark}", fixing.effective_date, fixing.value)
}

async fn fixings(
    silkrate: &mut Silkrate,
    request: ListFixingsRequest,
) -> (Vec<String>, Option<String>) {
    let answer = silkrate.client.list_fixings(request).await.unwrap();
    let answer = answer.into_inner();
    assert!(
        answer
            .fixings
            .iter()
            .all(|fixing| fixing.recorded_time.is_some())
    );
    (
        answer.fixings.iter().map(line).collect(),
        answer.next_page_token,
    )
}

async fn history(silkrate: &mut Silkrate, pair: &str, size: i32) -> Vec<Rate> {
    let mut request = ListRateHistoryRequest {
        pair: pair.to_owned(),
        page_size: Some(size),
        ..ListRateHistoryRequest::default()
    };
    let mut rates = Vec::new();
    loop {
        let answer = silkrate.client.list_rate_history(request.clone()).await;
        let answer = answer.unwrap().into_inner();
        assert!(i32::try_from(answer.rates.len()).unwrap() <= size);
        rates.extend(answer.rates);
        if answer.next_page_token.is_none() {
            return rates;
        }
        request.page_token = answer.next_page_token;
    }
}

#[tokio::test]
async fn fixings_are_listed_as_printed_with_the_values_they_superseded() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let corrected = nbk("02.04.2026", ("475.90", "-2.87"), ("3.91", "-0.02"));
    bank.publish(&[
        (nbk_path("02.04.2026"), corrected.clone()),
        (nbk_path("03.04.2026"), corrected),
    ]);
    silkrate
        .committed(|snapshot| {
            let usd = snapshot.rate(silkrate::domain::Pair::parse("USD/KZT").unwrap());
            usd.is_some_and(|usd| usd.value.to_string() == "475.90")
        })
        .await;
    let request = ListFixingsRequest {
        source: "nbk".to_owned(),
        currency: "usd".to_owned(),
        ..ListFixingsRequest::default()
    };
    let whole = [
        "2026-04-02 475.90 was 475.09",
        "2026-04-02 475.09 was - superseded",
        "2026-04-01 478.77 was -",
    ];
    let (rows, next) = fixings(&mut silkrate, request.clone()).await;
    assert_eq!(rows, whole);
    assert_eq!(next, None);

    let mut paged = Vec::new();
    let mut page = ListFixingsRequest {
        page_size: Some(1),
        ..request.clone()
    };
    loop {
        let (rows, next) = fixings(&mut silkrate, page.clone()).await;
        paged.extend(rows);
        if next.is_none() {
            break;
        }
        page.page_token = next;
    }
    assert_eq!(paged, whole);

    let range = ListFixingsRequest {
        start_date: Some("2026-04-01".to_owned()),
        end_date: Some("2026-04-01".to_owned()),
        ..request.clone()
    };
    assert_eq!(
        fixings(&mut silkrate, range).await.0,
        ["2026-04-01 478.77 was -"]
    );
    silkrate.finish().await;
}

#[tokio::test]
async fn a_page_token_of_another_query_and_an_unknown_source_are_refused() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let request = ListFixingsRequest {
        source: "nbk".to_owned(),
        currency: "USD".to_owned(),
        page_size: Some(1),
        ..ListFixingsRequest::default()
    };
    let (_, page_token) = fixings(&mut silkrate, request.clone()).await;
    assert_ne!(page_token, None);
    let foreign = ListFixingsRequest {
        page_token,
        currency: "UZS".to_owned(),
        ..request
    };
    let refused = silkrate.client.list_fixings(foreign).await.unwrap_err();
    let invalid = |reason: &str, field: &str| {
        (
            Code::InvalidArgument,
            reason.to_owned(),
            Some(field.to_owned()),
        )
    };
    assert_eq!(reason(&refused), invalid("INVALID_PAGE", "page_token"));
    let unknown = ListFixingsRequest {
        source: "ecb".to_owned(),
        currency: "USD".to_owned(),
        ..ListFixingsRequest::default()
    };
    let refused = silkrate.client.list_fixings(unknown).await.unwrap_err();
    assert_eq!(reason(&refused), invalid("INVALID_SOURCE", "source"));
    silkrate.finish().await;
}

#[tokio::test]
async fn the_history_of_a_pair_is_what_was_served_live() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let mut operator = admin(&silkrate).await;
    for (date, usd) in [
        ("2026-03-27", "483.10"),
        ("2026-03-28", "481.54"),
        ("2026-03-31", "481.54"),
    ] {
        let filed = operator.file_table(table_request(date, usd, "3.95")).await;
        let filed = filed.unwrap().into_inner();
        assert_eq!(
            (filed.refused, filed.news, filed.held_rows),
            (None, true, 0),
            "{date}"
        );
    }
    for pair in ["KZT/USD", "USD/KZT"] {
        let live = silkrate.rate(pair).await;
        let rates = history(&mut silkrate, pair, 2).await;
        let dates: Vec<&str> = rates.iter().map(Rate::effective_date).collect();
        // The table of 31 March repeats that of the 28th: no fixing of its own.
        assert_eq!(
            dates,
            ["2026-04-02", "2026-04-01", "2026-03-28", "2026-03-27"],
            "{pair}"
        );
        let newest = &rates[0];
        assert_eq!(newest.value, live.value);
        assert_eq!(newest.change, live.change);
        assert_eq!(newest.fixings, live.fixings);
        let first = rates[1].change.as_ref().unwrap();
        assert_eq!(first.reference_date, "2026-03-28");
        assert_eq!(rates[3].change, None, "there is no earlier table");
    }
    let dates = operator.list_filed_dates(ListFiledDatesRequest {
        source: "nbk".to_owned(),
        document: "daily".to_owned(),
        start_date: "2026-03-01".to_owned(),
        end_date: "2026-03-31".to_owned(),
    });
    let dates = dates.await.unwrap().into_inner().dates;
    assert_eq!(dates, ["2026-03-27", "2026-03-28", "2026-03-31"]);
    let again = operator
        .file_table(table_request("2026-03-27", "483.10", "3.95"))
        .await;
    assert!(!again.unwrap().into_inner().news);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_change_is_served_over_a_week_a_month_and_a_year_if_the_history_is_as_long() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let changes = |rate: &Rate| -> Vec<String> {
        let changes = rate.windows.iter().map(|over| match &over.change {
            Some(change) => format!(
                "{:?} {} {}",
                over.window(),
                change.absolute,
                change.reference_date
            ),
            None => format!("{:?} {}", over.window(), over.reason()),
        });
        changes.collect()
    };
    let begins = "the history of nbk begins on 2026-04-01";
    assert_eq!(
        changes(&silkrate.rate("USD/KZT").await),
        [
            format!("Week {begins}"),
            format!("Month {begins}"),
            format!("Year {begins}")
        ]
    );
    let mut operator = admin(&silkrate).await;
    for (date, usd) in [
        ("2025-04-01", "503.41"),
        ("2026-02-28", "500.09"),
        ("2026-03-25", "484.02"),
    ] {
        let filed = operator.file_table(table_request(date, usd, "3.95")).await;
        assert_eq!(filed.unwrap().into_inner().held_rows, 0, "{date}");
    }
    assert_eq!(
        changes(&silkrate.rate("USD/KZT").await),
        [
            "Week -8.93 2026-03-25",
            "Month -25 2026-02-28",
            "Year -28.32 2025-04-01"
        ]
    );
    let windows = silkrate.rate("KZT/USD").await.windows;
    let inverse = windows[0].change.as_ref().unwrap();
    assert_eq!(windows[0].window(), Window::Week);
    assert_eq!(inverse.reference_value, "0.00206603032933");
    silkrate.finish().await;
}

#[tokio::test]
async fn an_amount_is_converted_by_the_published_value_of_the_requested_day() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let mut convert = async |amount: &str, from: &str, to: &str, date: &str, round: bool| {
        let request = ConvertAmountRequest {
            amount: amount.to_owned(),
            from_currency: from.to_owned(),
            to_currency: to.to_owned(),
            date: (!date.is_empty()).then(|| date.to_owned()),
            round_to_minor_unit: round,
        };
        let answer = silkrate.client.convert_amount(request).await;
        answer.map(|answer| {
            let answer = answer.into_inner();
            let rate = answer.rate.unwrap();
            let date = rate.effective_date().to_owned();
            (answer.result, date, rate.fixings.len())
        })
    };
    let of = |result: &str, date: &str, fixings| (result.to_owned(), date.to_owned(), fixings);
    let converted = convert("1000", "usd", "kzt", "", false).await.unwrap();
    assert_eq!(converted, of("475090", "2026-04-02", 1));
    let converted = convert("1000000", "KZT", "USD", "", false).await.unwrap();
    assert_eq!(converted, of("2104.8643414931907639", "2026-04-02", 1));
    let converted = convert("1000000", "KZT", "USD", "", true).await.unwrap();
    assert_eq!(converted, of("2104.86", "2026-04-02", 1));
    let converted = convert("1000", "USD", "KZT", "2026-04-01", true)
        .await
        .unwrap();
    assert_eq!(converted, of("478770.00", "2026-04-01", 1));
    let converted = convert("7", "KZT", "KZT", "", false).await.unwrap();
    assert_eq!(converted, of("7", "", 0));

    let wrong = [
        (
            convert("1e3", "USD", "KZT", "", false).await,
            Code::InvalidArgument,
            "INVALID_AMOUNT",
        ),
        (
            convert("1", "US", "KZT", "", false).await,
            Code::InvalidArgument,
            "INVALID_CURRENCY",
        ),
        (
            convert("1", "USD", "KZT", "1 April", false).await,
            Code::InvalidArgument,
            "INVALID_DATE",
        ),
        (
            convert("1", "USD", "EUR", "", false).await,
            Code::NotFound,
            "PAIR_NOT_QUOTED",
        ),
        (
            convert("1", "USD", "KZT", "2026-03-31", false).await,
            Code::NotFound,
            "NO_RATE_ON_DATE",
        ),
        (
            convert(&"9".repeat(60_000), "USD", "KZT", "", false).await,
            Code::InvalidArgument,
            "INVALID_AMOUNT",
        ),
    ];
    for (answer, code, why) in wrong {
        let status = answer.unwrap_err();
        let (found, reason, _) = reason(&status);
        assert_eq!((found, reason.as_str()), (code, why));
    }
    silkrate.finish().await;
}
