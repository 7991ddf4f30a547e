//! Ranges that end where the known days do: after today, before the first table, and where the days of two banks differ.

use silkrate::pb::{HistoryStep, ListPeriodRatesRequest, ListRateHistoryRequest, Period, Rate};
use tempfile::TempDir;

use crate::history::past::{march, service, submit};
use crate::history::periods::{history, periods, stepped, with_march};
use crate::support::bank::Bank;
use crate::support::silkrate::filter;

fn period(period: Period, start: Option<&str>, end: Option<&str>) -> ListPeriodRatesRequest {
    ListPeriodRatesRequest {
        filter: Some(filter(&["USD/KZT"])),
        period: period.into(),
        start_date: start.map(str::to_owned),
        end_date: end.map(str::to_owned),
        ..ListPeriodRatesRequest::default()
    }
}

#[tokio::test]
async fn a_period_is_listed_whole_if_the_range_begins_in_it_after_today() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let mut silkrate = with_march(&folder.path().join("silkrate.db"), &bank).await;
    // Today is 30 March 2026.
    for (length, start) in [
        (Period::Month, "2026-03-31"),
        (Period::Year, "2026-05-20"),
        (Period::Year, "2026-12-31"),
    ] {
        let whole = periods(&mut silkrate, period(length, None, None)).await;
        assert_eq!(whole.len(), 1, "{length:?}");
        let late = period(length, Some(start), None);
        assert_eq!(periods(&mut silkrate, late).await, whole, "{start}");
    }
    for (length, start) in [(Period::Month, "2026-04-01"), (Period::Year, "2027-01-01")] {
        let to_come = period(length, Some(start), None);
        assert_eq!(periods(&mut silkrate, to_come).await, [], "{start}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_period_is_listed_whole_if_the_range_ends_in_it_before_the_first_table() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let mut silkrate = with_march(&folder.path().join("silkrate.db"), &bank).await;
    // The first table is of 16 March 2026.
    for (length, end) in [
        (Period::Month, "2026-03-05"),
        (Period::Quarter, "2026-01-01"),
    ] {
        let whole = periods(&mut silkrate, period(length, None, None)).await;
        assert_eq!(whole.len(), 1, "{length:?}");
        let early = period(length, None, Some(end));
        assert_eq!(periods(&mut silkrate, early).await, whole, "{end}");
    }
    for (length, end) in [
        (Period::Month, "2026-02-28"),
        (Period::Quarter, "2025-12-31"),
    ] {
        let before = period(length, None, Some(end));
        assert_eq!(periods(&mut silkrate, before).await, [], "{end}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn each_pair_has_the_row_of_its_own_today_while_the_days_of_two_banks_differ() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    // In Bishkek it is half past midnight on the last day of the month, and in Almaty an hour earlier.
    let path = folder.path().join("silkrate.db");
    let mut silkrate = service("2026-03-30T18:30:00Z", &path, &bank).await;
    submit(&silkrate, march()).await;
    let (som, tenge) = ("2026-03-31 USD/KGS", "2026-03-30 KZT/USD");
    for (step, end, rows) in [
        (HistoryStep::Month, None, &[som, tenge][..]),
        (HistoryStep::Year, Some("2026-12-31"), &[som, tenge]),
        (
            HistoryStep::Month,
            Some("2026-03-30"),
            &[tenge, "2026-03-30 USD/KGS"],
        ),
    ] {
        for size in [1, 1000] {
            let request = ListRateHistoryRequest {
                end_date: end.map(str::to_owned),
                page_size: Some(size),
                ..stepped(&["KZT/USD", "USD/KGS"], step)
            };
            let rates = history(&mut silkrate, request).await;
            let line = |rate: &Rate| format!("{} {}", rate.date(), rate.pair);
            let found: Vec<String> = rates.iter().map(line).collect();
            assert_eq!(found, rows, "{step:?} {end:?} {size}");
        }
    }
    silkrate.finish().await;
}
