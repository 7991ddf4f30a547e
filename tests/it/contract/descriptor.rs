//! The compiled contract: its messages, enums and comments.

use std::sync::LazyLock;

use prost_reflect::{
    DescriptorPool, EnumDescriptor, FieldDescriptor, FileDescriptor, MessageDescriptor,
    MethodDescriptor, ServiceDescriptor,
};

/// The packages of the contract; the others are the well-known types of protocol buffers.
const PACKAGE: &str = "silkrate.";

static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(silkrate::pb::DESCRIPTOR_SET).unwrap());

/// Every file of the contract and of what it imports.
pub(crate) fn pool() -> &'static DescriptorPool {
    &POOL
}

/// Every message of the contract, in the order of the files.
pub(crate) fn messages() -> Vec<MessageDescriptor> {
    let messages = pool().all_messages();
    messages
        .filter(|message| message.full_name().starts_with(PACKAGE))
        .collect()
}

/// Every enum of the contract, in the order of the files.
pub(crate) fn enums() -> Vec<EnumDescriptor> {
    let enums = pool().all_enums();
    enums
        .filter(|one| one.full_name().starts_with(PACKAGE))
        .collect()
}

/// The message of a full name.
pub(crate) fn message(full_name: &str) -> MessageDescriptor {
    let message = pool().get_message_by_name(full_name);
    message.unwrap_or_else(|| panic!("the contract has no message {full_name}"))
}

/// The oneof a field is a member of. An `optional` field is in one of its own, which does not count.
pub(crate) fn oneof_of(field: &FieldDescriptor) -> Option<String> {
    let oneof = field.containing_oneof()?;
    (!oneof.is_synthetic()).then(|| oneof.name().to_owned())
}

/// The comment above a part of a file, on one line; empty where there is none.
fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let mut locations = info.unwrap().location.iter();
    let comment = locations.find(|location| location.path == path);
    let comment = comment.map_or("", |location| location.leading_comments());
    comment.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The comment of a message.
pub(crate) fn message_comment(message: &MessageDescriptor) -> String {
    comment(&message.parent_file(), message.path())
}

/// The comment of a field.
pub(crate) fn field_comment(field: &FieldDescriptor) -> String {
    comment(&field.parent_message().parent_file(), field.path())
}

/// The comment of an enum.
pub(crate) fn enum_comment(described: &EnumDescriptor) -> String {
    comment(&described.parent_file(), described.path())
}

/// A method of the service of rates.
pub(crate) fn method(name: &str) -> Option<MethodDescriptor> {
    let service = pool().get_service_by_name("silkrate.v1.RateService")?;
    let mut methods = service.methods().collect::<Vec<_>>().into_iter();
    methods.find(|method| method.name() == name)
}

/// The comment of a service.
pub(crate) fn service_comment(service: &ServiceDescriptor) -> String {
    comment(&service.parent_file(), service.path())
}

/// The comment of a method.
pub(crate) fn method_comment(method: &MethodDescriptor) -> String {
    comment(&method.parent_service().parent_file(), method.path())
}

/// The comment of a field named `Message.field`, or the words themselves.
pub(crate) fn meaning(words: &str) -> String {
    let field = words.split_once('.').and_then(|(message, field)| {
        let message = pool().get_message_by_name(&format!("silkrate.v1.{message}"))?;
        message.get_field_by_name(field)
    });
    field.map_or_else(|| words.to_owned(), |field| field_comment(&field))
}

/// The comment of each value of an enum.
pub(crate) fn value_comments(described: &EnumDescriptor) -> Vec<String> {
    let file = described.parent_file();
    let values = described.values();
    values.map(|value| comment(&file, value.path())).collect()
}

/// Whether a field may be left out: its comment says what that means.
pub(crate) fn can_be_absent(field: &FieldDescriptor) -> bool {
    field.supports_presence() && field_comment(field).contains("Absent")
}

/// The values of an enum without the prefix that all of them have, in the order of their numbers.
pub(crate) fn value_names(described: &EnumDescriptor) -> Vec<String> {
    let prefix = described.default_value().name().to_owned();
    let prefix = prefix.strip_suffix("UNSPECIFIED").unwrap();
    let values = described.values();
    values
        .map(|value| value.name().strip_prefix(prefix).unwrap().to_owned())
        .collect()
}

/// The locales of the ticker, sorted.
pub(crate) fn locales() -> Vec<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/locales.json");
    let locales: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    locales["locales"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}
