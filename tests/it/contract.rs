//! The contract has one source, the files in `proto`. What is written by hand beside them (the JSON forms, their OpenAPI
//! description, the types of the browser's client) is compared with their descriptor here.

mod conversions;
pub(crate) mod descriptor;
mod differences;
mod golden;
mod limits;
pub(crate) mod openapi;
mod options;
pub(crate) mod reference;
mod rendered;
mod samples;
mod typescript;

use std::collections::BTreeSet;

use prost_reflect::{Kind, MessageDescriptor};
use serde_json::Value;

use crate::contract::rendered::{NOT_RENDERED, RENDERED};

/// How to add a field that is missing.
const HINT: &str = "every field of proto/silkrate/v1/rates.proto has a key of its name: add it in src/json; a \
                    deliberate difference is a row of tests/it/contract/differences.rs";

/// A message and the messages in its fields.
fn with_parts(message: &MessageDescriptor, found: &mut BTreeSet<String>) {
    if !message.full_name().starts_with("silkrate.") || !found.insert(message.full_name().into()) {
        return;
    }
    for field in message.fields() {
        if let Kind::Message(inner) = field.kind() {
            with_parts(&inner, found);
        }
    }
}

/// The places where two JSON values differ, by path.
fn differing(path: &str, expected: &Value, actual: &Value, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            let keys: BTreeSet<_> = expected.keys().chain(actual.keys()).collect();
            for key in keys {
                let path = format!("{path}.{key}");
                match (expected.get(key), actual.get(key)) {
                    (Some(expected), Some(actual)) => differing(&path, expected, actual, found),
                    (Some(_), None) => found.push(format!("{path}: a field without a key in JSON")),
                    (None, _) => found.push(format!("{path}: a key in JSON without a field")),
                }
            }
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                differing(&format!("{path}[{index}]"), expected, actual, found);
            }
        }
        (expected, actual) if expected == actual => {}
        (expected, actual) => found.push(format!("{path}: {expected} became {actual}")),
    }
}

#[test]
fn every_field_and_enum_value_is_in_the_json_of_its_message_and_absence_is_null() {
    let mut found = Vec::new();
    for (name, render) in RENDERED {
        let message = descriptor::message(name);
        let echoed = differences::echoed(&message);
        for number in 0..samples::count() {
            for filled in [samples::full, samples::sparse] {
                let request = echoed.as_ref().map(|request| filled(request, number));
                let sample = filled(&message, number);
                let expected = Value::Object(reference::object(&sample, request.as_ref()));
                let actual = serde_json::from_str(&render(&sample, request.as_ref())).unwrap();
                differing(message.name(), &expected, &actual, &mut found);
            }
        }
    }
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{}\n\n{HINT}", found.join("\n"));
}

#[test]
fn every_response_of_the_contract_is_rendered_or_listed_as_not_rendered() {
    let mut listed = BTreeSet::new();
    for (name, _) in RENDERED {
        with_parts(&descriptor::message(name), &mut listed);
    }
    for (name, reason) in NOT_RENDERED {
        assert!(!reason.is_empty(), "{name} is not rendered: why?");
        assert!(listed.insert((*name).to_owned()), "{name} is rendered");
    }
    let services = descriptor::pool().services();
    let answers = services
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| method.output().full_name().to_owned());
    let unlisted: Vec<_> = answers.filter(|name| !listed.contains(name)).collect();
    assert_eq!(
        unlisted,
        Vec::<String>::new(),
        "in neither list of tests/it/contract/rendered.rs"
    );
}

#[test]
fn every_part_of_the_contract_has_a_comment_and_an_optional_field_says_what_absence_means() {
    let mut found = Vec::new();
    for message in descriptor::messages() {
        if descriptor::message_comment(&message).is_empty() {
            found.push(format!("{} has no comment", message.full_name()));
        }
        for field in message.fields() {
            let comment = descriptor::field_comment(&field);
            let says_absent = comment.contains("Absent");
            let is_scalar = !matches!(field.kind(), Kind::Message(_));
            let is_optional = is_scalar && field.supports_presence();
            if comment.is_empty() {
                found.push(format!("{} has no comment", field.full_name()));
            }
            if is_optional && !says_absent {
                found.push(format!(
                    "{} does not say what absence means",
                    field.full_name()
                ));
            }
            if says_absent && !field.supports_presence() {
                found.push(format!("{} cannot be absent", field.full_name()));
            }
        }
    }
    for described in descriptor::enums() {
        let comments = descriptor::value_comments(&described);
        if comments.iter().any(String::is_empty) {
            found.push(format!(
                "{} has a value without a comment",
                described.full_name()
            ));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn no_difference_between_messages_and_json_is_stale() {
    assert_eq!(differences::stale(), Vec::<String>::new());
}

#[test]
fn the_json_of_every_message_fits_its_schema_and_no_listed_value_is_unused() {
    let mut openapi = openapi::OpenApi::served();
    let mut found = Vec::new();
    for (name, render) in RENDERED {
        let message = descriptor::message(name);
        let echoed = differences::echoed(&message);
        for number in 0..samples::count() {
            let request = echoed
                .as_ref()
                .map(|request| samples::full(request, number));
            let sample = samples::full(&message, number);
            let json = serde_json::from_str(&render(&sample, request.as_ref())).unwrap();
            if name.starts_with("silkrate.v1.") {
                found.extend(openapi.unfit(message.name(), &json));
            }
        }
    }
    found.extend(openapi.unseen());
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{}\n\n{HINT}", found.join("\n"));
}

#[test]
fn the_served_description_is_what_the_contract_generates() {
    let (generated, (committed, path)) = (openapi::generated(), openapi::committed());
    if generated != committed {
        std::fs::write(&path, generated).unwrap();
        panic!(
            "{} was not what the contract generates, and is now: run `node src/web/compress.mjs`, read the difference, and commit it",
            path.display()
        );
    }
}

/// The message behind each interface of the browser's client; an event of the stream has the keys of its envelope too.
const INTERFACES: &[(&str, &[&str])] = &[
    ("Position", &["silkrate.v1.Position"]),
    ("Change", &["silkrate.v1.Change"]),
    ("Announced", &["silkrate.v1.Announced"]),
    ("WindowChange", &["silkrate.v1.WindowChange"]),
    ("HeldFixing", &["silkrate.v1.HeldFixing"]),
    ("Fixing", &["silkrate.v1.Fixing"]),
    ("Rate", &["silkrate.v1.Rate"]),
    ("Source", &["silkrate.v1.SourceState"]),
    ("Snapshot", &["silkrate.v1.GetSnapshotResponse"]),
    ("HistoryPage", &["silkrate.v1.ListRateHistoryResponse"]),
    ("Update", &["silkrate.v1.Update"]),
    ("Replica", &["silkrate.v1.Replica"]),
    ("Heartbeat", &["silkrate.v1.Heartbeat"]),
    (
        "Opening",
        &["silkrate.v1.Opening", "silkrate.v1.WatchRatesResponse"],
    ),
];

/// The type of a field as the browser's client writes it, without `| null`.
fn typescript_of(field: &prost_reflect::FieldDescriptor) -> String {
    let item = match field.kind() {
        Kind::Bool => "boolean".to_owned(),
        Kind::Int32 | Kind::Uint32 | Kind::Uint64 => "number".to_owned(),
        Kind::Enum(described) => described.name().to_owned(),
        Kind::Message(message) => INTERFACES
            .iter()
            .find(|(_, messages)| messages[0] == message.full_name())
            .map_or("string", |(interface, _)| interface)
            .to_owned(),
        _ => "string".to_owned(),
    };
    if field.is_list() {
        format!("{item}[]")
    } else {
        item
    }
}

#[test]
fn the_types_of_the_browsers_client_name_fields_and_values_of_the_contract() {
    let types = typescript::types();
    let mut found = Vec::new();
    for (name, fields) in &types.interfaces {
        let row = INTERFACES.iter().find(|(interface, _)| interface == name);
        let (_, messages) = row.unwrap_or_else(|| panic!("{name} has no row in INTERFACES"));
        let messages: Vec<_> = messages
            .iter()
            .map(|name| descriptor::message(name))
            .collect();
        for (field, kind) in fields {
            let key = field.trim_end_matches('?');
            let is_nullable = kind.ends_with(" | null");
            let kind = kind.trim_end_matches(" | null");
            let mut described = messages
                .iter()
                .filter_map(|message| message.get_field_by_name(key));
            let is_clock = key == "server_time" && differences::has_server_time(&messages[0]);
            match described.next() {
                None if is_clock => {}
                None => found.push(format!(
                    "{name}.{key} is no field of {}",
                    messages[0].name()
                )),
                Some(field) if descriptor::can_be_absent(&field) != is_nullable => {
                    found.push(format!(
                        "{name}.{key}: null means absent, which it is or is not"
                    ));
                }
                Some(field) if typescript_of(&field) == kind => {}
                Some(field) => found.push(format!(
                    "{name}.{key}: {} is written {kind}",
                    typescript_of(&field)
                )),
            }
        }
    }
    for (name, values) in &types.choices {
        let mut enums = descriptor::enums().into_iter();
        let described = enums.find(|described| described.name() == name);
        let expected = described.map(|described| descriptor::value_names(&described));
        if expected.as_ref() != Some(values) {
            found.push(format!("{name}: {values:?} instead of {expected:?}"));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}
