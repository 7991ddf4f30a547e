//! National Bank of Tajikistan (TJS): `export_xml.php`, one XML document a date.
//!
//! Quirks:
//! * The shape is the Bank of Russia's, the rest is not: UTF-8, decimal point, date `YYYY-MM-DD`.
//! * A date out of range is answered with the newest table, in silence: the printed date counts.
//! * `ID` is no guide (RUB has 810, AMD 51 without its zero): the letter code counts.
//! * Four decimals for as few units as one or ten leave little: KZT `0.1971` for 10.
//! * A table for every calendar day; on a Friday Monday's is there already. No change is printed.
//! * Without `export=` the response is an HTML page.

use jiff::civil::{Date, Weekday};

use crate::domain::{
    Currency, DatingRule, Exceptions, Holiday, Hours, MovingFeasts, RevisionPolicy, Schedule,
    SourceId, Table,
};
use crate::sources::table_builder::{Row, TableBuilder, TableHeader, iso_date};
use crate::sources::text::Encoding;
use crate::sources::{
    ApiKeyPlacement, Document, ParseError, Source, TableSelector, WORKING_DAYS, xml,
};

/// Days off by the Law on Holidays.
const HOLIDAYS: &[Holiday] = &[
    (1, 1),
    (3, 8),
    (3, 21),
    (3, 22),
    (3, 23),
    (3, 24),
    (5, 9),
    (6, 27),
    (9, 9),
    (11, 6),
];

/// Idi Ramazon and Idi Qurbon are one day each. Navruz is four days.
const FEASTS: MovingFeasts = MovingFeasts {
    eid_al_fitr: 1,
    eid_al_adha: 1,
    nowruz: 4,
};

/// The source.
pub const SOURCE: Source = Source {
    id: SourceId::new("nbt"),
    kind: "",
    name: "National Bank of Tajikistan",
    home: Some(Currency::TJS),
    zone: "Asia/Dushanbe",
    base_url: "https://www.nbt.tj",
    api_key_placement: ApiKeyPlacement::Open,
    page: "https://www.nbt.tj/en/kurs/kurs.php",
    terms: "free to use with a reference to www.nbt.tj",
    attribution: "reference to www.nbt.tj",
    typical_dollar: Some(10),
    documents: &[Document {
        name: "daily",
        latest: None,
        dated: Some(path),
        series: None,
        at_start: TableSelector::Today,
        polls: &[TableSelector::Tomorrow, TableSelector::NextFixing],
        missing_is_normal: false,
        required: &[Currency::USD],
        schedule: Schedule {
            hours: Hours {
                days: WORKING_DAYS,
                opens: 8,
                closes: 19,
            },
            dating: DatingRule::NextPublicationDay,
            holidays: HOLIDAYS,
            feasts: FEASTS,
            exceptions: Exceptions::NONE,
            repeated_on: &[Weekday::Saturday, Weekday::Sunday],
            valid_days: 1,
        },
        parse,
    }],
    revision_policy: RevisionPolicy::Correction,
};

fn path(date: Date) -> String {
    format!("/en/kurs/export_xml.php?date={date}&export=xmlout")
}

/// Reads the table of a date.
pub fn parse(bytes: &[u8]) -> Result<Table, ParseError> {
    let text = xml::text(bytes, Encoding::Utf8);
    let document = xml::document(&text, "ValCurs")?;
    let root = document.root_element();
    let rows = xml::rows(root, "Valute")?;
    let date = iso_date(&xml::required(xml::attribute(root, "Date"))?)?;
    let mut table = TableBuilder::new(TableHeader::of_bank(
        SOURCE.id,
        "daily",
        Currency::TJS,
        date,
    ));
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
