//! The past tables of the daily document: an HTML page for each currency, newest date first.
//!
//! ```text
//! <select name="valuta_id"> … <option value="15" selected>1 US Dollar</option> … </select>
//! … <table> … <tr><td><!--date-->25.06.2005<!--date--></td><td><!--value-->40,9614<!--value-->&nbsp;</td></tr> … </table>
//! ```
//!
//! Quirks:
//! * The nominal stands nowhere but in the form: the chosen entry begins with it. It also tells which currency the page
//!   is of, by the bank's number, and one answered in place of another is refused.
//! * Each figure stands between two comments of its name, which nothing else on the page has.
//! * A value holds from the date beside it. In 2005 there was one a week, on Saturdays.
//! * The value in force before the first date asked for may be there too.
//!
//! A value that cannot be read leaves its currency out of the table of its date. With none that can be read, the page is
//! refused.
//!
//! It is HTML of a kind that no XML reader takes, so a tokenizer that knows the rules of browsers reads it; one without
//! dependencies is enough, since no tree is needed.

use std::borrow::Cow;
use std::convert::Infallible;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StartTag, Token, Tokenizer};
use jiff::civil::Date;

use crate::domain::{Currency, Table};
use crate::sources::nbkr::SOURCE;
use crate::sources::table_builder::{Row, TableBuilder, TableHeader, day_first_date};
use crate::sources::text::printable;
use crate::sources::{ParseError, Series, SeriesPage, merge};

/// The name of the currency chooser in the form.
const CHOOSER: &[u8] = b"valuta_id";

/// The pages of the daily document's currencies, with the bank's numbers for them.
pub(super) const SERIES: Series = Series {
    pages: &[
        SeriesPage {
            currency: Currency::constant("CNY"),
            id: "24",
        },
        SeriesPage {
            currency: Currency::EUR,
            id: "20",
        },
        SeriesPage {
            currency: Currency::KZT,
            id: "40",
        },
        SeriesPage {
            currency: Currency::RUB,
            id: "44",
        },
        SeriesPage {
            currency: Currency::USD,
            id: "15",
        },
    ],
    path,
    // A year has 366 rows at most, far below the limit of a response; the bank is slow, and slower for longer pages.
    days_max: 365,
    parse,
};

fn path(page: &SeriesPage, first: Date, last: Date) -> String {
    format!(
        "/index1.jsp?item=1562&lang=ENG&valuta_id={}&{}&{}",
        page.id,
        first.strftime("beg_day=%d&beg_month=%m&beg_year=%Y"),
        last.strftime("end_day=%d&end_month=%m&end_year=%Y"),
    )
}

/// Parses the page of a currency.
fn parse(page: &SeriesPage, bytes: &[u8]) -> Result<Vec<Table>, ParseError> {
    let mut emitter = DefaultEmitter::default();
    // What looks like a tag or a comment inside a script is neither.
    emitter.naively_switch_states(true);
    let mut reader = Reader::default();
    for token in Tokenizer::new_with_emitter(bytes, emitter) {
        let token = token.unwrap_or_else(|never: Infallible| match never {});
        reader.take(&token)?;
    }
    let (nominal, rows) = reader.finish(page)?;
    let part = |(date, value): &(Date, String)| {
        let head = TableHeader::of_bank(SOURCE.id, "daily", Currency::KGS, *date).with_comma();
        let mut table = TableBuilder::new(head);
        table.push(&Row {
            code: Ok(Cow::Borrowed(page.currency.as_str())),
            units: Ok(Cow::Borrowed(nominal.as_str())),
            value: Ok(Cow::Borrowed(value.as_str())),
            change: None,
        })?;
        Ok(table.finish_part())
    };
    let parts = rows.iter().map(part);
    let parts = parts.collect::<Result<Vec<Table>, ParseError>>()?;
    if !parts.is_empty() && parts.iter().all(|table| table.rows.is_empty()) {
        let dropped = parts.iter().find_map(|table| table.dropped.first());
        let reason = dropped.map(|row| format!("{}: {}", row.currency, row.reason));
        return Err(ParseError::NoRows(reason.unwrap_or_default()));
    }
    merge(parts)
}

/// A value that stands between two comments with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Date,
    Value,
}

/// An entry of the chooser.
#[derive(Debug, Default)]
struct Entry {
    id: String,
    text: String,
}

/// The state of the parser within a page.
#[derive(Debug, Default)]
struct Reader {
    /// Whether the parser is inside the chooser.
    choosing: bool,
    /// Whether the parser is inside the chosen entry.
    inside_entry: bool,
    chosen: Option<Entry>,
    /// The value that the parser is inside of, and its text so far.
    open: Option<(Mark, String)>,
    /// A date whose value has not come yet.
    date: Option<Date>,
    rows: Vec<(Date, String)>,
    /// Whether a table ended after the last row.
    table_ended: bool,
}

impl Reader {
    fn take(&mut self, token: &Token) -> Result<(), ParseError> {
        match token {
            Token::StartTag(tag) => return self.start(tag),
            Token::EndTag(tag) => match tag.name.as_slice() {
                b"select" => (self.choosing, self.inside_entry) = (false, false),
                b"option" => self.inside_entry = false,
                // The chooser stands before the table with the values, perhaps in a table of its own.
                b"table" => self.table_ended = self.chosen.is_some() && !self.choosing,
                _ => {}
            },
            Token::String(text) => {
                let text = String::from_utf8_lossy(text);
                if let Some((_, figure)) = &mut self.open {
                    figure.push_str(&text);
                } else if let (true, Some(entry)) = (self.inside_entry, &mut self.chosen) {
                    entry.text.push_str(&text);
                }
            }
            Token::Comment(name) => match name.as_slice() {
                b"date" => return self.mark(Mark::Date),
                b"value" => return self.mark(Mark::Value),
                _ => {}
            },
            Token::Doctype(_) | Token::Error(_) => {}
        }
        Ok(())
    }

    fn start(&mut self, tag: &StartTag<()>) -> Result<(), ParseError> {
        let attribute = |name: &[u8]| tag.attributes.get(name).map(|value| value.as_slice());
        match tag.name.as_slice() {
            b"select" => self.choosing = attribute(b"name") == Some(CHOOSER),
            b"option" => {
                self.inside_entry = self.choosing && attribute(b"selected").is_some();
                if self.inside_entry {
                    let id = String::from_utf8_lossy(attribute(b"value").unwrap_or_default());
                    let entry = Entry {
                        id: id.into_owned(),
                        text: String::new(),
                    };
                    if self.chosen.replace(entry).is_some() {
                        return Err(unexpected("two currencies are chosen"));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A comment that begins or ends a value. Dates and values alternate.
    fn mark(&mut self, mark: Mark) -> Result<(), ParseError> {
        match (self.open.take(), self.date.take(), mark) {
            (None, None, Mark::Date) => self.open = Some((mark, String::new())),
            (None, date @ Some(_), Mark::Value) => {
                (self.open, self.date) = (Some((mark, String::new())), date);
            }
            (Some((Mark::Date, text)), None, Mark::Date) => {
                self.date = Some(day_first_date(&text)?);
            }
            (Some((Mark::Value, text)), Some(date), Mark::Value) => {
                self.rows.push((date, text.trim().to_owned()));
                self.table_ended = false;
            }
            _ => return Err(unexpected("dates and values do not take turns")),
        }
        Ok(())
    }

    /// The nominal as printed, and the rows. An error if the page is of another currency, or truncated.
    fn finish(self, page: &SeriesPage) -> Result<(String, Vec<(Date, String)>), ParseError> {
        let chosen = self
            .chosen
            .ok_or_else(|| unexpected("no currency is chosen"))?;
        if chosen.id != page.id {
            return Err(unexpected(&format!(
                "it is of the currency {} (`{}`), not of {}",
                printable(&chosen.id),
                printable(chosen.text.trim()),
                page.id
            )));
        }
        if self.open.is_some() || self.date.is_some() || !self.table_ended {
            return Err(ParseError::Malformed("the table does not end".into()));
        }
        let nominal = chosen.text.split_whitespace().next().unwrap_or_default();
        Ok((nominal.to_owned(), self.rows))
    }
}

fn unexpected(what: &str) -> ParseError {
    ParseError::Unexpected(what.to_owned())
}
