//! The section of the rates.

use crate::cli::notes::word;
use crate::cli::rates::{known, percent};
use crate::cli::top::grid::Grid;
use crate::cli::top::section::Section;
use crate::cli::top::text::{Span, Style};
use crate::pb::{Change, Direction, Freshness, Rate, Window};

/// The columns that are omitted on a narrow terminal, the least important first.
const SPARE: &[&str] = &[
    "ANNOUNCED",
    "YEAR",
    "MONTH",
    "WEEK",
    "REFERENCE",
    "SOURCE",
    "FRESHNESS",
    "DATE",
];

/// The rates, a row each, with all their digits.
pub(super) fn rates(rates: &[Rate], columns: Option<usize>) -> Section {
    let mut grid = Grid::new([
        "PAIR",
        "VALUE",
        "PERCENT",
        "DATE",
        "SOURCE",
        "FRESHNESS",
        "REFERENCE",
        "WEEK",
        "MONTH",
        "YEAR",
        "ANNOUNCED",
    ]);
    for rate in rates {
        let over = |window: Window| {
            let mut windows = rate.windows.iter();
            let found = windows.find(|change| change.window() == window);
            moved(found.and_then(|found| found.change.as_ref()))
        };
        let announced = rate.announced.as_ref();
        let announced = announced
            .map(|announced| format!("{} of {}", announced.value, announced.effective_date));
        let reference = known(rate.change.as_ref(), |change| {
            format!("{} of {}", change.reference_value, change.reference_date)
        });
        grid.push([
            Span::new(Style::Strong, &rate.pair),
            Span::new(reliability(rate), &rate.value),
            moved(rate.change.as_ref()),
            Span::plain(rate.effective_date()),
            Span::plain(rate.source()),
            Span::new(
                reliability(rate),
                word(rate.freshness().as_str_name(), "FRESHNESS_"),
            ),
            Span::plain(reference),
            over(Window::Week),
            over(Window::Month),
            over(Window::Year),
            Span::plain(announced.unwrap_or_default()),
        ]);
    }
    let (heading, rows) = grid.fit(columns, SPARE);
    let remark = rates
        .is_empty()
        .then(|| Span::new(Style::Dim, "none of the pairs has a rate yet"));
    Section {
        name: "RATES",
        remark,
        heading: Some(heading),
        rows,
    }
}

/// A change in per cent, in the colour of its direction.
fn moved(change: Option<&Change>) -> Span {
    let style = match change.map(Change::direction) {
        Some(Direction::Up) => Style::Good,
        Some(Direction::Down) => Style::Bad,
        Some(Direction::Flat | Direction::Unspecified) => Style::Plain,
        None => Style::Dim,
    };
    Span::new(style, known(change, percent))
}

fn reliability(rate: &Rate) -> Style {
    match rate.freshness() {
        Freshness::Stale => Style::Dim,
        Freshness::Late => Style::Warning,
        Freshness::Fresh | Freshness::CarriedOver | Freshness::Unspecified => Style::Plain,
    }
}
