//! The schemas of the JSON forms, from the messages and their comments.

use std::collections::BTreeSet;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use crate::contract::openapi::text::{Json, reference};
use crate::contract::rendered::RENDERED;
use crate::contract::{descriptor, differences, with_parts};

const DECIMAL: &str = r"^-?[0-9]+(\.[0-9]+)?$";
const DATE: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
const CURRENCY: &str = "^[A-Z]{3}$";
const PAIR: &str = "^[A-Z]{3}/[A-Z]{3}$";
const INSTANT: &str = "^-?[0-9]{4,6}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$";
const DURATION: &str = r"^[0-9]+(\.[0-9]+)?s$";

/// The pattern of a text, by the name of its field.
const PATTERNS: &[(&str, &str)] = &[
    ("absolute", DECIMAL),
    ("average", DECIMAL),
    ("base_currency", CURRENCY),
    ("code", CURRENCY),
    ("currency", CURRENCY),
    ("date", DATE),
    ("effective_date", DATE),
    ("end_date", DATE),
    ("home_currency", CURRENCY),
    ("newest_effective_date", DATE),
    ("pair", PAIR),
    ("percent", DECIMAL),
    ("published_change", DECIMAL),
    ("quote_currency", CURRENCY),
    ("reference_date", DATE),
    ("reference_value", DECIMAL),
    ("removed_pairs", PAIR),
    ("result", DECIMAL),
    ("start_date", DATE),
    ("superseded_value", DECIMAL),
    ("units", DECIMAL),
    ("value", DECIMAL),
];
/// Texts without a pattern: they repeat what a bank printed or a request contained.
const WITHOUT_PATTERN: &[&str] = &["silkrate.v1.DroppedRow.currency"];

/// The schema of every message and enum that the web side sends.
pub(super) fn all() -> Vec<(String, Json)> {
    let mut sent = BTreeSet::new();
    for (name, _) in RENDERED {
        if name.starts_with("silkrate.v1.") {
            with_parts(&descriptor::message(name), &mut sent);
        }
    }
    let mut schemas = Vec::new();
    let mut members = BTreeSet::new();
    for message in descriptor::messages() {
        if !sent.contains(message.full_name()) || members.contains(message.full_name()) {
            continue;
        }
        if differences::tag(&message).is_some() {
            members.extend(
                message
                    .fields()
                    .filter_map(|field| member_of(&field))
                    .map(|member| member.full_name().to_owned()),
            );
            schemas.extend(tagged(&message));
        } else {
            schemas.push((message.name().to_owned(), object(&message)));
        }
    }
    // An enum of requests alone is a parameter with names of its own.
    let is_sent = |described: &EnumDescriptor| {
        let messages = descriptor::messages().into_iter();
        let mut messages = messages.filter(|message| sent.contains(message.full_name()));
        messages.any(|message| {
            let mut fields = message.fields();
            fields.any(|field| field.kind() == Kind::Enum(described.clone()))
        })
    };
    let enums = descriptor::enums().into_iter().filter(is_sent);
    schemas.extend(enums.map(|described| (described.name().to_owned(), choice(&described))));
    schemas
}

/// The message of a member of a oneof.
fn member_of(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    descriptor::oneof_of(field)?;
    match field.kind() {
        Kind::Message(message) => Some(message),
        _ => None,
    }
}

/// A message with a oneof: one schema for each member, and one for any of them.
fn tagged(message: &MessageDescriptor) -> Vec<(String, Json)> {
    let tag = differences::tag(message).unwrap();
    let mut schemas = Vec::new();
    let mut names = Vec::new();
    for field in message.fields() {
        let Some(member) = member_of(&field) else {
            continue;
        };
        let mut properties = vec![(tag.to_owned(), constant(field.name()))];
        let around = message.fields().filter(|field| member_of(field).is_none());
        properties.extend(around.flat_map(|field| entries(&field)));
        properties.extend(member.fields().flat_map(|field| entries(&field)));
        names.push((field.name().to_owned(), member.name().to_owned()));
        schemas.push((
            member.name().to_owned(),
            closed(&descriptor::message_comment(&member), properties),
        ));
    }
    names.push(("end".to_owned(), "End".to_owned()));
    let choices: Vec<_> = names
        .iter()
        .map(|(_, name)| reference("schemas", name))
        .collect();
    let mapping = names
        .iter()
        .map(|(value, name)| (value.clone(), format!("#/components/schemas/{name}").into()));
    let mapping = Json::Object(mapping.collect());
    let any: Json = [
        ("description", descriptor::message_comment(message).into()),
        ("oneOf", choices.into()),
        (
            "discriminator",
            [("propertyName", tag.into()), ("mapping", mapping)].into(),
        ),
    ]
    .into();
    schemas.push((message.name().to_owned(), any));
    schemas
}

/// The object that a message is written as.
fn object(message: &MessageDescriptor) -> Json {
    let mut properties = Vec::new();
    if differences::has_server_time(message) {
        let clock: Json = [
            ("type", "string".into()),
            ("description", "The server's clock.".into()),
            ("pattern", INSTANT.into()),
        ]
        .into();
        properties.push(("server_time".to_owned(), clock));
    }
    if let Some(request) = differences::echoed(message) {
        let echoed = request.fields().map(|field| {
            let comment = format!("As requested. {}", descriptor::field_comment(&field));
            (field.name().to_owned(), property(&field, &comment, None))
        });
        properties.extend(echoed);
    }
    properties.extend(message.fields().flat_map(|field| entries(&field)));
    closed(&descriptor::message_comment(message), properties)
}

/// An object that has these properties, all of them and no other.
pub(super) fn closed(description: &str, properties: Vec<(String, Json)>) -> Json {
    let names: Vec<_> = properties.iter().map(|(name, _)| name.clone()).collect();
    [
        ("type", "object".into()),
        ("description", description.into()),
        ("required", names.into()),
        ("additionalProperties", false.into()),
        ("properties", Json::Object(properties)),
    ]
    .into()
}

/// A property with one value.
pub(super) fn constant(value: &str) -> Json {
    [("type", "string".into()), ("const", value.into())].into()
}

/// The properties that a field is written as: one, or those of the message inside.
fn entries(field: &FieldDescriptor) -> Vec<(String, Json)> {
    if let (true, Kind::Message(inner)) = (differences::is_inlined(field), field.kind()) {
        return inner.fields().flat_map(|field| entries(&field)).collect();
    }
    let mut patterns = PATTERNS.iter();
    let pattern = patterns.find(|(name, _)| *name == field.name());
    let pattern = pattern.filter(|_| !WITHOUT_PATTERN.contains(&field.full_name()));
    let comment = descriptor::field_comment(field);
    let property = property(field, &comment, pattern.map(|(_, pattern)| *pattern));
    vec![(field.name().to_owned(), property)]
}

fn property(field: &FieldDescriptor, comment: &str, pattern: Option<&str>) -> Json {
    let is_nullable = descriptor::can_be_absent(field);
    let text = |pattern: Option<&str>| {
        let kinds: Json = if is_nullable {
            vec!["string", "null"].into()
        } else {
            "string".into()
        };
        let schema: Json = [("type", kinds)].into();
        match pattern {
            Some(pattern) => schema.with("pattern", pattern),
            None => schema,
        }
    };
    let named = |name: &str| {
        if is_nullable {
            let null: Json = [("type", "null".into())].into();
            [("oneOf", vec![reference("schemas", name), null].into())].into()
        } else {
            reference("schemas", name)
        }
    };
    let item: Json = match field.kind() {
        Kind::Bool => [("type", "boolean".into())].into(),
        Kind::Uint32 | Kind::Uint64 => {
            let kinds: Json = if is_nullable {
                vec!["integer", "null"].into()
            } else {
                "integer".into()
            };
            [("type", kinds), ("minimum", 0_u32.into())].into()
        }
        Kind::String => text(pattern),
        Kind::Enum(described) => named(described.name()),
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => text(Some(INSTANT)),
            "google.protobuf.Duration" => text(Some(DURATION)),
            _ => named(message.name()),
        },
        kind => panic!("{}: no schema for {kind:?}; add it here", field.full_name()),
    };
    let schema = if field.is_list() {
        [("type", "array".into()), ("items", item)].into()
    } else {
        item
    };
    schema.with("description", comment)
}

/// The values of an enum, each with its comment.
fn choice(described: &EnumDescriptor) -> Json {
    let names = descriptor::value_names(described);
    let comments = descriptor::value_comments(described);
    let lines = names
        .iter()
        .zip(comments)
        .map(|(name, comment)| format!("\n* `{name}`: {comment}"));
    let lines: String = lines.collect();
    let description = format!("{}\n{lines}", descriptor::enum_comment(described));
    [
        ("type", "string".into()),
        ("description", description.into()),
        ("enum", names.into()),
    ]
    .into()
}
