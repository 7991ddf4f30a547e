//! The fields of an event as text.

use std::fmt::{self, Debug};

use tracing::field::Field;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

/// The name of the field of the message.
const MESSAGE: &str = "message";

/// Formats the message and `name=value` for each field. A bank decides what some of them hold, so nothing in them may change
/// what a terminal shows.
pub(super) fn text_fields() -> impl for<'a> FormatFields<'a> + Send + Sync + 'static {
    debug_fn(write_field).delimited(" ")
}

fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    let value = format!("{value:?}");
    match field.name() {
        MESSAGE => {}
        name if writer.has_ansi_escapes() => {
            write!(writer, "\u{1b}[3m{name}\u{1b}[0m\u{1b}[2m=\u{1b}[0m")?;
        }
        name => write!(writer, "{name}=")?,
    }
    for character in value.chars() {
        if changes_the_line(character) {
            write!(writer, "{}", character.escape_default())?;
        } else {
            writer.write_char(character)?;
        }
    }
    Ok(())
}

/// Whether a character is shown as something else than itself: it moves the cursor, begins a command to the terminal, or
/// turns the direction of the text around.
fn changes_the_line(character: char) -> bool {
    let is_direction = matches!(character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_line = matches!(character, '\u{2028}' | '\u{2029}');
    character.is_control() || is_direction || is_line
}
