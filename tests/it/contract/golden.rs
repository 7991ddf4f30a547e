//! The numbers, types and names of packages that clients in the field rely on, as lines of text.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use crate::contract::descriptor;

/// What to do when a line of the recorded contract is gone.
const HINT: &str = "\
Programs built from the earlier contract read the lines above. A number, a name or a type that was published is never changed
and never used again: give a changed field a new name and a new number, and leave the old ones behind as
`reserved 4; reserved \"source\";`. If no program can have read it yet, edit tests/snapshots/contract.snap by hand.";

/// The contract, one fact a line.
pub(crate) fn lines() -> String {
    let mut text = String::new();
    for file in descriptor::pool().files() {
        if !file.package_name().starts_with("silkrate.") {
            continue;
        }
        writeln!(text, "file {} of {}", file.name(), file.package_name()).unwrap();
        // The names of the packages, classes and modules of generated code.
        for (option, value) in file.options().fields() {
            writeln!(text, "{} option {} = {value}", file.name(), option.name()).unwrap();
        }
        for service in file.services() {
            for method in service.methods() {
                let stream = if method.is_server_streaming() {
                    "stream "
                } else {
                    ""
                };
                let (input, output) = (method.input(), method.output());
                let name = method.full_name();
                let (input, output) = (input.full_name(), output.full_name());
                writeln!(text, "rpc {name}({input}) returns {stream}{output}").unwrap();
            }
        }
        for message in file.messages() {
            message_lines(&message, &mut text);
        }
        for described in file.enums() {
            for value in described.values() {
                writeln!(text, "{} = {}", value.full_name(), value.number()).unwrap();
            }
        }
    }
    text
}

fn message_lines(message: &MessageDescriptor, text: &mut String) {
    let name = message.full_name();
    writeln!(text, "message {name}").unwrap();
    let mut fields: Vec<_> = message.fields().collect();
    fields.sort_by_key(FieldDescriptor::number);
    for field in fields {
        let (number, label, kind) = (field.number(), label(&field), kind(&field));
        writeln!(text, "{name} {number} = {label}{kind} {}", field.name()).unwrap();
    }
    for range in message.reserved_ranges() {
        writeln!(text, "{name} reserved {} to {}", range.start, range.end - 1).unwrap();
    }
    for reserved in message.reserved_names() {
        writeln!(text, "{name} reserved {reserved}").unwrap();
    }
}

fn label(field: &FieldDescriptor) -> String {
    if let Some(oneof) = descriptor::oneof_of(field) {
        return format!("{oneof}: ");
    }
    if field.is_list() {
        return "repeated ".to_owned();
    }
    let is_message = matches!(field.kind(), Kind::Message(_));
    let label = if field.supports_presence() && !is_message {
        "optional "
    } else {
        ""
    };
    label.to_owned()
}

fn kind(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(described) => described.full_name().to_owned(),
        kind => format!("{kind:?}").to_lowercase(),
    }
}

#[test]
fn a_published_number_name_or_type_never_changes() {
    let current = lines();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/contract.snap");
    let recorded = fs::read_to_string(path).unwrap_or_default();
    let (_, recorded) = recorded.split_once("\n---\n").unwrap_or_default();
    let there: BTreeSet<_> = current.lines().collect();
    let gone: Vec<_> = recorded
        .lines()
        .filter(|line| !there.contains(line))
        .collect();
    assert!(gone.is_empty(), "{}\n\n{HINT}", gone.join("\n"));
}

#[test]
fn an_addition_to_the_contract_is_recorded_on_purpose() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(
        "An addition is accepted with INSTA_UPDATE=always cargo test --test it contract",
    );
    settings.bind(|| insta::assert_snapshot!("contract", lines()));
}
