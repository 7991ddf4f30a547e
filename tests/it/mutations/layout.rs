//! The places of the numbers and dates in the bytes of a document. It shares no code with the parsers: what they read is
//! found here a second time.

use std::ops::Range;

/// The texts before and after a text.
pub(crate) type Between = (&'static str, &'static str);

/// The rows of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rows {
    /// Elements or objects, and the texts inside them.
    Elements {
        whole: Between,
        nominal: Between,
        value: Between,
        change: Option<Between>,
    },
    /// The members of the JSON object with this beginning: each a code and a value.
    Members(&'static str),
}

/// How a date is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateForm {
    /// `02.04.2026`
    Dotted,
    /// `2026-04-02`
    Iso,
    /// Seconds of the Unix clock.
    Unix,
}

/// The layout of the documents of one kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) rows: Rows,
    /// The separator of two rows; empty in XML.
    pub(crate) separator: &'static str,
    pub(crate) dates: &'static [(Between, DateForm)],
}

/// The places of one row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) whole: Range<usize>,
    pub(crate) nominal: Option<Range<usize>>,
    pub(crate) value: Range<usize>,
    pub(crate) change: Option<Range<usize>>,
}

impl Row {
    /// Its numbers.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = &Range<usize>> {
        [
            Some(&self.value),
            self.nominal.as_ref(),
            self.change.as_ref(),
        ]
        .into_iter()
        .flatten()
    }
}

impl Layout {
    pub(crate) fn rows(&self, bytes: &[u8]) -> Vec<Row> {
        match self.rows {
            Rows::Elements {
                whole,
                nominal,
                value,
                change,
            } => {
                let row = |place: Range<usize>| {
                    let inside = |between| {
                        let found = inner(&bytes[place.clone()], 0, between);
                        let found = found.expect("the row has the text");
                        place.start + found.start..place.start + found.end
                    };
                    Row {
                        nominal: Some(inside(nominal)),
                        value: inside(value),
                        change: change.map(inside),
                        whole: place,
                    }
                };
                let with_ends =
                    |place: Range<usize>| place.start - whole.0.len()..place.end + whole.1.len();
                let places = all(bytes, whole).into_iter();
                places.map(with_ends).map(row).collect()
            }
            Rows::Members(start) => members(bytes, start),
        }
    }

    pub(crate) fn dates(&self, bytes: &[u8]) -> Vec<(Range<usize>, DateForm)> {
        let dates = self.dates.iter();
        let places = dates.flat_map(|(between, form)| {
            let places = all(bytes, *between).into_iter();
            places.map(|place| (place, *form))
        });
        places.collect()
    }
}

/// Every text between two others, in order.
fn all(bytes: &[u8], between: Between) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(place) = inner(bytes, from, between) {
        from = place.end;
        places.push(place);
    }
    places
}

/// The first text between two others.
fn inner(bytes: &[u8], from: usize, (open, close): Between) -> Option<Range<usize>> {
    let start = find(bytes, from, open)? + open.len();
    Some(start..find(bytes, start, close)?)
}

fn find(bytes: &[u8], from: usize, text: &str) -> Option<usize> {
    let mut windows = bytes[from..].windows(text.len());
    Some(from + windows.position(|window| window == text.as_bytes())?)
}

fn members(bytes: &[u8], start: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut at = find(bytes, 0, start).expect("the object is there") + start.len();
    let end = find(bytes, at, "}").expect("the object ends");
    while let Some(quote) = find(&bytes[..end], at, "\"") {
        let colon = find(bytes, quote, ":").expect("the member has a value");
        let value = bytes[colon + 1..end].iter();
        let blank = value.take_while(|byte| byte.is_ascii_whitespace()).count();
        let value = colon + 1 + blank;
        let digits = bytes[value..end].iter();
        let digits = digits.take_while(|byte| **byte != b',' && !byte.is_ascii_whitespace());
        let value = value..value + digits.count();
        at = value.end;
        rows.push(Row {
            whole: quote..value.end,
            nominal: None,
            value,
            change: None,
        });
    }
    rows
}
