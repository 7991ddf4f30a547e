//! Every way in which a document is damaged.

use std::ops::Range;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use rust_decimal::Decimal;
use silkrate::domain::parse_decimal;

use crate::mutations::layout::{DateForm, Layout, Row};

pub(crate) const DIGIT_OF_VALUE: &str = "digit of a value changed";
pub(crate) const DIGIT_OF_DATE: &str = "digit of a date changed";
pub(crate) const A_DAY_BACK: &str = "date moved by -1 day";
pub(crate) const A_DAY_ON: &str = "date moved by 1 day";

/// By how many days a whole document is moved.
const DAYS: [(&str, i32); 6] = [
    ("date moved by -400 days", -400),
    ("date moved by -7 days", -7),
    (A_DAY_BACK, -1),
    (A_DAY_ON, 1),
    ("date moved by 7 days", 7),
    ("date moved by 400 days", 400),
];
/// By how many minutes a table with an instant is moved.
const MINUTES: [i64; 6] = [-480, -60, -1, 30, 61, 300];
/// Decimal places enough for any inverse.
const PLACES: u32 = 8;

/// A damaged document.
#[derive(Debug)]
pub(crate) struct Mutant {
    pub(crate) kind: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// A document that is being damaged.
struct Original<'a> {
    bytes: &'a [u8],
    layout: &'a Layout,
    rows: Vec<Row>,
    mutants: Vec<Mutant>,
}

/// A document in every damaged form.
pub(crate) fn mutants(bytes: &[u8], layout: &Layout) -> Vec<Mutant> {
    let mut original = Original {
        bytes,
        layout,
        rows: layout.rows(bytes),
        mutants: Vec::new(),
    };
    original.other_units();
    original.inverted();
    original.other_digits();
    original.other_separators();
    original.other_days();
    original.other_minutes();
    original.rows_dropped_and_duplicated();
    original.cut_short();
    original.mutants
}

/// A document without the rows in which a text stands.
pub(crate) fn without_row(bytes: &[u8], layout: &Layout, text: &str) -> Vec<u8> {
    let has_text = |row: &Row| {
        let mut windows = bytes[row.whole.clone()].windows(text.len());
        windows.any(|window| window == text.as_bytes())
    };
    let rows = layout.rows(bytes);
    let row = rows
        .iter()
        .find(|row| has_text(row))
        .expect("the document has the row");
    dropped(bytes, row, layout.separator)
}

impl Original<'_> {
    fn push(&mut self, kind: &'static str, bytes: Vec<u8>) {
        self.mutants.push(Mutant { kind, bytes });
    }

    fn text(&self, place: &Range<usize>) -> &str {
        str::from_utf8(&self.bytes[place.clone()]).unwrap()
    }

    /// The number at a place, and the same computed to another one; nothing for `1e-05`.
    fn computed(
        &self,
        place: &Range<usize>,
        compute: impl FnOnce(Decimal) -> Decimal,
    ) -> Option<Vec<u8>> {
        let text = self.text(place);
        let number = parse_decimal(&text.replace(',', ".")).ok()?;
        let mut other = compute(number).to_string();
        if text.contains(',') {
            other = other.replace('.', ",");
        }
        Some(spliced(self.bytes, place, other.as_bytes()))
    }

    fn other_units(&mut self) {
        let powers = [
            ("nominal x 10", "value x 10", Decimal::new(10, 0)),
            ("nominal x 100", "value x 100", Decimal::new(100, 0)),
            ("nominal : 10", "value : 10", Decimal::new(1, 1)),
            ("nominal : 100", "value : 100", Decimal::new(1, 2)),
        ];
        for (of_nominal, of_value, factor) in powers {
            for row in self.rows.clone() {
                let times = |number: Decimal| (number * factor).normalize();
                if let Some(nominal) = &row.nominal {
                    let bytes = self.computed(nominal, times).expect("it is a number");
                    self.push(of_nominal, bytes);
                }
                if let Some(bytes) = self.computed(&row.value, times) {
                    self.push(of_value, bytes);
                }
            }
        }
    }

    fn inverted(&mut self) {
        let values = self.rows.iter().map(|row| self.text(&row.value));
        let places = values.filter_map(|value| value.split_once(['.', ',']));
        let places = places.map(|(_, fraction)| fraction.len()).max().unwrap();
        for row in self.rows.clone() {
            for places in [u32::try_from(places).unwrap(), PLACES] {
                let inverse = |value: Decimal| (Decimal::ONE / value).round_dp(places);
                if let Some(bytes) = self.computed(&row.value, inverse) {
                    self.push("value inverted", bytes);
                }
            }
        }
    }

    fn other_digits(&mut self) {
        for row in self.rows.clone() {
            self.digits_at(DIGIT_OF_VALUE, &[row.value]);
            if let Some(nominal) = row.nominal {
                self.digits_at("digit of a nominal changed", &[nominal]);
            }
            if let Some(change) = row.change {
                self.digits_at("digit of a change changed", &[change]);
            }
        }
        let dates = self.layout.dates(self.bytes);
        let places: Vec<_> = dates.iter().map(|(place, _)| place.clone()).collect();
        for place in &places {
            self.digits_at(DIGIT_OF_DATE, std::slice::from_ref(place));
        }
        // A date that stands in every row is one date; an instant beside a date is another.
        if places.len() > 1 && places.iter().all(|place| place.len() == places[0].len()) {
            self.digits_at(DIGIT_OF_DATE, &places);
        }
    }

    /// Every digit replaced by every other; at several places of one length, the same digit of all of them.
    fn digits_at(&mut self, kind: &'static str, places: &[Range<usize>]) {
        for offset in 0..places[0].len() {
            let was = self.bytes[places[0].start + offset];
            for digit in (b'0'..=b'9').filter(|digit| was.is_ascii_digit() && *digit != was) {
                let mut bytes = self.bytes.to_vec();
                for place in places {
                    bytes[place.start + offset] = digit;
                }
                self.push(kind, bytes);
            }
        }
    }

    fn other_separators(&mut self) {
        let mut everywhere = self.bytes.to_vec();
        for place in self.rows.clone().iter().flat_map(Row::numbers) {
            let mut bytes = self.bytes.to_vec();
            for (byte, of_all) in bytes[place.clone()]
                .iter_mut()
                .zip(&mut everywhere[place.clone()])
            {
                *byte = match *byte {
                    b'.' => b',',
                    b',' => b'.',
                    other => other,
                };
                *of_all = *byte;
            }
            if bytes != self.bytes {
                self.push("comma for dot in a number", bytes);
            }
        }
        self.push("comma for dot in every number", everywhere);
    }

    fn other_days(&mut self) {
        for (kind, days) in DAYS {
            let duration = SignedDuration::from_hours(i64::from(days) * 24);
            let bytes = self.moved(duration);
            self.push(kind, bytes);
        }
    }

    fn other_minutes(&mut self) {
        let dates = self.layout.dates(self.bytes);
        if dates.iter().any(|(_, form)| *form == DateForm::Unix) {
            for minutes in MINUTES {
                let bytes = self.moved(SignedDuration::from_mins(minutes));
                self.push("instant moved by minutes or hours", bytes);
            }
        }
    }

    /// The document with every date in it moved; a date beside an instant follows it.
    fn moved(&self, duration: SignedDuration) -> Vec<u8> {
        let dates = self.layout.dates(self.bytes);
        let instant = dates.iter().find(|(_, form)| *form == DateForm::Unix);
        let instant = instant.map(|(place, _)| {
            let seconds = self.text(place).parse().unwrap();
            Timestamp::from_second(seconds).unwrap() + duration
        });
        let mut bytes = self.bytes.to_vec();
        for (place, form) in dates.iter().rev() {
            let format = if *form == DateForm::Dotted {
                "%d.%m.%Y"
            } else {
                "%Y-%m-%d"
            };
            let moved = match (form, instant) {
                (DateForm::Unix, Some(instant)) => instant.as_second().to_string(),
                (_, Some(instant)) => TimeZone::UTC.to_datetime(instant).date().to_string(),
                (_, None) => {
                    let date = Date::strptime(format, self.text(place)).unwrap();
                    let days = i32::try_from(duration.as_hours() / 24).unwrap();
                    (date + days.days()).strftime(format).to_string()
                }
            };
            bytes = spliced(&bytes, place, moved.as_bytes());
        }
        bytes
    }

    fn rows_dropped_and_duplicated(&mut self) {
        let separator = self.layout.separator;
        for row in self.rows.clone() {
            self.push("row dropped", dropped(self.bytes, &row, separator));
            let copy = self.bytes[row.whole.clone()].to_vec();
            self.push("row doubled", self.with_row(&row, &copy));
            let mut other = copy;
            let last = &mut other[row.value.end - row.whole.start - 1];
            *last = if *last == b'1' { b'2' } else { b'1' };
            self.push(
                "row doubled with another value",
                self.with_row(&row, &other),
            );
        }
    }

    /// The document with one more row behind another.
    fn with_row(&self, row: &Row, more: &[u8]) -> Vec<u8> {
        let more = [self.layout.separator.as_bytes(), more].concat();
        spliced(self.bytes, &(row.whole.end..row.whole.end), &more)
    }

    fn cut_short(&mut self) {
        for length in 0..self.bytes.len() {
            let bytes = self.bytes[..length].to_vec();
            self.push("cut short", bytes);
        }
    }
}

fn dropped(bytes: &[u8], row: &Row, separator: &str) -> Vec<u8> {
    let mut place = row.whole.clone();
    if bytes[place.end..].starts_with(separator.as_bytes()) {
        place.end += separator.len();
    } else {
        // The last row: what separates it stands before it, with white space.
        let before = bytes[..place.start].iter().rposition(|byte| *byte == b',');
        place.start = before.expect("a row before it");
    }
    spliced(bytes, &place, b"")
}

fn spliced(bytes: &[u8], place: &Range<usize>, text: &[u8]) -> Vec<u8> {
    [&bytes[..place.start], text, &bytes[place.end..]].concat()
}
