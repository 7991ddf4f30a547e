//! Central Bank of Uzbekistan (UZS): a JSON list, the newest one or that of a date.
//!
//! Quirks:
//! * `Nominal`, `Rate` and `Diff` are strings: the rate always has two decimals, the change is for `Nominal` units with
//!   its zeros cut (`-16.5`, `0`) and has no plus sign.
//! * `id` is another number in every capture: it is never read.
//! * The date stands in every row. Rows of two dates are two tables mixed up, and refused.
//! * What was set on a Friday is dated Monday; a dated request for a weekend seems to give the table before it.
//! * It misprints: TMT was 4037.68 on 2026-04-01 and 3469.17 a day later. That is a well-formed row; the
//!   plausibility checks hold it.

use std::borrow::Cow;

use jiff::civil::Date;
use serde::Deserialize;

use crate::domain::{
    Currency, DatingRule, Holiday, Hours, RevisionPolicy, Schedule, SourceId, Table,
};
use crate::sources::table_builder::{Row, TableBuilder, TableHeader, dotted_date};
use crate::sources::text::{Encoding, printable, text};
use crate::sources::{
    ApiKeyPlacement, DAILY_STALE_AFTER_HOURS, Document, ParseError, Source, TableSelector,
    WORKING_DAYS, json,
};

/// Days off by the Labour Code of 2022. The two Hayits move and are not here; nor are the days that a decree adds each
/// year: what is announced across them says that nothing is missing.
const HOLIDAYS: &[Holiday] = &[(1, 1), (3, 8), (3, 21), (5, 9), (9, 1), (10, 1), (12, 8)];

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
        latest: Some("/en/arkhiv-kursov-valyut/json/"),
        dated: Some(path),
        series: None,
        at_start: TableSelector::Today,
        polls: &[TableSelector::Latest],
        missing_is_normal: false,
        required: &[Currency::USD],
        schedule: Schedule {
            hours: Hours {
                days: WORKING_DAYS,
                opens: 12,
                closes: 19,
            },
            dating: DatingRule::NextPublicationDay,
            holidays: HOLIDAYS,
            repeated_on: &[],
            valid_days: 1,
            stale_after_hours: DAILY_STALE_AFTER_HOURS,
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
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    #[serde(borrow)]
    ccy: Cow<'a, str>,
    #[serde(borrow)]
    nominal: Cow<'a, str>,
    #[serde(borrow)]
    rate: Cow<'a, str>,
    #[serde(borrow)]
    diff: Cow<'a, str>,
    #[serde(borrow)]
    date: Cow<'a, str>,
}

/// Reads a daily table.
pub fn parse(bytes: &[u8]) -> Result<Table, ParseError> {
    let text = text(bytes, Encoding::Utf8)?;
    let entries: Vec<Entry<'_>> = json::document(&text)?;
    let printed = &entries.first().ok_or(ParseError::NoRows)?.date;
    if let Some(other) = entries.iter().find(|entry| entry.date != *printed) {
        return Err(ParseError::Unexpected(format!(
            "rows of {} and of {}",
            printable(printed),
            printable(&other.date)
        )));
    }
    let date = dotted_date(printed)?;
    let mut table = TableBuilder::new(TableHeader::of_bank(
        SOURCE.id,
        "daily",
        Currency::UZS,
        date,
    ));
    for entry in &entries {
        table.push(Row {
            code: &entry.ccy,
            units: &entry.nominal,
            value: &entry.rate,
            change: Some(&entry.diff),
        })?;
    }
    table.finish()
}
