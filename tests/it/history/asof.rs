//! Rates as they stood at the end of a past day.

use silkrate::pb::{ConvertAmountRequest, GetRateRequest, GetSnapshotRequest, Rate, RateFilter};
use tempfile::TempDir;
use tonic::Code;

use crate::history::past::{NBK, filed, history, march, rates_on, service, submit};
use crate::support::bank::Bank;
use crate::support::silkrate::{Silkrate, reason};

/// The rate of a pair on a day; `None` if the answer is that it has none.
async fn rate_on(silkrate: &mut Silkrate, pair: &str, date: &str) -> Option<Rate> {
    let request = GetRateRequest {
        pair: pair.to_owned(),
        date: Some(date.to_owned()),
    };
    match silkrate.client.get_rate(request).await {
        Ok(answer) => answer.into_inner().rate,
        Err(status) => {
            let none = (Code::NotFound, "NO_RATE_ON_DATE".to_owned(), None);
            assert_eq!(reason(&status), none, "{pair} on {date}");
            None
        }
    }
}

/// The rate behind a conversion at a date.
async fn converted_at(silkrate: &mut Silkrate, pair: &str, date: &str) -> Option<Rate> {
    let (from, to) = pair.split_once('/').unwrap();
    let request = ConvertAmountRequest {
        amount: "1".to_owned(),
        from_currency: from.to_owned(),
        to_currency: to.to_owned(),
        date: Some(date.to_owned()),
        round_to_minor_unit: false,
    };
    let answer = silkrate.client.convert_amount(request).await;
    answer.ok().and_then(|answer| answer.into_inner().rate)
}

async fn march_service(folder: &TempDir, bank: &Bank) -> Silkrate {
    let path = folder.path().join("silkrate.db");
    let silkrate = service("2026-03-20T09:00:00Z", &path, bank).await;
    submit(&silkrate, march()).await;
    silkrate
}

#[tokio::test]
async fn the_snapshot_of_a_day_has_for_each_pair_what_a_rate_a_conversion_and_the_history_say() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let mut silkrate = march_service(&folder, &bank).await;
    let all = silkrate.snapshot(&["*/*"]).await.rates;
    let all: Vec<&str> = all.iter().map(|rate| rate.pair.as_str()).collect();
    assert!(all.is_sorted(), "{all:?}");
    assert!(
        all.contains(&"RUB/UZS") && all.contains(&"KGS/KZT") && all.len() > 20,
        "{all:?}"
    );
    let mut compared = 0;
    for day in 15..=22 {
        let day = format!("2026-03-{day}");
        let rates = rates_on(&mut silkrate, &["*/*"], &day).await;
        for pair in &all {
            let found = rates.iter().find(|rate| rate.pair == *pair).cloned();
            let single = rate_on(&mut silkrate, pair, &day).await;
            assert_eq!(found, single, "{pair} on {day}");
            assert_eq!(found, converted_at(&mut silkrate, pair, &day).await);
            let Some(found) = found else { continue };
            assert_eq!(found.date(), day);
            assert!(found.effective_date() <= day.as_str());
            let rows = history(&mut silkrate, pair, 1000, &day).await;
            let said = |rate: &Rate| {
                let parts = (rate.value.clone(), rate.source.clone(), rate.change.clone());
                (parts, rate.fixings.clone())
            };
            assert_eq!(said(&found), said(&rows[0]), "{pair} on {day}");
            compared += 1;
        }
        assert!(
            rates.is_sorted_by(|one, next| one.pair < next.pair),
            "{day}"
        );
    }
    assert!(compared > 100, "{compared}");
    // The som has a home bank from the 18th on; before it, the Bank of Russia answers, and before that no source.
    for (day, source) in [
        ("2026-03-15", None),
        ("2026-03-17", Some("cbr")),
        ("2026-03-18", Some("nbkr")),
    ] {
        let rates = rates_on(&mut silkrate, &["KGS/*"], day).await;
        let dollar = rates.iter().find(|rate| rate.pair == "KGS/USD");
        assert_eq!(dollar.map(Rate::source), source, "{day}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_weekend_has_the_rate_of_its_friday_and_says_so() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let mut silkrate = march_service(&folder, &bank).await;
    let pairs = &["USD/KZT", "KGS/UZS"];
    let friday = rates_on(&mut silkrate, pairs, "2026-03-20").await;
    let sunday = rates_on(&mut silkrate, pairs, "2026-03-22").await;
    assert_eq!(sunday.len(), 2);
    for (sunday, friday) in sunday.iter().zip(&friday) {
        assert_eq!(
            (sunday.date(), sunday.effective_date()),
            ("2026-03-22", "2026-03-20")
        );
        let sunday = Rate {
            date: friday.date.clone(),
            ..sunday.clone()
        };
        assert_eq!(sunday, *friday);
    }
    // A fortnight later nothing is in force any more.
    assert_eq!(rates_on(&mut silkrate, pairs, "2026-04-04").await, []);
    silkrate.finish().await;
}

#[tokio::test]
async fn an_announced_value_does_not_appear_before_its_date_and_the_past_has_no_sources() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let mut silkrate = march_service(&folder, &bank).await;
    let announced = filed(
        NBK,
        "2026-03-21",
        &[("USD", "1", "483.30"), ("EUR", "1", "551.0")],
    );
    submit(&silkrate, vec![announced]).await;
    let mut found = Vec::new();
    for day in ["2026-03-20", "2026-03-21"] {
        let rates = rates_on(&mut silkrate, &["USD/KZT"], day).await;
        assert_eq!(rates[0].announced, None);
        found.push(rates[0].value.clone());
    }
    assert_eq!(found, ["482.00", "483.30"]);
    let request = |date: Option<&str>| GetSnapshotRequest {
        filter: None,
        date: date.map(str::to_owned),
    };
    let past = silkrate
        .client
        .get_snapshot(request(Some("2026-03-20")))
        .await;
    let past = past.unwrap().into_inner();
    assert_eq!(past.sources, []);
    let latest = silkrate
        .client
        .get_snapshot(request(None))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (latest.sources.len(), &latest.position),
        (4, &past.position)
    );
    // An empty date is none.
    let empty = silkrate
        .client
        .get_snapshot(request(Some("")))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(empty, latest);
    assert!(latest.rates.iter().all(|rate| rate.date.is_none()));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_date_that_is_none_and_a_pair_that_no_source_quotes_are_refused() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let mut silkrate = march_service(&folder, &bank).await;
    let invalid = (
        Code::InvalidArgument,
        "INVALID_DATE".to_owned(),
        Some("date".to_owned()),
    );
    for date in ["2026-02-30", "20 March", "2026-3-1"] {
        let date = Some(date.to_owned());
        let filter = Some(RateFilter {
            pairs: vec!["*/*".to_owned()],
        });
        let snapshot = GetSnapshotRequest {
            filter,
            date: date.clone(),
        };
        let refused = silkrate.client.get_snapshot(snapshot).await.unwrap_err();
        assert_eq!(reason(&refused), invalid);
        let rate = GetRateRequest {
            pair: "USD/KZT".to_owned(),
            date,
        };
        let refused = silkrate.client.get_rate(rate).await.unwrap_err();
        assert_eq!(reason(&refused), invalid);
    }
    let unknown = GetRateRequest {
        pair: "EUR/USD".to_owned(),
        date: Some("2026-03-20".to_owned()),
    };
    let refused = silkrate.client.get_rate(unknown).await.unwrap_err();
    assert_eq!(
        reason(&refused),
        (Code::NotFound, "PAIR_NOT_QUOTED".to_owned(), None)
    );
    let rates = rates_on(
        &mut silkrate,
        &["EUR/USD", "XAU/KZT", "USD/KZT", "KZT/KZT"],
        "2026-03-20",
    )
    .await;
    let pairs: Vec<&str> = rates.iter().map(|rate| rate.pair.as_str()).collect();
    assert_eq!(pairs, ["USD/KZT", "KZT/KZT"]);
    silkrate.finish().await;
}
