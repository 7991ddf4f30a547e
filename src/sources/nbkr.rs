//! National Bank of the Kyrgyz Republic (KGS): a daily and a weekly XML file, the newest of each.
//!
//! Quirks:
//! * Both files have one root; its `Name` tells which it is. One answered in place of the other is refused.
//! * Windows-1251 is declared and plain ASCII sent; decimal comma, always four decimals, no change.
//! * The daily file has five currencies. TJS, UZS and TMT are in the weekly one alone, UZS with two digits that count
//!   (`0,0073`).
//! * The weekly file lists BYR, gone since 2016, beside BYN.
//! * The date advances every day, also on weekends and without a new fixing: the file of Saturday afternoon is
//!   Saturday's with Sunday's date.
//! * The weekly file is dated on a Saturday and valid for seven days.
//! * History is a page a currency. The weekly document has none here: that would take forty pages, since three rows
//!   of forty are no table, and the number of a page is no constant there (the UZS moved to another one, with another
//!   nominal, in 2026).

mod history;

use crate::domain::{Currency, Hours, Revising, SourceId, Table};
use crate::sources::rows::{Head, Row, TableBuilder, dotted_date, printable};
use crate::sources::text::{Encoding, text};
use crate::sources::{
    Access, Asked, DAILY_STALE_AFTER_DAYS, Document, ParseError, Source, WORKING_DAYS_AND_SATURDAY,
    xml,
};

/// The seven days a weekly table is valid for, and two for a bank that is late.
const WEEKLY_STALE_AFTER_DAYS: i32 = 9;

/// The source.
pub const SOURCE: Source = Source {
    id: SourceId::new("nbkr"),
    kind: "",
    name: "National Bank of the Kyrgyz Republic",
    home: Some(Currency::KGS),
    zone: "Asia/Bishkek",
    base_url: "https://www.nbkr.kg",
    access: Access::Open,
    page: "https://www.nbkr.kg/index1.jsp?item=1562&lang=ENG",
    terms: "none published",
    attribution: "",
    hours: Hours {
        days: WORKING_DAYS_AND_SATURDAY,
        opens: 14,
        closes: 19,
    },
    documents: &[
        Document {
            name: "daily",
            latest: Some("/XML/daily.xml"),
            dated: None,
            series: Some(history::SERIES),
            at_start: Asked::Latest,
            polls: &[Asked::Latest],
            missing_is_normal: false,
            required: &[Currency::USD],
            stale_after_days: DAILY_STALE_AFTER_DAYS,
            parse: parse_daily,
        },
        Document {
            name: "weekly",
            latest: Some("/XML/weekly.xml"),
            dated: None,
            series: None,
            at_start: Asked::Latest,
            polls: &[Asked::Latest],
            missing_is_normal: false,
            required: &[],
            stale_after_days: WEEKLY_STALE_AFTER_DAYS,
            parse: parse_weekly,
        },
    ],
    revising: Revising::Correction,
};

/// Reads the daily file.
pub fn parse_daily(bytes: &[u8]) -> Result<Table, ParseError> {
    parse(bytes, "daily", "Daily Exchange Rates")
}

/// Reads the weekly file.
pub fn parse_weekly(bytes: &[u8]) -> Result<Table, ParseError> {
    parse(bytes, "weekly", "Weekly Exchange Rates")
}

fn parse(bytes: &[u8], document: &'static str, title: &str) -> Result<Table, ParseError> {
    let text = text(bytes, Encoding::Windows1251)?;
    let tree = xml::document(&text, "CurrencyRates")?;
    let root = tree.root_element();
    let found = xml::attribute(root, "Name")?;
    if found != title {
        return Err(ParseError::Unexpected(format!(
            "`{}` in place of `{title}`",
            printable(found)
        )));
    }
    let date = dotted_date(xml::attribute(root, "Date")?)?;
    let head = Head::of_bank(SOURCE.id, document, Currency::KGS, date).with_comma();
    let mut table = TableBuilder::new(head);
    for row in xml::children(root, "Currency") {
        table.push(Row {
            code: xml::attribute(row, "ISOCode")?,
            units: xml::child_text(row, "Nominal")?,
            value: xml::child_text(row, "Value")?,
            change: None,
        })?;
    }
    table.finish()
}
