//! The changes over a week, a month and a year: what they are taken from.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use silkrate::domain::{Currency, Intent};
use tempfile::TempDir;

use crate::support::boards::noon;
use crate::support::commits::{Commits, NEVER, store, tenge};
use crate::support::records::{Quotes, Records, table};

/// A Sunday; a week before it is one too, and a year before it is a Saturday.
const TODAY: Date = date(2026, 4, 5);

/// The dates of the references of the dollar in tenge.
fn references(commits: &Commits) -> Vec<Date> {
    let windows = commits.rate("USD/KZT").windows.into_iter();
    let changes = windows.map(|window| window.change.unwrap());
    changes.map(|change| change.reference_date).collect()
}

#[tokio::test]
async fn a_window_that_begins_on_a_repeated_table_names_the_date_its_value_was_fixed_for() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let commits = Commits::open(store(&path, NEVER), noon(TODAY)).await;
    let mut usd = String::new();
    for back in (0..400).rev() {
        let day = TODAY - back.days();
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            usd = format!("475.{:02}", back % 97);
        }
        if !usd.is_empty() {
            commits
                .submit(vec![tenge(day, &[("USD", 1, &usd)])], Intent::AnyDate)
                .await;
        }
    }
    let fixed = [date(2026, 3, 27), date(2026, 3, 5), date(2025, 4, 4)];
    assert_eq!(references(&commits), fixed);
    let before = commits.close().await;
    let commits = Commits::open(store(&path, NEVER), noon(TODAY)).await;
    assert_eq!(references(&commits), fixed, "after a restart");
    assert_eq!(commits.close().await, before);
}

#[test]
fn a_window_is_taken_from_the_source_that_answered_at_its_beginning() {
    let nbk = |day, usd| {
        table(
            "nbk",
            Quotes::InHome(Currency::KZT),
            day,
            &[("USD", 1, usd)],
        )
    };
    let cbr = |day, usd, kzt| {
        let rows = [("USD", 1, usd), ("KZT", 100, kzt)];
        table("cbr", Quotes::InHome(Currency::RUB), day, &rows)
    };
    let (week, month) = (date(2026, 3, 29), date(2026, 3, 5));
    let records = Records::default()
        .with(
            "nbk",
            Some(Currency::KZT),
            vec![nbk(week, "480.00"), nbk(TODAY, "475.09")],
        )
        .with(
            "cbr",
            Some(Currency::RUB),
            vec![cbr(month, "77.8009", "15.6198"), cbr(TODAY, "80.1", "16.9")],
        );
    let rate = records.rate(TODAY, "USD/KZT").unwrap();
    assert_eq!(rate.source, "nbk");
    let windows: Vec<String> = rate
        .windows
        .iter()
        .map(|window| match &window.change {
            Ok(change) => format!("{} {}", change.reference_value, change.reference_date),
            Err(reason) => reason.clone(),
        })
        .collect();
    assert_eq!(
        windows,
        [
            "480.00 2026-03-29",
            "498.091524859 2026-03-05",
            "the history of nbk begins on 2026-03-29"
        ]
    );
}
