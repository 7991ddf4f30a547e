//! Every step of a history and every length of periods over more than a year, in every way to ask for them.

use jiff::civil::{Date, date};
use jiff::{Span, ToSpan};
use serde_json::Value;
use silkrate::pb::{
    HistoryStep, ListPeriodRatesRequest, ListRateHistoryRequest, Period, PeriodRates, Rate,
};
use tempfile::TempDir;
use tokio::process::Command;

use crate::history::past::{NBK, filed, service, submit};
use crate::history::periods::{history, periods, stepped};
use crate::support::bank::Bank;
use crate::support::browser::get;
use crate::support::silkrate::{Silkrate, filter};

/// A Monday: the week of `START` is whole.
const FIRST_TABLE: Date = date(2024, 12, 30);
const START: Date = date(2025, 1, 1);
/// Today, a Thursday.
const END: Date = date(2026, 4, 2);
const PAIR: &str = "USD/KZT";

/// A length of the calendar.
struct Length {
    name: &'static str,
    step: HistoryStep,
    period: Period,
    /// The first day of the period of a day.
    first: fn(Date) -> Date,
    span: fn() -> Span,
}

const LENGTHS: &[Length] = &[
    Length {
        name: "week",
        step: HistoryStep::Week,
        period: Period::Week,
        first: |day| day - day.weekday().to_monday_zero_offset().days(),
        span: || 1.week(),
    },
    Length {
        name: "month",
        step: HistoryStep::Month,
        period: Period::Month,
        first: Date::first_of_month,
        span: || 1.month(),
    },
    Length {
        name: "quarter",
        step: HistoryStep::Quarter,
        period: Period::Quarter,
        first: |day| date(day.year(), (day.month() - 1) / 3 * 3 + 1, 1),
        span: || 3.months(),
    },
    Length {
        name: "year",
        step: HistoryStep::Year,
        period: Period::Year,
        first: Date::first_of_year,
        span: || 1.year(),
    },
];

impl Length {
    fn last(&self, day: Date) -> Date {
        (self.first)(day) + (self.span)() - 1.day()
    }
}

fn days(from: Date) -> impl DoubleEndedIterator<Item = Date> {
    let days: Vec<_> = from.series(1.day()).take_while(|day| *day <= END).collect();
    days.into_iter()
}

/// The bank prints a table on each weekday.
fn is_printed(day: Date) -> bool {
    day.weekday().to_monday_zero_offset() < 5
}

/// The dollar at the end of a day: that of the last weekday. It differs on every weekday.
fn dollar(day: Date) -> String {
    let mut printed = day;
    while !is_printed(printed) {
        printed -= 1.day();
    }
    let number = (printed - FIRST_TABLE).get_days();
    format!("{}.{:02}", 470 + number / 100, number % 100)
}

async fn filled(folder: &TempDir, bank: &Bank) -> Silkrate {
    let path = folder.path().join("silkrate.db");
    let silkrate = service(&format!("{END}T09:00:00Z"), &path, bank).await;
    let printed = days(FIRST_TABLE).filter(|day| is_printed(*day));
    let tables = printed.map(|day| {
        let dollar = dollar(day);
        let others = [("EUR", "549.10"), ("RUB", "5.81")];
        let others = others.map(|(code, value)| (code, "1", value));
        let rows = [&[("USD", "1", dollar.as_str())], &others[..]].concat();
        filed(NBK, &day.to_string(), &rows)
    });
    submit(&silkrate, tables.collect()).await;
    silkrate
}

/// What a path and a command answer to the same question.
async fn read(silkrate: &Silkrate, path: &str, command: &[&str]) -> [Value; 2] {
    let (start, end) = (START.to_string(), END.to_string());
    let path = format!("{path}&start={start}&end={end}&page_size=1000");
    let served = get(silkrate.web, &path, &[]).await.json();
    let mut program = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    program
        .args(command)
        .args(["--start", &start, "--end", &end]);
    program.args([
        "--limit",
        "1000",
        "--format",
        "json",
        "--server",
        &silkrate.url,
    ]);
    let ended = program.output().await.unwrap();
    let printed = serde_json::from_slice(&ended.stdout);
    [
        served,
        printed.unwrap_or_else(|error| panic!("{command:?}: {error}: {ended:?}")),
    ]
}

fn text(row: &Value, pointer: &str) -> String {
    row.pointer(pointer).unwrap().as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_step_lists_its_own_days_over_grpc_and_http_and_on_the_command_line() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let mut silkrate = filled(&folder, &bank).await;
    let of_lengths = LENGTHS.iter().map(|length| {
        let is_listed = |day: Date| day == length.last(day) || day == END;
        let listed: Vec<Date> = days(START).filter(|day| is_listed(*day)).collect();
        (length.name, length.step, listed)
    });
    let printed = days(START).filter(|day| is_printed(*day)).collect();
    let mut cases = vec![
        ("fixing", HistoryStep::Fixing, printed),
        ("day", HistoryStep::Day, days(START).collect()),
    ];
    cases.extend(of_lengths);
    for (name, step, listed) in cases {
        let expected = listed
            .iter()
            .rev()
            .map(|day| (day.to_string(), dollar(*day)));
        let expected: Vec<_> = expected.collect();
        let request = ListRateHistoryRequest {
            start_date: Some(START.to_string()),
            end_date: Some(END.to_string()),
            ..stepped(&[PAIR], step)
        };
        let rates = history(&mut silkrate, request).await;
        let row = |rate: &Rate| (rate.date().to_owned(), rate.value.clone());
        let found: Vec<_> = rates.iter().map(row).collect();
        assert_eq!(found, expected, "{name}");
        let path = format!("/v1/history?pairs={PAIR}&step={name}");
        for answer in read(&silkrate, &path, &["history", PAIR, "--step", name]).await {
            let rates = answer["rates"].as_array().unwrap().iter();
            let found = rates.map(|rate| (text(rate, "/date"), text(rate, "/value")));
            assert_eq!(found.collect::<Vec<_>>(), expected, "{name}");
        }
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn each_period_has_its_own_bounds_over_grpc_and_http_and_on_the_command_line() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let mut silkrate = filled(&folder, &bank).await;
    for length in LENGTHS {
        let mut firsts: Vec<Date> = days(START).rev().map(length.first).collect();
        firsts.dedup();
        let expected = firsts.into_iter().map(|first| {
            let last = length.last(first);
            let stood = last.min(END);
            [
                first.to_string(),
                last.to_string(),
                dollar(first),
                dollar(stood),
            ]
        });
        let expected: Vec<_> = expected.collect();
        let request = ListPeriodRatesRequest {
            filter: Some(filter(&[PAIR])),
            period: length.period.into(),
            start_date: Some(START.to_string()),
            end_date: Some(END.to_string()),
            ..ListPeriodRatesRequest::default()
        };
        let rows = periods(&mut silkrate, request).await;
        let row = |row: &PeriodRates| {
            let value = |dated: &Option<silkrate::pb::DatedValue>| dated.clone().unwrap().value;
            let bounds = [&row.start_date, &row.end_date].map(Clone::clone);
            [bounds, [value(&row.first), value(&row.last)]].concat()
        };
        let found: Vec<_> = rows.iter().map(row).collect();
        assert_eq!(found, expected, "{}", length.name);
        let path = format!("/v1/periods?pairs={PAIR}&period={}", length.name);
        let command = ["periods", PAIR, "--period", length.name];
        for answer in read(&silkrate, &path, &command).await {
            let rows = answer["periods"].as_array().unwrap().iter();
            let places = ["/start_date", "/end_date", "/first/value", "/last/value"];
            let found = rows.map(|row| places.map(|place| text(row, place)));
            assert_eq!(found.collect::<Vec<_>>(), expected, "{}", length.name);
        }
    }
    silkrate.finish().await;
}
