//! Histories of several pairs, and the figures of periods, over real sockets.

use std::collections::BTreeMap;
use std::path::Path;

use silkrate::domain::{Ratio, parse_decimal};
use silkrate::pb::{
    DatedValue, HistoryStep, ListPeriodRatesRequest, ListRateHistoryRequest, Period, PeriodRates,
    Rate,
};
use tempfile::TempDir;
use tonic::Code;

use crate::history::past::{march, rates_on, service, submit};
use crate::support::bank::Bank;
use crate::support::silkrate::{Silkrate, filter, reason};

/// Ten days after the last table.
const NOW: &str = "2026-03-30T09:00:00Z";
const PAIRS: &[&str] = &["KZT/KZT", "KGS/KZT", "*/USD", "USD/*", "EUR/USD"];

pub(super) async fn with_march(path: &Path, bank: &Bank) -> Silkrate {
    let silkrate = service(NOW, path, bank).await;
    submit(&silkrate, march()).await;
    silkrate
}

/// Every rate of a history, page by page.
pub(super) async fn history(silkrate: &mut Silkrate, request: ListRateHistoryRequest) -> Vec<Rate> {
    let mut request = request;
    let mut rates = Vec::new();
    loop {
        let answer = silkrate.client.list_rate_history(request.clone()).await;
        let answer = answer.unwrap().into_inner();
        let size = request.page_size.unwrap_or(100);
        assert!(i32::try_from(answer.rates.len()).unwrap() <= size);
        rates.extend(answer.rates);
        if answer.next_page_token.is_none() {
            return rates;
        }
        request.page_token = answer.next_page_token;
    }
}

pub(super) fn stepped(pairs: &[&str], step: HistoryStep) -> ListRateHistoryRequest {
    ListRateHistoryRequest {
        filter: Some(filter(pairs)),
        step: step.into(),
        ..ListRateHistoryRequest::default()
    }
}

pub(super) async fn periods(
    silkrate: &mut Silkrate,
    request: ListPeriodRatesRequest,
) -> Vec<PeriodRates> {
    let mut request = request;
    let mut found = Vec::new();
    loop {
        let answer = silkrate.client.list_period_rates(request.clone()).await;
        let answer = answer.unwrap().into_inner();
        found.extend(answer.periods);
        if answer.next_page_token.is_none() {
            return found;
        }
        request.page_token = answer.next_page_token;
    }
}

#[tokio::test]
async fn the_rows_of_each_day_are_its_snapshot_and_pages_of_any_size_are_the_same_rows() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let mut silkrate = with_march(&folder.path().join("silkrate.db"), &bank).await;
    let every_day = history(&mut silkrate, stepped(PAIRS, HistoryStep::Day)).await;
    let mut by_day: BTreeMap<String, Vec<Rate>> = BTreeMap::new();
    for rate in &every_day {
        by_day
            .entry(rate.date().to_owned())
            .or_default()
            .push(rate.clone());
    }
    let days: Vec<&String> = by_day.keys().collect();
    assert_eq!(
        (days[0].as_str(), days[days.len() - 1].as_str()),
        ("2026-03-16", "2026-03-30")
    );
    assert_eq!(days.len(), 15, "no day is left out");
    for (day, rows) in &by_day {
        let mut snapshot = rates_on(&mut silkrate, PAIRS, day).await;
        snapshot.retain(|rate| rate.pair != "KZT/KZT");
        assert_eq!(*rows, snapshot, "{day}");
    }
    assert!(every_day.is_sorted_by(|newer, older| newer.date() >= older.date()));

    for step in [
        HistoryStep::Unspecified,
        HistoryStep::Fixing,
        HistoryStep::Day,
        HistoryStep::Week,
    ] {
        let whole = history(&mut silkrate, stepped(PAIRS, step)).await;
        for size in [1, 2, 7, 1000] {
            let paged = ListRateHistoryRequest {
                page_size: Some(size),
                ..stepped(PAIRS, step)
            };
            assert_eq!(
                history(&mut silkrate, paged).await,
                whole,
                "{step:?} {size}"
            );
        }
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_step_has_the_last_day_of_each_period_and_of_the_range() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let mut silkrate = with_march(&folder.path().join("silkrate.db"), &bank).await;
    let cases = [
        (
            HistoryStep::Week,
            None,
            &["2026-03-30", "2026-03-29", "2026-03-22"][..],
        ),
        (
            HistoryStep::Week,
            Some("2026-03-25"),
            &["2026-03-25", "2026-03-22"],
        ),
        (HistoryStep::Month, None, &["2026-03-30"]),
        (HistoryStep::Year, Some("2026-03-18"), &["2026-03-18"]),
    ];
    for (step, end, days) in cases {
        let request = ListRateHistoryRequest {
            end_date: end.map(str::to_owned),
            ..stepped(&["USD/KZT"], step)
        };
        let rates = history(&mut silkrate, request).await;
        let found: Vec<&str> = rates.iter().map(Rate::date).collect();
        assert_eq!(found, days, "{step:?}");
        assert!(
            rates
                .iter()
                .all(|rate| rate.effective_date() <= rate.date())
        );
    }
    // One pair of the filter has the rows of the pair alone.
    let alone = ListRateHistoryRequest {
        pair: "KGS/KZT".to_owned(),
        ..ListRateHistoryRequest::default()
    };
    let alone = history(&mut silkrate, alone).await;
    let all = history(&mut silkrate, stepped(PAIRS, HistoryStep::Fixing)).await;
    let of_pair = all.into_iter().filter(|rate| rate.pair == "KGS/KZT");
    assert_eq!(of_pair.collect::<Vec<_>>(), alone);
    silkrate.finish().await;
}

/// The figures of a pair in a period by their definition, from the rows of the days.
fn recomputed(known: &PeriodRates, every_day: &[Rate]) -> PeriodRates {
    let within = known.start_date.as_str()..=known.end_date.as_str();
    let days = every_day.iter().rev();
    let days = days.filter(|rate| rate.pair == known.pair && within.contains(&rate.date()));
    let days: Vec<&Rate> = days.collect();
    let value = |rate: &&&Rate| parse_decimal(&rate.value).unwrap();
    let dated = |rate: Option<&&Rate>| {
        rate.map(|rate| DatedValue {
            date: rate.date().to_owned(),
            value: rate.value.clone(),
        })
    };
    let zero = Ratio::from(0);
    let sum = days.iter().fold(zero.clone(), |sum, rate| {
        sum.minus(&zero.minus(&value(&rate).into()))
    });
    let number = u32::try_from(days.len()).unwrap();
    let average = sum
        .divided_by(&number.into())
        .unwrap()
        .significant(12)
        .unwrap();
    // Of equal values the first: `max_by_key` returns the last.
    PeriodRates {
        first: dated(days.first()),
        last: dated(days.last()),
        highest: dated(days.iter().rev().max_by_key(value)),
        lowest: dated(days.iter().min_by_key(value)),
        average: average.to_string(),
        days: number,
        ..known.clone()
    }
}

#[tokio::test]
async fn the_figures_of_a_period_follow_from_the_rows_of_its_days() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let mut silkrate = with_march(&folder.path().join("silkrate.db"), &bank).await;
    let every_day = history(&mut silkrate, stepped(PAIRS, HistoryStep::Day)).await;
    let fixings = history(&mut silkrate, stepped(PAIRS, HistoryStep::Fixing)).await;
    for period in [
        Period::Unspecified,
        Period::Week,
        Period::Month,
        Period::Quarter,
        Period::Year,
    ] {
        let request = ListPeriodRatesRequest {
            filter: Some(filter(PAIRS)),
            period: period.into(),
            ..ListPeriodRatesRequest::default()
        };
        let whole = periods(&mut silkrate, request.clone()).await;
        assert!(whole.len() >= 7, "{period:?}");
        for known in &whole {
            assert_eq!(*known, recomputed(known, &every_day));
            let within = known.start_date.as_str()..=known.end_date.as_str();
            let fixed = fixings.iter();
            let fixed =
                fixed.filter(|rate| rate.pair == known.pair && within.contains(&rate.date()));
            assert_eq!(usize::try_from(known.fixings).unwrap(), fixed.count());
            assert_eq!(
                known.complete,
                known.end_date.as_str() < "2026-03-30",
                "{known:?}"
            );
        }
        for size in [1, 3, 1000] {
            let paged = ListPeriodRatesRequest {
                page_size: Some(size),
                ..request.clone()
            };
            assert_eq!(
                periods(&mut silkrate, paged).await,
                whole,
                "{period:?} {size}"
            );
        }
    }
    // The dollar in tenge: five fixings of 16 to 20 March, the last of which counts for the weekend too.
    let week = ListPeriodRatesRequest {
        filter: Some(filter(&["usd/kzt"])),
        period: Period::Week.into(),
        start_date: Some("2026-03-18".to_owned()),
        end_date: Some("2026-03-19".to_owned()),
        ..ListPeriodRatesRequest::default()
    };
    let week = periods(&mut silkrate, week).await;
    let [week] = week.as_slice() else {
        panic!("{week:?}");
    };
    assert_eq!(
        (week.start_date.as_str(), week.end_date.as_str()),
        ("2026-03-16", "2026-03-22")
    );
    // (481.50 + 480.20 + 479.90 + 481.10 + 3 x 482.00) / 7
    assert_eq!(
        (week.average.as_str(), week.days, week.fixings),
        ("481.242857143", 7, 5)
    );
    let highest = week.highest.as_ref().unwrap();
    assert_eq!(
        (highest.date.as_str(), highest.value.as_str()),
        ("2026-03-20", "482.00")
    );
    silkrate.finish().await;
}

/// Requests that are refused, with the reason and the field. The token is that of a first page of [`first_page`].
fn wrong_requests(
    page_token: Option<String>,
) -> Vec<(&'static str, &'static str, ListRateHistoryRequest)> {
    let with_both = ListRateHistoryRequest {
        pair: "USD/KZT".to_owned(),
        ..first_page()
    };
    let with_unknown_step = ListRateHistoryRequest {
        step: 99,
        ..first_page()
    };
    let reversed = ListRateHistoryRequest {
        start_date: Some("2026-04-01".to_owned()),
        end_date: Some("2026-03-01".to_owned()),
        ..first_page()
    };
    let with_foreign_token = ListRateHistoryRequest {
        page_token,
        ..stepped(PAIRS, HistoryStep::Week)
    };
    let with_forged_token = ListRateHistoryRequest {
        page_token: Some("AAAA".to_owned()),
        ..first_page()
    };
    let with_half_a_pair = stepped(&["USD/KZT", "USD"], HistoryStep::Day);
    vec![
        ("INVALID_PAIR", "pair", ListRateHistoryRequest::default()),
        ("INVALID_PAIR", "pair", with_both),
        ("INVALID_PAIR", "filter.pairs[1]", with_half_a_pair),
        ("INVALID_PERIOD", "step", with_unknown_step),
        ("INVALID_DATE", "start_date", reversed),
        ("INVALID_PAGE", "page_token", with_foreign_token),
        ("INVALID_PAGE", "page_token", with_forged_token),
    ]
}

fn first_page() -> ListRateHistoryRequest {
    ListRateHistoryRequest {
        page_size: Some(1),
        ..stepped(PAIRS, HistoryStep::Day)
    }
}

fn invalid(why: &str, field: &str) -> (Code, String, Option<String>) {
    let field = Some(field.to_owned());
    (Code::InvalidArgument, why.to_owned(), field)
}

#[tokio::test]
async fn a_wrong_request_for_rates_over_time_is_refused_with_the_field() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let mut silkrate = with_march(&folder.path().join("silkrate.db"), &bank).await;
    let client = &mut silkrate.client;
    let page = client.list_rate_history(first_page()).await.unwrap();
    let token = page.into_inner().next_page_token;
    assert!(token.is_some());
    for (why, field, request) in wrong_requests(token) {
        let refused = client.list_rate_history(request).await.unwrap_err();
        assert_eq!(reason(&refused), invalid(why, field));
    }
    let period = ListPeriodRatesRequest {
        period: 9,
        ..ListPeriodRatesRequest::default()
    };
    let refused = client.list_period_rates(period).await.unwrap_err();
    assert_eq!(reason(&refused), invalid("INVALID_PERIOD", "period"));
    assert_eq!(
        refused.message(),
        "9 is not a value that this version of the server knows; the values are PERIOD_WEEK, PERIOD_MONTH, PERIOD_QUARTER, \
         PERIOD_YEAR"
    );
    let unknown = ListRateHistoryRequest {
        step: 99,
        ..first_page()
    };
    let refused = client.list_rate_history(unknown).await.unwrap_err();
    let known = "the values are HISTORY_STEP_FIXING, HISTORY_STEP_DAY, HISTORY_STEP_WEEK, HISTORY_STEP_MONTH, HISTORY_STEP_QUARTER, \
                 HISTORY_STEP_YEAR";
    assert!(refused.message().ends_with(known), "{refused}");
    let neither = ListRateHistoryRequest::default();
    let refused = client.list_rate_history(neither).await.unwrap_err();
    assert_eq!(
        refused.message(),
        "set either pair or filter: one pair, or any number of them"
    );
    let unknown = ListRateHistoryRequest {
        pair: "EUR/USD".to_owned(),
        ..ListRateHistoryRequest::default()
    };
    let refused = client.list_rate_history(unknown).await.unwrap_err();
    let not_quoted = (Code::NotFound, "PAIR_NOT_QUOTED".to_owned(), None);
    assert_eq!(reason(&refused), not_quoted);
    // No pair of the filter has a history.
    let none = stepped(&["KZT/KZT", "EUR/USD"], HistoryStep::Day);
    assert_eq!(history(&mut silkrate, none).await, []);
    silkrate.finish().await;
}
