//! Tables of the past beside newer ones: what their own changes confirm, and what the years between explain.

use jiff::civil::{Date, date};
use silkrate::domain::{Check, Currency, DocumentKey, HeldOutcome, Intent};

use crate::held::{NBK, Row, nbk};
use crate::support::boards::noon;
use crate::support::records::Records;

const NOW: Date = date(2026, 4, 2);

/// The rows of a day beside a lira with its change.
fn rows(usd: &'static str, lira: &'static str, change: &'static str) -> [Row; 4] {
    [
        ("USD", 1, usd, ""),
        ("EUR", 1, "548.62", ""),
        ("RUB", 1, "5.87", ""),
        ("TRY", 1, lira, change),
    ]
}

/// Files two tables of the past, in whose second the lira costs ten times what it costs on 1 April 2026. Returns whether
/// the second lira is accepted, and the notes of what was decided.
fn lira_of(day: Date, change: &'static str) -> (bool, Vec<(HeldOutcome, String)>) {
    let mut book = Records::default()
        .with("nbk", Some(Currency::KZT), Vec::new())
        .book();
    let mut decided = Vec::new();
    let before = day.yesterday().unwrap();
    for (date, rows) in [
        (date(2026, 4, 1), rows("478.77", "10.80", "")),
        (before, rows("478.77", "108.50", "")),
        (day, rows("478.77", "108.00", change)),
    ] {
        let table = nbk(date, &rows);
        let filed = book.file(NBK, table, Intent::Backfill, noon(NOW)).unwrap();
        let filed = filed.decided.into_iter();
        decided.extend(filed.map(|decision| (decision.outcome, decision.note)));
    }
    let key = DocumentKey {
        source: NBK,
        document: "daily",
    };
    let table = book.history(key).unwrap().table(day).unwrap();
    let is_accepted = table.rows.contains_key(&Currency::constant("TRY"));
    let waiting = book.held().all(|held| held.check == Check::UnitJump);
    assert!(waiting, "{day}");
    (is_accepted, decided)
}

/// What an accepted lira decides: the one of the day before is released beside it.
fn the_one_before() -> [(HeldOutcome, String); 1] {
    let note = "the value is plausible now";
    [(HeldOutcome::Released, note.to_owned())]
}

#[test]
fn a_tenfold_price_of_more_than_a_year_ago_is_accepted_if_the_banks_own_change_confirms_it() {
    // They lie 367, 366 and 365 days before 1 April 2026.
    let days = [30, 31].map(|day| date(2025, 3, day));
    let (is_accepted, decided) = lira_of(days[0], "-0.50");
    assert!(is_accepted);
    assert_eq!(decided, the_one_before());
    for day in [days[1], date(2025, 4, 1)] {
        let (is_accepted, decided) = lira_of(day, "-0.50");
        assert!(!is_accepted, "{day}");
        assert_eq!(decided, [], "{day}");
    }
}

#[test]
fn a_tenfold_price_of_years_ago_is_accepted_when_the_next_table_has_it_too() {
    let (is_accepted, decided) = lira_of(date(2016, 4, 18), "");
    assert!(is_accepted);
    assert_eq!(decided, the_one_before());
}

#[test]
fn a_table_of_today_that_an_operator_submits_is_judged_as_one_that_the_bank_prints() {
    let day = date(2026, 4, 2);
    for (today, is_accepted) in [(day, false), (day.tomorrow().unwrap(), true)] {
        let mut book = Records::default()
            .with("nbk", Some(Currency::KZT), Vec::new())
            .book();
        let before = nbk(date(2026, 4, 1), &rows("478.77", "10.80", ""));
        let moved = nbk(day, &rows("478.80", "13.80", "3.00"));
        for table in [before, moved] {
            book.file(NBK, table, Intent::Backfill, noon(today))
                .unwrap();
        }
        // Only of a day that is over is the bank's own change evidence enough.
        assert_eq!(book.held().count(), usize::from(!is_accepted), "{today}");
    }
}
