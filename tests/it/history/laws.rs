//! Laws of the past: a history and the answers for single days are one, wherever a period is cut.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use jiff::{Span, ToSpan};
use proptest::collection::btree_map;
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;
use silkrate::domain::{
    Currency, DateRange, Leg, Pair, Rate, SourceRecord, Table, candidates, rates_between,
    snapshot_on,
};

use crate::support::records::{PREFERENCES, Quotes, Records, table};

const FIRST: Date = date(2026, 1, 1);
/// The days of the period: several times the greatest age of a table in force.
const DAYS: i32 = 60;

/// Tables of a bank on some days: the values of a few rows, each of which may be missing. Few values, so that tables repeat.
fn tables(rows: usize) -> impl Strategy<Value = BTreeMap<i32, Vec<Option<&'static str>>>> {
    let value = proptest::option::weighted(0.9, select(vec!["475.09", "478.77", "87.45"]));
    btree_map(0..DAYS, proptest::collection::vec(value, rows), 0..12)
}

fn bank(
    id: &'static str,
    home: Currency,
    codes: &[&'static str],
    tables: BTreeMap<i32, Vec<Option<&'static str>>>,
) -> Vec<Table> {
    let table = |(day, values): (i32, Vec<Option<&'static str>>)| {
        let rows = codes.iter().zip(values);
        let rows = rows.filter_map(|(code, value)| Some((*code, 1, value?)));
        let rows: Vec<_> = rows.collect();
        table(id, Quotes::InHome(home), FIRST + day.days(), &rows)
    };
    tables.into_iter().map(table).collect()
}

fn legs(records: &Records, pair: Pair) -> Vec<Leg> {
    let leg = |key: (Currency, Currency)| {
        let candidates = candidates(&records.sources, &PREFERENCES, key.0).into_iter();
        let candidates: Vec<SourceRecord> = candidates.cloned().collect();
        Leg { key, candidates }
    };
    pair.legs().into_iter().map(leg).collect()
}

proptest! {
    #[test]
    fn a_history_says_for_each_day_what_the_day_itself_says(
        tenge in tables(2),
        sum in tables(1),
        rouble in tables(3),
        cut in 0..DAYS,
    ) {
        let records = Records::default()
            .with("nbk", Some(Currency::KZT), bank("nbk", Currency::KZT, &["USD", "EUR"], tenge))
            .with("cbu", Some(Currency::UZS), bank("cbu", Currency::UZS, &["USD"], sum))
            .with("cbr", Some(Currency::RUB), bank("cbr", Currency::RUB, &["USD", "KZT", "UZS"], rouble));
        let after = |days: Span| FIRST + days;
        let range = DateRange { first: FIRST, last: after(DAYS.days()) };
        for pair in ["USD/KZT", "UZS/USD", "KZT/UZS", "EUR/KZT"] {
            let pair = Pair::parse(pair).unwrap();
            let legs = legs(&records, pair);
            let rates = rates_between(pair, &legs, range);
            prop_assert!(rates.is_sorted_by(|newer, older| newer.0 > older.0), "{} {:?}", pair, rates);
            for day in range.dates() {
                let answer = snapshot_on(&legs, day).rate(pair);
                let said = |rate: &Rate| (rate.value, rate.source.clone(), rate.change.clone());
                let Some(answer) = answer else { continue };
                let stood = rates.iter().find(|(date, _)| *date <= day);
                let (_, stood) = stood.expect("a row for a day that has an answer");
                prop_assert_eq!(said(stood), said(&answer), "{} on {}", pair, day);
            }
            let earlier = DateRange { last: after(cut.days()), ..range };
            let later = DateRange { first: after((cut + 1).days()), ..range };
            let mut parts = rates_between(pair, &legs, later);
            parts.extend(rates_between(pair, &legs, earlier));
            prop_assert_eq!(parts, rates, "{} cut after {}", pair, earlier.last);
        }
    }
}
