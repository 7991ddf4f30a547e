//! Where the JSON form of a message differs from the message, and why. A row that no longer holds fails the tests, since
//! they expect of every JSON object what the message and its rows say, and nothing else.

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use crate::contract::descriptor;

/// How an object differs from its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Difference {
    /// A key that is no field: the server's clock.
    ServerTime,
    /// The keys of the message in this field stand beside the others.
    Inlined(&'static str),
    /// A key with the name of this oneof holds the name of its member, whose keys stand beside the others.
    Tagged(&'static str),
    /// The fields of this request stand beside those of the response.
    Echoed(&'static str),
}

/// The message, the difference and the reason.
const DIFFERENCES: &[(&str, Difference, &str)] = &[
    (
        "silkrate.v1.GetSnapshotResponse",
        Difference::ServerTime,
        "a browser tells the age of a rate without a clock of its own, which may be wrong",
    ),
    (
        "silkrate.v1.ListSourcesResponse",
        Difference::ServerTime,
        "a browser tells when a poll is due without a clock of its own, which may be wrong",
    ),
    (
        "silkrate.v1.SourceDetail",
        Difference::Inlined("state"),
        "a source is one object, with or without the facts of polling",
    ),
    (
        "silkrate.v1.WatchRatesResponse",
        Difference::Tagged("event"),
        "JSON has no oneof; a reader of server-sent events needs one key to branch on",
    ),
    (
        "silkrate.v1.ConvertAmountResponse",
        Difference::Echoed("silkrate.v1.ConvertAmountRequest"),
        "a result without its amount and currencies says nothing once it is stored",
    ),
];

fn of(message: &MessageDescriptor) -> impl Iterator<Item = Difference> {
    let rows = DIFFERENCES.iter();
    let rows = rows.filter(|(name, _, _)| *name == message.full_name());
    rows.map(|(_, difference, _)| *difference)
}

/// Whether the object has the server's clock.
pub(crate) fn has_server_time(message: &MessageDescriptor) -> bool {
    of(message).any(|difference| difference == Difference::ServerTime)
}

/// Whether the keys of the message in a field stand beside those of the message around it.
pub(crate) fn is_inlined(field: &FieldDescriptor) -> bool {
    let mut differences = of(field.parent_message());
    differences
        .any(|difference| matches!(difference, Difference::Inlined(name) if name == field.name()))
}

/// The oneof that is written as a key with the name of its member.
pub(crate) fn tag(message: &MessageDescriptor) -> Option<&'static str> {
    of(message).find_map(|difference| match difference {
        Difference::Tagged(oneof) => Some(oneof),
        _ => None,
    })
}

/// The request whose fields are repeated.
pub(crate) fn echoed(message: &MessageDescriptor) -> Option<MessageDescriptor> {
    of(message).find_map(|difference| match difference {
        Difference::Echoed(request) => Some(descriptor::message(request)),
        _ => None,
    })
}

/// Rows that name a message, field or oneof that the contract does not have, and rows without a reason.
pub(crate) fn stale() -> Vec<String> {
    let is_there = |name: &str, difference: &Difference| {
        let message = descriptor::pool().get_message_by_name(name);
        message.is_some_and(|message| match difference {
            Difference::ServerTime => true,
            Difference::Inlined(field) => message.get_field_by_name(field).is_some(),
            Difference::Tagged(oneof) => message.oneofs().any(|there| there.name() == *oneof),
            Difference::Echoed(request) => {
                descriptor::pool().get_message_by_name(request).is_some()
            }
        })
    };
    let rows = DIFFERENCES.iter();
    rows.filter(|(name, difference, reason)| !is_there(name, difference) || reason.is_empty())
        .map(|(name, difference, _)| format!("{name}: {difference:?}"))
        .collect()
}
