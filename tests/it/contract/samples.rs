//! Messages with a value in every field, so that a field that is lost is found.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

use crate::contract::descriptor;

/// Items of each list: one would not show whether all are written.
const LIST_ITEMS: usize = 2;
/// 2 April 2026, 09:00:00 UTC.
const INSTANT: i64 = 1_775_120_400;

/// The members of the largest oneof.
fn members_max() -> usize {
    let messages = descriptor::messages().into_iter();
    let members = messages.map(|message| members(&message).len());
    members.max().unwrap().max(1)
}

fn members(message: &MessageDescriptor) -> Vec<FieldDescriptor> {
    let fields = message.fields();
    fields
        .filter(|field| descriptor::oneof_of(field).is_some())
        .collect()
}

/// The number of samples that meet every value of every enum in every member of every oneof.
pub(crate) fn count() -> usize {
    let enums = descriptor::enums().into_iter();
    let values = enums.map(|one| one.values().len());
    values.max().unwrap() * members_max()
}

/// A message with a value in every field, different from field to field and from one number to the next.
pub(crate) fn full(message: &MessageDescriptor, number: usize) -> DynamicMessage {
    let mut sample = DynamicMessage::new(message.clone());
    let members = members(message);
    for field in message.fields() {
        let is_chosen = members.is_empty() || members[number % members.len()] == field;
        if descriptor::oneof_of(&field).is_none() || is_chosen {
            sample.set_field(&field, value(&field, number));
        }
    }
    sample
}

/// A message in which only the messages inside are set, which are as sparse.
pub(crate) fn sparse(message: &MessageDescriptor, number: usize) -> DynamicMessage {
    let mut sample = full(message, number);
    let set: Vec<_> = sample.fields().map(|(field, _)| field).collect();
    for field in set {
        match field.kind() {
            Kind::Message(inner) if inner.full_name().starts_with("silkrate.") => {
                let inner = Value::Message(sparse(&inner, number));
                let value = if field.is_list() {
                    Value::List(vec![inner])
                } else {
                    inner
                };
                sample.set_field(&field, value);
            }
            _ => sample.clear_field(&field),
        }
    }
    sample
}

fn value(field: &FieldDescriptor, number: usize) -> Value {
    if field.is_list() {
        let items = 0..LIST_ITEMS;
        return Value::List(items.map(|index| one(field, number + index)).collect());
    }
    one(field, number)
}

fn one(field: &FieldDescriptor, number: usize) -> Value {
    let unsigned = u32::try_from(number).unwrap() + field.number() * 100;
    match field.kind() {
        Kind::Bool => Value::Bool(true),
        Kind::Int32 => Value::I32(i32::try_from(unsigned).unwrap()),
        Kind::Uint32 => Value::U32(unsigned),
        Kind::Uint64 => Value::U64(u64::from(unsigned)),
        Kind::String => Value::String(format!("{} {number}", field.full_name())),
        Kind::Enum(described) => {
            let values: Vec<_> = described.values().collect();
            Value::EnumNumber(values[number / members_max() % values.len()].number())
        }
        Kind::Message(message) => Value::Message(match message.full_name() {
            "google.protobuf.Timestamp" => pair(&message, INSTANT + i64::from(unsigned), 0),
            "google.protobuf.Duration" => pair(&message, i64::from(unsigned), 250_000_000),
            _ => full(&message, number),
        }),
        kind => panic!(
            "{}: no sample for {kind:?}; add one here",
            field.full_name()
        ),
    }
}

/// A message of seconds and nanoseconds.
fn pair(message: &MessageDescriptor, seconds: i64, nanoseconds: i32) -> DynamicMessage {
    let mut pair = DynamicMessage::new(message.clone());
    pair.set_field_by_name("seconds", Value::I64(seconds));
    pair.set_field_by_name("nanos", Value::I32(nanoseconds));
    pair
}
