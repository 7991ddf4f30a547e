//! The history of a bank by currency: pages in its format, with values it published.

use std::fs;

use jiff::civil::date;
use proptest::prelude::*;
use rust_decimal::Decimal;
use silkrate::domain::{Currency, Table};
use silkrate::sources::{ALL, ParseError, Series, SeriesPage, find, merge};

use crate::sources::{parse, root};

fn series() -> Series {
    find("nbkr", "").unwrap().documents[0].series.unwrap()
}

fn page(code: &str) -> &'static SeriesPage {
    let currency = Currency::parse(code).unwrap();
    let mut pages = series().pages.iter();
    pages.find(|page| page.currency == currency).unwrap()
}

fn text(name: &str) -> String {
    fs::read_to_string(root().join("nbkr/history").join(name)).unwrap()
}

fn read(code: &str, text: &str) -> Result<Vec<Table>, ParseError> {
    (series().parse)(page(code), text.as_bytes())
}

/// Dates and values of the one row of each table.
fn values(tables: &[Table]) -> Vec<String> {
    let rows = tables.iter().flat_map(|table| table.rows.values());
    rows.map(|row| {
        format!(
            "{} {} {} = {} {}",
            row.effective_date, row.units, row.currency, row.value, row.home_currency
        )
    })
    .collect()
}

#[test]
fn a_page_has_the_values_of_one_currency_oldest_first() {
    let dollars = read("USD", &text("2005-06-usd.html")).unwrap();
    assert_eq!(
        values(&dollars),
        [
            "2005-06-04 1 USD = 40.9879 KGS",
            "2005-06-11 1 USD = 41.0511 KGS",
            "2005-06-18 1 USD = 41.0685 KGS",
            "2005-06-25 1 USD = 40.9614 KGS",
        ]
    );
    let tenge = read("KZT", &text("2025-12-kzt.html")).unwrap();
    assert_eq!(values(&tenge)[3], "2025-12-10 1 KZT = 0.1700 KGS");
    assert_eq!(tenge.len(), 7);
}

#[test]
fn the_pages_of_all_currencies_together_are_the_table_the_bank_published() {
    let pages = series().pages.iter().flat_map(|page| {
        let name = format!("2026-05-{}.html", page.currency.as_str().to_lowercase());
        (series().parse)(page, text(&name).as_bytes()).unwrap()
    });
    let tables = merge(pages).unwrap();
    let published = parse("nbkr/daily/2026-05-23.xml").unwrap();
    assert_eq!(tables[0], published);
    assert_eq!(tables[1].effective_date, date(2026, 5, 24));
    assert_eq!(tables.len(), 2);
}

#[test]
fn the_nominal_is_the_one_the_page_prints() {
    let ten = text("2005-06-usd.html").replace(">1 US Dollar</option>", ">10 US Dollars</option>");
    let tables = read("USD", &ten).unwrap();
    assert_eq!(values(&tables)[0], "2005-06-04 10 USD = 40.9879 KGS");
    for other in ["US Dollar", "7 US Dollars", ""] {
        let without = ten.replace(">10 US Dollars<", &format!(">{other}<"));
        assert!(
            matches!(read("USD", &without), Err(ParseError::NoRows(_))),
            "{other}"
        );
    }
}

#[test]
fn a_page_of_another_currency_or_of_none_is_refused() {
    let dollars = text("2005-06-usd.html");
    let refused = read("EUR", &dollars).unwrap_err().to_string();
    assert!(
        refused.contains("of the currency 15 (`1 US Dollar`), not of 20"),
        "{refused}"
    );
    for (what, with) in [
        ("value=\"15\" selected", "value=\"15\""),
        ("value=\"20\"", "value=\"20\" selected"),
        ("name=\"valuta_id\"", "name=\"currency\""),
    ] {
        let changed = dollars.replace(what, with);
        assert_ne!(changed, dollars);
        assert!(read("USD", &changed).is_err(), "{what}");
    }
    assert!(read("USD", &text("maintenance.html")).is_err());
    assert!(read("USD", "").is_err());
}

#[test]
fn an_unusable_value_is_dropped_and_a_page_without_any_other_is_refused() {
    let dollars = text("2005-06-usd.html");
    for wrong in ["40.9879", "0,0000", "-40,9879", ""] {
        let changed = dollars.replace("40,9879", wrong);
        let tables = read("USD", &changed).unwrap();
        assert_eq!(values(&tables)[0], "2005-06-11 1 USD = 41.0511 KGS");
        assert_eq!(tables[0].effective_date, date(2005, 6, 4));
        assert_eq!((tables[0].rows.len(), tables[0].dropped.len()), (0, 1));
        assert_eq!(tables[0].dropped[0].currency, "USD");
    }
    let none = dollars.replace(',', ".");
    let refused = read("USD", &none).unwrap_err().to_string();
    assert!(
        refused.contains("USD: `40.9614` is not a plain decimal number"),
        "{refused}"
    );
}

#[test]
fn a_page_whose_dates_and_values_cannot_be_paired_is_refused() {
    let dollars = text("2005-06-usd.html");
    for (what, with) in [
        ("04.06.2005", "2005-06-04"),
        ("04.06.2005", "31.06.2005"),
        // Two values of one date.
        ("04.06.2005", "11.06.2005"),
        ("<!--date-->04.06.2005<!--date-->", ""),
        (
            "<!--value-->40,9879<!--value-->",
            "<!--value-->40,9879<!--value--><!--value-->1<!--value-->",
        ),
    ] {
        let changed = dollars.replace(what, with);
        assert_ne!(changed, dollars);
        assert!(read("USD", &changed).is_err(), "{what} as {with}");
    }
}

/// The rows of a page, and the texts before and after them.
fn split(page: &str) -> (&str, &str, &str) {
    let (before, rest) = page.split_at(page.find("<tr>\n<td class").unwrap());
    let (rows, after) = rest.split_at(rest.find("</table>").unwrap());
    (before, rows, after)
}

#[test]
fn a_duplicate_row_counts_once() {
    let dollars = text("2005-06-usd.html");
    let (before, rows, after) = split(&dollars);
    let twice = [before, rows, rows, after].concat();
    assert_eq!(read("USD", &twice), read("USD", &dollars));
}

#[test]
fn a_page_without_a_row_is_no_error() {
    let dollars = text("2005-06-usd.html");
    let (before, _, after) = split(&dollars);
    assert_eq!(read("USD", &[before, after].concat()), Ok(Vec::new()));
}

#[test]
fn a_page_cut_short_before_the_end_of_its_table_is_refused() {
    let dollars = text("2005-06-usd.html");
    let whole = read("USD", &dollars);
    let table_end = dollars.rfind("</table>").unwrap() + "</table>".len();
    for length in 0..dollars.len() {
        let cut = (series().parse)(page("USD"), &dollars.as_bytes()[..length]);
        if length < table_end {
            assert!(cut.is_err(), "cut to {length} bytes: {cut:?}");
        } else {
            assert_eq!(cut, whole, "cut to {length} bytes");
        }
    }
}

#[test]
fn a_wrong_byte_never_panics_and_leaves_only_positive_values() {
    let mut bytes = text("2005-06-usd.html").into_bytes();
    for place in 0..bytes.len() {
        let was = bytes[place];
        for other in [was ^ 0x01, was ^ 0x10, was ^ 0x80, b'<', b'0', 0] {
            bytes[place] = other;
            let tables = (series().parse)(page("USD"), &bytes).unwrap_or_default();
            for row in tables.iter().flat_map(|table| table.rows.values()) {
                assert!(row.value > Decimal::ZERO, "byte {place} as {other:#x}");
            }
        }
        bytes[place] = was;
    }
}

#[test]
fn no_error_has_control_characters() {
    let strange = text("2005-06-usd.html").replace(
        "value=\"15\" selected",
        "value=\"\u{1b}[2J\u{202e}\" selected",
    );
    let error = read("USD", &strange).unwrap_err().to_string();
    assert!(!error.contains(['\u{1b}', '\u{202e}']), "{error:?}");
}

#[test]
fn the_pages_of_a_series_include_the_required_currencies() {
    let documents = ALL.iter().flat_map(|source| source.documents);
    let mut found = 0;
    for document in documents {
        let Some(series) = document.series else {
            continue;
        };
        let pages: Vec<_> = series.pages.iter().map(|page| page.currency).collect();
        let mut required = document.required.iter();
        assert!(
            required.all(|currency| pages.contains(currency)),
            "{}",
            document.name
        );
        assert!(pages.is_sorted_by(|one, next| one < next), "{pages:?}");
        assert!(series.days_max > 0 && document.dated.is_none());
        found += 1;
    }
    assert_eq!(found, 1);
}

#[test]
fn a_series_asks_for_a_range_of_dates_by_the_banks_number() {
    let path = (series().path)(page("KZT"), date(2025, 12, 5), date(2026, 1, 31));
    assert_eq!(
        path,
        "/index1.jsp?item=1562&lang=ENG&valuta_id=40&beg_day=05&beg_month=12&beg_year=2025\
         &end_day=31&end_month=01&end_year=2026"
    );
}

#[test]
fn tables_that_contradict_each_other_are_not_merged() {
    let one = read("USD", &text("2005-06-usd.html")).unwrap();
    let other = read(
        "USD",
        &text("2005-06-usd.html").replace("40,9879", "40,9878"),
    )
    .unwrap();
    assert_eq!(merge(one.iter().chain(&one).cloned()), Ok(one.clone()));
    assert_eq!(
        merge(one.into_iter().chain(other)),
        Err(ParseError::Contradiction(Currency::USD))
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_of_any_kind_are_never_a_page(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!((series().parse)(page("USD"), &bytes).is_err());
    }
}
