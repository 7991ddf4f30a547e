//! The same flaws in the documents of every source.

use silkrate::domain::{Currency, Table};
use silkrate::sources::ParseError;

use crate::sources::{Fixture, fixtures};

/// A document, the code of one of its rows with the characters around it, the value of that row, and its currency.
type Target = (
    &'static str,
    (&'static str, &'static str, &'static str),
    &'static str,
    Currency,
);

/// A document of every format.
const TARGETS: [Target; 12] = [
    (
        "cbr/2026-03-19.xml",
        (">", "EUR", "<"),
        "94,6663",
        Currency::EUR,
    ),
    (
        "cbt/2026-05-21.xml",
        ("\"", "EUR", "\""),
        "4.0569",
        Currency::EUR,
    ),
    (
        "cbu/2026-04-02.json",
        ("\"", "EUR", "\""),
        "14079.98",
        Currency::EUR,
    ),
    (
        "market/apilayer/2025-12-08T1609Z.json",
        ("\"", "KZT", "\""),
        "511.015258",
        Currency::KZT,
    ),
    (
        "market/currencylayer/2025-12-08T1609Z.json",
        ("\"", "USDKZT", "\""),
        "511.015258",
        Currency::KZT,
    ),
    (
        "market/fawazahmed0/2025-12-08.json",
        ("\"", "tmt", "\""),
        "3.50808844",
        Currency::TMT,
    ),
    (
        "market/fixer/2025-12-08T1609Z-base-eur.json",
        ("\"", "KZT", "\""),
        "594.010390",
        Currency::KZT,
    ),
    (
        "market/openexchangerates/2025-12-08T1609Z.json",
        ("\"", "KZT", "\""),
        "511.015258",
        Currency::KZT,
    ),
    (
        "nbk/2026-04-02.xml",
        ("<title>", "EUR", "<"),
        "551.06",
        Currency::EUR,
    ),
    (
        "nbkr/daily/2026-05-23.xml",
        ("\"", "EUR", "\""),
        "101,5076",
        Currency::EUR,
    ),
    (
        "nbkr/weekly/2026-05-23-with-retired-byr.xml",
        ("\"", "TJS", "\""),
        "9,4148",
        Currency::TJS,
    ),
    (
        "nbt/2026-05-19.xml",
        (">", "EUR", "<"),
        "10.8600",
        Currency::EUR,
    ),
];

fn fixture(name: &str) -> Fixture {
    let mut fixtures = fixtures().into_iter();
    fixtures.find(|fixture| fixture.name == name).unwrap()
}

/// The document with the first occurrence of a text replaced. The texts are ASCII; the names around them may be of any
/// encoding.
fn changed(fixture: &Fixture, from: &str, to: &[u8]) -> Result<Table, ParseError> {
    let mut places = fixture.bytes.windows(from.len());
    let place = places.position(|window| window == from.as_bytes());
    let place = place.unwrap_or_else(|| panic!("{} has no {from}", fixture.name));
    let (before, rest) = fixture.bytes.split_at(place);
    (fixture.document.parse)(&[before, to, &rest[from.len()..]].concat())
}

#[test]
fn blank_lines_and_a_byte_order_mark_before_and_after_a_document_change_nothing() {
    for fixture in fixtures().iter().filter(|fixture| fixture.parse().is_ok()) {
        let document = [b"\r\n \xef\xbb\xbf\n", &*fixture.bytes, b"\n \r\n"].concat();
        assert_eq!(
            (fixture.document.parse)(&document),
            fixture.parse(),
            "{}",
            fixture.name
        );
    }
}

#[test]
fn blanks_around_a_code_change_nothing() {
    for (name, (before, code, after), ..) in TARGETS {
        let fixture = fixture(name);
        let from = [before, code, after].concat();
        let to = format!("{before} {code}\u{20}{after}");
        assert_eq!(
            changed(&fixture, &from, to.as_bytes()),
            fixture.parse(),
            "{name}"
        );
    }
}

#[test]
fn a_broken_value_costs_its_row_and_no_other() {
    for (name, _, value, currency) in TARGETS {
        let fixture = fixture(name);
        let is_json = name.contains(".json");
        let is_bare = is_json && !name.starts_with("cbu");
        let nothing = if is_bare { "null" } else { "?" };
        let table = changed(&fixture, value, nothing.as_bytes()).unwrap();
        let mut expected = fixture.parse().unwrap();
        expected.rows.remove(&currency).unwrap();
        assert_eq!(table.rows, expected.rows, "{name}");
        let dropped = table.dropped.iter();
        let dropped = dropped.map(|row| row.currency.to_uppercase());
        let named = dropped.filter(|code| code == currency.as_str()).count();
        assert_eq!(named, 1, "{name}: {:?}", table.dropped);
    }
}

#[test]
fn a_byte_of_no_encoding_in_a_value_costs_its_row_alone() {
    let banks = TARGETS
        .iter()
        .filter(|(name, ..)| !name.starts_with("market"));
    for (name, _, value, currency) in banks {
        let fixture = fixture(name);
        let broken = [value.as_bytes(), b"\xff"].concat();
        let table = changed(&fixture, value, &broken).unwrap();
        let mut expected = fixture.parse().unwrap();
        expected.rows.remove(currency).unwrap();
        assert_eq!(table.rows, expected.rows, "{name}");
    }
}

#[test]
fn what_a_name_contains_costs_nothing() {
    let names = [
        ("cbr/2026-03-19.xml", "<Name>"),
        ("cbt/2026-05-21.xml", "<name>"),
        ("cbu/2026-04-02.json", "\"CcyNm_EN\": \""),
        ("nbk/2026-04-02.xml", "<fullname>"),
        ("nbt/2026-05-19.xml", "<Name>"),
    ];
    let strange: [&[u8]; 9] = [
        b"\xd0",
        b"\xff\xfe",
        b"\x00\x1a\x1b[31m",
        b"\xef\xbf\xbf",
        b"a\r\n\tb",
        b" & ",
        b"&nbsp;&#27;&#xFFFE;&#x;&",
        b"&amp;&#1044;&#x414;&lt;",
        b"\x98",
    ];
    for (name, before) in names {
        let fixture = fixture(name);
        for bytes in strange {
            let to = [before.as_bytes(), bytes].concat();
            let table = changed(&fixture, before, &to);
            assert_eq!(table, fixture.parse(), "{name} {bytes:?}");
        }
    }
}

#[test]
fn a_digit_may_be_a_reference_to_a_character() {
    let fixture = fixture("nbk/2026-04-02.xml");
    let table = changed(&fixture, "475.09", b"&#52;7&#x35;.09");
    assert_eq!(table, fixture.parse());
}

#[test]
fn a_value_with_an_element_inside_is_not_taken_for_an_absent_one() {
    let fixture = fixture("nbk/2026-04-02.xml");
    let table = changed(&fixture, "<change>-3.68", b"<change><b/>").unwrap();
    assert_eq!(table.rows[&Currency::USD].published_change, None);
    let table = changed(&fixture, "475.09", b"<b/>").unwrap();
    assert!(!table.rows.contains_key(&Currency::USD));
    let reasons: Vec<&str> = table
        .dropped
        .iter()
        .map(|row| row.reason.as_str())
        .collect();
    assert!(reasons[0].contains("more than text"), "{reasons:?}");
}

#[test]
fn a_document_of_too_many_elements_is_refused() {
    let fixture = fixture("nbk/2026-04-02.xml");
    let more = "<item/>".repeat(20_000);
    let refused = changed(&fixture, "<item>", format!("{more}<item>").as_bytes());
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("nodes limit"), "{refused}");
}
