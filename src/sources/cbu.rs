//! Central Bank of Uzbekistan (UZS): a JSON list for each date.
//!
//! Quirks:
//! * `Nominal`, `Rate` and `Diff` are strings, or numbers: the rate always has two decimals, the change is for `Nominal`
//!   units with its zeros cut (`-16.5`, `0`) and has no plus sign.
//! * `id` is another number in every capture: it is never read.
//! * The date stands in every row. The table is of the date of most rows, and rows of another one are left out; without
//!   a majority they are two tables mixed up, and refused.
//! * The undated address (`json/`) gives the table in force today, from midnight to midnight. The one of tomorrow, set at
//!   about half past five, has an address of its own alone: so tables are requested by date.
//! * A date without a table is answered with the last one before it, under its own date.
//! * Tables bear the next calendar day, Tuesday to Saturday, since September 2026; Monday to Friday before that, where
//!   what was set on a Friday was dated Monday. The tables of the last weeks tell which rule holds.
//! * It misprints: TMT was 4037.68 on 2026-04-01 and 3469.17 a day later. That is a well-formed row; the
//!   plausibility checks hold it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::{
    Currency, DatingRule, Exceptions, Holiday, Hours, MovingFeasts, RevisionPolicy, Schedule,
    SourceId, Table,
};
use crate::sources::table_builder::{Row, TableBuilder, TableHeader, day_first_date};
use crate::sources::text::{Cell, printable};
use crate::sources::{
    ApiKeyPlacement, Document, ParseError, Source, TableSelector, WORKING_DAYS, json,
};

/// Days off by the Labour Code of 2022. The days that a decree adds or moves each year are not here: a setting names them.
const HOLIDAYS: &[Holiday] = &[(1, 1), (3, 8), (3, 21), (5, 9), (9, 1), (10, 1), (12, 8)];

/// The Labour Code gives one day to each Hayit, and a decree adds two in most years. Navruz is one day.
const FEASTS: MovingFeasts = MovingFeasts {
    eid_al_fitr: 3,
    eid_al_adha: 3,
    nowruz: 1,
};

/// The source.
pub const SOURCE: Source = Source {
    id: SourceId::new("cbu"),
    kind: "",
    name: "Central Bank of the Republic of Uzbekistan",
    home: Some(Currency::UZS),
    zone: "Asia/Tashkent",
    base_url: "https://cbu.uz",
    api_key_placement: ApiKeyPlacement::Open,
    page: "https://cbu.uz/en/arkhiv-kursov-valyut/",
    terms: "none published",
    attribution: "",
    typical_dollar: Some(12_000),
    documents: &[Document {
        name: "daily",
        latest: None,
        dated: Some(path),
        series: None,
        at_start: TableSelector::Today,
        polls: &[TableSelector::Today, TableSelector::Tomorrow],
        missing_is_normal: false,
        required: &[Currency::USD],
        schedule: Schedule {
            hours: Hours {
                days: WORKING_DAYS,
                opens: 12,
                closes: 19,
            },
            dating: DatingRule::NextDay,
            holidays: HOLIDAYS,
            feasts: FEASTS,
            exceptions: Exceptions::NONE,
            repeated_on: &[],
            valid_days: 1,
        },
        parse,
    }],
    revision_policy: RevisionPolicy::Correction,
};

fn path(date: Date) -> String {
    format!("/en/arkhiv-kursov-valyut/json/all/{date}/")
}

/// One element of the list: the members that are read, named as the bank names them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Members<'a> {
    #[serde(borrow)]
    ccy: Option<&'a RawValue>,
    #[serde(borrow)]
    nominal: Option<&'a RawValue>,
    #[serde(borrow)]
    rate: Option<&'a RawValue>,
    #[serde(borrow)]
    diff: Option<&'a RawValue>,
    #[serde(borrow)]
    date: Option<&'a RawValue>,
}

/// An element of the list: its cells, and the date that it prints.
struct Entry<'a> {
    row: Row<'a>,
    date: Result<Date, ParseError>,
}

impl<'a> Entry<'a> {
    /// An element that is no object, or has a member twice, is a row without cells.
    fn read(element: &'a RawValue) -> Self {
        let members: Members<'a> = match serde_json::from_str(element.get()) {
            Ok(members) => members,
            Err(error) => return Self::unreadable(&printable(&error.to_string())),
        };
        let printed = json::cell(members.date, "Date").map_err(ParseError::Unexpected);
        Self {
            row: Row {
                code: json::cell(members.ccy, "Ccy"),
                units: json::cell(members.nominal, "Nominal"),
                value: json::cell(members.rate, "Rate"),
                change: json::cell(members.diff, "Diff").ok(),
            },
            date: printed.and_then(|text| day_first_date(&text)),
        }
    }

    fn unreadable(reason: &str) -> Self {
        let cell = || Cell::Err(reason.to_owned());
        Self {
            row: Row {
                code: cell(),
                units: cell(),
                value: cell(),
                change: None,
            },
            date: Err(ParseError::Unexpected(reason.to_owned())),
        }
    }
}

/// Reads a daily table.
pub fn parse(bytes: &[u8]) -> Result<Table, ParseError> {
    let text = json::text(bytes);
    let elements: Vec<&RawValue> = json::document(&text)?;
    if elements.is_empty() {
        return Err(ParseError::Empty);
    }
    let entries: Vec<Entry<'_>> = elements.into_iter().map(Entry::read).collect();
    let date = date_of_most(&entries)?;
    let mut table = TableBuilder::new(TableHeader::of_bank(
        SOURCE.id,
        "daily",
        Currency::UZS,
        date,
    ));
    for Entry { row, date: printed } in entries {
        match printed {
            Ok(printed) if printed == date => table.push(&row)?,
            printed => {
                let reason = match printed {
                    Ok(other) => format!("a row of {other} in the table of {date}"),
                    Err(ParseError::Unexpected(reason)) => reason,
                    Err(error) => error.to_string(),
                };
                table.drop_row(row.code.as_deref().unwrap_or_default(), reason);
            }
        }
    }
    table.finish()
}

/// The date that more than half of the rows with a date print.
fn date_of_most(entries: &[Entry<'_>]) -> Result<Date, ParseError> {
    let mut counts: BTreeMap<Date, usize> = BTreeMap::new();
    for date in entries.iter().filter_map(|entry| entry.date.as_ref().ok()) {
        let count = counts.entry(*date).or_default();
        *count = count.saturating_add(1);
    }
    let dated: usize = counts.values().sum();
    let most = counts
        .iter()
        .find(|(_, count)| count.saturating_mul(2) > dated);
    if let Some((date, _)) = most {
        return Ok(*date);
    }
    if let (Some((first, _)), Some((last, _))) = (counts.first_key_value(), counts.last_key_value())
    {
        return Err(ParseError::Unexpected(format!(
            "rows of {first} and of {last}"
        )));
    }
    let error = entries.iter().find_map(|entry| entry.date.as_ref().err());
    Err(error.cloned().unwrap_or(ParseError::Empty))
}
