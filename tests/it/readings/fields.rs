//! Each field of each request, one after the other wrong: the refusal names it. The fields are those of the contract, so that a
//! field that is added and not checked fails.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value};
use tonic::{Code, Status};

use crate::readings::call::answer;
use crate::readings::method;
use crate::readings::methods::READINGS;
use crate::support::april::{bank_of_april, silkrate_of_april};
use crate::support::silkrate::reason;

/// A value that the field cannot have; `None` if it can have any.
fn wrong(field: &FieldDescriptor) -> Option<Value> {
    match field.kind() {
        Kind::Bool => None,
        Kind::String => Some(Value::String("2026-02-30".to_owned())),
        Kind::Int32 => Some(Value::I32(-1)),
        Kind::Enum(_) => Some(Value::EnumNumber(99)),
        Kind::Message(message) => match message.full_name() {
            // A position that the server does not know is answered with the whole state.
            "silkrate.v1.Position" => None,
            "google.protobuf.Duration" => {
                let mut wrong = DynamicMessage::new(message);
                wrong.set_field_by_name("seconds", Value::I64(-1));
                Some(Value::Message(wrong))
            }
            _ => {
                let mut filter = DynamicMessage::new(message);
                let items = vec![Value::String("KZT".to_owned())];
                filter.set_field_by_name("pairs", Value::List(items));
                Some(Value::Message(filter))
            }
        },
        other => panic!("{field:?} is of another kind: {other:?}"),
    }
}

/// What is wrong with the refusal of a field; `None` if it names the field.
fn fault(refused: Result<DynamicMessage, Status>, field: &str) -> Option<String> {
    let Err(refusal) = refused else {
        return Some("a wrong value is answered".to_owned());
    };
    let (code, _, named) = reason(&refusal);
    let named = named.unwrap_or_default();
    let is_named = named.split(['.', '[']).next() == Some(field);
    (code != Code::InvalidArgument || !is_named).then(|| format!("{code:?} names {named:?}"))
}

#[tokio::test]
async fn a_wrong_value_of_any_field_of_any_request_is_refused_with_the_name_of_the_field() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let (mut found, mut checked) = (Vec::new(), 0);
    for reading in READINGS {
        let method = method(reading);
        let request = DynamicMessage::decode(method.input(), &*(reading.request)()).unwrap();
        for field in method.input().fields() {
            let Some(wrong) = wrong(&field) else {
                continue;
            };
            let mut request = request.clone();
            // A request names one pair or a filter, not both.
            match field.name() {
                "pair" => request.clear_field_by_name("filter"),
                "filter" => request.clear_field_by_name("pair"),
                _ => {}
            }
            request.set_field(&field, wrong);
            let bytes = prost::Message::encode_to_vec(&request);
            let refused = answer(&silkrate.url, &method, bytes, |_| true).await;
            checked += 1;
            if let Some(fault) = fault(refused, field.name()) {
                found.push(format!("{}.{}: {fault}", reading.method, field.name()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(checked > 20, "{checked}");
    silkrate.finish().await;
}
