//! Reading the banks' XML: bytes to a checked tree.

use encoding_rs::WINDOWS_1251;
use roxmltree::{Document, Node, ParsingOptions};

use crate::sources::ParseError;
use crate::sources::rows::printable;

/// More elements than any bank sends (the largest has some five hundred), few enough to be read in a moment.
const NODES_MAX: u32 = 20_000;

/// How the bytes of a document are to be read. A source declares it; what the document declares is not believed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Encoding {
    Utf8,
    Windows1251,
}

/// The text of a document, without a byte order mark.
pub(super) fn text(bytes: &[u8], encoding: Encoding) -> Result<String, ParseError> {
    let text = match encoding {
        Encoding::Utf8 => {
            String::from_utf8(bytes.to_vec()).map_err(|_not_utf8| ParseError::Encoding("UTF-8"))?
        }
        Encoding::Windows1251 => {
            let decoded = WINDOWS_1251.decode_without_bom_handling_and_without_replacement(bytes);
            decoded
                .ok_or(ParseError::Encoding("windows-1251"))?
                .into_owned()
        }
    };
    Ok(text
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(text))
}

/// Parses a document whose root must have this name. One root, no document type, no entities of its own.
pub(super) fn document<'a>(text: &'a str, root: &str) -> Result<Document<'a>, ParseError> {
    if !text.trim_start().starts_with('<') {
        return Err(ParseError::Unexpected(format!(
            "it starts with `{}`",
            start_of(text)
        )));
    }
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: NODES_MAX,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|error| {
        let lower = text
            .trim_start()
            .get(..14)
            .unwrap_or_default()
            .to_ascii_lowercase();
        if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
            ParseError::Unexpected("a web page".into())
        } else {
            ParseError::Malformed(printable(&error.to_string()))
        }
    })?;
    let found = document.root_element().tag_name().name().to_owned();
    if found != root {
        return Err(ParseError::Unexpected(format!(
            "the root is <{}>, not <{root}>",
            printable(&found)
        )));
    }
    Ok(document)
}

/// The children of this name.
pub(super) fn children<'a, 'input>(
    node: Node<'a, 'input>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children()
        .filter(move |child| child.has_tag_name(name))
}

/// The text of the one child of this name, trimmed; empty when the child is.
pub(super) fn child_text<'a>(
    node: Node<'a, '_>,
    name: &'static str,
) -> Result<&'a str, ParseError> {
    let mut found = children(node, name);
    let child = found
        .next()
        .ok_or_else(|| ParseError::Unexpected(format!("a row without <{name}>")))?;
    if found.next().is_some() {
        return Err(ParseError::Unexpected(format!("a row with two <{name}>")));
    }
    Ok(child.text().unwrap_or_default().trim())
}

/// An attribute that must be there.
pub(super) fn attribute<'a>(node: Node<'a, '_>, name: &'static str) -> Result<&'a str, ParseError> {
    let missing = || ParseError::Unexpected(format!("<{}> without {name}", node.tag_name().name()));
    node.attribute(name).ok_or_else(missing)
}

fn start_of(text: &str) -> String {
    printable(&text.trim_start().chars().take(20).collect::<String>())
}
