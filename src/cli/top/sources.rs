//! The section of the sources: their state, what is expected of them, and their polls.

use jiff::Timestamp;

use crate::cli::notes::word;
use crate::cli::sources::{notes_of, requests_of};
use crate::cli::top::grid::Grid;
use crate::cli::top::section::{Moment, Section};
use crate::cli::top::text::{Row, Span, Style};
use crate::cli::top::units::{instant, short, when};
use crate::pb::{Freshness, Polling, SourceDetail, SourceState};

/// The columns that are omitted on a narrow terminal, the least important first.
const SPARE: &[&str] = &[
    "LAST ERROR",
    "NEXT POLL",
    "FLAGS",
    "MISSED",
    "BUDGET",
    "HELD",
    "LAST POLL",
    "NEWEST",
    "NEXT TABLE",
];
/// A source that has used this part of the requests of its day, in per cent, soon has no more.
const BUDGET_LOW: u32 = 80;

/// The sources, a row each.
pub(super) fn sources(
    details: &[SourceDetail],
    moment: &Moment,
    columns: Option<usize>,
) -> Section {
    let mut grid = Grid::new([
        "ID",
        "STATE",
        "NEWEST",
        "NEXT TABLE",
        "LAST POLL",
        "BUDGET",
        "HELD",
        "MISSED",
        "FLAGS",
        "NEXT POLL",
        "LAST ERROR",
    ]);
    let unknown = SourceState::default();
    for detail in details {
        let state = detail.state.as_ref().unwrap_or(&unknown);
        let next_poll = instant(detail.next_attempt_time.as_ref());
        grid.push([
            Span::new(Style::Strong, &state.id),
            freshness(state),
            Span::plain(state.newest_effective_date()),
            next_table(state, moment),
            last_poll(detail, moment),
            budget(detail),
            number(&state.held.len(), Style::Warning),
            number(&state.missed_publications, Style::Warning),
            number(&state.flags.len(), Style::Warning),
            Span::plain(next_poll.map_or(String::new(), |next| ahead(next, moment))),
            last_error(detail),
        ]);
    }
    let (heading, rows) = grid.fit(columns, SPARE);
    Section {
        name: "SOURCES",
        remark: None,
        heading: Some(heading),
        rows,
    }
}

/// Why the sources are not fresh, what failed, and what is held or flagged: a row each.
pub(super) fn notes(details: &[SourceDetail]) -> Section {
    let unknown = SourceState::default();
    let notes = details.iter().flat_map(|detail| {
        let state = detail.state.as_ref().unwrap_or(&unknown);
        notes_of(detail, state)
    });
    Section {
        name: "NOTES",
        remark: None,
        heading: None,
        rows: notes.map(|note| Row::from([Span::plain(note)])).collect(),
    }
}

fn freshness(state: &SourceState) -> Span {
    let freshness = state.freshness();
    let style = match freshness {
        Freshness::Fresh => Style::Good,
        Freshness::CarriedOver => Style::Plain,
        Freshness::Late => Style::Warning,
        Freshness::Stale => Style::Bad,
        Freshness::Unspecified => return Span::new(Style::Dim, "no table yet"),
    };
    Span::new(style, word(freshness.as_str_name(), "FRESHNESS_"))
}

/// When the next table is expected: the beginning of the hours of publication, or their end once they have begun.
fn next_table(state: &SourceState, moment: &Moment) -> Span {
    let begin = instant(state.next_publication_time.as_ref());
    let due = instant(state.next_publication_due_time.as_ref());
    let at = |instant| when(instant, moment.clock, &moment.zone);
    match (begin, due) {
        (Some(begin), _) if begin > moment.clock => Span::plain(ahead(begin, moment)),
        (Some(_), Some(due)) if due > moment.clock => {
            Span::new(Style::Strong, format!("now, until {}", at(due)))
        }
        (Some(_), Some(due)) => Span::new(Style::Warning, format!("was due {}", at(due))),
        (Some(begin), None) => Span::plain(format!("since {}", at(begin))),
        (None, _) => Span::plain(""),
    }
}

/// An instant, and in how long it comes; one that has passed is due now.
fn ahead(instant: Timestamp, moment: &Moment) -> String {
    let at = when(instant, moment.clock, &moment.zone);
    match instant.duration_since(moment.clock).as_secs() {
        ..=0 => format!("{at} now"),
        seconds => format!("{at} in {}", short(seconds)),
    }
}

/// When the last poll began, and how it ended.
fn last_poll(detail: &SourceDetail, moment: &Moment) -> Span {
    let (style, outcome) = match detail.polling() {
        Polling::Ok => (Style::Plain, "ok".to_owned()),
        Polling::Failing => {
            let failures = detail.consecutive_failures;
            (Style::Bad, format!("failed {failures}×"))
        }
        Polling::NotTried => return Span::new(Style::Dim, "not tried"),
        Polling::Unspecified => return Span::plain(""),
    };
    let began = instant(detail.last_attempt_time.as_ref());
    let began = began.map(|began| when(began, moment.clock, &moment.zone) + " ");
    Span::new(style, began.unwrap_or_default() + &outcome)
}

/// The requests of the day, and how many are allowed.
fn budget(detail: &SourceDetail) -> Span {
    let (today, per_day) = (detail.requests_today, detail.requests_per_day);
    let per_cent = today.saturating_mul(100).checked_div(per_day);
    let style = match per_cent {
        Some(100..) => Style::Bad,
        Some(BUDGET_LOW..) => Style::Warning,
        Some(_) | None => Style::Plain,
    };
    Span::new(style, requests_of(detail))
}

/// A number that is best zero.
fn number<N: PartialEq + Default + ToString>(number: &N, style: Style) -> Span {
    let is_zero = *number == N::default();
    let style = if is_zero { Style::Dim } else { style };
    Span::new(style, number.to_string())
}

/// The error of a source that fails: that of one which works is of the past.
fn last_error(detail: &SourceDetail) -> Span {
    let is_failing = detail.polling() == Polling::Failing;
    let error = detail.last_error.as_deref().filter(|_| is_failing);
    Span::new(Style::Bad, error.unwrap_or_default())
}
