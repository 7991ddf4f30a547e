//! Laws of the past: a history and the answers for single days are one, wherever a period is cut.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use jiff::{Span, ToSpan};
use proptest::collection::btree_map;
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;
use silkrate::domain::{
    Currency, DateRange, HistoryStep, Leg, Pair, Past, Period, PeriodRates, Rate, Ratio,
    SourceRecord, Table, candidates, snapshot_on,
};

use crate::support::records::{PREFERENCES, Quotes, Records, rows, table};

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

/// The banks of the tenge, the sum and the rouble.
fn banks(
    tenge: BTreeMap<i32, Vec<Option<&'static str>>>,
    sum: BTreeMap<i32, Vec<Option<&'static str>>>,
    rouble: BTreeMap<i32, Vec<Option<&'static str>>>,
) -> Records {
    let tenge = bank("nbk", Currency::KZT, &["USD", "EUR"], tenge);
    let sum = bank("cbu", Currency::UZS, &["USD"], sum);
    let rouble = bank("cbr", Currency::RUB, &["USD", "KZT", "UZS"], rouble);
    Records::default()
        .with("nbk", Some(Currency::KZT), tenge)
        .with("cbu", Some(Currency::UZS), sum)
        .with("cbr", Some(Currency::RUB), rouble)
}

/// The figures of a period by their definition: day by day, with one division.
fn recomputed(
    pair: Pair,
    period: DateRange,
    today: Date,
    days: &[(Date, Rate)],
) -> Option<PeriodRates> {
    let mut days: Vec<_> = days
        .iter()
        .filter(|(date, _)| period.contains(*date))
        .collect();
    days.reverse();
    let value = |(date, rate): &&(Date, Rate)| (*date, rate.value);
    let zero = Ratio::from(0);
    let sum = days.iter().fold(zero.clone(), |sum, (_, rate)| {
        sum.minus(&zero.minus(&rate.value.into()))
    });
    let number = u32::try_from(days.len()).unwrap();
    let highest = days.iter().map(|(_, rate)| rate.value).max()?;
    let lowest = days.iter().map(|(_, rate)| rate.value).min()?;
    let with = |wanted| days.iter().map(value).find(|(_, value)| *value == wanted);
    Some(PeriodRates {
        pair,
        period,
        is_complete: period.last < today,
        first: days.first().map(value)?,
        last: days.last().map(value)?,
        highest: with(highest)?,
        lowest: with(lowest)?,
        average: sum.divided_by(&number.into())?.significant(12)?,
        days: number,
        fixings: 0,
    })
}

proptest! {
    #[test]
    fn the_rows_of_every_day_are_its_snapshot_and_the_figures_of_a_period_follow_from_them(
        tenge in tables(2),
        sum in tables(1),
        rouble in tables(3),
        begins in 0..DAYS,
    ) {
        let records = banks(tenge, sum, rouble);
        let today = FIRST + DAYS.days();
        let range = DateRange { first: FIRST + begins.days(), last: today };
        let pairs = ["USD/KZT", "UZS/USD", "KZT/UZS", "EUR/KZT"].map(|pair| Pair::parse(pair).unwrap());
        let keys: BTreeSet<_> = pairs.iter().flat_map(|pair| pair.legs()).collect();
        let of_key = |key: (Currency, Currency)| {
            let candidates = candidates(&records.sources, &PREFERENCES, key.0);
            let candidates = candidates.into_iter().cloned().collect();
            Leg { key, candidates }
        };
        let legs: Vec<Leg> = keys.into_iter().map(of_key).collect();
        let past = Past::of(&legs, range);
        let until_today = pairs.map(|pair| (pair, today));
        let together: Vec<_> = past
            .rows(&until_today, HistoryStep::Day, today, None)
            .map(|row| (row.date, row.rate))
            .collect();
        let mut expected = Vec::new();
        let mut days: Vec<Date> = range.dates().collect();
        days.reverse();
        for day in days {
            let snapshot = snapshot_on(&legs, day);
            let rates = pairs.iter().filter_map(|pair| snapshot.rate(*pair));
            expected.extend(rates.map(|rate| (day, rate)));
        }
        prop_assert_eq!(&together, &expected);
        for (name, period) in Period::NAMED {
            for pair in pairs {
                let of_pair: Vec<_> = together.iter().filter(|(_, rate)| rate.pair == pair).cloned().collect();
                let last_days = rows(pair, &legs, HistoryStep::LastOf(period), range);
                let is_last = |day: Date| day == today || period.around(day).last == day;
                let expected: Vec<_> = of_pair.iter().filter(|(day, _)| is_last(*day)).cloned().collect();
                prop_assert_eq!(last_days, expected, "{} {}", name, pair);
                let fixings = rows(pair, &legs, HistoryStep::Fixing, range);
                for around in [range.first, today] {
                    let whole = period.around(around);
                    let Some(known) = whole.intersection(range) else { continue };
                    let period = DateRange { last: whole.last, ..known };
                    let found = past.period(pair, period, today);
                    let expected = recomputed(pair, period, today, &of_pair).map(|expected| {
                        let fixings = fixings.iter().filter(|(day, _)| period.contains(*day)).count();
                        PeriodRates { fixings: u32::try_from(fixings).unwrap(), ..expected }
                    });
                    prop_assert_eq!(found, expected, "{} {} around {}", name, pair, around);
                }
            }
        }
    }

    #[test]
    fn a_history_says_for_each_day_what_the_day_itself_says(
        tenge in tables(2),
        sum in tables(1),
        rouble in tables(3),
        cut in 0..DAYS,
    ) {
        let records = banks(tenge, sum, rouble);
        let after = |days: Span| FIRST + days;
        let range = DateRange { first: FIRST, last: after(DAYS.days()) };
        for pair in ["USD/KZT", "UZS/USD", "KZT/UZS", "EUR/KZT"] {
            let pair = Pair::parse(pair).unwrap();
            let legs = legs(&records, pair);
            let rates = rows(pair, &legs, HistoryStep::Fixing, range);
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
            let mut parts = rows(pair, &legs, HistoryStep::Fixing, later);
            parts.extend(rows(pair, &legs, HistoryStep::Fixing, earlier));
            prop_assert_eq!(parts, rates, "{} cut after {}", pair, earlier.last);
        }
    }
}
