//! National Bank of Kazakhstan (KZT): `get_rates.cfm`, one XML document a date.
//!
//! Quirks:
//! * `quant` differs by currency and over the years (IRR 1000, then 10000); at most two decimals, zeros cut (`3`,
//!   `5.4`); the change always has two, with an explicit `+`.
//! * The change is against the previous calendar day, so every Monday says 0.00.
//! * A missing or wrong date is answered with JSON and status 200.
//! * Sundays and Mondays repeat Saturday's table. There is no TMT.
//! * A date without a table has a document without `item`: the archive reaches back some five years, and tomorrow's
//!   table may be answered so until it is there, or with today's.
//! * The feed `rates_all.xml` carries dead currencies beside live ones under another root: it is never requested, and
//!   refused here.

use std::borrow::Cow;

use jiff::civil::Date;
use serde::Deserialize;

use crate::domain::{
    Currency, DatingRule, Exceptions, Holiday, Hours, MovingFeasts, RevisionPolicy, Schedule,
    SourceId, Table,
};
use crate::sources::table_builder::{Row, TableBuilder, TableHeader, day_first_date};
use crate::sources::text::{Encoding, printable};
use crate::sources::{
    ApiKeyPlacement, Document, ParseError, Source, TableSelector, WORKING_DAYS, json, xml,
};

/// Days off by the Law on Holidays, and Orthodox Christmas by the Labour Code. Those of the Law that fall on a weekend are
/// made up for on the days after it.
const HOLIDAYS: &[Holiday] = &[
    (1, 1),
    (1, 2),
    (1, 7),
    (3, 8),
    (3, 21),
    (3, 22),
    (3, 23),
    (5, 1),
    (5, 7),
    (5, 9),
    (7, 6),
    (10, 25),
    (12, 16),
];

/// Kurban Ait is one day, by the Labour Code; Oraza Ait is a working day. Nauryz is three days.
const FEASTS: MovingFeasts = MovingFeasts {
    eid_al_fitr: 0,
    eid_al_adha: 1,
    nowruz: 3,
};

/// The source.
pub const SOURCE: Source = Source {
    id: SourceId::new("nbk"),
    kind: "",
    name: "National Bank of Kazakhstan",
    home: Some(Currency::KZT),
    zone: "Asia/Almaty",
    base_url: "https://nationalbank.kz",
    api_key_placement: ApiKeyPlacement::Open,
    page: "https://nationalbank.kz/en/exchangerates/ezhednevnye-oficialnye-rynochnye-kursy-valyut",
    terms: "https://nationalbank.kz/en/page/data-usage-terms",
    attribution: "",
    typical_dollar: Some(500),
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
                opens: 14,
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
    format!("/rss/get_rates.cfm?fdate={}", date.strftime("%d.%m.%Y"))
}

/// What stands in place of a table when the date was missing or misspelt.
#[derive(Deserialize)]
struct Refusal<'a> {
    code: u32,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

/// Reads the table of a date.
pub fn parse(bytes: &[u8]) -> Result<Table, ParseError> {
    let json = json::text(bytes);
    if json.starts_with('{') {
        let Refusal { code, message } = json::document(&json)?;
        return Err(ParseError::Refused(printable(&format!("{code} {message}"))));
    }
    let text = xml::text(bytes, Encoding::Utf8);
    let document = xml::document(&text, "rates")?;
    let root = document.root_element();
    let rows = xml::rows(root, "item")?;
    let date = day_first_date(&xml::required(xml::cell(root, "date"))?)?;
    let mut table = TableBuilder::new(TableHeader::of_bank(
        SOURCE.id,
        "daily",
        Currency::KZT,
        date,
    ));
    for item in rows {
        table.push(&Row {
            code: xml::cell(item, "title"),
            units: xml::cell(item, "quant"),
            value: xml::cell(item, "description"),
            change: xml::cell(item, "change").ok(),
        })?;
    }
    table.finish()
}
