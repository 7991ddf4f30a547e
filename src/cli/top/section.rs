//! A section of the picture: its title, the names of its columns, and its rows.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::top::text::{Row, Span, Style};

/// Where the title of the section that the keys scroll begins.
const CHOSEN_MARK: &str = "▸ ";
const OTHER_MARK: &str = "  ";

/// A section.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: &'static str,
    /// What the title says beside the name.
    pub(super) remark: Option<Span>,
    /// The names of the columns.
    pub(super) heading: Option<Row>,
    pub(super) rows: Vec<Row>,
}

/// When and for whom a picture is drawn.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    /// The clock of the service.
    pub(super) clock: Timestamp,
    /// The clock of this machine.
    pub(super) now: Timestamp,
    /// The time zone of the reader.
    pub(super) zone: TimeZone,
}

/// The rows of a section that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// How many rows are above.
    pub(super) first: usize,
    /// How many rows there is room for.
    pub(super) room: usize,
}

impl Part {
    /// The part that begins at a row, or before it if rows would be missing at the end.
    pub(super) fn within(rows: usize, first: usize, room: usize) -> Self {
        let first = first.min(rows.saturating_sub(room));
        Self { first, room }
    }
}

impl Section {
    /// How many rows it needs beside its own.
    pub(super) fn frame(&self) -> usize {
        1 + usize::from(self.heading.is_some())
    }

    /// The title, the heading, and a part of the rows; `chosen` says whether the keys scroll it, where there are keys.
    pub(super) fn drawn(self, part: Part, chosen: Option<bool>) -> Vec<Row> {
        let Part { first, room } = part;
        let mark = match chosen {
            None => "",
            Some(true) => CHOSEN_MARK,
            Some(false) => OTHER_MARK,
        };
        let title = format!("{mark}{}", self.name);
        let mut title = Row::from([Span::new(Style::Strong, title)]);
        if self.rows.len() > room {
            let all = self.rows.len();
            let shown = match room {
                0 => format!("  0 of {all}"),
                room => format!("  {}-{} of {all}", first + 1, first + room),
            };
            title.push(Span::new(Style::Dim, shown));
        }
        if let Some(remark) = self.remark {
            title.push(Span::plain("  "));
            title.push(remark);
        }
        let rows = self.rows.into_iter().skip(first).take(room);
        [title]
            .into_iter()
            .chain(self.heading)
            .chain(rows)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::paint::Paint;

    #[test]
    fn a_section_that_is_scrolled_says_which_rows_are_shown() {
        let section = || Section {
            name: "RATES",
            remark: None,
            heading: Some(Row::from([Span::plain("PAIR")])),
            rows: ["a", "b", "c", "d"]
                .map(|row| Row::from([Span::plain(row)]))
                .into(),
        };
        let drawn = |first, room, chosen| {
            let rows = section().drawn(Part::within(4, first, room), chosen);
            let rows = rows.iter().map(|row| row.painted(Paint::Plain));
            rows.collect::<Vec<_>>()
        };
        assert_eq!(
            drawn(1, 2, Some(true)),
            ["▸ RATES  2-3 of 4", "PAIR", "b", "c"]
        );
        assert_eq!(
            drawn(9, 2, Some(false)),
            ["  RATES  3-4 of 4", "PAIR", "c", "d"]
        );
        assert_eq!(drawn(9, 4, None), ["RATES", "PAIR", "a", "b", "c", "d"]);
        assert_eq!(drawn(0, 0, None), ["RATES  0 of 4", "PAIR"]);
    }
}
