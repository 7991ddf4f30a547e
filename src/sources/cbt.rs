//! Central Bank of Turkmenistan (TMT): one XML file a date.
//!
//! Quirks:
//! * The file of a day is written the afternoon before; there is none for a Sunday, and 404 says so.
//! * The date is `DD.MM.YYYY`, and `YYYY-MM-DD` in the files of 2020 to 2023.
//! * `rate_tmt` is for `multiplier` units, zeros cut (`0.29`). `rate_usd` means dollars a unit in some rows and units
//!   a dollar in others: it is never read. Nor is `checksum`, which is not documented.
//! * The dollar is always 3.5. The crosses for TJS and UZS are coarse. No change is printed.

use jiff::civil::Date;

use crate::domain::{
    Currency, DatingRule, Exceptions, Holiday, Hours, MovingFeasts, RevisionPolicy, Schedule,
    SourceId, Table,
};
use crate::sources::table_builder::{Row, TableBuilder, TableHeader, day_first_date, iso_date};
use crate::sources::text::Encoding;
use crate::sources::{
    ApiKeyPlacement, Document, ParseError, Source, TableSelector, WORKING_DAYS_AND_SATURDAY, xml,
};

/// The one day off of the Labour Code on which a file cannot be expected. Of the others it is not known; a day
/// listed on which the bank publishes would make the table before it look late, and one that is not listed does not.
const HOLIDAYS: &[Holiday] = &[(1, 1)];

/// Gurban bayramy is three days and Nowruz two, by the Labour Code; whether files appear on them is not known.
const FEASTS: MovingFeasts = MovingFeasts {
    eid_al_fitr: 0,
    eid_al_adha: 3,
    nowruz: 2,
};

/// The source.
pub const SOURCE: Source = Source {
    id: SourceId::new("cbt"),
    kind: "",
    name: "Central Bank of Turkmenistan",
    home: Some(Currency::TMT),
    zone: "Asia/Ashgabat",
    base_url: "https://cbt.tm",
    api_key_placement: ApiKeyPlacement::Open,
    page: "https://www.cbt.tm/kurs/kurs_today_en.html",
    terms: "none published",
    attribution: "",
    typical_dollar: Some(3),
    documents: &[Document {
        name: "daily",
        latest: None,
        dated: Some(path),
        series: None,
        at_start: TableSelector::Today,
        polls: &[
            TableSelector::Today,
            TableSelector::Tomorrow,
            TableSelector::NextFixing,
        ],
        missing_is_normal: true,
        required: &[Currency::USD],
        schedule: Schedule {
            hours: Hours {
                days: WORKING_DAYS_AND_SATURDAY,
                opens: 14,
                closes: 19,
            },
            dating: DatingRule::NextPublicationDay,
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
    format!("/kurs/{}.xml", date.strftime("%Y/%d%m%Y"))
}

/// Reads the table of a date.
pub fn parse(bytes: &[u8]) -> Result<Table, ParseError> {
    let text = xml::text(bytes, Encoding::Utf8);
    let document = xml::document(&text, "cbt_currency_rate")?;
    let root = document.root_element();
    let rows = xml::rows(root, "rate")?;
    let printed = xml::required(xml::cell(root, "date"))?;
    let date = if printed.contains('-') {
        iso_date(&printed)?
    } else {
        day_first_date(&printed)?
    };
    let mut table = TableBuilder::new(TableHeader::of_bank(
        SOURCE.id,
        "daily",
        Currency::TMT,
        date,
    ));
    for row in rows {
        table.push(&Row {
            code: xml::attribute(row, "code"),
            units: xml::cell(row, "multiplier"),
            value: xml::cell(row, "rate_tmt"),
            change: None,
        })?;
    }
    table.finish()
}
