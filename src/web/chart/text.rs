//! Lines of text in a picture whose font is not known: their widths are estimated, so that nothing is cut.

use crate::web::chart::path::Tenths;

/// The width of a letter in tenths of the size of the font: that of the widest common fonts for Latin and Cyrillic text.
const LETTER: Tenths = 6;
/// The distance between two pieces of a line, in pixels.
pub(in crate::web) const GAP: Tenths = 6;

/// A piece of a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::web) struct Piece {
    pub(in crate::web) text: String,
    /// The size of the font, in pixels.
    pub(in crate::web) size: Tenths,
    /// The class of the style.
    pub(in crate::web) class: &'static str,
    pub(in crate::web) is_bold: bool,
}

impl Piece {
    pub(in crate::web) fn new(text: impl Into<String>, size: Tenths, class: &'static str) -> Self {
        Self {
            text: text.into(),
            size,
            class,
            is_bold: false,
        }
    }

    pub(in crate::web) fn bold(self) -> Self {
        Self {
            is_bold: true,
            ..self
        }
    }

    fn width(&self) -> Tenths {
        width(&self.text, self.size)
    }
}

/// The estimated width of a text.
pub(in crate::web) fn width(text: &str, size: Tenths) -> Tenths {
    let letters = Tenths::try_from(text.chars().count()).unwrap_or(Tenths::MAX);
    letters.saturating_mul(size).saturating_mul(LETTER)
}

/// The pieces in lines no wider than a width, as far as a single piece allows.
pub(in crate::web) fn lines(pieces: Vec<Piece>, width_max: Tenths) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    let mut used = 0;
    for piece in pieces.into_iter().filter(|piece| !piece.text.is_empty()) {
        let needed = GAP * 10 + piece.width();
        if let Some(line) = lines.last_mut().filter(|_| used + needed <= width_max) {
            used += needed;
            line.push(piece);
        } else {
            used = piece.width();
            lines.push(vec![piece]);
        }
    }
    lines
}

/// A long text as lines of words no wider than a width, as far as a single word allows.
pub(in crate::web) fn wrapped(text: &str, size: Tenths, width_max: Tenths) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let fits = |line: &&mut String| {
            width(line, size) + width(word, size) + width(" ", size) <= width_max
        };
        if let Some(line) = lines.last_mut().filter(fits) {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_wrapped_between_words() {
        let lines = wrapped("National Bank of Kazakhstan", 10, 16 * 60);
        assert_eq!(lines, ["National Bank of", "Kazakhstan"]);
        assert_eq!(wrapped("Kazakhstan", 10, 60), ["Kazakhstan"]);
    }

    #[test]
    fn pieces_stand_in_one_line_while_it_has_room() {
        let piece = |text: &str| Piece::new(text, 10, "");
        let all = || vec![piece("12345"), piece(""), piece("12345"), piece("1")];
        let of = |width| lines(all(), width).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(of(5 * 60 + 60 + 5 * 60), [2, 1]);
        assert_eq!(of(5 * 60), [1, 1, 1]);
        assert_eq!(of(10_000), [3]);
    }
}
