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

use jiff::civil::Weekday;

use crate::domain::{
    Currency, DatingRule, Exceptions, Holiday, Hours, MovingFeasts, RevisionPolicy, Schedule,
    SourceId, Table,
};
use crate::sources::table_builder::{Row, TableBuilder, TableHeader, day_first_date};
use crate::sources::text::{Encoding, printable};
use crate::sources::{
    ApiKeyPlacement, Document, ParseError, Source, TableSelector, WORKING_DAYS, xml,
};

/// Days off by the Labour Code of 2025, the new-year and the May holidays among them.
const HOLIDAYS: &[Holiday] = &[
    (1, 1),
    (1, 2),
    (1, 3),
    (1, 4),
    (1, 5),
    (1, 6),
    (1, 7),
    (3, 8),
    (3, 21),
    (5, 1),
    (5, 2),
    (5, 3),
    (5, 4),
    (5, 5),
    (5, 6),
    (5, 7),
    (5, 8),
    (5, 9),
    (8, 31),
];

/// Orozo Ait and Kurman Ait are one day each, as is Nooruz.
const FEASTS: MovingFeasts = MovingFeasts {
    eid_al_fitr: 1,
    eid_al_adha: 1,
    nowruz: 1,
};

/// The source.
pub const SOURCE: Source = Source {
    id: SourceId::new("nbkr"),
    kind: "",
    name: "National Bank of the Kyrgyz Republic",
    home: Some(Currency::KGS),
    zone: "Asia/Bishkek",
    base_url: "https://www.nbkr.kg",
    api_key_placement: ApiKeyPlacement::Open,
    page: "https://www.nbkr.kg/index1.jsp?item=1562&lang=ENG",
    terms: "none published",
    attribution: "",
    typical_dollar: Some(87),
    documents: &[
        Document {
            name: "daily",
            latest: Some("/XML/daily.xml"),
            dated: None,
            series: Some(history::SERIES),
            at_start: TableSelector::Latest,
            polls: &[TableSelector::Latest],
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
                repeated_on: &[Weekday::Saturday],
                valid_days: 1,
            },
            parse: parse_daily,
        },
        Document {
            name: "weekly",
            latest: Some("/XML/weekly.xml"),
            dated: None,
            series: None,
            at_start: TableSelector::Latest,
            polls: &[TableSelector::Latest],
            missing_is_normal: false,
            required: &[],
            schedule: Schedule {
                hours: Hours {
                    days: &[Weekday::Friday],
                    opens: 14,
                    closes: 19,
                },
                dating: DatingRule::NextDay,
                holidays: HOLIDAYS,
                feasts: FEASTS,
                exceptions: Exceptions::NONE,
                repeated_on: &[],
                valid_days: 7,
            },
            parse: parse_weekly,
        },
    ],
    revision_policy: RevisionPolicy::Correction,
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
    let text = xml::text(bytes, Encoding::Windows1251);
    let tree = xml::document(&text, "CurrencyRates")?;
    let root = tree.root_element();
    let found = xml::required(xml::attribute(root, "Name"))?;
    if found != title {
        return Err(ParseError::Unexpected(format!(
            "`{}` in place of `{title}`",
            printable(&found)
        )));
    }
    let rows = xml::rows(root, "Currency")?;
    let date = day_first_date(&xml::required(xml::attribute(root, "Date"))?)?;
    let head = TableHeader::of_bank(SOURCE.id, document, Currency::KGS, date).with_comma();
    let mut table = TableBuilder::new(head);
    for row in rows {
        table.push(&Row {
            code: xml::attribute(row, "ISOCode"),
            units: xml::cell(row, "Nominal"),
            value: xml::cell(row, "Value"),
            change: None,
        })?;
    }
    table.finish()
}
