//! The documents that are damaged, the tables before each of them, and the instants at which they are read.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use silkrate::domain::{Currency, Table};
use silkrate::sources::{Document, Source, find};

use crate::mutations::damage::{A_DAY_BACK, A_DAY_ON, DIGIT_OF_DATE, DIGIT_OF_VALUE, without_row};
use crate::mutations::layout::{DateForm, Layout, Rows};

/// A document, and what is known when it is read.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) title: &'static str,
    pub(crate) source: &'static Source,
    pub(crate) document: &'static Document,
    pub(crate) bytes: Vec<u8>,
    pub(crate) layout: Layout,
    /// The tables before it, oldest first.
    pub(crate) known: Vec<Table>,
    /// When it is read: in the hours of the bank.
    pub(crate) now: Timestamp,
    /// The kinds of damage that are undetectable for some values or dates of this document.
    pub(crate) blind_to: &'static [&'static str],
}

/// The layout of the XML documents of Tajikistan and Russia, which have one shape.
const VALUTE: Layout = Layout {
    rows: Rows::Elements {
        whole: ("<Valute ", "</Valute>"),
        nominal: ("<Nominal>", "</Nominal>"),
        value: ("<Value>", "</Value>"),
        change: None,
    },
    separator: "",
    dates: &[((" Date=\"", "\""), DateForm::Dotted)],
};
const ITEM: Layout = Layout {
    rows: Rows::Elements {
        whole: ("<item>", "</item>"),
        nominal: ("<quant>", "</quant>"),
        value: ("<description>", "</description>"),
        change: Some(("<change>", "</change>")),
    },
    separator: "",
    dates: &[(("<date>", "</date>"), DateForm::Dotted)],
};
const CURRENCY: Layout = Layout {
    rows: Rows::Elements {
        whole: ("<Currency ", "</Currency>\n"),
        nominal: ("<Nominal>", "</Nominal>"),
        value: ("<Value>", "</Value>"),
        change: None,
    },
    ..VALUTE
};
const RATES: Layout = Layout {
    rows: Rows::Members("\"rates\": {"),
    separator: ", ",
    dates: &[
        (("\"timestamp\": ", ","), DateForm::Unix),
        (("\"date\": \"", "\""), DateForm::Iso),
    ],
};

/// When the market tables of 8 December are read.
const MARKET_READ_AT: DateTime = date(2025, 12, 8).at(16, 12, 0, 0);

/// Every document that is damaged.
pub(crate) fn cases() -> Vec<Case> {
    vec![
        nbk(),
        nbk_monday(),
        nbkr_daily(),
        nbkr_repeated(),
        nbkr_weekly(),
        cbu(),
        nbt(),
        cbt(),
        cbr(),
        apilayer(),
        first_of_the_day(),
        currencylayer(),
        openexchangerates(),
        fixer(),
        fawazahmed0(),
    ]
}

fn nbk() -> Case {
    let read_at = date(2026, 4, 1).at(16, 0, 0, 0);
    Case {
        blind_to: &[],
        ..case(("nbk", "", 0), "nbk/2026-04-02.xml", ITEM, read_at)
    }
    .after("nbk/2026-04-01.xml")
}

/// Monday's table, which is Saturday's. Moved to Tuesday it is one in which nothing has changed.
fn nbk_monday() -> Case {
    let read_at = date(2016, 4, 18).at(10, 0, 0, 0);
    Case {
        blind_to: &[A_DAY_ON, DIGIT_OF_DATE],
        ..case(("nbk", "", 0), "nbk/2016-04-18-monday.xml", ITEM, read_at)
    }
    .after_itself(date(2016, 4, 16))
    .after_itself(date(2016, 4, 17))
}

/// The som's other tables of these days are not recorded: the one before is this one under the date before, as it is
/// from Saturday to Sunday.
fn nbkr_daily() -> Case {
    let read_at = date(2026, 5, 22).at(16, 0, 0, 0);
    case(
        ("nbkr", "", 0),
        "nbkr/daily/2026-05-23.xml",
        CURRENCY,
        read_at,
    )
    .after_itself(date(2026, 5, 22))
}

/// Sunday's table, which is Saturday's. Moved to Monday it still is: until Tuesday's no other is made.
fn nbkr_repeated() -> Case {
    let read_at = date(2026, 5, 23).at(16, 0, 0, 0);
    let name = "nbkr/daily/2026-05-24-same-figures.xml";
    Case {
        blind_to: &[A_DAY_ON, DIGIT_OF_DATE],
        ..case(("nbkr", "", 0), name, CURRENCY, read_at)
    }
    .after("nbkr/daily/2026-05-23.xml")
}

/// The week before is not recorded: it is this one under the date before.
fn nbkr_weekly() -> Case {
    let read_at = date(2026, 5, 22).at(16, 0, 0, 0);
    let name = "nbkr/weekly/2026-05-23-with-retired-byr.xml";
    case(("nbkr", "", 1), name, CURRENCY, read_at).after_itself(date(2026, 5, 16))
}

/// Without the manat: the bank misprinted it the day before, and the right one would be held.
fn cbu() -> Case {
    let layout = Layout {
        rows: Rows::Elements {
            whole: ("{\"id\"", "}"),
            nominal: ("\"Nominal\": \"", "\""),
            value: ("\"Rate\": \"", "\""),
            change: Some(("\"Diff\": \"", "\"")),
        },
        separator: ", ",
        dates: &[(("\"Date\": \"", "\""), DateForm::Dotted)],
    };
    let read_at = date(2026, 4, 1).at(16, 0, 0, 0);
    let whole = Case {
        blind_to: &[],
        ..case(("cbu", "", 0), "cbu/2026-04-02.json", layout, read_at)
    };
    let mut case = Case {
        bytes: without_row(&whole.bytes, &layout, "\"TMT\""),
        ..whole
    }
    .after("cbu/2026-04-01-tmt-misprinted.json");
    case.known[0].rows.remove(&Currency::TMT);
    case
}

fn nbt() -> Case {
    let layout = Layout {
        dates: &[((" Date=\"", "\""), DateForm::Iso)],
        ..VALUTE
    };
    let read_at = date(2026, 5, 18).at(16, 0, 0, 0);
    case(("nbt", "", 0), "nbt/2026-05-19.xml", layout, read_at).after("nbt/2026-05-18.xml")
}

fn cbt() -> Case {
    let layout = Layout {
        rows: Rows::Elements {
            whole: ("<rate ", "</rate>"),
            nominal: ("<multiplier>", "</multiplier>"),
            value: ("<rate_tmt>", "</rate_tmt>"),
            change: None,
        },
        separator: "",
        dates: &[(("<date>", "</date>"), DateForm::Dotted)],
    };
    let read_at = date(2026, 5, 20).at(16, 0, 0, 0);
    case(("cbt", "", 0), "cbt/2026-05-21.xml", layout, read_at).after("cbt/2026-05-20.xml")
}

/// The table of 18 March is not recorded: it is that of the 17th, under the 18th.
fn cbr() -> Case {
    let read_at = date(2026, 3, 18).at(16, 0, 0, 0);
    let mut case =
        case(("cbr", "", 0), "cbr/2026-03-19.xml", VALUTE, read_at).after("cbr/2026-03-17.xml");
    case.known[0] = dated(&case.known[0], date(2026, 3, 18));
    case
}

fn apilayer() -> Case {
    let name = "market/apilayer/2025-12-08T1609Z.json";
    case(("market", "apilayer", 0), name, RATES, MARKET_READ_AT)
        .after("market/apilayer/2025-12-07T1607Z.json")
        .after("market/apilayer/2025-12-08T0812Z.json")
}

/// The same when it is the first of its day. A day earlier it is a table of the day before, newer by two minutes than
/// the last: like one of a slow vendor.
fn first_of_the_day() -> Case {
    let name = "market/apilayer/2025-12-08T1609Z.json";
    Case {
        title: "market apilayer, the first of its day",
        blind_to: &[DIGIT_OF_VALUE, A_DAY_BACK],
        ..case(("market", "apilayer", 0), name, RATES, MARKET_READ_AT)
    }
    .after("market/apilayer/2025-12-07T1607Z.json")
}

/// The vendors buy from one family of feeds: the tables before are those that another of them sent.
fn currencylayer() -> Case {
    let layout = Layout {
        rows: Rows::Members("\"quotes\":{"),
        separator: ", ",
        dates: &[((("\"timestamp\":"), ","), DateForm::Unix)],
    };
    let name = "market/currencylayer/2025-12-08T1609Z.json";
    let kind = ("market", "currencylayer", 0);
    Case {
        known: apilayer().known,
        ..case(kind, name, layout, MARKET_READ_AT)
    }
}

fn openexchangerates() -> Case {
    let layout = Layout {
        dates: &[((("\"timestamp\": "), ","), DateForm::Unix)],
        ..RATES
    };
    let name = "market/openexchangerates/2025-12-08T1609Z.json";
    let kind = ("market", "openexchangerates", 0);
    Case {
        known: apilayer().known,
        ..case(kind, name, layout, MARKET_READ_AT)
    }
}

/// Of the tables in euros no other is recorded: the one before is this one, eight hours earlier.
fn fixer() -> Case {
    let name = "market/fixer/2025-12-08T1609Z-base-eur.json";
    let mut case = case(("market", "fixer", 0), name, RATES, MARKET_READ_AT);
    let mut before = (case.document.parse)(&case.bytes).unwrap();
    before.as_of = before.as_of.map(|instant| instant - 8.hours());
    case.known.push(before);
    case
}

fn fawazahmed0() -> Case {
    let layout = Layout {
        rows: Rows::Members("\"usd\": {"),
        separator: ",",
        dates: &[(("\"date\": \"", "\""), DateForm::Iso)],
    };
    let name = "market/fawazahmed0/2025-12-08.json";
    case(("market", "fawazahmed0", 0), name, layout, MARKET_READ_AT)
        .after("market/fawazahmed0/2025-12-07.json")
}

/// A document that is read at an hour of the source's day. No other source is known: that is the harder case.
fn case(
    (id, kind, document): (&str, &str, usize),
    name: &'static str,
    layout: Layout,
    read_at: DateTime,
) -> Case {
    let source = find(id, kind).unwrap();
    let zone = TimeZone::get(source.zone).unwrap();
    Case {
        title: name,
        source,
        document: &source.documents[document],
        bytes: fixture(name),
        layout,
        known: Vec::new(),
        now: read_at.to_zoned_datetime(zone).unwrap().timestamp(),
        blind_to: &[DIGIT_OF_VALUE],
    }
}

impl Case {
    /// With one more table known.
    fn after(mut self, name: &str) -> Self {
        self.known
            .push((self.document.parse)(&fixture(name)).unwrap());
        self
    }

    /// With the same table known under an earlier date.
    fn after_itself(mut self, date: Date) -> Self {
        let table = (self.document.parse)(&self.bytes).unwrap();
        self.known.push(dated(&table, date));
        self
    }
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A table under another date.
fn dated(table: &Table, date: Date) -> Table {
    let mut table = Table {
        effective_date: date,
        ..table.clone()
    };
    for row in table.rows.values_mut() {
        Arc::make_mut(row).effective_date = date;
    }
    table
}
