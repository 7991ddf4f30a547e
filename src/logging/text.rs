//! The fields of an event as text.

use std::fmt::{self, Debug};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

use crate::domain::changes_the_line;

/// The name of the field of the message.
const MESSAGE: &str = "message";
/// How the names of the fields begin by which an event of the crate `log` says where it is from. A line of text names no place.
const OF_LOG: &str = "log.";

/// Formats the message and `name=value` for each field. A bank decides what some of them hold, so nothing in them may change
/// what a terminal shows.
#[derive(Debug)]
pub(super) struct TextFields;

impl<'a> FormatFields<'a> for TextFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'a>, fields: R) -> fmt::Result {
        let mut text = Text {
            writer,
            has_begun: false,
            written: Ok(()),
        };
        fields.record(&mut text);
        text.written
    }
}

/// The fields of an event while they are written.
struct Text<'a> {
    writer: Writer<'a>,
    has_begun: bool,
    /// The first error.
    written: fmt::Result,
}

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if self.written.is_ok() && !field.name().starts_with(OF_LOG) {
            self.written = self.write(field.name(), value);
        }
    }
}

impl Text<'_> {
    fn write(&mut self, name: &str, value: &dyn Debug) -> fmt::Result {
        if self.has_begun {
            self.writer.write_char(' ')?;
        }
        self.has_begun = true;
        match name {
            MESSAGE => {}
            name if self.writer.has_ansi_escapes() => {
                write!(self.writer, "\u{1b}[3m{name}\u{1b}[0m\u{1b}[2m=\u{1b}[0m")?;
            }
            name => write!(self.writer, "{name}=")?,
        }
        for character in format!("{value:?}").chars() {
            if changes_the_line(character) {
                write!(self.writer, "{}", character.escape_default())?;
            } else {
                self.writer.write_char(character)?;
            }
        }
        Ok(())
    }
}
