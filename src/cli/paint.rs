//! Colours, and the removal of control characters from foreign text.

use anstyle::{AnsiColor, Style};

use crate::domain::changes_the_line;
use crate::pb::Direction;

/// Whether text may be coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    /// It may not: a pipe, a file, or `NO_COLOR`.
    Plain,
    /// It may.
    Colour,
}

impl Paint {
    /// Text in the colour of a direction: green up, red down.
    pub(super) fn direction(self, direction: Option<Direction>, text: &str) -> String {
        let colour = match direction {
            Some(Direction::Up) => AnsiColor::Green,
            Some(Direction::Down) => AnsiColor::Red,
            Some(Direction::Flat | Direction::Unspecified) | None => return text.to_owned(),
        };
        self.style(colour.on_default(), text)
    }

    /// Dimmed text, for values that are not reliable.
    pub(super) fn dim(self, text: &str) -> String {
        self.style(Style::new().dimmed(), text)
    }

    pub(super) fn style(self, style: Style, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => format!("{style}{text}{style:#}"),
        }
    }
}

/// Text of a server or a bank without the characters that could move the cursor or turn the direction of the text around.
pub(super) fn without_controls(text: &str) -> String {
    let replaced = |character: char| {
        if changes_the_line(character) {
            char::REPLACEMENT_CHARACTER
        } else {
            character
        }
    };
    text.chars().map(replaced).collect()
}
