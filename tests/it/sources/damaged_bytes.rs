//! Damaged documents: truncated, or with a changed byte.

use proptest::prelude::*;
use rust_decimal::Decimal;
use silkrate::sources::ALL;

use crate::sources::fixtures;

/// Every third byte: no element of a document is shorter, and a run takes seconds.
const STEP: usize = 3;

#[test]
fn a_document_cut_short_anywhere_is_refused() {
    for fixture in fixtures() {
        let whole = fixture.parse();
        let end = fixture.bytes.trim_ascii_end().len();
        for length in 0..end {
            let cut = (fixture.document.parse)(&fixture.bytes[..length]);
            assert!(
                whole.is_err() || cut.is_err(),
                "{} cut to {length} bytes",
                fixture.name
            );
        }
        if whole.is_ok() {
            assert_eq!(
                (fixture.document.parse)(&fixture.bytes[..end]),
                whole,
                "{} without its last line break",
                fixture.name
            );
        }
    }
}

#[test]
fn a_wrong_byte_never_panics_and_leaves_only_positive_values() {
    for fixture in fixtures() {
        let mut bytes = fixture.bytes.clone();
        for place in (0..bytes.len()).step_by(STEP) {
            let was = bytes[place];
            for other in [was ^ 0x01, was ^ 0x10, was ^ 0x80, b'<', b'0', 0] {
                bytes[place] = other;
                let values = (fixture.document.parse)(&bytes).map(|table| table.rows);
                for row in values.iter().flat_map(|rows| rows.values()) {
                    assert!(
                        row.value > Decimal::ZERO,
                        "{} byte {place} as {other:#x}: {row:?}",
                        fixture.name
                    );
                }
            }
            bytes[place] = was;
        }
    }
}

#[test]
fn the_document_of_another_source_is_never_accepted() {
    let fixtures = fixtures();
    for fixture in fixtures.iter().filter(|fixture| fixture.parse().is_ok()) {
        for other in &fixtures {
            if other.source.id != fixture.source.id {
                let result = (other.document.parse)(&fixture.bytes);
                assert!(
                    result.is_err(),
                    "{} read as {}: {result:?}",
                    fixture.name,
                    other.source.id
                );
            }
        }
    }
}

#[test]
fn no_error_and_no_dropped_row_has_control_characters() {
    for fixture in fixtures() {
        let texts = match fixture.parse() {
            Ok(table) => table
                .dropped
                .iter()
                .flat_map(|row| [row.currency.clone(), row.reason.clone()])
                .collect(),
            Err(error) => vec![error.to_string()],
        };
        for text in texts {
            assert!(
                !text.contains(|character: char| character.is_control()
                    || matches!(character, '\u{202a}'..='\u{202e}')),
                "{}: {text:?}",
                fixture.name
            );
            assert!(text.len() < 400, "{}: {text}", fixture.name);
        }
    }
}

#[test]
fn a_document_nested_a_hundred_thousand_deep_is_refused() {
    const DEPTH: usize = 100_000;
    for (open, close) in [
        ("<rates>", "</rates>"),
        ("<ValCurs Date=\"19.03.2026\">", "</ValCurs>"),
        ("[", "]"),
        ("{\"usd\":", "}"),
        ("{\"x\":", "}"),
    ] {
        let text = [open.repeat(DEPTH), "1".into(), close.repeat(DEPTH)].concat();
        for source in ALL {
            for document in source.documents {
                assert!((document.parse)(text.as_bytes()).is_err(), "{}", source.id);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_of_any_kind_are_never_a_table(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for document in ALL.iter().flat_map(|source| source.documents) {
            prop_assert!((document.parse)(&bytes).is_err());
        }
    }

    #[test]
    fn two_documents_spliced_together_never_panic(first: prop::sample::Index, second: prop::sample::Index, at in 0_usize..2000) {
        let fixtures = fixtures();
        let (first, second) = (first.get(&fixtures), second.get(&fixtures));
        let (head, _) = first.bytes.split_at(at.min(first.bytes.len()));
        let (_, tail) = second.bytes.split_at(at.min(second.bytes.len()));
        let spliced = [head, tail].concat();
        if let Ok(table) = (first.document.parse)(&spliced) {
            prop_assert!(!table.rows.is_empty());
        }
    }
}
