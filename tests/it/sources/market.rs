//! The market tables, whose rows price the base in other currencies.

use jiff::civil::date;
use silkrate::domain::{Currency, Table};
use silkrate::sources::{ParseError, find};

use crate::sources::parse;

fn table(name: &str) -> Table {
    parse(&format!("market/{name}")).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn refused(name: &str) -> String {
    parse(&format!("market/{name}")).unwrap_err().to_string()
}

#[test]
fn a_market_row_is_the_price_of_one_unit_of_the_base() {
    let table = table("apilayer/2025-12-08T1609Z.json");
    let row = &table.rows[&Currency::KZT];
    assert_eq!((row.units, row.currency), (1, Currency::USD));
    assert_eq!(row.value.to_string(), "511.015258");
    assert_eq!(row.home_currency, Currency::KZT);
    assert_eq!(table.pivot, Currency::USD);
}

#[test]
fn four_vendors_of_one_feed_agree_to_the_last_digit() {
    let first = table("apilayer/2025-12-08T1609Z.json");
    assert_eq!(first.rows.len(), 5);
    for name in [
        "currencylayer/2025-12-08T1609Z.json",
        "openexchangerates/2025-12-08T1609Z.json",
    ] {
        assert_eq!(table(name).rows, first.rows, "{name}");
        assert_eq!(table(name).as_of, first.as_of, "{name}");
    }
    let earlier = table("apilayer/2025-12-07T1607Z.json");
    let host = table("currencylayer/2025-12-07T1607Z-of-exchangerate-host.json");
    assert_eq!(host.rows, earlier.rows);
}

#[test]
fn a_table_based_on_the_euro_prices_the_dollar_too() {
    let table = table("fixer/2025-12-08T1609Z-base-eur.json");
    assert_eq!(table.pivot, Currency::EUR);
    assert_eq!(
        table.rows.keys().copied().collect::<Vec<_>>(),
        [Currency::KGS, Currency::KZT, Currency::USD]
    );
}

#[test]
fn the_date_of_a_market_table_is_that_of_its_instant() {
    let with_date = table("apilayer/2025-12-08T1609Z.json");
    assert_eq!(with_date.as_of.unwrap().to_string(), "2025-12-08T16:09:04Z");
    assert_eq!(with_date.effective_date, date(2025, 12, 8));
    let without = table("openexchangerates/2025-12-08T1609Z.json");
    assert_eq!(without.effective_date, date(2025, 12, 8));
    let error = refused("apilayer/2025-12-08-other-date.json");
    assert!(
        error.contains("the date 2025-12-10 with an instant of 2025-12-08"),
        "{error}"
    );
    let last_second = table("apilayer/2025-03-09T235959Z-date-of-the-next-day.json");
    assert_eq!(
        last_second.as_of.unwrap().to_string(),
        "2025-03-09T23:59:59Z"
    );
    assert_eq!(last_second.effective_date, date(2025, 3, 9));
    assert_eq!(last_second.rows.len(), 5);
}

#[test]
fn a_table_with_a_date_alone_has_no_instant() {
    let table = table("fawazahmed0/2025-12-08.json");
    assert_eq!(table.as_of, None);
    assert_eq!(table.effective_date, date(2025, 12, 8));
    let row = &table.rows[&Currency::TMT];
    assert_eq!(row.value.to_string(), "3.50808844");
}

#[test]
fn unwanted_rows_are_counted_in_one_line() {
    let table = table("apilayer/2025-12-08T1609Z.json");
    let dropped: Vec<_> = table
        .dropped
        .iter()
        .map(|row| (row.currency.as_str(), row.reason.as_str()))
        .collect();
    assert_eq!(dropped, [("*", "6 rows not wanted")]);
}

#[test]
fn a_wanted_row_that_cannot_be_read_is_dropped_and_the_others_stay() {
    for (name, currencies, reason) in [
        (
            "apilayer/2025-12-08-wanted-row-in-scientific-notation.json",
            [Currency::KGS, Currency::KZT],
            "UZS: `1.1990815254e4` is not a plain decimal number",
        ),
        (
            "apilayer/2025-12-08-wanted-row-zero.json",
            [Currency::KGS, Currency::KZT],
            "TMT: `0` is not above zero",
        ),
        (
            "apilayer/2025-12-08-instant-a-string.json",
            [Currency::KGS, Currency::KZT],
            "TMT: no `TMT`",
        ),
    ] {
        let table = table(name);
        assert_eq!(table.rows.keys().copied().collect::<Vec<_>>(), currencies);
        let dropped = table.dropped.iter();
        let dropped = dropped.map(|row| format!("{}: {}", row.currency, row.reason));
        assert_eq!(dropped.collect::<Vec<_>>(), [reason], "{name}");
    }
}

#[test]
fn a_number_may_be_a_string() {
    let table = table("apilayer/2025-12-08-wanted-row-a-string.json");
    let manat = &table.rows[&Currency::TMT];
    assert_eq!(manat.value.to_string(), "3.51");
    let table = self::table("apilayer/2025-12-08-instant-a-string.json");
    assert_eq!(table.effective_date, date(2025, 12, 8));
    let som = &table.rows[&Currency::KGS];
    assert_eq!(som.value.to_string(), "87.449424");
}

#[test]
fn one_wanted_currency_is_enough_and_none_is_not() {
    let table = table("currencylayer/2025-12-08-quotes-of-another-base.json");
    assert_eq!(table.rows.keys().collect::<Vec<_>>(), [&Currency::KGS]);
    assert_eq!(
        parse("market/apilayer/2025-12-08-nothing-wanted.json"),
        Err(ParseError::NoRows("*: 2 rows not wanted".into()))
    );
}

#[test]
fn a_number_keeps_the_digits_it_was_sent_with() {
    let table = table("apilayer/2025-12-08-many-digits.json");
    let value = |currency| table.rows[&currency].value.to_string();
    assert_eq!(value(Currency::KZT), "511.015258000001");
    assert_eq!(value(Currency::KGS), "87.4494240000");
}

#[test]
fn a_duplicate_member_is_never_silently_overwritten() {
    assert_eq!(table("apilayer/2025-12-08-duplicate.json").rows.len(), 2);
    for name in [
        "market/apilayer/2025-12-08-contradiction.json",
        "market/fawazahmed0/2025-12-08-case-contradiction.json",
    ] {
        assert_eq!(
            parse(name),
            Err(ParseError::Contradiction(Currency::KZT)),
            "{name}"
        );
    }
    let error = refused("apilayer/2025-12-08-instant-twice.json");
    assert!(error.contains("duplicate field `timestamp`"), "{error}");
}

#[test]
fn a_table_without_a_whole_instant_is_refused() {
    assert!(refused("apilayer/2025-12-08-no-instant.json").contains("no `timestamp`"));
    let error = parse("market/apilayer/2025-12-08-instant-with-fraction.json");
    assert!(matches!(error, Err(ParseError::Date(_))), "{error:?}");
}

#[test]
fn an_error_of_the_vendor_is_repeated_with_its_code() {
    for (name, said) in [
        (
            "currencylayer/error-invalid-key.json",
            "101 invalid_access_key You have not supplied a valid API Access Key.",
        ),
        (
            "fixer/error-base-restricted.json",
            "105 base_currency_access_restricted",
        ),
        (
            "openexchangerates/error-not-allowed.json",
            "403 not_allowed Not Allowed",
        ),
        (
            "apilayer/error-invalid-key.json",
            "Invalid authentication credentials",
        ),
    ] {
        let error = parse(&format!("market/{name}"));
        assert_eq!(error, Err(ParseError::Refused(said.into())), "{name}");
    }
}

#[test]
fn an_error_of_the_vendor_never_repeats_a_key() {
    assert_eq!(
        parse("market/apilayer/error-echoing-the-key.json"),
        Err(ParseError::Refused(
            "101 invalid_access_key Key … in access_key=… refused".into()
        ))
    );
}

/// What the document of apilayer says of a text.
fn said_by_apilayer(text: &str) -> Result<Table, ParseError> {
    let source = find("market", "apilayer").unwrap();
    (source.documents[0].parse)(text.as_bytes())
}

#[test]
fn a_vendor_refuses_by_an_error_or_without_success_and_by_a_message_alone() {
    let rates = r#""timestamp": 1765210144, "base": "USD", "rates": {"KZT": 511.015258}"#;
    for said in [
        r#""success": true"#,
        r#""error": false"#,
        r#""message": "the plan ends soon""#,
    ] {
        let table = said_by_apilayer(&format!("{{{said}, {rates}}}"));
        assert!(table.is_ok(), "{said}: {table:?}");
    }
    for (said, repeated) in [
        (
            r#""success": true, "error": {"code": 104}, "rates": {}"#.to_owned(),
            "104",
        ),
        (format!(r#""error": {{"code": 104}}, {rates}"#), "104"),
        (format!(r#""success": false, {rates}"#), "no message"),
        (
            r#""message": "no more requests""#.into(),
            "no more requests",
        ),
    ] {
        let error = said_by_apilayer(&format!("{{{said}}}"));
        assert_eq!(error, Err(ParseError::Refused(repeated.into())), "{said}");
    }
}

#[test]
fn a_word_of_twenty_letters_is_repeated_and_one_of_more_may_be_a_key() {
    for (said, repeated) in [
        ("internationalization", "internationalization"),
        ("abcdefghijklmnopqrstu", "…"),
        ("a lone ' says nothing", "a lone ' says nothing"),
    ] {
        let error = said_by_apilayer(&format!(r#"{{"message": "{said}"}}"#));
        assert_eq!(error, Err(ParseError::Refused(repeated.into())));
    }
}
