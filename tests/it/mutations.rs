//! The documents in `cases`, damaged in every way of `damage`: how many of the wrong rows are refused, held, flagged, or
//! served unflagged. `cargo test --test it mutations -- --nocapture` prints a table for every document, and beside them what the
//! same checks do to the figures of real series.

mod cases;
mod damage;
mod layout;
mod outcome;
pub(crate) mod series;

use std::fmt::Write as _;
use std::ops::Range;

use rust_decimal::Decimal;
use silkrate::domain::parse_decimal;

use crate::mutations::cases::{Case, cases};
use crate::mutations::damage::mutants;
use crate::mutations::outcome::{Bench, MutantOutcome};

/// The columns of the report.
const COLUMNS: [(&str, MutantOutcome); 7] = [
    ("rejected", MutantOutcome::Rejected),
    ("held", MutantOutcome::Held),
    ("flagged", MutantOutcome::Flagged),
    ("kept", MutantOutcome::Kept),
    ("harmless", MutantOutcome::Harmless),
    ("undetectable", MutantOutcome::Undetectable),
    ("unflagged", MutantOutcome::Unflagged),
];

/// The outcomes of the damaged forms of a document: by the kind of damage, in the order of [`COLUMNS`].
type Counts = Vec<(&'static str, [usize; COLUMNS.len()])>;

fn counts(case: &Case) -> Counts {
    let bench = Bench::new(case);
    let mut counts = Counts::new();
    for mutant in mutants(&case.bytes, &case.layout) {
        let outcome = bench.outcome(&mutant.bytes);
        let column = COLUMNS
            .iter()
            .position(|(_, of_column)| *of_column == outcome)
            .unwrap();
        let known = counts.iter().position(|(kind, _)| *kind == mutant.kind);
        let place = known.unwrap_or_else(|| {
            counts.push((mutant.kind, [0; COLUMNS.len()]));
            counts.len() - 1
        });
        counts[place].1[column] += 1;
    }
    counts
}

fn report(case: &Case, counts: &Counts) -> String {
    let mut text = format!("\n{:<46}", case.title);
    for (column, _) in COLUMNS {
        write!(text, "{column:>14}").unwrap();
    }
    for (kind, numbers) in counts {
        write!(text, "\n  {kind:<44}").unwrap();
        for number in numbers {
            write!(text, "{number:>14}").unwrap();
        }
    }
    text
}

/// Damages the documents of a source and asserts that no wrong row is served unflagged.
#[expect(clippy::print_stdout, reason = "the report is printed")]
fn check(id: &str) {
    let of_source = |case: &Case| case.source.id.as_str() == id;
    let mut broken = Vec::new();
    for case in cases().into_iter().filter(of_source) {
        let counts = counts(&case);
        println!("{}", report(&case, &counts));
        for (kind, [.., undetectable, unflagged]) in counts {
            if unflagged > 0 {
                broken.push(format!(
                    "{}: {kind}: {unflagged} served unflagged",
                    case.title
                ));
            }
            if (undetectable > 0) != case.blind_to.contains(&kind) {
                broken.push(format!(
                    "{}: {kind}: {undetectable} undetectable",
                    case.title
                ));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn a_day_as_the_banks_published_it_is_served_unflagged() {
    for case in cases() {
        assert_eq!(
            Bench::new(&case).complaints(),
            Vec::<String>::new(),
            "{}",
            case.title
        );
    }
}

#[test]
fn every_number_that_is_read_is_among_those_that_are_damaged() {
    for case in cases() {
        let places = case.layout.rows(&case.bytes);
        let number = |place: Option<&Range<usize>>| {
            let text = str::from_utf8(&case.bytes[place?.clone()]).unwrap();
            parse_decimal(&text.replace(',', ".")).ok()
        };
        let damaged = places.iter().map(|row| {
            let units = number(row.nominal.as_ref()).unwrap_or(Decimal::ONE);
            let value = number(Some(&row.value));
            (units, value, number(row.change.as_ref()))
        });
        let damaged: Vec<_> = damaged.collect();
        for row in (case.document.parse)(&case.bytes).unwrap().rows.values() {
            let read = (row.units.into(), Some(row.value), row.published_change);
            assert!(damaged.contains(&read), "{}: {row:?}", case.title);
        }
        assert!(!case.layout.dates(&case.bytes).is_empty(), "{}", case.title);
    }
}

#[test]
fn nothing_wrong_in_the_kazakh_table_is_served_unflagged() {
    check("nbk");
}

#[test]
fn nothing_wrong_in_the_kyrgyz_tables_is_served_unflagged_unless_it_is_undetectable() {
    check("nbkr");
}

#[test]
fn nothing_wrong_in_the_uzbek_table_is_served_unflagged() {
    check("cbu");
}

#[test]
fn nothing_wrong_in_the_tajik_table_is_served_unflagged_unless_it_is_undetectable() {
    check("nbt");
}

#[test]
fn nothing_wrong_in_the_turkmen_table_is_served_unflagged_unless_it_is_undetectable() {
    check("cbt");
}

#[test]
fn nothing_wrong_in_the_russian_table_is_served_unflagged_unless_it_is_undetectable() {
    check("cbr");
}

#[test]
fn nothing_wrong_in_a_market_table_is_served_unflagged_unless_it_is_undetectable() {
    check("market");
}
