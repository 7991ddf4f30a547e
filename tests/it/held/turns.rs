//! Two values of one date that are both implausible: which of them waits, and since when.

use jiff::civil::{Date, date};
use silkrate::domain::{Book, BookChanges, Currency, HeldOutcome, Intent, SourceId, Table};

use crate::held::{NBK, Row, at, file, held, kazakh, nbk, value};
use crate::support::boards::noon;
use crate::support::records::{Quotes, Records, table};

const DAY: Date = date(2026, 4, 2);

/// The Kazakh table of a day, with this dollar.
fn with_dollar(day: Date, usd: &'static str) -> Table {
    let rows: [Row; 3] = [
        ("USD", 1, usd, ""),
        ("EUR", 1, "545.12", ""),
        ("UZS", 100, "3.91", ""),
    ];
    nbk(day, &rows)
}

/// The bank prints this dollar.
fn print(book: &mut Book, minutes: i64, usd: &'static str) -> BookChanges {
    file(book, NBK, with_dollar(DAY, usd), at(DAY, minutes))
}

/// How held rows were settled, and why.
fn settled(changes: &BookChanges) -> Vec<(String, HeldOutcome, &str)> {
    let decided = changes.decided.iter();
    let line = decided.map(|done| {
        (
            done.held.fixing.value.to_string(),
            done.outcome,
            &*done.note,
        )
    });
    line.collect()
}

/// The Kazakh bank of 1 April, and a table of the Russian one in which a dollar costs 555 tenge from 2 April on.
fn beside_a_witness() -> Book {
    let rows = [("USD", 1, "81.0000"), ("KZT", 100, "14.6000")];
    let roubles = table("cbr", Quotes::InHome(Currency::RUB), DAY, &rows);
    Records::default()
        .with(
            "nbk",
            Some(Currency::KZT),
            vec![with_dollar(date(2026, 4, 1), "478.77")],
        )
        .with("cbr", Some(Currency::RUB), vec![roubles])
        .book()
}

#[test]
fn of_two_implausible_values_of_a_date_the_one_that_is_printed_now_waits() {
    let mut book = kazakh();
    print(&mut book, 0, "4750.90");
    let changes = print(&mut book, 15, "600.00");
    let note = "the bank prints 600.00 now";
    let replaced = ("4750.90".to_owned(), HeldOutcome::Replaced, note);
    assert_eq!(settled(&changes), [replaced]);
    assert_eq!(
        held(&book),
        ["nbk/daily/2026-04-02/USD 600.00 size_of_move"]
    );
    assert_eq!(value(&book, at(DAY, 15), "USD/KZT"), "478.77");
}

#[test]
fn a_new_misprint_takes_the_place_of_a_corrected_value_that_came_back() {
    let mut book = kazakh();
    print(&mut book, 0, "475.09");
    print(&mut book, 15, "475.90");
    print(&mut book, 30, "475.09");
    assert_eq!(held(&book), ["nbk/daily/2026-04-02/USD 475.09 returned"]);
    let changes = print(&mut book, 45, "4759.00");
    let note = "the bank prints 4759.00 now";
    let replaced = ("475.09".to_owned(), HeldOutcome::Replaced, note);
    assert_eq!(settled(&changes), [replaced]);
    assert_eq!(held(&book), ["nbk/daily/2026-04-02/USD 4759.00 unit_jump"]);
    assert_eq!(value(&book, at(DAY, 45), "USD/KZT"), "475.90");
}

#[test]
fn a_misprint_and_a_corrected_value_that_come_in_turn_replace_each_other_once() {
    let mut book = kazakh();
    let turns = ["4750.90", "475.09"].into_iter().cycle().take(8);
    let printed = ["475.09", "475.90"].into_iter().chain(turns);
    let polls = printed
        .zip(0..)
        .filter(|(usd, poll)| !print(&mut book, 15 * poll, usd).is_empty());
    assert_eq!(
        polls.count(),
        5,
        "filed, corrected, held, replaced, replaced"
    );
    assert_eq!(held(&book), ["nbk/daily/2026-04-02/USD 4750.90 unit_jump"]);
    assert_eq!(value(&book, at(DAY, 200), "USD/KZT"), "475.90");
}

#[test]
fn another_value_of_a_date_waits_for_half_an_hour_of_its_own() {
    let mut book = beside_a_witness();
    print(&mut book, 0, "555.09");
    let changes = print(&mut book, 45, "556.00");
    assert_eq!(changes.held[0].since, at(DAY, 45));
    assert_eq!(
        held(&book),
        ["nbk/daily/2026-04-02/USD 556.00 size_of_move"]
    );
    assert!(print(&mut book, 74, "556.00").is_empty());
    let changes = print(&mut book, 75, "556.00");
    let note = "the bank repeated it, and cbr agrees";
    let released = ("556.00".to_owned(), HeldOutcome::Released, note);
    assert_eq!(settled(&changes), [released]);
}

#[test]
fn a_row_that_waits_far_away_from_another_does_not_confirm_it() {
    let mut book = beside_a_witness();
    print(&mut book, 0, "700.00");
    let next = DAY.tomorrow().unwrap();
    let changes = file(&mut book, NBK, with_dollar(next, "555.09"), noon(next));
    assert_eq!(changes.held[0].since, noon(next));
    assert_eq!(value(&book, noon(next), "USD/KZT"), "478.77");
}

#[test]
fn a_table_of_the_past_that_is_submitted_twice_confirms_nothing() {
    let mut book = kazakh();
    let now = noon(date(2026, 4, 20));
    for usd in ["560.10", "560.10", "561.00", "561.00"] {
        let table = with_dollar(DAY, usd);
        book.file(NBK, table, Intent::Backfill, now).unwrap();
        let waiting = format!("nbk/daily/2026-04-02/USD {usd} size_of_move");
        assert_eq!(held(&book), [waiting]);
    }
}

#[test]
fn a_rejected_value_stays_rejected_though_another_source_agrees_with_it() {
    let mut book = beside_a_witness();
    print(&mut book, 0, "555.09");
    let id = "nbk/daily/2026-04-02/USD";
    book.decide(id, None, HeldOutcome::Rejected, "").unwrap();
    let next = DAY.tomorrow().unwrap();
    for minutes in [0, 45, 90] {
        file(
            &mut book,
            NBK,
            with_dollar(next, "555.09"),
            at(next, minutes),
        );
        let waiting = ["nbk/daily/2026-04-03/USD 555.09 rejected"];
        assert_eq!(held(&book), waiting, "{minutes}");
    }
    // Nor is it filed when it is overtaken.
    let last = next.tomorrow().unwrap();
    let changes = file(&mut book, NBK, with_dollar(last, "479.00"), noon(last));
    let note = "a later value was accepted";
    let overtaken = ("555.09".to_owned(), HeldOutcome::Overtaken, note);
    assert_eq!(settled(&changes), [overtaken]);
}

#[test]
fn a_value_that_was_overtaken_does_not_wait_again_when_its_table_is_printed_again() {
    let mut book = kazakh();
    print(&mut book, 0, "560.10");
    let next = DAY.tomorrow().unwrap();
    let changes = file(&mut book, NBK, with_dollar(next, "479.00"), noon(next));
    assert_eq!(changes.decided[0].outcome, HeldOutcome::Overtaken);
    for minutes in [10, 60] {
        let table = with_dollar(DAY, "560.10");
        let again = book.file(NBK, table, Intent::AnyDate, at(next, minutes));
        assert!(again.unwrap().is_empty(), "{minutes}");
    }
    assert_eq!(held(&book), Vec::<String>::new());
}

#[test]
fn a_correction_of_half_of_the_rows_is_filed_and_one_of_more_is_held() {
    let rows = |usd, eur, rub| {
        let rows: [Row; 4] = [
            ("USD", 1, usd, ""),
            ("EUR", 1, eur, ""),
            ("RUB", 1, rub, ""),
            ("CNY", 1, "66.1", ""),
        ];
        nbk(DAY, &rows)
    };
    for (rub, waiting) in [("5.88", 0), ("5.89", 3)] {
        let mut book = Records::default()
            .with("nbk", Some(Currency::KZT), Vec::new())
            .book();
        file(&mut book, NBK, rows("475.09", "545.12", "5.88"), noon(DAY));
        let second = rows("475.90", "545.90", rub);
        file(&mut book, NBK, second, at(DAY, 15));
        assert_eq!(book.held().count(), waiting, "{rub}");
    }
}

const MARKET: SourceId = SourceId::new("market");

/// A market's table of a day.
fn market(day: Date, minutes: i64, kzt: &str) -> Table {
    let rows = [
        ("KZT", 1, kzt),
        ("KGS", 1, "87.45"),
        ("TJS", 1, "9.34"),
        ("UZS", 1, "12142.1"),
    ];
    let mut table = table("market", Quotes::OfBase(Currency::USD), day, &rows);
    table.as_of = Some(at(day, minutes));
    table
}

#[test]
fn a_jump_of_a_market_waits_only_while_the_market_prints_it() {
    let mut book = Records::default().with("market", None, Vec::new()).book();
    let turns = ["475.09", "560.10"].into_iter().cycle();
    for (kzt, poll) in turns.zip(0..8) {
        let minutes = 10 * poll;
        let table = market(DAY, minutes, kzt);
        file(&mut book, MARKET, table, at(DAY, minutes));
        let waiting = usize::from(kzt == "560.10");
        assert_eq!(book.held().count(), waiting, "{minutes}");
    }
}

#[test]
fn a_jump_of_a_market_is_not_filed_for_a_day_that_is_over() {
    let rows = [("USD", 1, "560.00", ""), ("EUR", 1, "600.00", "")];
    let mut book = Records::default()
        .with("market", None, Vec::new())
        .with("nbk", Some(Currency::KZT), vec![nbk(DAY, &rows)])
        .book();
    file(&mut book, MARKET, market(DAY, 0, "475.09"), at(DAY, 0));
    file(&mut book, MARKET, market(DAY, 10, "560.10"), at(DAY, 10));
    assert_eq!(
        held(&book),
        ["market/daily/2026-04-02/KZT 560.10 size_of_move"]
    );
    let next = DAY.tomorrow().unwrap();
    let changes = file(&mut book, MARKET, market(next, 0, "475.20"), at(next, 0));
    let note = "a later value was accepted";
    let overtaken = ("560.10".to_owned(), HeldOutcome::Overtaken, note);
    assert_eq!(settled(&changes), [overtaken]);
}
