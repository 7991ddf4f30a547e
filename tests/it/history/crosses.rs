//! Pairs of two of the five: what their change is taken from, and where their history begins.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use silkrate::domain::{Currency, DateRange, HistoryStep, Leg, Pair, SourceRecord, Table};

use crate::support::records::{Quotes, Records, line, rows, table};

/// 3 April 2026 is a Friday.
const FRIDAY: Date = date(2026, 4, 3);
const SATURDAY: Date = date(2026, 4, 4);
const SUNDAY: Date = date(2026, 4, 5);
const MONDAY: Date = date(2026, 4, 6);

fn dollars(id: &'static str, home: Currency, day: Date, value: &str) -> Table {
    table(id, Quotes::InHome(home), day, &[("USD", 1, value)])
}

fn tenge(day: Date, value: &str) -> Table {
    dollars("nbk", Currency::KZT, day, value)
}

fn sum(day: Date, value: &str) -> Table {
    dollars("cbu", Currency::UZS, day, value)
}

/// The tenge of a bank that works on Saturdays, repeated on other days, and the sum of one that does not.
fn weekend(repeats: &[Date]) -> Records {
    let mut tables = vec![tenge(FRIDAY, "500"), tenge(SATURDAY, "505")];
    tables.extend(repeats.iter().map(|day| tenge(*day, "505")));
    Records::default()
        .with("nbk", Some(Currency::KZT), tables)
        .with(
            "cbu",
            Some(Currency::UZS),
            vec![sum(FRIDAY, "12000"), sum(MONDAY, "12100")],
        )
}

/// The rates of a pair in a period, the oldest first, from all tables of these sources.
fn history(records: &Records, pair: &str, range: DateRange) -> Vec<String> {
    let pair = Pair::parse(pair).unwrap();
    let record = |home: Currency| -> Vec<SourceRecord> {
        let of_home = records
            .sources
            .values()
            .filter(|record| record.home == Some(home));
        of_home.map(|record| SourceRecord::clone(record)).collect()
    };
    let legs = pair.legs().into_iter().map(|key| Leg {
        key,
        candidates: record(key.0),
    });
    let rates = rows(pair, &legs.collect::<Vec<_>>(), HistoryStep::Fixing, range);
    let mut lines: Vec<String> = rates
        .into_iter()
        .map(|(_, rate)| line(Some(rate)))
        .collect();
    lines.reverse();
    lines
}

#[test]
fn a_cross_is_compared_with_what_it_stood_at_before_its_newer_leg_took_force() {
    // 12100 / 505 against 12000 / 505, not against 12000 / 500.
    let monday = "23.9603960396 Crossed nbk+cbu";
    let change = "0.198019802 0.8333% since 2026-04-04";
    for repeats in [&[][..], &[SUNDAY], &[SUNDAY, MONDAY]] {
        let records = weekend(repeats);
        let rate = records.rate(MONDAY, "KZT/UZS").unwrap();
        assert_eq!(rate.value.to_string(), "23.9603960396");
        let change_of = rate.change.clone().unwrap();
        assert_eq!(change_of.reference_value.to_string(), "23.7623762376");
        let line = line(Some(rate));
        assert!(
            line.starts_with(monday) && line.ends_with(change),
            "{repeats:?}: {line}"
        );
    }
    let saturday = line(weekend(&[]).rate(SATURDAY, "KZT/UZS"));
    let since_friday = "-0.2376237624 -0.9901% since 2026-04-03";
    assert!(saturday.ends_with(since_friday), "{saturday}");
    let sunday = line(weekend(&[SUNDAY]).rate(SUNDAY, "KZT/UZS"));
    assert!(
        sunday.ends_with(since_friday),
        "a repeat keeps it: {sunday}"
    );
}

#[test]
fn the_history_of_a_cross_has_the_changes_of_the_live_rates_and_a_date_for_each_row() {
    let range = DateRange {
        first: FRIDAY,
        last: MONDAY,
    };
    let rows = [
        "24 Crossed nbk+cbu 2026-04-03 Fresh n/a",
        "23.7623762376 Crossed nbk+cbu 2026-04-04 Fresh -0.2376237624 -0.9901% since 2026-04-03",
        "23.9603960396 Crossed nbk+cbu 2026-04-06 Fresh 0.198019802 0.8333% since 2026-04-04",
    ];
    for repeats in [&[][..], &[SUNDAY], &[SUNDAY, MONDAY]] {
        assert_eq!(history(&weekend(repeats), "KZT/UZS", range), rows);
    }
}

#[test]
fn each_row_of_a_cross_is_compared_with_the_row_before_it() {
    // Two banks that fix on different days, with repeats and gaps.
    let days = |days: &[i8]| {
        days.iter()
            .map(|day| date(2026, 4, *day))
            .collect::<Vec<_>>()
    };
    let banks = [
        (
            days(&[1, 2, 4, 5, 9, 10, 13, 20]),
            days(&[2, 3, 4, 8, 9, 14, 15, 20]),
        ),
        (
            days(&[1, 8, 15]),
            days(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16]),
        ),
        (days(&[3]), days(&[1, 4, 9])),
    ];
    let range = DateRange {
        first: date(2026, 4, 1),
        last: date(2026, 4, 30),
    };
    for (first, second) in banks {
        let value = |day: &Date, base: i64| (base + i64::from(day.day() % 3)).to_string();
        let records = Records::default()
            .with(
                "nbk",
                Some(Currency::KZT),
                first
                    .iter()
                    .map(|day| tenge(*day, &value(day, 500)))
                    .collect(),
            )
            .with(
                "cbu",
                Some(Currency::UZS),
                second
                    .iter()
                    .map(|day| sum(*day, &value(day, 12_000)))
                    .collect(),
            );
        let rows = history(&records, "KZT/UZS", range);
        let field = |row: &str, number: usize| row.split(' ').nth(number).unwrap().to_owned();
        let dates: Vec<String> = rows.iter().map(|row| field(row, 3)).collect();
        let unique: BTreeSet<&String> = dates.iter().collect();
        assert_eq!(
            unique.len(),
            dates.len(),
            "two rows bear one date: {dates:?}"
        );
        assert!(dates.is_sorted());
        for pair in rows.windows(2) {
            let since = pair[1].rsplit(' ').next().unwrap();
            assert_eq!(since, field(&pair[0], 3), "{} after {}", pair[1], pair[0]);
        }
    }
}

#[test]
fn a_cross_has_no_value_before_both_of_its_legs_have_one() {
    let records = Records::default()
        .with(
            "nbk",
            Some(Currency::KZT),
            vec![
                tenge(date(2026, 3, 30), "480"),
                tenge(date(2026, 4, 1), "478.77"),
            ],
        )
        .with(
            "cbu",
            Some(Currency::UZS),
            vec![sum(date(2026, 4, 2), "12142.10")],
        );
    let all = DateRange {
        first: date(2026, 1, 1),
        last: date(2026, 12, 31),
    };
    assert_eq!(
        history(&records, "KZT/UZS", all),
        ["25.3610293043 Crossed nbk+cbu 2026-04-02 Fresh n/a"]
    );
}
