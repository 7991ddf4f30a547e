//! What confirms a value that moved far: repetition, its whole table, another source.

use jiff::civil::{Date, date};
use silkrate::domain::{Check, Currency, DecidedBy, HeldOutcome, SourceId};

use crate::held::{NBK, Row, at, file, held, kazakh, nbk, value, with_changes};
use crate::support::boards::noon;
use crate::support::records::{Quotes, Records, table};

/// A devaluation of a bank's own currency, in tables of these rows; held, and released by the second poll half an hour
/// later.
fn devalues(
    (source, home): (&'static str, Currency),
    before: (Date, &[Row]),
    after: (Date, &[Row]),
) {
    let id = SourceId::new(source);
    let mut book = Records::default()
        .with(source, Some(home), Vec::new())
        .book();
    let devalued = with_changes(source, home, after.0, after.1);
    file(
        &mut book,
        id,
        with_changes(source, home, before.0, before.1),
        noon(before.0),
    );
    let pair = format!("USD/{home}");
    let old = value(&book, noon(before.0), &pair);

    let seen = file(&mut book, id, devalued.clone(), at(after.0, 0));
    assert_eq!(seen.held.len(), after.1.len());
    assert!(seen.held.iter().all(|held| held.check == Check::WholeTable));
    assert_eq!(value(&book, at(after.0, 0), &pair), old);

    let soon = file(&mut book, id, devalued.clone(), at(after.0, 29));
    assert!(soon.is_empty(), "half an hour has not passed");

    let confirmed = file(&mut book, id, devalued, at(after.0, 30));
    assert_eq!(confirmed.filed[0].rows.len(), after.1.len());
    assert!(confirmed.decided.iter().all(|decision| {
        (decision.outcome, decision.by) == (HeldOutcome::Released, DecidedBy::Rule)
    }));
    assert_eq!(book.held().count(), 0);
    assert_eq!(value(&book, at(after.0, 30), &pair), after.1[0].2);
}

#[test]
fn the_tenge_of_august_2015_is_released_once_it_is_confirmed() {
    devalues(
        ("nbk", Currency::KZT),
        (
            date(2015, 8, 20),
            &[
                ("USD", 1, "188.38", "0"),
                ("EUR", 1, "208.2", "0"),
                ("RUB", 1, "2.86", "0"),
            ],
        ),
        (
            date(2015, 8, 21),
            &[
                ("USD", 1, "255.26", "66.88"),
                ("EUR", 1, "284.69", "76.49"),
                ("RUB", 1, "3.79", "0.93"),
            ],
        ),
    );
}

#[test]
fn the_sum_of_september_2017_is_released_once_it_is_confirmed() {
    devalues(
        ("cbu", Currency::UZS),
        (
            date(2017, 8, 29),
            &[
                ("USD", 1, "4210.35", "4.35"),
                ("EUR", 1, "4984.21", "0"),
                ("RUB", 1, "71.39", "0"),
            ],
        ),
        (
            date(2017, 9, 5),
            &[
                ("USD", 1, "8100.00", "3889.65"),
                ("EUR", 1, "9624.42", "4640.21"),
                ("RUB", 1, "140.02", "68.63"),
            ],
        ),
    );
}

#[test]
fn a_lone_move_is_released_by_repetition_only_when_another_source_agrees() {
    let day = date(2026, 4, 2);
    let moved = [
        ("USD", 1, "555.09", ""),
        ("EUR", 1, "545.12", ""),
        ("UZS", 100, "3.91", ""),
    ];
    let mut book = kazakh();
    file(&mut book, NBK, nbk(day, &moved), at(day, 0));
    file(&mut book, NBK, nbk(day, &moved), at(day, 45));
    assert_eq!(
        held(&book),
        ["nbk/daily/2026-04-02/USD 555.09 size_of_move"]
    );

    let cbr = table(
        "cbr",
        Quotes::InHome(Currency::RUB),
        day,
        &[("USD", 1, "81.0000"), ("KZT", 100, "14.6000")],
    );
    let mut book = Records::default()
        .with(
            "nbk",
            Some(Currency::KZT),
            vec![nbk(
                date(2026, 4, 1),
                &[("USD", 1, "478.77", ""), ("EUR", 1, "548.62", "")],
            )],
        )
        .with("cbr", Some(Currency::RUB), vec![cbr])
        .book();
    let moved = [("USD", 1, "555.09", ""), ("EUR", 1, "545.12", "")];
    file(&mut book, NBK, nbk(day, &moved), at(day, 0));
    assert_eq!(book.held().count(), 1);
    let released = file(&mut book, NBK, nbk(day, &moved), at(day, 45));
    assert_eq!(
        released.decided[0].note,
        "the bank repeated it, and cbr agrees"
    );
    assert_eq!(value(&book, at(day, 45), "USD/KZT"), "555.09");
}
