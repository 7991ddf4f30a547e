//! Values that are served with a flag, and those that are not flagged.

use jiff::civil::{Date, date};
use silkrate::domain::{Book, Check, Currency, RevisionPolicy, SourceId};

use crate::held::{NBK, file, held, kazakh, nbk};
use crate::support::boards::noon;
use crate::support::records::{Quotes, Records, table};

/// The flags of the Kazakh bank at noon of a day.
fn flags(book: &Book, day: Date) -> Vec<String> {
    let state = &book.view(noon(day)).states[&NBK];
    let lines = state
        .flags
        .iter()
        .map(|flag| format!("{}: {}", flag.check.as_str(), flag.detail));
    lines.collect()
}

#[test]
fn a_currency_that_no_earlier_table_had_is_flagged_on_its_first_day() {
    let mut book = kazakh();
    let (first, second) = (date(2026, 4, 2), date(2026, 4, 3));
    let rows = [
        ("USD", 1, "475.09", "-3.68"),
        ("EUR", 1, "551.06", "+2.44"),
        ("UZS", 100, "3.91", "-0.02"),
        ("KGS", 1, "5.43", "-0.04"),
    ];
    file(&mut book, NBK, nbk(first, &rows), noon(first));
    let new = "new_row: no table before had a row for KGS: nothing to compare with";
    assert_eq!(flags(&book, first), [new]);
    let rows = rows.map(|(code, units, value, _)| (code, units, value, "0.00"));
    let rows = [&rows[..], &[("EUR", 1, "551.07", "0.01")]].concat();
    file(&mut book, NBK, nbk(second, &rows), noon(second));
    assert_eq!(flags(&book, second), Vec::<String>::new());
}

#[test]
fn a_repeated_table_is_flagged_if_one_was_due_before_it_or_its_change_is_not_zero() {
    let rows = |change| {
        [
            ("USD", 1, "478.77", change),
            ("EUR", 1, "548.62", "0.00"),
            ("UZS", 100, "3.93", "0.00"),
        ]
    };
    let flags_on = |day, change| {
        let mut book = kazakh();
        file(&mut book, NBK, nbk(day, &rows(change)), noon(day));
        flags(&book, day)
    };
    let missing = "calendar: the table for 2026-04-02 is not known";
    let change = "published_change: the bank prints a change of 0.01; 478.77 after 478.77 on 2026-04-01 is 0";
    let (next, after_next) = (date(2026, 4, 2), date(2026, 4, 3));
    assert_eq!(flags_on(next, "0.00"), Vec::<String>::new());
    assert_eq!(flags_on(next, "0.01"), [change]);
    assert_eq!(flags_on(after_next, "0.00"), [missing]);
}

#[test]
fn a_wrong_printed_change_is_corrected_once_supersedes_no_value_and_does_not_come_back() {
    let mut book = kazakh();
    let day = date(2026, 4, 2);
    let rows = |eur| {
        [
            ("USD", 1, "475.09", "-3.68"),
            ("EUR", 1, "545.12", eur),
            ("UZS", 100, "3.91", "-0.02"),
        ]
    };
    file(&mut book, NBK, nbk(day, &rows("-3.40")), noon(day));
    let change = "published_change: the bank prints a change of -3.40; 545.12 after 548.62 on 2026-04-01 is -3.5";
    assert_eq!(flags(&book, day), [change]);
    let corrected = file(&mut book, NBK, nbk(day, &rows("-3.50")), noon(day));
    let rows_filed = &corrected.filed[0].rows;
    assert_eq!(rows_filed.len(), 1, "the row is filed in the ledger too");
    assert_eq!(rows_filed[0].superseded_value, None);
    assert_eq!(flags(&book, day), Vec::<String>::new());
    for printed in ["-3.50", "-3.40", "", "-3.41"] {
        let again = file(&mut book, NBK, nbk(day, &rows(printed)), noon(day));
        assert!(again.is_empty(), "{printed}");
    }
}

#[test]
fn a_second_market_table_of_a_date_is_accepted_only_with_an_instant() {
    let market = SourceId::new("market");
    let day = date(2025, 12, 8);
    let rows = |kzt, kgs| {
        let quotes = Quotes::OfBase(Currency::USD);
        table("market", quotes, day, &[("KZT", 1, kzt), ("KGS", 1, kgs)])
    };
    for (instant, held_rows) in [(None, 2), (Some(noon(day)), 0)] {
        let mut book = Records::default().with("market", None, Vec::new()).book();
        let record = book.record(market).unwrap();
        assert_eq!(record.revision_policy(), RevisionPolicy::Replacement);
        for (kzt, kgs) in [("505.488469", "87.450239"), ("511.015258", "87.449424")] {
            let mut table = rows(kzt, kgs);
            table.as_of = instant;
            file(&mut book, market, table, noon(day));
        }
        assert_eq!(held(&book).len(), held_rows);
        let checks = book.held().map(|held| held.check);
        assert!(checks.into_iter().all(|check| check == Check::Rewritten));
    }
}
