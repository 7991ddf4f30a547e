//! Parses XML documents into a checked tree.

use std::borrow::Cow;

use roxmltree::{Document, Node, ParsingOptions};

use crate::sources::text::{Cell, Encoding, is_forbidden, must_start_with, printable};
use crate::sources::{ParseError, text};

/// The maximum number of elements: more than any bank sends (the largest has some five hundred), and few enough to be
/// parsed in a moment.
const NODES_MAX: u32 = 20_000;

/// The text of a document from its first `<` on. An ampersand that begins no reference to a character is escaped: it stands
/// in a name, such as `Bosnia & Herzegovina`.
pub(super) fn text(bytes: &[u8], encoding: Encoding) -> String {
    let text = text::text(bytes, encoding);
    let markup = text.find('<').and_then(|start| text.get(start..));
    let mut parts = markup.unwrap_or(&text).split('&');
    let mut escaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        escaped.push_str(if is_reference(part) { "&" } else { "&amp;" });
        escaped.push_str(part);
    }
    escaped
}

/// Whether a text that follows an ampersand begins with the rest of a reference to a character.
fn is_reference(rest: &str) -> bool {
    let name = rest.split_once(';').map_or("", |(name, _)| name);
    let code = match name.strip_prefix('#') {
        None => return ["amp", "lt", "gt", "quot", "apos"].contains(&name),
        Some(number) => match number.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        },
    };
    let character = code.ok().and_then(char::from_u32);
    character.is_some_and(|character| !is_forbidden(character))
}

/// Parses a document whose root must have this name. Document types and custom entities are rejected.
pub(super) fn document<'a>(text: &'a str, root: &str) -> Result<Document<'a>, ParseError> {
    must_start_with(text, &['<'])?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: NODES_MAX,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| ParseError::Malformed(printable(&error.to_string())))?;
    let found = document.root_element().tag_name().name();
    if found != root {
        return Err(ParseError::Unexpected(format!(
            "the root is <{}>, not <{root}>",
            printable(found)
        )));
    }
    Ok(document)
}

/// The rows of a document: the children of the root with this name.
///
/// # Errors
/// If there is none: the message that stands in their place, or that the document is empty.
pub(super) fn rows<'a, 'input>(
    root: Node<'a, 'input>,
    name: &'static str,
) -> Result<impl Iterator<Item = Node<'a, 'input>>, ParseError> {
    if children(root, name).next().is_some() {
        return Ok(children(root, name));
    }
    let message = root.text().unwrap_or_default().trim();
    Err(if message.is_empty() {
        ParseError::Empty
    } else {
        ParseError::Refused(printable(message))
    })
}

/// The children of this name.
fn children<'a, 'input>(
    node: Node<'a, 'input>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children()
        .filter(move |child| child.has_tag_name(name))
}

/// The text of the one child of this name, trimmed; empty if the child is empty. With a comment or an element inside it
/// has none, because the text before that would be taken for the whole.
pub(super) fn cell<'a>(node: Node<'a, '_>, name: &'static str) -> Cell<'a> {
    let parent = || node.tag_name().name();
    let mut found = children(node, name);
    let child = found
        .next()
        .ok_or_else(|| format!("<{}> without <{name}>", parent()))?;
    if found.next().is_some() {
        return Err(format!("<{}> with two <{name}>", parent()));
    }
    if !child.children().all(|inner| inner.is_text()) || child.children().count() > 1 {
        return Err(format!("<{name}> with more than text in it"));
    }
    Ok(Cow::Borrowed(child.text().unwrap_or_default().trim()))
}

/// An attribute, trimmed.
pub(super) fn attribute<'a>(node: Node<'a, '_>, name: &'static str) -> Cell<'a> {
    let missing = || format!("<{}> without {name}", node.tag_name().name());
    let value = node.attribute(name).ok_or_else(missing)?;
    Ok(Cow::Borrowed(value.trim()))
}

/// A cell without which the whole document cannot be read, such as its date.
pub(super) fn required(cell: Cell<'_>) -> Result<Cow<'_, str>, ParseError> {
    cell.map_err(ParseError::Unexpected)
}
