//! The picture: the header, and the sections in the room that there is.

use crate::cli::top::header::{Readings, header};
use crate::cli::top::known::Known;
use crate::cli::top::rates::rates;
use crate::cli::top::section::{Moment, Part, Section};
use crate::cli::top::sources::{notes, sources};
use crate::cli::top::text::{Row, Span, Style};
use crate::cli::top::traffic::traffic;
use crate::cli::top::view::{KEYS, SECTIONS, View};

/// The size of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// The last row: the keys.
const FOOTER: &str = "q quit  ? help  p pause  Tab section  ↑↓ scroll";
/// The rows of the header and of the footer.
const FRAME_ROWS: usize = 3;
/// The index of the notes: they get the rows that no other section needs.
const NOTES: usize = SECTIONS - 1;
/// An empty row stands before each section if there are this many rows more than needed: one for each.
const GAPS: usize = SECTIONS;

/// The whole picture, however long: for a file, a pipe, or a terminal that scrolls.
pub(super) fn whole(
    (known, url): (&Known, &str),
    moment: &Moment,
    columns: Option<usize>,
) -> Vec<Row> {
    let head = header((known, url), moment, Readings::Once);
    let shown = |section: &Section| section.name != "NOTES" || !section.rows.is_empty();
    let sections = sections(known, moment, columns).into_iter().filter(shown);
    let body = sections.flat_map(|section| {
        let part = Part {
            first: 0,
            room: section.rows.len(),
        };
        let rows = section.drawn(part, None);
        [Row::default()].into_iter().chain(rows)
    });
    let rows = head.into_iter().chain(body);
    rows.map(|row| columns.map_or(row.clone(), |columns| row.cut(columns)))
        .collect()
}

/// The picture for a terminal of a size: never more rows, and never wider. The view learns what it shows.
pub(super) fn picture(
    (known, url): (&Known, &str),
    (moment, readings): (&Moment, Readings),
    view: &mut View,
    size: Size,
) -> Vec<Row> {
    let head = header((known, url), moment, readings);
    let body_rows = size.rows.saturating_sub(FRAME_ROWS);
    let mut body = if view.shows_help {
        help()
    } else {
        body(sections(known, moment, Some(size.columns)), view, body_rows)
    };
    body.resize(body_rows, Row::default());
    let footer = Row::from([Span::new(Style::Dim, FOOTER)]);
    let rows = head.into_iter().chain(body).chain([footer]);
    rows.take(size.rows)
        .map(|row| row.cut(size.columns))
        .collect()
}

/// The sections in the order of the picture.
fn sections(known: &Known, moment: &Moment, columns: Option<usize>) -> [Section; SECTIONS] {
    let (details, rows) = match &known.served {
        Some(served) => (&*served.sources, &*served.rates),
        None => (&[][..], &[][..]),
    };
    [
        sources(details, moment, columns),
        rates(rows, columns),
        traffic(known, columns),
        notes(details),
    ]
}

fn body(sections: [Section; SECTIONS], view: &mut View, rows: usize) -> Vec<Row> {
    let frames: usize = sections.iter().take(NOTES).map(Section::frame).sum();
    let wants = sections.each_ref().map(|section| section.rows.len());
    let mut rooms = rooms(wants, rows.saturating_sub(frames));
    let [.., room_of_notes] = &mut rooms;
    // The title of the notes is a row too.
    *room_of_notes = room_of_notes.saturating_sub(1);
    let has_notes = *room_of_notes > 0;
    let used = frames + rooms.iter().sum::<usize>() + usize::from(has_notes);
    let has_gaps = rows >= used + GAPS;
    view.rooms = rooms;
    let mut body = Vec::new();
    for (index, (section, room)) in sections.into_iter().zip(rooms).enumerate() {
        if index == NOTES && !has_notes {
            break;
        }
        let part = match view.first.get_mut(index) {
            None => Part { first: 0, room },
            Some(first) => {
                let part = Part::within(section.rows.len(), *first, room);
                *first = part.first;
                part
            }
        };
        if has_gaps {
            body.push(Row::default());
        }
        body.extend(section.drawn(part, Some(index == view.chosen)));
    }
    body
}

/// How many rows each section gets: as many as it has, or a fair part of what there is. The notes get what is left, with
/// their title.
fn rooms(wants: [usize; SECTIONS], mut rows: usize) -> [usize; SECTIONS] {
    let mut rooms = [0; SECTIONS];
    loop {
        let hungry = rooms.iter_mut().zip(wants).take(NOTES);
        let mut given = 0;
        for (room, _) in hungry.filter(|(room, want)| **room < *want) {
            if given < rows {
                *room += 1;
                given += 1;
            }
        }
        rows -= given;
        if given == 0 {
            break;
        }
    }
    if let ([.., room], [.., want]) = (&mut rooms, wants)
        && want > 0
    {
        *room = rows.min(want + 1);
    }
    rooms
}

fn help() -> Vec<Row> {
    let widest = KEYS.iter().map(|(keys, _)| keys.chars().count()).max();
    let row = |(keys, meaning): &(&str, &str)| {
        let mut row = Row::from([Span::new(Style::Strong, keys)]);
        row.pad(widest.unwrap_or_default() + 2);
        row.push(Span::plain(meaning));
        row
    };
    let notes = [
        "",
        "Times are in the time zone of this machine. Figures a second are of the last",
        "two readings.",
        "NEXT TABLE: when the hours begin in which the next table is expected, or end",
        "once they have begun.",
        "BUDGET: requests to the source today / its requests_per_day.",
        "waits: connections that waited until another one closed.",
        "cut: connections that were closed for what the peer sent, or did not read.",
        "misdirected: requests under a host that their port is not served under.",
    ];
    let notes = notes.map(|note| Row::from([Span::plain(note)]));
    KEYS.iter().map(row).chain(notes).collect()
}

#[cfg(test)]
mod tests;
