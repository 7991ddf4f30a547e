//! Decodes the bytes of a document into text, and rejects what is evidently not the document. Makes a bank's text safe to print.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1251;

use crate::domain::changes_the_line;
use crate::sources::ParseError;

/// The byte order mark of UTF-8, which some editors write.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The same mark, decoded: it may also stand after blank lines.
const BYTE_ORDER_MARK_CHAR: char = '\u{feff}';
/// What replaces a character that cannot be kept.
const REPLACEMENT: &str = "\u{fffd}";
/// How many characters of a document's beginning an error shows.
const START_CHARS_SHOWN: usize = 20;
/// How many characters of a bank's text an error or a dropped row shows.
const TEXT_CHARS_SHOWN: usize = 120;

/// The text of a cell of a row, or why it has none, as a sentence.
pub(super) type Cell<'a> = Result<Cow<'a, str>, String>;

/// The encoding of a document. A source declares it; what the document declares is ignored.
#[derive(Debug, Clone, Copy)]
pub(super) enum Encoding {
    Utf8,
    Windows1251,
}

/// The text of a document, without byte order marks and blanks at its ends. Bytes that are not of the encoding, and
/// characters that no document may contain, are replaced: they stand in names, which are not read, and a code, number or
/// date with one of them is none.
pub(super) fn text(bytes: &[u8], encoding: Encoding) -> String {
    let bytes = bytes.trim_ascii_start();
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let text = match encoding {
        Encoding::Utf8 => String::from_utf8_lossy(bytes),
        Encoding::Windows1251 => WINDOWS_1251.decode_without_bom_handling(bytes).0,
    };
    let is_blank = |character: char| character.is_whitespace() || character == BYTE_ORDER_MARK_CHAR;
    let text = text.trim_matches(is_blank);
    text.replace(is_forbidden, REPLACEMENT)
}

/// Whether a character makes an XML document ill-formed wherever it stands, and a JSON document within a string.
pub(super) fn is_forbidden(character: char) -> bool {
    let is_line_or_tab = matches!(character, '\t' | '\n' | '\r');
    character.is_ascii_control() && !is_line_or_tab || matches!(character, '\u{fffe}' | '\u{ffff}')
}

/// Rejects a text that does not begin as the format does, which is most often the page of a firewall.
pub(super) fn must_start_with(text: &str, starts: &[char]) -> Result<(), ParseError> {
    let start = text.trim_start();
    if is_web_page(start) {
        Err(ParseError::Unexpected("a web page".into()))
    } else if start.is_empty() {
        Err(ParseError::Unexpected("an empty document".into()))
    } else if start.starts_with(starts) {
        Ok(())
    } else {
        let shown: String = start.chars().take(START_CHARS_SHOWN).collect();
        Err(ParseError::Unexpected(format!(
            "it starts with `{}`",
            printable(&shown)
        )))
    }
}

fn is_web_page(start: &str) -> bool {
    ["<!doctype html", "<html"].iter().any(|tag| {
        start
            .get(..tag.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(tag))
    })
}

/// A bank's text without control, line and direction characters, shortened: safe for a log and a terminal.
pub fn printable(text: &str) -> String {
    text.chars()
        .filter(|character| !changes_the_line(*character))
        .take(TEXT_CHARS_SHOWN)
        .collect()
}
