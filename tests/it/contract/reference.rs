//! The JSON form of a message by the rules of the contract, written a second time and for every message alike: the
//! names of the fields, decimals as text, enums without their prefix, null for what is absent.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, ReflectMessage, Value};
use serde_json::{Map, json};

use crate::contract::{descriptor, differences};

/// The server time in every sample.
pub(crate) const SERVER_TIME: prost_types::Timestamp = prost_types::Timestamp {
    seconds: 1_775_120_400,
    nanos: 0,
};

/// The JSON object of a message. `request` is the request, if the response repeats it.
pub(crate) fn object(
    message: &DynamicMessage,
    request: Option<&DynamicMessage>,
) -> Map<String, serde_json::Value> {
    let described = message.descriptor();
    let mut object = Map::new();
    if differences::has_server_time(&described) {
        object.insert("server_time".to_owned(), json!("2026-04-02T09:00:00Z"));
    }
    if let Some(request) = request {
        object.extend(self::object(request, None));
    }
    for field in described.fields() {
        let oneof = descriptor::oneof_of(&field);
        let is_inlined = oneof.is_some() || differences::is_inlined(&field);
        if let Some(oneof) = oneof.filter(|_| message.has_field(&field)) {
            assert_eq!(differences::tag(&described), Some(oneof.as_str()));
            object.insert(oneof, json!(field.name()));
        }
        match message.get_field(&field).as_ref() {
            Value::Message(inner) if is_inlined && message.has_field(&field) => {
                object.extend(self::object(inner, None));
            }
            _ if is_inlined => {}
            _ if field.supports_presence() && !message.has_field(&field) => {
                object.insert(field.name().to_owned(), serde_json::Value::Null);
            }
            value => {
                object.insert(field.name().to_owned(), self::value(&field, value));
            }
        }
    }
    object
}

fn value(field: &FieldDescriptor, value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(value) => json!(value),
        Value::I32(value) => json!(value),
        Value::U32(value) => json!(value),
        Value::U64(value) => json!(value),
        Value::String(value) => json!(value),
        Value::EnumNumber(number) => json!(enum_name(field, *number)),
        Value::List(items) => items.iter().map(|item| self::value(field, item)).collect(),
        Value::Message(inner) => match inner.descriptor().full_name() {
            "google.protobuf.Timestamp" => json!(instant(inner)),
            "google.protobuf.Duration" => json!(duration(inner)),
            _ => serde_json::Value::Object(object(inner, None)),
        },
        value => panic!("{}: no JSON for {value:?}; add it here", field.full_name()),
    }
}

fn enum_name(field: &FieldDescriptor, number: i32) -> String {
    let Kind::Enum(described) = field.kind() else {
        panic!("{} is no enum", field.full_name());
    };
    let index = described
        .values()
        .position(|value| value.number() == number);
    descriptor::value_names(&described)[index.unwrap()].clone()
}

fn instant(message: &DynamicMessage) -> String {
    let instant: prost_types::Timestamp = message.transcode_to().unwrap();
    jiff::Timestamp::from_second(instant.seconds)
        .unwrap()
        .to_string()
}

fn duration(message: &DynamicMessage) -> String {
    let duration: prost_types::Duration = message.transcode_to().unwrap();
    format!("{}.{:03}s", duration.seconds, duration.nanos / 1_000_000)
}
