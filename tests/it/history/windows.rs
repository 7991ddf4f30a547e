//! The changes over a week, a month and a year: what they are taken from.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use silkrate::domain::{Currency, HeldOutcome, Intent, SourceId, Window};
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

#[tokio::test]
async fn a_table_of_long_ago_changes_the_windows_as_a_restart_does() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let mut commits = Commits::open(store(&path, NEVER), noon(TODAY)).await;
    for back in (0..80).rev() {
        let usd = format!("475.{:02}", back % 97);
        let table = tenge(TODAY - back.days(), &[("USD", 1, &usd)]);
        commits.submit(vec![table], Intent::AnyDate).await;
    }
    // Days around the beginning of the year before: far ones, near ones, ones between them, and repeats of others.
    let year_ago = Window::Year.before(TODAY);
    let far = (40..70).map(|back| (back, "470.10"));
    let near = [
        (3, "470.50"),
        (1, "470.60"),
        (0, "470.60"),
        (4, "470.50"),
        (5, "470.50"),
        (-1, "470.70"),
        (13, "470.20"),
        (2, "470.60"),
    ];
    let filed = far.chain(near).chain([(90, "470.00"), (12, "470.50")]);
    for (back, usd) in filed {
        let table = tenge(year_ago - back.days(), &[("USD", 1, usd)]);
        let outcome = commits.handle.backfill(SourceId::new("nbk"), table).await;
        assert_eq!(outcome.unwrap().held_rows, 0);
        if back < 40 || back == 90 {
            let before = commits.close().await;
            commits = Commits::open(store(&path, NEVER), noon(TODAY)).await;
            assert_eq!(commits.board.snapshot(), before, "after {usd} of {back}");
        }
    }
    let change = commits.rate("USD/KZT").windows[2].change.clone().unwrap();
    let (value, date) = (change.reference_value.to_string(), change.reference_date);
    assert_eq!((value.as_str(), date), ("470.60", year_ago - 2.days()));
    commits.close().await;
}

#[tokio::test]
async fn a_row_of_long_ago_that_an_operator_releases_changes_the_windows_as_a_restart_does() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let commits = Commits::open(store(&path, NEVER), noon(TODAY)).await;
    for back in (0..80).rev() {
        let usd = format!("475.{:02}", back % 97);
        let table = tenge(TODAY - back.days(), &[("USD", 1, &usd)]);
        commits.submit(vec![table], Intent::AnyDate).await;
    }
    let year_ago = Window::Year.before(TODAY);
    for (back, usd, held) in [(5, "470.20", 0), (3, "470.50", 0), (1, "4706.00", 1)] {
        let table = tenge(year_ago - back.days(), &[("USD", 1, usd)]);
        let outcome = commits.handle.backfill(SourceId::new("nbk"), table).await;
        assert_eq!(outcome.unwrap().held_rows, held, "{usd}");
    }
    assert_eq!(references(&commits)[2], year_ago - 3.days());
    let published = commits.board.published();
    let record = published.records().values().next().unwrap();
    let held = record.documents[0].history.held().next().unwrap();
    let decided = commits.handle.decide(
        held.id().to_string(),
        None,
        HeldOutcome::Released,
        String::new(),
    );
    let receipt = decided.await.unwrap().unwrap();
    assert_eq!(references(&commits)[2], year_ago - 1.days());
    let before = commits.close().await;
    assert_eq!(receipt.position, before.position);
    let commits = Commits::open(store(&path, NEVER), noon(TODAY)).await;
    assert_eq!(commits.close().await, before, "after a restart");
}
