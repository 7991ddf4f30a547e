//! Documents with flaws that leave the figures readable: what is read of them, and what is left out.

use jiff::civil::date;
use silkrate::domain::Table;
use silkrate::sources::ParseError;

use crate::sources::parse;
use crate::sources::quirks::{dropped, figures, refused, table};

/// The rows of a table as `units currency = value (change)`.
fn rows(name: &str) -> Vec<String> {
    let Table { rows, .. } = table(name);
    let line = |(code, row): (_, &std::sync::Arc<silkrate::domain::Fixing>)| {
        let change = row.published_change.map(|change| format!(" ({change})"));
        let change = change.unwrap_or_default();
        format!("{} {code} = {}{change}", row.units, row.value)
    };
    rows.iter().map(line).collect()
}

#[test]
fn a_row_whose_change_cannot_be_read_is_kept_without_the_change() {
    assert_eq!(
        rows("cbu/2026-04-02-changes-missing.json"),
        [
            "1 EUR = 14079.98",
            "1 KGS = 138.80",
            "1 KZT = 25.55",
            "1 RUB = 150.53",
            "1 USD = 12142.10 (-52.11)",
        ]
    );
    assert_eq!(
        rows("nbk/2026-04-02-changes-missing.xml"),
        [
            "1 EUR = 551.06",
            "1 KGS = 5.43",
            "1 USD = 475.09",
            "100 UZS = 3.91",
        ]
    );
    for name in [
        "cbu/2026-04-02-changes-missing.json",
        "nbk/2026-04-02-changes-missing.xml",
    ] {
        assert_eq!(dropped(name), [""; 0], "{name}");
    }
}

#[test]
fn a_row_without_a_rate_a_nominal_or_a_date_is_dropped_and_the_others_stay() {
    let name = "cbu/2026-04-02-broken-rows.json";
    assert_eq!(rows(name), ["1 USD = 12142.10 (-52.11)"]);
    assert_eq!(
        dropped(name),
        [
            "EUR: no `Rate`",
            "RUB: no `Nominal`",
            "KZT: no readable date: `2.4.26`",
            "KGS: `Rate` is neither a text nor a number",
            ": invalid type: string \"TJS\", expected an object at line 1 column 5",
        ]
    );
    let name = "nbk/2026-04-02-row-without-quant-and-others.xml";
    assert_eq!(rows(name), ["1 USD = 475.09 (-3.68)"]);
    assert_eq!(
        dropped(name),
        [
            "EUR: <item> without <quant>",
            "KGS: <description> with more than text in it",
        ]
    );
    let name = "nbt/2026-05-19-row-without-nominal.xml";
    assert_eq!(rows(name), ["10 KZT = 0.1986", "1 USD = 9.3371"]);
    assert_eq!(dropped(name), ["EUR: <Valute> without <Nominal>"]);
    let name = "nbkr/daily/2026-05-23-row-without-code.xml";
    assert_eq!(table(name).rows.len(), 4);
    assert_eq!(dropped(name), [": <Currency> without ISOCode"]);
}

#[test]
fn a_row_of_another_date_than_most_is_dropped() {
    let name = "cbu/2026-04-02-row-of-an-older-date.json";
    assert_eq!(table(name).effective_date, date(2026, 4, 2));
    assert_eq!(
        rows(name),
        [
            "1 EUR = 14079.98 (95.66)",
            "1 KZT = 25.55 (0.02)",
            "1 USD = 12142.10 (-52.11)",
        ]
    );
    assert_eq!(
        dropped(name),
        ["RUB: a row of 2026-04-01 in the table of 2026-04-02"]
    );
}

#[test]
fn rows_of_two_dates_without_a_majority_are_refused() {
    let error = refused("cbu/2026-04-02-two-dates.json");
    assert!(
        error.contains("rows of 2026-04-01 and of 2026-04-02"),
        "{error}"
    );
}

#[test]
fn a_document_without_a_usable_row_is_refused() {
    for (name, first) in [
        (
            "nbk/2026-04-02-row-without-quant.xml",
            "USD: <item> without <quant>",
        ),
        (
            "nbk/2026-04-02-comment-in-a-number.xml",
            "USD: <description> with more than text in it",
        ),
        (
            "cbt/2026-05-21-row-without-multiplier.xml",
            "USD: <rate> without <multiplier>",
        ),
        ("cbu/2026-04-02-row-without-rate.json", "USD: no `Rate`"),
        (
            "nbt/2026-05-19-decimal-comma.xml",
            "USD: `9,3371` is not a plain decimal number",
        ),
    ] {
        assert_eq!(parse(name), Err(ParseError::NoRows(first.into())), "{name}");
    }
}

#[test]
fn a_document_without_rows_is_distinguished_from_a_broken_one() {
    for name in [
        "nbk/bare.xml",
        "nbk/no-rows.xml",
        "cbu/empty-list.json",
        "nbt/2026-05-20-no-rows.xml",
        "nbkr/daily/2026-05-23-no-rows.xml",
    ] {
        assert_eq!(parse(name), Err(ParseError::Empty), "{name}");
    }
    assert_eq!(
        parse("nbk/message-in-place-of-rows.xml"),
        Err(ParseError::Refused("Service unavailable".into()))
    );
}

#[test]
fn blanks_around_codes_numbers_dates_and_attributes_do_not_count() {
    assert_eq!(
        rows("cbu/2026-04-02-blanks.json"),
        ["1 EUR = 14079.98 (95.66)", "1 USD = 12142.10 (-52.11)"]
    );
    assert_eq!(
        rows("nbkr/daily/2026-05-23-blanks-in-attributes.xml"),
        ["1 KZT = 0.1859", "1 USD = 87.4500"]
    );
}

#[test]
fn a_number_is_read_digit_by_digit_whether_it_is_a_string_or_not() {
    let name = "cbu/2026-04-02-numbers.json";
    assert_eq!(
        rows(name),
        ["1 EUR = 14079.98 (95.660)", "1 USD = 12142.10 (-52.11)"]
    );
    assert_eq!(
        dropped(name),
        ["KZT: `2.555e1` is not a plain decimal number"]
    );
}

#[test]
fn an_xml_document_is_read_from_its_first_angle_bracket() {
    for name in [
        "nbt/2026-05-19-leading-lines.xml",
        "nbt/2026-05-19-warning-before-the-document.xml",
    ] {
        assert_eq!(rows(name), ["10 KZT = 0.1986", "1 USD = 9.3371"], "{name}");
    }
}

#[test]
fn a_byte_order_mark_changes_nothing() {
    assert_eq!(
        figures("nbk/2026-04-02-byte-order-mark.xml", "KGS"),
        "1 5.43 -0.04"
    );
    assert_eq!(
        figures("cbu/2026-04-02-byte-order-mark.json", "EUR"),
        "1 14079.98 95.66"
    );
    assert_eq!(
        figures("cbr/2026-03-19-utf-8-with-byte-order-mark.xml", "USD"),
        "1 83.1259"
    );
}

#[test]
fn bytes_that_are_not_of_the_encoding_spoil_a_name_and_no_figure() {
    for (name, value) in [
        ("nbk/2026-04-02-not-utf-8.xml", "1 475.09 -3.68"),
        ("nbt/2026-05-19-windows-1251.xml", "1 9.3371"),
        ("nbt/2026-05-19-name-cut-short.xml", "1 9.3371"),
        (
            "cbu/2026-04-02-name-in-windows-1251.json",
            "1 12142.10 -52.11",
        ),
        // Declared without an encoding and sent in UTF-8, with a byte that windows-1251 does not have.
        ("cbr/2002-09-21-lira-per-million.xml", "1 31.6379"),
    ] {
        assert_eq!(figures(name, "USD"), value, "{name}");
        assert_eq!(dropped(name), [""; 0], "{name}");
    }
    assert_eq!(
        figures("nbt/2026-05-19-name-cut-short.xml", "KZT"),
        "10 0.1986"
    );
}

#[test]
fn a_byte_that_is_not_of_the_encoding_in_a_figure_or_a_code_drops_the_row() {
    let name = "nbt/2026-05-19-damaged-value.xml";
    assert_eq!(rows(name), ["1 USD = 9.3371"]);
    assert_eq!(
        dropped(name),
        [
            "KZT: `0.19\u{fffd}6` is not a plain decimal number",
            "E\u{fffd}R: a currency code is three letters, such as KZT",
        ]
    );
}

#[test]
fn a_document_type_is_refused() {
    assert!(matches!(
        parse("nbt/2026-05-19-document-type.xml"),
        Err(ParseError::Malformed(_))
    ));
}

#[test]
fn a_date_with_the_day_first_has_points_or_slashes() {
    let name = "cbr/2013-09-26-slashes.xml";
    assert_eq!(table(name).effective_date, date(2013, 9, 26));
    assert_eq!(figures(name, "KZT"), "100 20.7811");
    let name = "nbk/2026-04-02-slashes.xml";
    assert_eq!(table(name).effective_date, date(2026, 4, 2));
}

#[test]
fn every_power_of_ten_up_to_a_million_is_a_nominal() {
    let name = "cbr/2025-12-13-rial-per-100000.xml";
    assert_eq!(figures(name, "IRR"), "100000 12.1149");
    assert_eq!(dropped(name), ["KZT: `10000000` is no nominal"]);
    assert_eq!(
        figures("cbr/2002-09-21-lira-per-million.xml", "TRL"),
        "1000000 18.9960"
    );
}
