//! The headers of answers.

use crate::contract::openapi::text::{Json, reference};

/// Every header.
pub(super) fn all() -> Json {
    let text = || Json::from([("type", "string".into())]);
    let header = |description: &str, schema| {
        Json::from([("description", description.into()), ("schema", schema)])
    };
    [
        (
            "position",
            header("The position of the response, `epoch:revision`.", text()),
        ),
        ("etag", header("Send it back in If-None-Match.", text())),
        (
            "link",
            header(
                "The next page, if there is one: `<address>; rel=\"next\"` (RFC 8288).",
                text(),
            ),
        ),
        (
            "retry_after",
            header(
                "The seconds to wait before the next request.",
                [("type", "integer".into())].into(),
            ),
        ),
    ]
    .into()
}

/// The headers of an answer that a cache may hold.
pub(super) fn of_position() -> Json {
    [
        ("silkrate-position", reference("headers", "position")),
        ("etag", reference("headers", "etag")),
    ]
    .into()
}

/// The header of an answer that is a page of a list.
pub(super) fn of_page() -> Json {
    [("link", reference("headers", "link"))].into()
}
