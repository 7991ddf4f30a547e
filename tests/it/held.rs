//! Held values: which are held, what is served meanwhile, and what releases them. Values with a date are the banks'
//! own.

mod backfilled;
mod fallback;
mod flags;
mod lasting;
mod laws;
mod late;
mod level;
mod release;
mod returned;
mod turns;

use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use silkrate::domain::{
    Book, BookChanges, Check, Currency, DecidedBy, DecisionError, Held, HeldOutcome, Intent, Rate,
    SourceId, Table, parse_decimal,
};

use crate::support::boards::noon;
use crate::support::records::{Quotes, Records, table};

const CBU: SourceId = SourceId::new("cbu");
const NBK: SourceId = SourceId::new("nbk");

/// One row: code, nominal, value, and the bank's own change.
type Row = (&'static str, u32, &'static str, &'static str);

/// A table in a bank's own currency whose rows have the bank's own changes; an empty change is none.
fn with_changes(id: &'static str, home: Currency, day: Date, rows: &[Row]) -> Table {
    let plain: Vec<_> = rows
        .iter()
        .map(|(code, units, value, _)| (*code, *units, *value))
        .collect();
    let mut table = table(id, Quotes::InHome(home), day, &plain);
    for (code, _, _, change) in rows.iter().filter(|row| !row.3.is_empty()) {
        let row = table.rows.get_mut(&Currency::constant(code)).unwrap();
        Arc::make_mut(row).published_change = Some(parse_decimal(change).unwrap());
    }
    table
}

fn cbu(day: Date, rows: &[Row]) -> Table {
    with_changes("cbu", Currency::UZS, day, rows)
}

fn nbk(day: Date, rows: &[Row]) -> Table {
    with_changes("nbk", Currency::KZT, day, rows)
}

fn at(day: Date, minutes: i64) -> Timestamp {
    noon(day) + SignedDuration::from_mins(minutes)
}

pub(crate) fn file(book: &mut Book, source: SourceId, table: Table, now: Timestamp) -> BookChanges {
    book.file(source, table, Intent::Newest, now).unwrap()
}

fn held(book: &Book) -> Vec<String> {
    let line = |held: &Arc<Held>| {
        let value = held.fixing.value;
        format!("{} {value} {}", held.id(), held.check.as_str())
    };
    book.held().map(line).collect()
}

/// What is served for a pair at an instant.
fn rate(book: &Book, now: Timestamp, pair: &str) -> Option<Rate> {
    let position = silkrate::domain::Position {
        epoch: "epoch".into(),
        revision: 0,
    };
    let empty = silkrate::domain::Snapshot::initial(position, std::collections::BTreeMap::new());
    empty
        .next(book.view(now))?
        .rate(silkrate::domain::Pair::parse(pair).unwrap())
}

fn value(book: &Book, now: Timestamp, pair: &str) -> String {
    rate(book, now, pair).unwrap().value.to_string()
}

/// The Kazakh bank with the tables of 31 March and 1 April 2026.
fn kazakh() -> Book {
    let mut book = Records::default()
        .with("nbk", Some(Currency::KZT), Vec::new())
        .book();
    let day = date(2026, 3, 31);
    let rows = [
        ("USD", 1, "481.54", ""),
        ("EUR", 1, "553.24", ""),
        ("UZS", 100, "3.95", ""),
    ];
    file(&mut book, NBK, nbk(day, &rows), noon(day));
    let day = date(2026, 4, 1);
    let rows = [
        ("USD", 1, "478.77", "-2.77"),
        ("EUR", 1, "548.62", "-4.62"),
        ("UZS", 100, "3.93", "-0.02"),
    ];
    file(&mut book, NBK, nbk(day, &rows), noon(day));
    book
}

#[test]
fn a_value_that_moved_by_a_power_of_ten_is_held_and_the_last_good_one_is_served() {
    let mut book = kazakh();
    let day = date(2026, 4, 2);
    let rows = [
        ("USD", 1, "4750.90", "-3.68"),
        ("EUR", 1, "545.12", "-3.50"),
        ("UZS", 100, "3.91", "-0.02"),
    ];
    let filed = file(&mut book, NBK, nbk(day, &rows), noon(day));
    assert_eq!(filed.filed[0].rows.len(), 2);
    assert_eq!(held(&book), ["nbk/daily/2026-04-02/USD 4750.90 unit_jump"]);
    let usd = rate(&book, noon(day), "USD/KZT").unwrap();
    assert_eq!(usd.value.to_string(), "478.77");
    assert_eq!(usd.effective_date, Some(date(2026, 4, 1)));
    assert_eq!(usd.held[0].fixing.value.to_string(), "4750.90");
    assert_eq!(usd.held[0].since, noon(day));
    assert_eq!(value(&book, noon(day), "EUR/KZT"), "545.12");
    assert_eq!(rate(&book, noon(day), "EUR/KZT").unwrap().held, []);
}

#[test]
fn other_units_an_inverse_and_a_lone_move_have_different_checks() {
    let day = date(2026, 4, 2);
    let checked = |usd: (u32, &'static str)| {
        let mut book = kazakh();
        let rows = [
            ("USD", usd.0, usd.1, ""),
            ("EUR", 1, "545.12", ""),
            ("UZS", 100, "3.91", ""),
        ];
        file(&mut book, NBK, nbk(day, &rows), noon(day));
        book.held().next().map(|held| held.check)
    };
    assert_eq!(checked((1, "475.09")), None);
    assert_eq!(checked((10, "475.09")), Some(Check::UnitJump));
    assert_eq!(checked((1, "4.7509")), Some(Check::UnitJump));
    assert_eq!(checked((1, "0.0021")), Some(Check::Inversion));
    assert_eq!(checked((1, "575.09")), Some(Check::SizeOfMove));
    assert_eq!(
        checked((10, "4750.9")),
        None,
        "other units and the same price"
    );
}

#[test]
fn a_nominal_that_changes_with_its_value_is_no_jump() {
    let mut book = kazakh();
    let day = date(2026, 4, 2);
    let rows = [
        ("USD", 1, "475.09", ""),
        ("EUR", 1, "545.12", ""),
        ("UZS", 1000, "39.1", ""),
    ];
    file(&mut book, NBK, nbk(day, &rows), noon(day));
    assert_eq!(held(&book), Vec::<String>::new());
}

/// The Uzbek bank, empty, beside the same days' tables of the Turkmen and the Russian one (made for this test).
fn uzbek_and_other_banks() -> Book {
    let home = Quotes::InHome;
    let (first, second) = (date(2026, 4, 1), date(2026, 4, 2));
    let manat = [("USD", 1, "3.5"), ("UZS", 1000, "0.288")];
    let manats = |day| table("cbt", home(Currency::TMT), day, &manat);
    let rouble = |day, usd, tmt| {
        let rows = [("USD", 1, usd), ("TMT", 1, tmt)];
        table("cbr", home(Currency::RUB), day, &rows)
    };
    let roubles = vec![
        rouble(first, "81.2500", "23.2143"),
        rouble(second, "81.0000", "23.1429"),
    ];
    Records::default()
        .with("cbu", Some(Currency::UZS), Vec::new())
        .with(
            "cbt",
            Some(Currency::TMT),
            vec![manats(first), manats(second)],
        )
        .with("cbr", Some(Currency::RUB), roubles)
        .book()
}

#[test]
fn the_misprinted_manat_is_flagged_and_the_right_one_is_served_at_once() {
    let mut book = uzbek_and_other_banks();
    let days = [
        (
            date(2026, 3, 31),
            [
                ("USD", 1, "12218.44", "-22.5"),
                ("TMT", 1, "3929.43", "437.5"),
            ],
        ),
        (
            date(2026, 4, 1),
            [
                ("USD", 1, "12194.21", "-24.23"),
                ("TMT", 1, "4037.68", "108.25"),
            ],
        ),
        (
            date(2026, 4, 2),
            [
                ("USD", 1, "12142.10", "-52.11"),
                ("TMT", 1, "3469.17", "-568.51"),
            ],
        ),
    ];
    let mut flagged = Vec::new();
    for (day, rows) in &days {
        file(&mut book, CBU, cbu(*day, rows), noon(*day));
        let state = &book.view(noon(*day)).states[&CBU];
        let triangles = state
            .flags
            .iter()
            .filter(|flag| flag.check == Check::Triangle);
        let codes = triangles.map(|flag| flag.currency.unwrap().to_string());
        flagged.push(codes.collect::<Vec<_>>());
        assert_eq!(held(&book), Vec::<String>::new(), "{day}");
    }
    assert_eq!(flagged, [vec!["TMT"], vec!["TMT"], vec![]]);
}

#[test]
fn the_right_manat_is_held_if_no_other_source_confirms_it_and_its_change_is_the_banks_own() {
    let mut book = Records::default()
        .with("cbu", Some(Currency::UZS), Vec::new())
        .book();
    let (first, second) = (date(2026, 4, 1), date(2026, 4, 2));
    let rows = [
        ("USD", 1, "12194.21", "-24.23"),
        ("KZT", 1, "25.46", "0.1"),
        ("TMT", 1, "4037.68", "108.25"),
    ];
    file(&mut book, CBU, cbu(first, &rows), noon(first));
    let rows = [
        ("USD", 1, "12142.10", "-52.11"),
        ("KZT", 1, "25.4", "-0.06"),
        ("TMT", 1, "3469.17", "-568.51"),
    ];
    file(&mut book, CBU, cbu(second, &rows), noon(second));
    assert_eq!(
        held(&book),
        ["cbu/daily/2026-04-02/TMT 3469.17 size_of_move"]
    );
    let waiting = book.held().next().unwrap();
    let change = waiting.change.as_ref().unwrap();
    assert_eq!(Some(change.absolute), waiting.fixing.published_change);
    assert_eq!(change.reference_value.to_string(), "4037.68");
    // Two days later the same value is within the limit of two days' moves of the last good one.
    let fourth = date(2026, 4, 3);
    let rows = [
        ("USD", 1, "12140.00", "-2.1"),
        ("KZT", 1, "25.4", "0"),
        ("TMT", 1, "3470.00", "0.83"),
    ];
    file(&mut book, CBU, cbu(fourth, &rows), noon(fourth));
    assert_eq!(held(&book), Vec::<String>::new());
    let history = &book.record(CBU).unwrap().documents[0].history;
    let manat = &history.table(fourth).unwrap().rows[&Currency::TMT];
    assert_eq!(manat.value.to_string(), "3470.00");
}

#[test]
fn an_operator_releases_a_value_or_discards_it_for_good() {
    let day = date(2026, 4, 2);
    let rows = [
        ("USD", 1, "575.09", ""),
        ("EUR", 1, "545.12", ""),
        ("UZS", 100, "3.91", ""),
    ];
    let id = "nbk/daily/2026-04-02/USD";

    let mut book = kazakh();
    file(&mut book, NBK, nbk(day, &rows), noon(day));
    let other = parse_decimal("575.10").ok();
    let changed = book
        .decide(id, other, HeldOutcome::Released, "")
        .unwrap_err();
    assert_eq!(
        changed.to_string(),
        format!("the value held as {id} is 575.09 now")
    );
    let decided = book
        .decide(id, None, HeldOutcome::Released, "seen on their page")
        .unwrap();
    assert_eq!(decided.filed[0].rows[0].value.to_string(), "575.09");
    assert_eq!(decided.decided[0].by, DecidedBy::Operator);
    assert_eq!(value(&book, noon(day), "USD/KZT"), "575.09");
    let again = book.decide(id, None, HeldOutcome::Released, "");
    assert_eq!(again.unwrap_err(), DecisionError::NotHeld(id.to_owned()));

    let mut book = kazakh();
    file(&mut book, NBK, nbk(day, &rows), noon(day));
    book.decide(id, None, HeldOutcome::Rejected, "a misprint")
        .unwrap();
    assert_eq!(value(&book, noon(day), "USD/KZT"), "478.77");
    let repeated = file(&mut book, NBK, nbk(day, &rows), at(day, 60));
    assert!(repeated.is_empty(), "a discarded value is not held again");
}

#[test]
fn a_corrected_table_replaces_the_held_value() {
    let day = date(2026, 4, 2);
    let mut book = kazakh();
    let wrong = [
        ("USD", 1, "4750.9", ""),
        ("EUR", 1, "545.12", ""),
        ("UZS", 100, "3.91", ""),
    ];
    file(&mut book, NBK, nbk(day, &wrong), noon(day));
    let right = [
        ("USD", 1, "475.09", ""),
        ("EUR", 1, "545.12", ""),
        ("UZS", 100, "3.91", ""),
    ];
    let filed = file(&mut book, NBK, nbk(day, &right), at(day, 15));
    assert_eq!(filed.decided[0].outcome, HeldOutcome::Replaced);
    assert_eq!(filed.decided[0].note, "the bank prints 475.09 now");
    assert_eq!(book.held().count(), 0);
    assert_eq!(value(&book, at(day, 15), "USD/KZT"), "475.09");
}

#[test]
fn a_second_table_of_a_date_that_differs_in_most_rows_is_held_and_a_single_correction_is_not() {
    let day = date(2026, 4, 1);
    let mut book = kazakh();
    let corrected = [
        ("USD", 1, "478.77", "-2.77"),
        ("EUR", 1, "548.99", "-4.25"),
        ("UZS", 100, "3.93", "-0.02"),
    ];
    let filed = file(&mut book, NBK, nbk(day, &corrected), at(day, 60));
    assert_eq!(
        filed.filed[0].rows[0].superseded_value,
        parse_decimal("548.62").ok()
    );
    let rewritten = [
        ("USD", 1, "475.09", "-3.68"),
        ("EUR", 1, "545.12", "-3.50"),
        ("UZS", 100, "3.91", "-0.02"),
    ];
    file(&mut book, NBK, nbk(day, &rewritten), at(day, 90));
    assert!(book.held().all(|held| held.check == Check::Rewritten));
    assert_eq!(book.held().count(), 3);
}

#[test]
fn the_first_dollar_of_a_source_is_held_outside_a_factor_of_the_usual_value() {
    let mut records = Records::default().with("nbk", Some(Currency::KZT), Vec::new());
    let record = records.sources.get_mut(&NBK).unwrap();
    Arc::make_mut(record).documents[0].typical_dollar = Some(500);
    let day = date(2026, 4, 1);
    for (usd, held_rows) in [("478.77", 0), ("24.9", 1), ("10001", 1), ("9999", 0)] {
        let mut book = records.book();
        file(&mut book, NBK, nbk(day, &[("USD", 1, usd, "")]), noon(day));
        assert_eq!(book.held().count(), held_rows, "{usd}");
    }
}

#[test]
fn a_printed_change_that_differs_from_the_computed_one_is_flagged_and_served() {
    let mut book = kazakh();
    let day = date(2026, 4, 2);
    let rows = [
        ("USD", 1, "475.09", "-3.86"),
        ("EUR", 1, "545.12", "-3.50"),
        ("UZS", 100, "3.91", "-0.02"),
    ];
    file(&mut book, NBK, nbk(day, &rows), noon(day));
    let usd = rate(&book, noon(day), "KZT/USD").unwrap();
    assert_eq!(usd.flags.len(), 1);
    assert_eq!(
        usd.flags[0].detail,
        "the bank prints a change of -3.86; 475.09 after 478.77 on 2026-04-01 is -3.68"
    );
    assert_eq!(rate(&book, noon(day), "KZT/EUR").unwrap().flags, []);
}
