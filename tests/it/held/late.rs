//! Tables that arrive in another order than that of their dates.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};
use rust_decimal::Decimal;
use silkrate::domain::{
    Book, BookChanges, Currency, DocumentKey, HeldOutcome, History, Intent, RevisionPolicy,
    SourceId, Table, parse_decimal,
};

use crate::held::{NBK, held, nbk};
use crate::mutations::series::{lira_2021, published};
use crate::support::boards::noon;
use crate::support::records::{Quotes, Records, table};

const FIRST: Date = date(2026, 4, 1);
const CODES: [&str; 4] = ["USD", "EUR", "RUB", "CNY"];

/// The dollar of a day, beside three rows that do not move.
fn dollar(day: i8, usd: &str) -> (Date, [String; 4]) {
    let others = ["548.62", "5.88", "66.1"].map(str::to_owned);
    let [eur, rub, cny] = others;
    (date(2026, 4, day), [usd.to_owned(), eur, rub, cny])
}

/// Submits a table as one of any date, or as an operator's.
fn submit(book: &mut Book, (day, values): &(Date, [String; 4]), intent: Intent) -> BookChanges {
    let mut table = nbk(*day, &CODES.map(|code| (code, 1, "1", "")));
    for (code, value) in CODES.iter().zip(values) {
        let row = table.rows.get_mut(&Currency::constant(code)).unwrap();
        Arc::make_mut(row).value = parse_decimal(value).unwrap();
    }
    let now = noon(FIRST + 60.days());
    book.file(NBK, table, intent, now).unwrap()
}

fn empty() -> Book {
    Records::default()
        .with("nbk", Some(Currency::KZT), Vec::new())
        .book()
}

/// The filed values of a currency, by date.
fn filed(book: &mut Book, code: &'static str) -> BTreeMap<Date, Decimal> {
    let key = DocumentKey {
        source: NBK,
        document: "daily",
    };
    let history = book.history(key).unwrap();
    let tables = history.kept_dates().filter_map(|date| history.table(date));
    let code = Currency::constant(code);
    let rows = tables.filter_map(|table| table.rows.get(&code));
    rows.map(|row| (row.effective_date, row.value)).collect()
}

#[test]
fn a_late_table_is_accepted_if_it_is_plausible_beside_the_one_after_it() {
    let mut book = empty();
    for (day, usd) in [(1, "400"), (12, "520"), (11, "515"), (10, "510")] {
        submit(&mut book, &dollar(day, usd), Intent::AnyDate);
        assert_eq!(held(&book), Vec::<String>::new(), "{day}");
    }
}

#[test]
fn a_value_that_was_overtaken_is_filed_when_the_tables_between_arrive() {
    let mut book = empty();
    let days = [
        (1, "400"),
        (7, "520"),
        (13, "401"),
        (2, "418"),
        (3, "438"),
        (4, "459"),
        (5, "480"),
        (6, "500"),
    ];
    for (day, usd) in days {
        submit(&mut book, &dollar(day, usd), Intent::AnyDate);
    }
    assert_eq!(held(&book), Vec::<String>::new());
    assert_eq!(filed(&mut book, "USD").len(), days.len());
}

#[test]
fn a_level_of_the_past_is_accepted_when_it_is_filed_backwards() {
    for intent in [Intent::AnyDate, Intent::Backfill] {
        let mut book = empty();
        // The dollar rose from 400 to 500 between the sixth and the seventh.
        let days = [
            (9, "502"),
            (8, "501"),
            (7, "500"),
            (6, "402"),
            (5, "401"),
            (4, "400"),
        ];
        for (day, usd) in days {
            // The euro moves, so that no table repeats another.
            let mut table = dollar(day, usd);
            table.1[1] = format!("548.{day}");
            submit(&mut book, &table, intent);
        }
        assert_eq!(held(&book), Vec::<String>::new(), "{intent:?}");
        assert_eq!(filed(&mut book, "USD").len(), 6, "{intent:?}");
    }
}

#[test]
fn a_misprint_of_the_past_is_held_beside_the_tables_before_and_after_it() {
    let mut book = empty();
    for (day, usd) in [(1, "400"), (3, "402"), (2, "501")] {
        submit(&mut book, &dollar(day, usd), Intent::AnyDate);
    }
    assert_eq!(held(&book), ["nbk/daily/2026-04-02/USD 501 size_of_move"]);
}

/// What a ledger would contain of a bank.
struct Filed(History);

impl Filed {
    /// Files a table that is older than those in memory. Returns the dates of the rows that are filed now.
    fn submit(&mut self, book: &mut Book, table: Table) -> Vec<i8> {
        let now = noon(FIRST + 400.days());
        let source = table.rows.values().next().unwrap().source;
        let changes = book.file_older(source, table, self.0.clone(), now);
        let changes = changes.unwrap();
        let days = changes.filed.iter().map(|filed| filed.effective_date.day());
        let days = days.collect();
        for filed in changes.filed {
            let rows = filed.codes().collect::<Vec<_>>().into_iter();
            let table = Table {
                document: filed.document,
                pivot: filed.pivot,
                effective_date: filed.effective_date,
                as_of: filed.as_of,
                rows: rows.zip(filed.rows.iter().map(Arc::clone)).collect(),
                dropped: Vec::new(),
            };
            self.0.insert(table);
        }
        days
    }
}

#[test]
fn rows_of_the_distant_past_are_filed_with_the_one_that_confirms_them() {
    let table = |day: Date, usd: &'static str, eur: &'static str| {
        let rows = [
            ("USD", 1, usd, ""),
            ("EUR", 1, eur, ""),
            ("RUB", 1, "5.88", ""),
            ("CNY", 1, "66.1", ""),
        ];
        nbk(day, &rows)
    };
    let upwards = [(2, "400"), (3, "500"), (4, "501"), (5, "502")];
    let downwards = [(5, "502"), (4, "501"), (3, "400"), (2, "401")];
    for (days, expected) in [
        (upwards, [vec![2], vec![], vec![3, 4], vec![5]]),
        (downwards, [vec![5], vec![4], vec![], vec![2, 3]]),
    ] {
        let mut book = empty();
        let newest = FIRST + 300.days();
        for day in 0..70 {
            let euro = ["548.62", "548.10", "549.00"][usize::try_from(day % 3).unwrap()];
            let table = table(newest + day.days(), "600", euro);
            let now = noon(newest + 80.days());
            book.file(NBK, table, Intent::AnyDate, now).unwrap();
        }
        let mut filed = Filed(History::unbounded(RevisionPolicy::Correction));
        for ((day, usd), expected) in days.into_iter().zip(expected) {
            let euro = ["548.62", "548.10", "549.00"][usize::try_from(day % 3).unwrap()];
            let mut days = filed.submit(&mut book, table(date(2026, 4, day), usd, euro));
            days.sort_unstable();
            days.dedup();
            // The other rows of a table whose dollar is held are filed at once.
            let expected = [expected, vec![day]].concat();
            let expected: BTreeSet<i8> = expected.into_iter().collect();
            assert_eq!(days.into_iter().collect::<BTreeSet<_>>(), expected, "{day}");
        }
        assert_eq!(held(&book), Vec::<String>::new());
        let dollars = filed.0.kept_dates().filter(|day| {
            let table = filed.0.table(*day).unwrap();
            table.rows.contains_key(&Currency::USD)
        });
        assert_eq!(dollars.count(), 4);
    }
}

#[test]
fn a_lasting_move_of_the_past_is_filed_though_the_last_table_of_a_ceased_currency_is_kept() {
    let cbr = SourceId::new("cbr");
    let of = |day, rows: &[(&'static str, u32, &str)]| {
        table("cbr", Quotes::InHome(Currency::RUB), day, rows)
    };
    let mut book = Records::default()
        .with("cbr", Some(Currency::RUB), Vec::new())
        .book();
    let now = noon(FIRST + 400.days());
    let submit = |book: &mut Book, table| {
        book.file(cbr, table, Intent::AnyDate, now).unwrap();
    };
    let before = of(
        date(2016, 6, 30),
        &[
            ("BYR", 10_000, "32.1"),
            ("EUR", 1, "71.2"),
            ("USD", 1, "64.3"),
            ("CNY", 1, "9.7"),
            ("GBP", 1, "86.2"),
        ],
    );
    submit(&mut book, before);
    let recent = |day: i32, lira: &str| {
        let (usd, eur) = (format!("81.{}", day % 9), format!("93.{}", day % 7));
        let rows = [
            ("USD", 1, &*usd),
            ("EUR", 1, &*eur),
            ("CNY", 1, "11.3"),
            ("GBP", 1, "108.1"),
            ("TRY", 10, lira),
        ];
        of(FIRST + day.days(), &rows)
    };
    for day in 0..140 {
        // The lira of one day is a misprint, which the next day's overtakes.
        submit(&mut book, recent(day, if day == 3 { "190" } else { "19" }));
    }
    let key = DocumentKey {
        source: cbr,
        document: "daily",
    };
    let history = book.history(key).unwrap();
    assert_eq!(history.oldest_date(), Some(date(2016, 6, 30)));
    let misprint = Arc::clone(&recent(3, "190").rows[&Currency::constant("TRY")]);
    let overtaken = HeldOutcome::Overtaken;
    let remembers = history.was_settled(Currency::constant("TRY"), &misprint, overtaken);
    assert!(remembers, "a start reads it too");

    let mut filed = Filed(History::unbounded(RevisionPolicy::Correction));
    let lira = published(&lira_2021());
    for ((_, table), day) in lira.iter().zip(140..) {
        filed.submit(&mut book, table.clone());
        // A table of today says nothing about a row of another year.
        submit(&mut book, recent(day, "19"));
    }
    assert_eq!(held(&book), Vec::<String>::new());
    for (_, table) in lira {
        let of_date = filed.0.table(table.effective_date).unwrap();
        assert_eq!(of_date.rows.len(), 3, "{}", table.effective_date);
    }
}

/// A series of consecutive days: each value moves by at most three per cent from the one before.
fn bounded_series() -> impl Strategy<Value = Vec<(Date, [String; 4])>> {
    let moves = proptest::collection::vec(proptest::array::uniform4(-30..=30_i64), 4..24);
    moves.prop_map(|moves| {
        let mut values = [
            Decimal::new(47_877, 2),
            Decimal::new(54_862, 2),
            Decimal::new(588, 2),
            Decimal::new(6_610, 2),
        ];
        let days = moves.into_iter().zip(0..).map(|(moves, day)| {
            for (value, permille) in values.iter_mut().zip(moves) {
                *value =
                    (*value * Decimal::from(1_000 + permille) / Decimal::from(1_000)).round_dp(4);
            }
            (FIRST + day.days(), values.map(|value| value.to_string()))
        });
        days.collect()
    })
}

/// Such a series in any order.
fn in_any_order() -> impl Strategy<Value = Vec<(Date, [String; 4])>> {
    bounded_series().prop_flat_map(|series| Just(series).prop_shuffle())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_true_row_of_a_bounded_series_is_lost_in_any_order(series in in_any_order()) {
        let mut book = empty();
        for table in &series {
            submit(&mut book, table, Intent::AnyDate);
        }
        prop_assert_eq!(held(&book), Vec::<String>::new());
        for (code, column) in CODES.iter().zip(0..) {
            let filed = filed(&mut book, code);
            for (day, values) in &series {
                let value = parse_decimal(&values[column]).unwrap();
                prop_assert_eq!(filed.get(day), Some(&value), "{} of {}", code, day);
            }
        }
    }

    #[test]
    fn a_misprint_among_a_bounded_series_is_never_filed_unless_it_is_the_first(
        series in in_any_order(),
        place in 1..24_usize,
        repeated in 1..4_usize,
        power in 0..3_usize,
    ) {
        let mut book = empty();
        let place = place.min(series.len() - 1);
        let factor = Decimal::from([3, 10, 100][power]);
        let mut wrong = None;
        for (table, number) in series.iter().zip(0..) {
            let mut table = table.clone();
            if number == place {
                let right = parse_decimal(&table.1[0]).unwrap();
                table.1[0] = (right * factor).to_string();
                wrong = Some((table.0, right * factor));
            }
            for _poll in 0..repeated {
                submit(&mut book, &table, Intent::AnyDate);
            }
        }
        let (day, value) = wrong.unwrap();
        prop_assert!(filed(&mut book, "USD").get(&day) != Some(&value));
        prop_assert_eq!(filed(&mut book, "USD").len(), series.len() - 1);
    }
}
