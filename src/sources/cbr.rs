//! Bank of Russia (RUB): `XML_daily.asp`, one XML document for all five: the fallback.
//!
//! Quirks:
//! * Windows-1251, all on one line, decimal comma; the names are Cyrillic and are not read.
//! * `Nominal` drifts (KGS 100, then 10, then 100; UZS 1000, then 10000), up to a million: IRR in 2026, and the old
//!   Turkish lira in 2002.
//! * The date is `DD.MM.YYYY`, and `DD/MM/YYYY` in documents of 2013.
//! * `VunitRate` is in scientific notation for IRR and missing in older documents: it is never read.
//! * Wrong parameters are answered with `Error in parameters` in an undated root and status 200.
//! * Set on a working day for the next day, Saturday's table standing until Tuesday's. The bare address gives the newest
//!   table, which may be tomorrow's.

use jiff::civil::Date;

use crate::domain::{
    Currency, DatingRule, Exceptions, Holiday, Hours, MovingFeasts, RevisionPolicy, Schedule,
    SourceId, Table,
};
use crate::sources::table_builder::{Row, TableBuilder, TableHeader, day_first_date};
use crate::sources::text::Encoding;
use crate::sources::{
    ApiKeyPlacement, Document, ParseError, Source, TableSelector, WORKING_DAYS, xml,
};

/// Days off by article 112 of the Labour Code, 1 to 8 January among them; and the two days beside those, which the
/// government makes days off by its yearly decree whenever they would stand alone. A day listed on which the bank
/// publishes after all costs no more than a later alarm.
const HOLIDAYS: &[Holiday] = &[
    (1, 1),
    (1, 2),
    (1, 3),
    (1, 4),
    (1, 5),
    (1, 6),
    (1, 7),
    (1, 8),
    (1, 9),
    (2, 23),
    (3, 8),
    (5, 1),
    (5, 9),
    (6, 12),
    (11, 4),
    (12, 31),
];

/// The source.
pub const SOURCE: Source = Source {
    id: SourceId::new("cbr"),
    kind: "",
    name: "Bank of Russia",
    home: Some(Currency::RUB),
    zone: "Europe/Moscow",
    base_url: "https://www.cbr.ru",
    api_key_placement: ApiKeyPlacement::Open,
    page: "https://www.cbr.ru/eng/currency_base/daily/",
    terms: "https://www.cbr.ru/eng/user_agreement/",
    attribution: "",
    typical_dollar: Some(85),
    documents: &[Document {
        name: "daily",
        latest: Some("/scripts/XML_daily.asp"),
        dated: Some(path),
        series: None,
        at_start: TableSelector::Latest,
        polls: &[TableSelector::Latest],
        missing_is_normal: false,
        required: &[Currency::USD],
        schedule: Schedule {
            hours: Hours {
                days: WORKING_DAYS,
                opens: 12,
                closes: 21,
            },
            dating: DatingRule::NextDay,
            holidays: HOLIDAYS,
            feasts: MovingFeasts::NONE,
            exceptions: Exceptions::NONE,
            repeated_on: &[],
            valid_days: 1,
        },
        parse,
    }],
    revision_policy: RevisionPolicy::Correction,
};

fn path(date: Date) -> String {
    format!(
        "/scripts/XML_daily.asp?date_req={}",
        date.strftime("%d/%m/%Y")
    )
}

/// Reads a daily table.
pub fn parse(bytes: &[u8]) -> Result<Table, ParseError> {
    let text = xml::text(bytes, Encoding::Windows1251);
    let document = xml::document(&text, "ValCurs")?;
    let root = document.root_element();
    let rows = xml::rows(root, "Valute")?;
    let date = day_first_date(&xml::required(xml::attribute(root, "Date"))?)?;
    let head = TableHeader::of_bank(SOURCE.id, "daily", Currency::RUB, date).with_comma();
    let mut table = TableBuilder::new(head);
    for row in rows {
        table.push(&Row {
            code: xml::cell(row, "CharCode"),
            units: xml::cell(row, "Nominal"),
            value: xml::cell(row, "Value"),
            change: None,
        })?;
    }
    table.finish()
}
