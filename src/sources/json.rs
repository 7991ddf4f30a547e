//! Parses JSON documents into typed values. Numbers keep their digits.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::sources::text::{Cell, Encoding, must_start_with, printable};
use crate::sources::{ParseError, text};

/// The text of a document, with line breaks and tabs as spaces: between values they mean the same, and within a string they
/// would make the document invalid.
pub(super) fn text(bytes: &[u8]) -> String {
    text::text(bytes, Encoding::Utf8).replace(['\t', '\n', '\r'], " ")
}

/// Parses a whole document. A repeated member, or anything after the end, makes it invalid.
pub(super) fn document<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ParseError> {
    must_start_with(text, &['{', '['])?;
    serde_json::from_str(text).map_err(|error| {
        let reason = printable(&error.to_string());
        match error.classify() {
            Category::Data => ParseError::Unexpected(reason),
            Category::Syntax | Category::Eof | Category::Io => ParseError::Malformed(reason),
        }
    })
}

/// The text of a member: the content of a string, or the digits of a number as they stand. Without a member, or with
/// `null`, there is none.
pub(super) fn cell<'a>(member: Option<&'a RawValue>, name: &str) -> Cell<'a> {
    let literal = member.map_or("null", RawValue::get);
    if literal == "null" {
        return Err(format!("no `{name}`"));
    }
    if literal.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Ok(Cow::Borrowed(literal));
    }
    serde_json::from_str(literal)
        .map(Cow::Owned)
        .map_err(|_not_a_string| format!("`{name}` is neither a text nor a number"))
}

/// The members of an object in their order, each value as its literal text. A map would silently keep the last of two
/// members with one name; here both are kept.
#[derive(Debug)]
pub(super) struct Members<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Collect).map(Self)
    }
}
