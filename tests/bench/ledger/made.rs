//! Ledgers that are made for the benchmark: every table of every bank, day by day, with as many rows as the banks print.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;
use silkrate::domain::{Cause, Currency, FiledTable, Fixing, LedgerEntry, Position, SourceId};
use silkrate::ledger::{ClockKind, Ledger};

/// The day on which the service starts.
pub(crate) const LAST_DAY: Date = date(2026, 4, 2);
/// The documents: source, document, home currency, rows, and whether it is weekly.
const DOCUMENTS: [(&str, &str, Currency, usize, bool); 7] = [
    ("nbk", "daily", Currency::KZT, 39, false),
    ("nbkr", "daily", Currency::KGS, 5, false),
    ("nbkr", "weekly", Currency::KGS, 35, true),
    ("cbu", "daily", Currency::UZS, 75, false),
    ("nbt", "daily", Currency::TJS, 35, false),
    ("cbt", "daily", Currency::TMT, 29, false),
    ("cbr", "daily", Currency::RUB, 55, false),
];
/// The currencies that every bank prints first.
const FIRST: [&str; 8] = ["USD", "EUR", "RUB", "KZT", "KGS", "TJS", "UZS", "TMT"];

/// A ledger that was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) years: i16,
    pub(crate) rows: u64,
}

impl Made {
    /// Makes a ledger of the years before [`LAST_DAY`], one entry a day.
    pub(crate) fn write(path: &Path, years: i16) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let (ledger, reader) =
            Ledger::open(Some(path), ClockKind::Replay).map_err(io::Error::other)?;
        let mut made = Self { years, rows: 0 };
        let mut day = LAST_DAY - i32::from(years).years();
        let mut position = Position {
            epoch: "made".into(),
            revision: 0,
        };
        while day <= LAST_DAY {
            let entry = LedgerEntry {
                filed: tables(day),
                ..entry(day, position.clone())
            };
            let rows: usize = entry.filed.iter().map(|table| table.rows.len()).sum();
            made.rows += u64::try_from(rows).unwrap_or_default();
            runtime
                .block_on(ledger.append(entry))
                .map_err(io::Error::other)?;
            position.revision += 1;
            day += 1.day();
        }
        drop(reader);
        runtime.block_on(ledger.close());
        Ok(made)
    }
}

/// The entry of a poll after the last day: one table.
pub(crate) fn next_entry(number: usize, position: Position) -> LedgerEntry {
    let day = LAST_DAY + i32::try_from(number).unwrap_or_default().days() + 1.day();
    let nbk = tables(day).into_iter().take(1);
    LedgerEntry {
        filed: nbk.collect(),
        ..entry(LAST_DAY, position)
    }
}

/// The newest table of the Kazakh bank.
pub(crate) fn today() -> FiledTable {
    let mut tables = tables(LAST_DAY);
    tables.swap_remove(0)
}

fn entry(day: Date, position: Position) -> LedgerEntry {
    let at = TimeZone::UTC.to_timestamp(day.at(8, 0, 0, 0));
    LedgerEntry {
        position,
        at: at.unwrap_or(Timestamp::UNIX_EPOCH),
        cause: Cause::Poll(SourceId::new("nbk")),
        filed: Vec::new(),
        held: Vec::new(),
        decided: Vec::new(),
        attempted: DOCUMENTS.map(|(id, ..)| SourceId::new(id)).to_vec(),
        answered: Vec::new(),
        served: Vec::new(),
    }
}

/// The tables of a day. Those of a weekend repeat Friday's.
fn tables(day: Date) -> Vec<FiledTable> {
    let fixed_on = match day.weekday() {
        Weekday::Saturday => day - 1.day(),
        Weekday::Sunday => day - 2.days(),
        _ => day,
    };
    let printed = DOCUMENTS.into_iter().filter(|(.., is_weekly)| {
        !is_weekly || day.weekday() == Weekday::Friday || day == LAST_DAY
    });
    let table =
        |(id, document, home, rows, _): (&'static str, &'static str, Currency, usize, bool)| {
            let source = SourceId::new(id);
            let row = |(currency, number): (Currency, i64)| {
                // Every row moves by up to one per cent a day, around a level of its own; the manat is fixed.
                let days = i64::from((fixed_on - date(2000, 1, 1)).get_days());
                let wobble = (days * 7919 + number * 104_729) % 1000;
                let level = (number + 3) * 100_000;
                let mantissa = if home == Currency::TMT && currency == Currency::USD {
                    350_000
                } else {
                    level + level / 100_000 * wobble
                };
                Arc::new(Fixing {
                    source,
                    currency,
                    units: 1,
                    value: Decimal::new(mantissa, 5).normalize(),
                    home_currency: home,
                    effective_date: day,
                    published_change: Some(Decimal::new(wobble, 4)),
                    superseded_value: None,
                })
            };
            FiledTable {
                source,
                document,
                pivot: home,
                effective_date: day,
                as_of: None,
                rows: currencies(home, document == "weekly", rows)
                    .into_iter()
                    .zip(1..)
                    .map(row)
                    .collect(),
            }
        };
    printed.map(table).collect()
}

/// The currencies of a document: well-known ones first, unless they are in another document of its source.
fn currencies(home: Currency, is_second: bool, count: usize) -> Vec<Currency> {
    let first = FIRST.iter().filter(|_| !is_second);
    let first = first.filter_map(|code| Currency::parse(code).ok());
    let letters = || 'A'..='Z';
    let others = letters().flat_map(|one| letters().map(move |other| format!("X{one}{other}")));
    let others = others.filter_map(|code| Currency::parse(&code).ok());
    let mut seen = BTreeSet::from([home]);
    let all = first.chain(others).filter(|code| seen.insert(*code));
    all.take(count).collect()
}
