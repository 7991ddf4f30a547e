//! What is served beside a value: the changes over windows, what is held and flagged, and how current it is.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use rust_decimal::Decimal;
use silkrate::domain::{
    Answer, Book, Check, Currency, Direction, Figures, Flag, Freshness, FreshnessStatus, Held,
    Intent, Rate, SourceId, Table, TickerStyle, Window, parse_decimal, ticker_entry,
};

use crate::support::boards::noon;
use crate::support::records::{Quotes, Records, table};
use crate::values::{NBK, april, dollar, nbk};

const CBR: SourceId = SourceId::new("cbr");

fn sum(day: Date, value: &str) -> Table {
    let rows = [("USD", 1, value)];
    table("cbu", Quotes::InHome(Currency::UZS), day, &rows)
}

/// The dollar of both banks on 1 and 2 April 2026, and the tenge of the day before.
fn banks() -> Records {
    let tenge = [
        (date(2026, 3, 31), "481.54"),
        (april(1), "478.77"),
        (april(2), "475.09"),
    ];
    let tenge = tenge.map(|(day, value)| dollar(day, value));
    let sums = vec![sum(april(1), "12194.21"), sum(april(2), "12142.10")];
    Records::default()
        .with("nbk", Some(Currency::KZT), tenge.to_vec())
        .with("cbu", Some(Currency::UZS), sums)
}

/// The windows of a rate: the reference and its date, or why there is none.
fn windows(rate: &Rate) -> Vec<(Window, String)> {
    let shown = rate.windows.iter().map(|at| {
        let shown = match &at.change {
            Ok(change) => format!("{} of {}", change.reference_value, change.reference_date),
            Err(reason) => reason.clone(),
        };
        (at.window, shown)
    });
    shown.collect()
}

#[test]
fn a_pair_and_a_cross_have_the_changes_over_a_week_and_say_why_they_have_no_other() {
    let records = banks();
    let of = |pair| windows(&records.rate(april(8), pair).unwrap());
    let begins = |source, day| format!("the history of {source} begins on {day}");
    let nbk = begins("nbk", "2026-03-31");
    let week = "478.77 of 2026-04-01".to_owned();
    let dollar = [
        (Window::Week, week),
        (Window::Month, nbk.clone()),
        (Window::Year, nbk.clone()),
    ];
    assert_eq!(of("USD/KZT"), dollar);
    // 12194.21 / 478.77.
    let week = "25.4698707104 of 2026-04-01".to_owned();
    let cross = [
        (Window::Week, week),
        (Window::Month, nbk.clone()),
        (Window::Year, nbk),
    ];
    assert_eq!(of("KZT/UZS"), cross);
}

#[test]
fn a_value_of_one_row_has_the_places_of_its_table_and_one_of_several_has_none() {
    let rows = [("KZT", 1, "475.09"), ("EUR", 1, "0.8652")];
    let market = table("market", Quotes::OfBase(Currency::USD), april(2), &rows);
    let records = banks().with("market", None, vec![market]);
    let places = |pair| records.rate(april(2), pair).unwrap().decimal_places;
    assert_eq!(places("USD/KZT"), Some(2));
    assert_eq!(places("KZT/EUR"), None, "of two rows");
    assert_eq!(places("KZT/UZS"), None, "of two banks");
    let row = |pair| {
        let rate = records.rate(april(2), pair).unwrap();
        Figures::from(&rate).row
    };
    assert_eq!(row("KZT/USD"), Some((1, parse_decimal("475.09").unwrap())));
    assert_eq!(row("KZT/EUR"), None);
}

/// The Kazakh bank, whose dollar of 2 April has moved by a power of ten, beside the Uzbek bank.
fn with_a_held_dollar() -> Book {
    let mut book = Records::default()
        .with("nbk", Some(Currency::KZT), Vec::new())
        .with(
            "cbu",
            Some(Currency::UZS),
            vec![sum(april(1), "12194.21"), sum(april(2), "12142.10")],
        )
        .book();
    for (day, usd) in [(1, "478.77"), (2, "4750.90")] {
        let rows = [("EUR", 1, "548.62"), ("USD", 1, usd)];
        let table = nbk(april(day), &rows);
        let now = noon(april(day));
        book.file(NBK, table, Intent::Newest, now).unwrap();
    }
    book
}

fn held(book: &Book) -> Arc<Held> {
    Arc::clone(book.held().next().unwrap())
}

#[test]
fn a_cross_shows_what_is_held_of_either_leg() {
    let book = with_a_held_dollar();
    let held = held(&book);
    assert_eq!(held.id().to_string(), "nbk/daily/2026-04-02/USD");
    let position = silkrate::domain::Position {
        epoch: "epoch".into(),
        revision: 0,
    };
    let empty = silkrate::domain::Snapshot::initial(position, std::collections::BTreeMap::new());
    let snapshot = empty.next(book.view(noon(april(2)))).unwrap();
    for pair in ["USD/KZT", "KZT/UZS", "UZS/KZT"] {
        let rate = snapshot.rate(silkrate::domain::Pair::parse(pair).unwrap());
        assert_eq!(rate.unwrap().held, [Arc::clone(&held)], "{pair}");
    }
}

#[test]
fn a_value_that_is_late_says_that_a_newer_one_is_held() {
    let held = held(&with_a_held_dollar());
    let after = |freshness, held| {
        let reason = "the table is missing".to_owned();
        let status = FreshnessStatus { freshness, reason };
        status.held_back(held).reason
    };
    let told = "the table is missing; the value for 2026-04-02 is held";
    assert_eq!(after(Freshness::Late, Some(&held)), told);
    assert_eq!(after(Freshness::Stale, Some(&held)), told);
    let untold = "the table is missing";
    assert_eq!(after(Freshness::Fresh, Some(&held)), untold);
    assert_eq!(after(Freshness::Late, None), untold);
}

/// The flags of the Kazakh table of 2 April beside a Russian table of a day, in which 100 tenge cost these roubles.
fn flags_beside(day: Date, roubles: &str) -> Vec<Flag> {
    let rows = [("EUR", 1, "551.06"), ("USD", 1, "475.09")];
    let russian = [("KZT", 100, roubles), ("USD", 1, "83.1259")];
    let russian = table("cbr", Quotes::InHome(Currency::RUB), day, &russian);
    let records = Records::default()
        .with("nbk", Some(Currency::KZT), vec![nbk(april(2), &rows)])
        .with("cbr", Some(Currency::RUB), vec![russian]);
    let view = records.book().view(noon(april(12)));
    assert_eq!(view.states[&CBR].flags.len(), view.states[&NBK].flags.len());
    view.states[&NBK].flags.clone()
}

#[test]
fn a_dollar_with_which_no_table_of_ten_days_agrees_is_flagged_with_what_the_other_says() {
    // 83.1259 / 0.173533 are 479.02 tenge: the figures of 19 March.
    assert_eq!(flags_beside(april(2), "17.3533"), []);
    // One wrong digit: 83.1259 / 0.133533 are 622.5 tenge.
    for (day, is_flagged) in [(2, true), (12, true), (13, false)] {
        let flags = flags_beside(april(day), "13.3533");
        let flag = Flag {
            check: Check::Triangle,
            currency: Some(Currency::USD),
            detail: format!(
                "a dollar costs 475.1 KZT by this table; cbr of 2026-04-{day:02}: 622.5"
            ),
        };
        let expected = if is_flagged { vec![flag] } else { Vec::new() };
        assert_eq!(flags, expected, "{day}");
    }
}

#[test]
fn the_wide_line_spells_out_what_is_below_a_thousandth() {
    let line = |value, style| {
        let value: Decimal = parse_decimal(value).unwrap();
        let change = Some((parse_decimal("-0.7686").unwrap(), Direction::Down));
        ticker_entry("KZT/USD", value, change, style)
    };
    let wide = |value| line(value, TickerStyle::Wide);
    assert_eq!(wide("475.09"), "KZT/USD = 475.09000 -0.77%");
    assert_eq!(wide("0.001"), "KZT/USD = 0.00100 -0.77%");
    assert_eq!(wide("0.00082358"), "KZT/USD = 0.000824 -0.77%");
    let compact = line("0.00082358", TickerStyle::Compact);
    assert_eq!(compact, "KZT/USD = 0.00082 -0.77%");
}

#[test]
fn an_answer_without_the_table_that_is_due_counts_once() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let answer = |source, asked_at| Answer {
        source,
        document: "daily",
        asked_at: at(asked_at),
    };
    let mut book = Records::default()
        .with("nbk", Some(Currency::KZT), vec![dollar(april(1), "478.77")])
        .book();
    // The table of 2 April is due at 18 hours on the day before.
    let early = answer(NBK, "2026-04-01T17:00:00Z");
    assert_eq!(book.record_answers(vec![early]), []);
    assert_eq!(book.answers(), []);
    let first = answer(NBK, "2026-04-01T18:30:00Z");
    let unknown = answer(CBR, "2026-04-01T18:30:00Z");
    let recorded = book.record_answers(vec![first.clone(), unknown]);
    assert_eq!(recorded, std::slice::from_ref(&first));
    let second = answer(NBK, "2026-04-01T20:00:00Z");
    assert_eq!(book.record_answers(vec![second]), []);
    assert_eq!(book.answers(), [first]);
    let next_day = answer(NBK, "2026-04-02T18:30:00Z");
    assert_eq!(book.record_answers(vec![next_day.clone()]).len(), 1);
    assert_eq!(book.answers(), [next_day]);
}

#[test]
fn a_row_that_comes_back_after_a_table_without_it_is_not_new() {
    let flags = |days: &[i8]| {
        let tables = days.iter().map(|day| {
            let rows = [("EUR", 1, "548.62"), ("USD", 1, "478.77")];
            let has_euro = *day != 2;
            nbk(april(*day), if has_euro { &rows } else { &rows[1..] })
        });
        let records = Records::default().with("nbk", Some(Currency::KZT), tables.collect());
        let last = april(*days.last().unwrap());
        let view = records.book().view(noon(last));
        let flags = view.states[&NBK].flags.iter();
        flags.map(|flag| flag.check).collect::<Vec<_>>()
    };
    assert_eq!(flags(&[1, 2]), [Check::MissingRow]);
    assert_eq!(flags(&[1, 2, 3]), []);
    assert_eq!(flags(&[2, 3]), [Check::NewRow]);
}
