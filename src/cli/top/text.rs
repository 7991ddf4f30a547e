//! Rows of text with emphasis: drawn on a terminal, printed in a pipe.

use anstyle::AnsiColor;

use crate::cli::paint::{Paint, without_controls};
use crate::cli::table::CUT_MARK;

/// How a piece of text is emphasised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    /// A name of a section, a key.
    Strong,
    /// What is of less interest than the rest.
    Dim,
    /// A rise; what works.
    Good,
    /// What soon needs an operator.
    Warning,
    /// A fall; what does not work.
    Bad,
}

impl Style {
    fn ansi(self) -> anstyle::Style {
        match self {
            Self::Plain => anstyle::Style::new(),
            Self::Strong => anstyle::Style::new().bold(),
            Self::Dim => anstyle::Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
        }
    }
}

/// A piece of text in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    text: String,
    style: Style,
}

impl Span {
    /// The text, of a server too, without what would move the cursor or turn its direction around.
    pub(super) fn new(style: Style, text: impl AsRef<str>) -> Self {
        Self {
            text: without_controls(text.as_ref()),
            style,
        }
    }

    pub(super) fn plain(text: impl AsRef<str>) -> Self {
        Self::new(Style::Plain, text)
    }

    pub(super) fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// A row of a picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row(Vec<Span>);

impl Row {
    pub(super) fn push(&mut self, span: Span) {
        self.0.push(span);
    }

    /// Adds spaces up to a width.
    pub(super) fn pad(&mut self, width: usize) {
        let missing = width.saturating_sub(self.width());
        if missing > 0 {
            self.push(Span::plain(" ".repeat(missing)));
        }
    }

    pub(super) fn width(&self) -> usize {
        self.0.iter().map(Span::width).sum()
    }

    /// The row, truncated to a width with a mark at its end.
    pub(super) fn cut(mut self, columns: usize) -> Self {
        if self.width() <= columns {
            return self;
        }
        let mut room = columns.saturating_sub(1);
        for span in &mut self.0 {
            span.text = span.text.chars().take(room).collect();
            room = room.saturating_sub(span.width());
        }
        self.0.retain(|span| !span.text.is_empty());
        if columns > 0 {
            self.push(Span::plain(CUT_MARK.to_string()));
        }
        self
    }

    /// The row as text, without trailing spaces.
    pub(super) fn painted(&self, paint: Paint) -> String {
        let spans = self.0.iter().map(|span| match span.style {
            Style::Plain => span.text.clone(),
            style => paint.style(style.ansi(), &span.text),
        });
        let text: String = spans.collect();
        text.trim_end().to_owned()
    }
}

impl<const N: usize> From<[Span; N]> for Row {
    fn from(spans: [Span; N]) -> Self {
        Self(spans.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_cut_has_the_width_that_it_was_cut_to() {
        let row = Row::from([Span::plain("nbk "), Span::new(Style::Bad, "failed")]);
        assert_eq!(row.clone().cut(10), row);
        let cut = |columns| row.clone().cut(columns).painted(Paint::Plain);
        assert_eq!(cut(9), "nbk fail…");
        assert_eq!(cut(3), "nb…");
        assert_eq!((cut(1), cut(0)), ("…".to_owned(), String::new()));
        let coloured = row.cut(6).painted(Paint::Colour);
        assert_eq!(coloured, "nbk \u{1b}[31mf\u{1b}[0m…");
    }

    #[test]
    fn text_of_a_server_cannot_move_the_cursor_or_turn_around() {
        let hostile = Span::plain("a\u{1b}[2Jb\n\u{9b}c\u{202e}d\u{2066}e\u{200f}");
        let row = Row::from([hostile]).painted(Paint::Plain);
        let replaced = "\u{fffd}";
        assert_eq!(row, "a#[2Jb##c#d#e#".replace('#', replaced));
    }
}
