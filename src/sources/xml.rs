//! Parses XML documents into a checked tree.

use roxmltree::{Document, Node, ParsingOptions};

use crate::sources::ParseError;
use crate::sources::text::{must_start_with, printable};

/// The maximum number of elements: more than any bank sends (the largest has some five hundred), and few enough to be
/// parsed in a moment.
const NODES_MAX: u32 = 20_000;

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

/// The children of this name.
pub(super) fn children<'a, 'input>(
    node: Node<'a, 'input>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children()
        .filter(move |child| child.has_tag_name(name))
}

/// The text of the one child of this name, trimmed; empty if the child is empty. A comment or an element inside makes
/// the document invalid, because the text before it would be taken for the whole.
pub(super) fn child_text<'a>(
    node: Node<'a, '_>,
    name: &'static str,
) -> Result<&'a str, ParseError> {
    let parent = || node.tag_name().name();
    let mut found = children(node, name);
    let child = found
        .next()
        .ok_or_else(|| ParseError::Unexpected(format!("<{}> without <{name}>", parent())))?;
    if found.next().is_some() {
        return Err(ParseError::Unexpected(format!(
            "<{}> with two <{name}>",
            parent()
        )));
    }
    if !child.children().all(|inner| inner.is_text()) || child.children().count() > 1 {
        return Err(ParseError::Unexpected(format!(
            "<{name}> with more than text in it"
        )));
    }
    Ok(child.text().unwrap_or_default().trim())
}

/// A required attribute.
pub(super) fn attribute<'a>(node: Node<'a, '_>, name: &'static str) -> Result<&'a str, ParseError> {
    let missing = || ParseError::Unexpected(format!("<{}> without {name}", node.tag_name().name()));
    node.attribute(name).ok_or_else(missing)
}
