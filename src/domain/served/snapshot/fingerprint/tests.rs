//! The canonical text is a kept format: these expectations change only together with its version.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::date;

use super::*;
use crate::domain::judged::Check;
use crate::domain::numbers::parse_decimal;
use crate::domain::published::{Currency, SourceId};

fn fixing() -> Arc<Fixing> {
    Arc::new(Fixing {
        source: SourceId::new("nbk"),
        currency: Currency::USD,
        units: 1,
        value: parse_decimal("475.10").unwrap(),
        home_currency: Currency::KZT,
        effective_date: date(2026, 4, 2),
        published_change: Some(parse_decimal("-0.42").unwrap()),
        superseded_value: None,
    })
}

fn quote() -> QuoteInputs {
    let point = Point {
        fixings: vec![fixing()],
        date: date(2026, 4, 2),
    };
    QuoteInputs {
        source: SourceId::new("nbk"),
        pair_state: PairState {
            current: point.clone(),
            effective_date: date(2026, 4, 2),
            newest: date(2026, 4, 3),
            reference: None,
            announced: None,
            decimal_places: 2,
            held: vec![held()],
        },
        windows: vec![WindowPoint {
            window: Window::Year,
            point: Err(MissingPoint::BeginsLater(date(2025, 5, 1))),
        }],
        freshness_status: FreshnessStatus {
            freshness: Freshness::Fresh,
            reason: String::new(),
        },
        flags: vec![Flag {
            check: Check::Calendar,
            currency: None,
            detail: "two\nlines \\".into(),
        }],
    }
}

fn held() -> Arc<Held> {
    Arc::new(Held {
        document: "daily",
        code: Currency::USD,
        fixing: fixing(),
        check: Check::UnitJump,
        detail: "about 10 times".into(),
        since: Timestamp::UNIX_EPOCH,
        change: Change::since(
            parse_decimal("47.51").unwrap(),
            date(2026, 4, 1),
            parse_decimal("475.10").unwrap(),
        ),
    })
}

#[test]
fn the_text_of_a_quote_names_every_field_in_a_fixed_order() {
    let expected = "\
silkrate quote, encoding 2
source: nbk
current.date: 2026-04-02
current.fixings#: 1
current.fixings.source: nbk
current.fixings.currency: USD
current.fixings.units: 1
current.fixings.value: 475.10
current.fixings.home_currency: KZT
current.fixings.effective_date: 2026-04-02
current.fixings.published_change?: 1
current.fixings.published_change: -0.42
current.fixings.superseded_value?: 0
effective_date: 2026-04-02
newest: 2026-04-03
reference?: 0
announced?: 0
decimal_places: 2
windows#: 1
windows.window: year
windows.begins_later: 2025-05-01
held#: 1
held.document: daily
held.code: USD
held.fixing.source: nbk
held.fixing.currency: USD
held.fixing.units: 1
held.fixing.value: 475.10
held.fixing.home_currency: KZT
held.fixing.effective_date: 2026-04-02
held.fixing.published_change?: 1
held.fixing.published_change: -0.42
held.fixing.superseded_value?: 0
held.check: unit_jump
held.detail: about 10 times
held.since: 1970-01-01T00:00:00Z
held.change?: 1
held.change.absolute: 427.59
held.change.percent: 900
held.change.direction: up
held.change.reference_value: 47.51
held.change.reference_date: 2026-04-01
freshness: fresh
freshness.reason: 
flags#: 1
flags.check: calendar
flags.currency?: 0
flags.detail: two\\nlines \\\\
";
    assert_eq!(quote().canonical_text(), expected);
}

#[test]
fn the_text_of_a_source_leaves_out_the_revision() {
    let state = SourceState {
        id: SourceId::new("nbk"),
        name: "National Bank",
        attribution: "",
        freshness_status: None,
        newest_effective_date: Some(date(2026, 4, 2)),
        next_publication: Some(Publication {
            effective_date: date(2026, 4, 3),
            opens: Timestamp::UNIX_EPOCH,
            due: Timestamp::UNIX_EPOCH,
        }),
        missed_publications: 2,
        held: Vec::new(),
        flags: Vec::new(),
        changed_at_revision: 7,
    };
    let expected = "\
silkrate source, encoding 2
id: nbk
name: National Bank
attribution: 
freshness?: 0
newest_effective_date?: 1
newest_effective_date: 2026-04-02
next_publication?: 1
next_publication.effective_date: 2026-04-03
next_publication.opens: 1970-01-01T00:00:00Z
next_publication.due: 1970-01-01T00:00:00Z
missed_publications: 2
held#: 0
flags#: 0
";
    assert_eq!(state.canonical_text(), expected);
    let later = SourceState {
        changed_at_revision: 8,
        ..state.clone()
    };
    assert_eq!(later.fingerprint(), state.fingerprint());
}

#[test]
fn values_that_differ_in_a_trailing_zero_differ_in_their_fingerprint() {
    let mut other = quote();
    let mut row = Fixing::clone(&fixing());
    row.value = parse_decimal("475.1").unwrap();
    other.pair_state.current.fixings = vec![Arc::new(row)];
    assert_ne!(other.fingerprint(), quote().fingerprint());
    assert_eq!(quote().fingerprint(), quote().fingerprint());
}

#[test]
fn a_fingerprint_is_the_sha_256_of_its_text_in_hexadecimal() {
    // The example of FIPS 180-2.
    let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let fingerprint = Fingerprint::of_text("abc");
    assert_eq!(fingerprint.to_string(), digits);
    assert_eq!(Fingerprint::parse(digits), Some(fingerprint));
    for wrong in [
        "",
        "ba78",
        &digits.replace('b', "g"),
        &format!("{digits}00"),
        &"+1".repeat(32),
    ] {
        assert_eq!(Fingerprint::parse(wrong), None, "{wrong}");
    }
}
