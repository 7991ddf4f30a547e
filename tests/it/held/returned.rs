//! Values of one date that come and go: the bank prints one, then another, then the first again.

use jiff::civil::{Date, date};
use silkrate::domain::{Book, Check, Currency, DocumentKey, HeldOutcome};

use crate::held::{NBK, Row, at, file, held, kazakh, nbk, rate, value};
use crate::support::boards::noon;

const DAY: Date = date(2026, 4, 2);

fn rows(usd: &'static str, change: &'static str) -> [Row; 3] {
    [
        ("USD", 1, usd, change),
        ("EUR", 1, "545.12", "-3.50"),
        ("UZS", 100, "3.91", "-0.02"),
    ]
}

/// The bank prints these dollars in turn, a quarter of an hour apart. Returns how many polls changed anything.
fn polled(book: &mut Book, printed: &[(&'static str, &'static str)]) -> usize {
    let polls = printed.iter().zip(0..).filter(|((usd, change), poll)| {
        let table = nbk(DAY, &rows(usd, change));
        !file(book, NBK, table, at(DAY, 15 * poll)).is_empty()
    });
    polls.count()
}

#[test]
fn a_value_that_was_corrected_away_and_comes_back_is_held_once_and_the_correction_stays() {
    let mut book = kazakh();
    let (old, new) = (("475.09", ""), ("475.90", ""));
    let changed = polled(
        &mut book,
        &[old, new, old, new, old, old, new, old, old, old],
    );
    assert_eq!(changed, 3, "filed, corrected, held");
    assert_eq!(held(&book), ["nbk/daily/2026-04-02/USD 475.09 returned"]);
    let served = rate(&book, at(DAY, 200), "USD/KZT").unwrap();
    assert_eq!(served.value.to_string(), "475.90");
    let waiting = &served.held[0];
    assert_eq!(waiting.check, Check::Returned);
    assert_eq!(
        waiting.detail,
        "the bank corrected 475.09 to 475.90 for this date, and prints 475.09 again"
    );
}

#[test]
fn a_value_that_comes_back_is_served_if_the_banks_own_change_is_right_for_it_alone() {
    let mut book = kazakh();
    let (old, new) = (("475.09", "-3.68"), ("475.90", "-3.68"));
    let changed = polled(&mut book, &[old, new, old, new, old, new, new]);
    assert_eq!(changed, 4, "filed, corrected, corrected back, held");
    assert_eq!(value(&book, at(DAY, 200), "USD/KZT"), "475.09");
    assert_eq!(held(&book), ["nbk/daily/2026-04-02/USD 475.90 returned"]);
}

#[test]
fn the_change_in_the_next_table_decides_between_two_values_that_came_and_went() {
    for (change, outcome, filed) in [
        ("-1.09", HeldOutcome::Released, "475.09"),
        ("-1.90", HeldOutcome::Overtaken, "475.90"),
        ("", HeldOutcome::Overtaken, "475.90"),
    ] {
        let mut book = kazakh();
        let (old, new) = (("475.09", ""), ("475.90", ""));
        polled(&mut book, &[old, new, old, new, old]);
        let next = date(2026, 4, 3);
        let changes = file(
            &mut book,
            NBK,
            nbk(next, &rows("474.00", change)),
            noon(next),
        );
        assert_eq!(changes.decided[0].outcome, outcome, "{change}");
        let key = DocumentKey {
            source: NBK,
            document: "daily",
        };
        let history = book.history(key).unwrap();
        let dollar = history.table(DAY).unwrap().rows[&Currency::USD].value;
        assert_eq!(dollar.to_string(), filed, "{change}");
        let change = rate(&book, noon(next), "USD/KZT").unwrap().change.unwrap();
        assert_eq!(change.reference_value.to_string(), filed);
        // The bank still shows both for the second of April.
        polled(&mut book, &[new, old, new, old]);
        assert!(book.held().count() <= 1);
        assert_eq!(polled(&mut book, &[new, old, new, old]), 0);
    }
}

#[test]
fn a_third_value_corrects_the_second_and_settles_the_first() {
    let mut book = kazakh();
    polled(&mut book, &[("475.09", ""), ("475.90", ""), ("475.09", "")]);
    assert_eq!(book.held().count(), 1);
    polled(&mut book, &[("475.95", "")]);
    assert_eq!(book.held().count(), 0);
    assert_eq!(value(&book, at(DAY, 60), "USD/KZT"), "475.95");
}

#[test]
fn an_operator_may_choose_the_value_that_came_back() {
    let mut book = kazakh();
    let (old, new) = (("475.09", ""), ("475.90", ""));
    polled(&mut book, &[old, new, old]);
    let id = "nbk/daily/2026-04-02/USD";
    book.decide(id, None, HeldOutcome::Released, "").unwrap();
    assert_eq!(value(&book, at(DAY, 60), "USD/KZT"), "475.09");
    // Now the other one is what was corrected away.
    assert_eq!(polled(&mut book, &[old, new, old, new]), 1);
    assert_eq!(value(&book, at(DAY, 200), "USD/KZT"), "475.09");
}

#[test]
fn a_held_value_that_comes_and_goes_is_settled_once() {
    let mut book = kazakh();
    let (good, wrong) = (("475.09", ""), ("4750.90", ""));
    let changed = polled(
        &mut book,
        &[good, wrong, good, wrong, good, wrong, good, wrong, wrong],
    );
    assert_eq!(changed, 4, "filed, held, replaced, held for good");
    assert_eq!(held(&book), ["nbk/daily/2026-04-02/USD 4750.90 unit_jump"]);
    assert_eq!(value(&book, at(DAY, 200), "USD/KZT"), "475.09");
}

#[test]
fn of_two_tables_of_one_date_that_come_in_turn_one_is_served_and_then_the_other_for_good() {
    let mut book = kazakh();
    let [first, second] =
        [["475.09", "545.12", "3.91"], ["476.20", "546.12", "3.93"]].map(|[usd, eur, uzs]| {
            let rows = [
                ("USD", 1, usd, ""),
                ("EUR", 1, eur, ""),
                ("UZS", 100, uzs, ""),
            ];
            nbk(DAY, &rows)
        });
    let mut served = Vec::new();
    let mut changed = 0;
    for poll in 0..40 {
        let table = if poll % 2 == 0 { &first } else { &second };
        let filed = file(&mut book, NBK, table.clone(), at(DAY, 20 * poll));
        changed += usize::from(!filed.is_empty());
        served.push(value(&book, at(DAY, 20 * poll), "USD/KZT"));
    }
    served.dedup();
    assert_eq!(served, ["475.09", "476.20"]);
    assert_eq!(changed, 6, "filed, held, replaced, held, corrected, held");
    assert!(book.held().all(|held| held.check == Check::Returned));
}

#[test]
fn a_change_that_is_left_out_at_times_is_kept() {
    let mut book = kazakh();
    let (with, without) = (("475.09", "-3.68"), ("475.09", ""));
    assert_eq!(polled(&mut book, &[with, without, with, without]), 1);
}
