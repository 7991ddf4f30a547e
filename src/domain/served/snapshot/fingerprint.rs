//! Fingerprints of what is served: the SHA-256 digest of a canonical text.
//!
//! The ledger keeps a fingerprint for each quote and source, and a restart compares them with what is served then. So
//! the text is a format that is kept: it names every field on a line of its own, in a fixed order, and depends on no
//! derived output. Its first line bears the version of the encoding.
//!
//! ```text
//! silkrate quote, encoding 2
//! source: nbk
//! current.date: 2026-04-02
//! current.fixings#: 1
//! current.fixings.source: nbk
//! …
//! reference?: 0
//! ```
//!
//! `name#` is the length of a list, whose items follow. `name?` is 1 before a value that may be absent, and 0 in place
//! of one that is. Backslashes and line feeds in a text are escaped. Dates and instants are in ISO 8601, decimals in
//! plain notation with all their digits.
//!
//! To change the encoding, raise [`ENCODING`]: every fingerprint differs then, and the first start serves everything
//! anew, once.

use std::fmt::{self, Display, Write};

use jiff::civil::Date;
use ring::digest::{Context, SHA256};

use crate::domain::judged::{Flag, Held, MissingPoint, PairState, Window, WindowPoint};
use crate::domain::numbers::{Change, Direction};
use crate::domain::published::{Fixing, Point, Publication};
use crate::domain::served::{Freshness, FreshnessStatus, QuoteInputs, SourceState};

/// The version of the canonical text.
const ENCODING: u32 = 2;
/// The length of a SHA-256 digest.
pub const FINGERPRINT_BYTES: usize = 32;

/// The fingerprint of something served: equal for equal values, in every build and on every machine.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; FINGERPRINT_BYTES]);

impl Fingerprint {
    /// The fingerprint of a canonical text.
    pub fn of_text(text: &str) -> Self {
        Self::of_parts([text.as_bytes()])
    }

    /// The fingerprint of bytes, one part after another.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        let mut bytes = [0; FINGERPRINT_BYTES];
        for (byte, digested) in bytes.iter_mut().zip(context.finish().as_ref()) {
            *byte = *digested;
        }
        Self(bytes)
    }

    /// A fingerprint from its bytes.
    pub const fn from_bytes(bytes: [u8; FINGERPRINT_BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; FINGERPRINT_BYTES] {
        &self.0
    }

    /// Reads 64 hexadecimal digits, as [`Display`] prints them.
    pub fn parse(digits: &str) -> Option<Self> {
        let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
        if pairs.len() != FINGERPRINT_BYTES || !rest.is_empty() {
            return None;
        }
        let mut bytes = [0; FINGERPRINT_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            if !pair.iter().all(u8::is_ascii_hexdigit) {
                return None;
            }
            *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, formatter)
    }
}

impl QuoteInputs {
    /// The fingerprint of the choice behind a pair.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_text(&self.canonical_text())
    }

    fn canonical_text(&self) -> String {
        let Self {
            source,
            pair_state,
            windows,
            freshness_status,
            flags,
        } = self;
        let mut text = CanonicalText::new("quote");
        text.line("source", source);
        text.pair_state(pair_state, windows);
        text.freshness_status("freshness", freshness_status);
        text.list("flags", flags, CanonicalText::flag);
        text.0
    }
}

impl SourceState {
    /// The fingerprint of the state of a source, without the revision that last changed it.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_text(&self.canonical_text())
    }

    fn canonical_text(&self) -> String {
        let Self {
            id,
            name,
            attribution,
            freshness_status,
            newest_effective_date,
            next_publication,
            missed_publications,
            held,
            flags,
            changed_at_revision: _,
        } = self;
        let mut text = CanonicalText::new("source");
        text.line("id", id);
        text.line("name", name);
        text.line("attribution", attribution);
        text.option(
            "freshness",
            freshness_status.as_ref(),
            CanonicalText::freshness_status,
        );
        text.option(
            "newest_effective_date",
            newest_effective_date.as_ref(),
            CanonicalText::line::<Date>,
        );
        text.option(
            "next_publication",
            next_publication.as_ref(),
            CanonicalText::publication,
        );
        text.line("missed_publications", missed_publications);
        text.list("held", held, |text, name, held| text.held(name, held));
        text.list("flags", flags, CanonicalText::flag);
        text.0
    }
}

/// A canonical text under construction.
struct CanonicalText(String);

impl CanonicalText {
    fn new(kind: &str) -> Self {
        Self(format!("silkrate {kind}, encoding {ENCODING}\n"))
    }

    fn line<T: Display + ?Sized>(&mut self, name: &str, value: &T) {
        let value = value.to_string().replace('\\', "\\\\").replace('\n', "\\n");
        // Writing to a `String` does not fail.
        let _written = writeln!(self.0, "{name}: {value}");
    }

    fn option<T: ?Sized>(
        &mut self,
        name: &str,
        value: Option<&T>,
        write: impl FnOnce(&mut Self, &str, &T),
    ) {
        self.line(&format!("{name}?"), &u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, name, value);
        }
    }

    fn list<T>(&mut self, name: &str, values: &[T], write: impl Fn(&mut Self, &str, &T)) {
        self.line(&format!("{name}#"), &values.len());
        for value in values {
            write(self, name, value);
        }
    }

    fn pair_state(&mut self, state: &PairState, windows: &[WindowPoint]) {
        let PairState {
            current,
            effective_date,
            newest,
            reference,
            announced,
            decimal_places,
            held,
        } = state;
        self.point("current", current);
        self.line("effective_date", effective_date);
        self.line("newest", newest);
        self.option("reference", reference.as_ref(), Self::point);
        self.option("announced", announced.as_ref(), Self::point);
        self.line("decimal_places", decimal_places);
        self.list("windows", windows, Self::window_point);
        self.list("held", held, |text, name, held| text.held(name, held));
    }

    fn point(&mut self, name: &str, point: &Point) {
        let Point { fixings, date } = point;
        self.line(&format!("{name}.date"), date);
        let rows = format!("{name}.fixings");
        self.list(&rows, fixings, |text, name, row| text.fixing(name, row));
    }

    fn window_point(&mut self, name: &str, at: &WindowPoint) {
        let WindowPoint { window, point } = at;
        let window = match window {
            Window::Week => "week",
            Window::Month => "month",
            Window::Year => "year",
        };
        self.line(&format!("{name}.window"), window);
        match point {
            Ok(point) => self.point(name, point),
            Err(MissingPoint::BeginsLater(date)) => {
                self.line(&format!("{name}.begins_later"), date);
            }
            Err(MissingPoint::Unknown(date)) => self.line(&format!("{name}.unknown"), date),
        }
    }

    fn fixing(&mut self, name: &str, fixing: &Fixing) {
        let Fixing {
            source,
            currency,
            units,
            value,
            home_currency,
            effective_date,
            published_change,
            superseded_value,
        } = fixing;
        self.line(&format!("{name}.source"), source);
        self.line(&format!("{name}.currency"), currency);
        self.line(&format!("{name}.units"), units);
        self.line(&format!("{name}.value"), value);
        self.line(&format!("{name}.home_currency"), home_currency);
        self.line(&format!("{name}.effective_date"), effective_date);
        let change = format!("{name}.published_change");
        self.option(&change, published_change.as_ref(), Self::line);
        let superseded = format!("{name}.superseded_value");
        self.option(&superseded, superseded_value.as_ref(), Self::line);
    }

    fn held(&mut self, name: &str, held: &Held) {
        let Held {
            document,
            code,
            fixing,
            check,
            detail,
            since,
            change,
        } = held;
        self.line(&format!("{name}.document"), document);
        self.line(&format!("{name}.code"), code);
        self.fixing(&format!("{name}.fixing"), fixing);
        self.line(&format!("{name}.check"), check.as_str());
        self.line(&format!("{name}.detail"), detail);
        self.line(&format!("{name}.since"), since);
        self.option(&format!("{name}.change"), change.as_ref(), Self::change);
    }

    fn change(&mut self, name: &str, change: &Change) {
        let Change {
            absolute,
            percent,
            direction,
            reference_value,
            reference_date,
        } = change;
        let direction = match direction {
            Direction::Up => "up",
            Direction::Down => "down",
            Direction::Flat => "flat",
        };
        self.line(&format!("{name}.absolute"), absolute);
        self.line(&format!("{name}.percent"), percent);
        self.line(&format!("{name}.direction"), direction);
        self.line(&format!("{name}.reference_value"), reference_value);
        self.line(&format!("{name}.reference_date"), reference_date);
    }

    fn freshness_status(&mut self, name: &str, status: &FreshnessStatus) {
        let FreshnessStatus { freshness, reason } = status;
        let freshness = match freshness {
            Freshness::Fresh => "fresh",
            Freshness::CarriedOver => "carried_over",
            Freshness::Late => "late",
            Freshness::Stale => "stale",
        };
        self.line(name, freshness);
        self.line(&format!("{name}.reason"), reason);
    }

    fn flag(&mut self, name: &str, flag: &Flag) {
        let Flag {
            check,
            currency,
            detail,
        } = flag;
        self.line(&format!("{name}.check"), check.as_str());
        self.option(&format!("{name}.currency"), currency.as_ref(), Self::line);
        self.line(&format!("{name}.detail"), detail);
    }

    fn publication(&mut self, name: &str, publication: &Publication) {
        let Publication {
            effective_date,
            opens,
            due,
        } = publication;
        self.line(&format!("{name}.effective_date"), effective_date);
        self.line(&format!("{name}.opens"), opens);
        self.line(&format!("{name}.due"), due);
    }
}

#[cfg(test)]
mod tests;
