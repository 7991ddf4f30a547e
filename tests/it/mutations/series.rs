//! Series of figures as banks published them: how many true rows are held, for how long, and whether every one is filed.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use silkrate::domain::{Currency, DocumentKey, Table};
use silkrate::sources::{Source, find};

use crate::held::file;
use crate::support::records::{Quotes, Records, table};

/// One row: code, nominal, value.
type Printed = (&'static str, u32, &'static str);

/// Consecutive tables of one document.
pub(crate) struct Series {
    title: &'static str,
    source: &'static Source,
    quotes: Quotes,
    tables: Vec<(Date, Option<Timestamp>, Vec<Printed>)>,
}

/// What became visible of a series when it was filed table by table.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    rows: usize,
    held: usize,
    never_filed: usize,
    longest_hold: SignedDuration,
}

/// How many hours after the publication a bank is asked again in these replays.
const AGAIN: i64 = 1;

/// The som of the spring of 2022, when the rouble crossed it.
pub(crate) fn som_2022() -> Series {
    let day = |month, day, [usd, eur, kzt, rub]: [&'static str; 4]| {
        let rows = [
            ("USD", 1, usd),
            ("EUR", 1, eur),
            ("KZT", 1, kzt),
            ("RUB", 1, rub),
        ];
        (date(2022, month, day), None, rows.to_vec())
    };
    Series {
        title: "nbkr, March and April 2022",
        source: find("nbkr", "").unwrap(),
        quotes: Quotes::InHome(Currency::KGS),
        tables: vec![
            day(3, 2, ["94.9536", "106.6092", "0.1919", "1.0350"]),
            day(3, 3, ["95.6800", "106.0565", "0.1944", "0.9267"]),
            day(3, 22, ["102.8896", "113.8782", "0.2038", "1.0340"]),
            day(3, 23, ["99.8748", "109.9322", "0.1976", "0.9241"]),
            day(4, 21, ["82.5575", "89.5006", "0.1860", "1.0266"]),
            day(4, 22, ["80.3641", "87.7938", "0.1810", "0.9759"]),
            day(4, 23, ["80.8651", "87.3222", "0.1821", "1.0088"]),
        ],
    }
}

/// The rouble's prices in December 2021, when the lira rose by half in four days.
pub(crate) fn lira_2021() -> Series {
    let day = |year, month, day, [usd, eur, lira]: [&'static str; 3]| {
        let rows = [("USD", 1, usd), ("EUR", 1, eur), ("TRY", 10, lira)];
        (date(year, month, day), None, rows.to_vec())
    };
    let december = |of_month, values| day(2021, 12, of_month, values);
    Series {
        title: "cbr, December 2021",
        source: find("cbr", "").unwrap(),
        quotes: Quotes::InHome(Currency::RUB),
        tables: vec![
            december(18, ["73.7330", "83.5026", "45.7497"]),
            december(21, ["74.2947", "83.6187", "42.4692"]),
            december(22, ["73.8206", "83.3213", "53.3386"]),
            december(23, ["73.7901", "83.1541", "59.1575"]),
            december(24, ["73.3583", "83.1223", "63.3278"]),
            december(25, ["73.1886", "82.9300", "62.9433"]),
            december(28, ["73.2329", "82.9363", "63.8724"]),
            december(29, ["73.4959", "83.2194", "62.1005"]),
            december(30, ["73.6514", "83.2040", "60.9117"]),
            december(31, ["74.2926", "84.0695", "57.8432"]),
            day(2022, 1, 11, ["75.1315", "85.1315", "54.3317"]),
            day(2022, 1, 12, ["74.8355", "84.8784", "54.0875"]),
        ],
    }
}

/// The rouble's prices of the five in March 2026.
fn rouble_2026() -> Series {
    let day = |day, [usd, kzt, kgs, tjs, uzs, tmt]: [&'static str; 6]| {
        let rows = [
            ("USD", 1, usd),
            ("KZT", 100, kzt),
            ("KGS", 100, kgs),
            ("TJS", 10, tjs),
            ("UZS", 10_000, uzs),
            ("TMT", 1, tmt),
        ];
        (date(2026, 3, day), None, rows.to_vec())
    };
    let tables = vec![
        day(
            3,
            [
                "77.1734", "15.5104", "88.2534", "80.9998", "63.3058", "22.0495",
            ],
        ),
        day(
            4,
            [
                "77.6093", "15.4416", "88.7476", "81.3285", "63.5628", "22.1741",
            ],
        ),
        day(
            5,
            [
                "77.8009", "15.6198", "88.9662", "81.4047", "63.8769", "22.2288",
            ],
        ),
        day(
            17,
            [
                "81.0517", "16.4977", "92.6835", "84.3691", "67.0335", "23.1576",
            ],
        ),
        day(
            19,
            [
                "83.1259", "17.3533", "95.0553", "86.5174", "68.2543", "23.7503",
            ],
        ),
    ];
    Series {
        title: "cbr, March 2026",
        source: find("cbr", "").unwrap(),
        quotes: Quotes::InHome(Currency::RUB),
        tables,
    }
}

/// A vendor's table in the days in which the tenge lost three per cent.
fn vendor_2025() -> Series {
    // The instant, and the prices of a dollar in KGS, KZT, TJS, UZS and TMT.
    let lines = [
        "2025-12-08T00:34:07Z 87.449957 505.638186 9.173567 11961.453437 3.51",
        "2025-12-08T08:12:08Z 87.450239 505.488469 9.171008 11958.01435 3.51",
        "2025-12-08T16:09:04Z 87.449424 511.015258 9.17539 11990.815254 3.51",
        "2025-12-09T00:33:07Z 87.449832 511.015258 9.17539 11990.815254 3.51",
        "2025-12-09T08:11:05Z 87.449823 511.142498 9.177596 11993.800899 3.5",
        "2025-12-09T16:09:08Z 87.449396 516.067208 9.221434 12011.31002 3.5",
        "2025-12-10T00:34:07Z 87.450178 516.067208 9.221434 12009.999749 3.51",
        "2025-12-10T16:10:04Z 87.449769 518.443715 9.249915 12003.076831 3.51",
        "2025-12-11T00:34:04Z 87.450541 515.801625 9.202736 11941.855494 3.51",
        "2025-12-11T16:10:08Z 87.450368 520.578696 9.217822 12017.856076 3.51",
        "2025-12-12T00:34:08Z 87.449764 520.578696 9.217822 12049.999684 3.5",
    ];
    let tables = lines.into_iter().map(|line| {
        let (instant, values) = line.split_once(' ').unwrap();
        let instant: Timestamp = instant.parse().unwrap();
        let codes = ["KGS", "KZT", "TJS", "UZS", "TMT"].into_iter();
        let rows = codes.zip(values.split(' '));
        let rows = rows.map(|(code, value)| (code, 1, value)).collect();
        let day = TimeZone::UTC.to_datetime(instant).date();
        (day, Some(instant), rows)
    });
    let tables = tables.collect();
    Series {
        title: "market apilayer, December 2025",
        source: find("market", "apilayer").unwrap(),
        quotes: Quotes::OfBase(Currency::USD),
        tables,
    }
}

/// The tables of each series, and when each was published: a bank's at noon of the last day it prices before.
pub(crate) fn published(series: &Series) -> Vec<(Timestamp, Table)> {
    let id = series.source.id.as_str();
    let first = series.tables.first().unwrap().0.yesterday().unwrap();
    let before = series.tables.iter().map(|(day, ..)| *day);
    let before = [first].into_iter().chain(before);
    let tables = series.tables.iter().zip(before);
    let tables = tables.map(|((day, instant, rows), before)| {
        let mut table = table(id, series.quotes, *day, rows);
        table.as_of = *instant;
        let noon = crate::support::boards::noon(before.max(*day - jiff::ToSpan::days(3)));
        (instant.unwrap_or(noon), table)
    });
    tables.collect()
}

fn replayed(series: &Series) -> Outcome {
    let source = series.source.id;
    let home = series.source.home;
    let mut book = Records::default()
        .with(source.as_str(), home, Vec::new())
        .book();
    let mut outcome = Outcome::default();
    let tables = published(series);
    let mut since = std::collections::BTreeMap::new();
    for (at, table) in &tables {
        for hours in [0, AGAIN] {
            let now = *at + SignedDuration::from_hours(hours);
            let filed = file(&mut book, source, table.clone(), now);
            for held in filed.held {
                outcome.held += 1;
                since.insert(held.id(), now);
            }
            for decision in filed.decided {
                let held_at = since[&decision.held.id()];
                outcome.longest_hold = outcome.longest_hold.max(now.duration_since(held_at));
            }
        }
    }
    let document = "daily";
    let history = book.history(DocumentKey { source, document }).unwrap();
    for (_, table) in tables {
        for (code, row) in &table.rows {
            let filed = history.table(table.effective_date);
            let filed = filed.and_then(|table| table.rows.get(code));
            // Of a market's date the newest instant stands.
            let stands = filed.is_some_and(|filed| filed.same_value(row) || table.as_of.is_some());
            outcome.rows += 1;
            outcome.never_filed += usize::from(!stands);
        }
    }
    outcome
}

#[test]
#[expect(clippy::print_stdout, reason = "the report is printed")]
fn every_row_of_a_real_series_is_filed_within_two_working_days() {
    println!(
        "{:<34}{:>8}{:>8}{:>14}{:>22}",
        "series", "rows", "held", "never filed", "longest hold, hours"
    );
    for series in [som_2022(), lira_2021(), rouble_2026(), vendor_2025()] {
        let outcome = replayed(&series);
        println!(
            "{:<34}{:>8}{:>8}{:>14}{:>22}",
            series.title,
            outcome.rows,
            outcome.held,
            outcome.never_filed,
            outcome.longest_hold.as_hours()
        );
        assert_eq!(outcome.never_filed, 0, "{}", series.title);
        assert!(
            outcome.longest_hold <= SignedDuration::from_hours(48),
            "{}: {}",
            series.title,
            outcome.longest_hold
        );
        // Two prices of the lira wait for the third. No other true row is held.
        let lira = series.title.starts_with("cbr, December");
        assert_eq!(outcome.held, if lira { 2 } else { 0 }, "{}", series.title);
    }
}
