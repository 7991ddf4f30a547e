//! A row that falls back to an older table keeps the flags of that one.

use jiff::civil::{Date, date};
use silkrate::domain::{Book, Check, Currency, Freshness};

use crate::held::{NBK, file, nbk, rate};
use crate::support::boards::noon;
use crate::support::records::Records;

fn april(day: i8) -> Date {
    date(2026, 4, day)
}

/// Four rows that do not change, and the euro with the bank's own change; without a euro when there is no text.
fn filed(book: &mut Book, day: i8, eur: Option<(&'static str, &'static str)>) {
    let mut rows = vec![
        ("USD", 1, "478.77", "0"),
        ("RUB", 1, "5.88", "0"),
        ("CNY", 1, "66.1", "0"),
        ("GBP", 1, "640.5", "0"),
    ];
    rows.extend(eur.map(|(value, change)| ("EUR", 1, value, change)));
    file(book, NBK, nbk(april(day), &rows), noon(april(day)));
}

/// What is served for the euro at noon of a day: its value, the date of it, and the checks that flag it.
fn euro(book: &Book, day: i8) -> (String, Date, Freshness, Vec<Check>) {
    let rate = rate(book, noon(april(day)), "EUR/KZT").unwrap();
    (
        rate.value.to_string(),
        rate.effective_date.unwrap(),
        rate.freshness_status.freshness,
        rate.flags.iter().map(|flag| flag.check).collect(),
    )
}

#[test]
fn a_flag_stays_with_its_value_when_the_next_one_is_held_or_missing() {
    for next in [Some(("538.00", "-64.90")), None] {
        let mut book = Records::default()
            .with("nbk", Some(Currency::KZT), Vec::new())
            .book();
        filed(&mut book, 1, Some(("548.62", "0")));
        // A misprint of less than a tenth, which the bank's own change contradicts.
        filed(&mut book, 2, Some(("602.90", "0.10")));
        let flagged = |freshness| {
            let flags = vec![Check::PublishedChange];
            ("602.90".to_owned(), april(2), freshness, flags)
        };
        assert_eq!(euro(&book, 2), flagged(Freshness::Fresh));
        filed(&mut book, 3, next);
        assert_eq!(book.held().count(), usize::from(next.is_some()));
        assert_eq!(euro(&book, 3), flagged(Freshness::Late), "{next:?}");
        // The source's own flags are of its newest table; that of a row it lacks is not repeated there.
        filed(&mut book, 4, Some(("548.10", "0.10")));
        let (value, date, _, flags) = euro(&book, 4);
        assert_eq!((value.as_str(), date), ("548.10", april(4)));
        assert!(!flags.contains(&Check::MissingRow), "{flags:?}");
    }
}
