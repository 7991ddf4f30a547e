//! The paths of the web side: the method of the contract that each of them stands for, and its parameters.

use crate::contract::descriptor;
use crate::contract::openapi::refusals::refusals;
use crate::contract::openapi::text::{Json, reference};
use crate::contract::openapi::{headers, tables};

/// A path.
struct Path {
    pattern: &'static str,
    /// The id of the operation, if it is not the method.
    operation: Option<&'static str>,
    /// The method of the contract, or the name of an operation that it does not have.
    method: &'static str,
    parameters: &'static [&'static str],
    content: Content,
    /// Why the response may be 404.
    not_found: Option<&'static str>,
    /// Whether a response has a position and an entity tag, and status 304 for a client that has it.
    has_position: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// The response of the method.
    Json,
    /// The messages of the method.
    Events,
    Html,
    Svg,
}

/// The parameter of a path that answers in pages, and names the next one in a header.
const PAGE_TOKEN: &str = "page_token";

const PATHS: &[Path] = &[
    Path {
        pattern: "/v1/snapshot.json",
        operation: None,
        method: "GetSnapshot",
        parameters: &["pairs", "date"],
        content: Content::Json,
        not_found: None,
        has_position: true,
    },
    Path {
        pattern: "/v1/snapshot",
        operation: Some("getSnapshotByAccept"),
        method: "GetSnapshot",
        parameters: &["pairs", "date"],
        content: Content::Json,
        not_found: None,
        has_position: true,
    },
    Path {
        pattern: "/v1/rates/{base}/{quote}",
        operation: None,
        method: "GetRate",
        parameters: &["base", "quote", "date"],
        content: Content::Json,
        not_found: Some("No source quotes the pair, or no rate is known for the date."),
        has_position: true,
    },
    Path {
        pattern: "/v1/history/{base}/{quote}",
        operation: None,
        method: "ListRateHistory",
        parameters: &[
            "base",
            "quote",
            "step",
            "start",
            "end",
            "page_size",
            PAGE_TOKEN,
        ],
        content: Content::Json,
        not_found: Some("No source quotes the pair."),
        has_position: false,
    },
    Path {
        pattern: "/v1/history",
        operation: Some("listRateHistories"),
        method: "ListRateHistory",
        parameters: &["pairs", "step", "start", "end", "page_size", PAGE_TOKEN],
        content: Content::Json,
        not_found: None,
        has_position: false,
    },
    Path {
        pattern: "/v1/periods",
        operation: None,
        method: "ListPeriodRates",
        parameters: &["pairs", "period", "start", "end", "page_size", PAGE_TOKEN],
        content: Content::Json,
        not_found: None,
        has_position: false,
    },
    Path {
        pattern: "/v1/fixings/{source}/{currency}",
        operation: None,
        method: "ListFixings",
        parameters: &[
            "source",
            "currency",
            "start",
            "end",
            "page_size",
            PAGE_TOKEN,
        ],
        content: Content::Json,
        not_found: Some("The server has no such source."),
        has_position: false,
    },
    Path {
        pattern: "/v1/convert",
        operation: None,
        method: "ConvertAmount",
        parameters: &["amount", "from", "to", "date", "round"],
        content: Content::Json,
        not_found: Some("No source quotes the pair, or no rate is known for the date."),
        has_position: false,
    },
    Path {
        pattern: "/v1/currencies",
        operation: None,
        method: "ListCurrencies",
        parameters: &[],
        content: Content::Json,
        not_found: None,
        has_position: false,
    },
    Path {
        pattern: "/v1/pairs",
        operation: None,
        method: "ListPairs",
        parameters: &["pairs", "page_size", PAGE_TOKEN],
        content: Content::Json,
        not_found: None,
        has_position: false,
    },
    Path {
        pattern: "/v1/sources",
        operation: None,
        method: "ListSources",
        parameters: &[],
        content: Content::Json,
        not_found: None,
        has_position: false,
    },
    Path {
        pattern: "/v1/watch",
        operation: None,
        method: "WatchRates",
        parameters: &[
            "pairs",
            "after",
            "updates_only",
            "format",
            "last_event_id",
            "repeated_event_id",
        ],
        content: Content::Events,
        not_found: None,
        has_position: false,
    },
    Path {
        pattern: "/ticker.html",
        operation: None,
        method: "GetTicker",
        parameters: &[
            "pairs",
            "locale",
            "theme",
            "direction",
            "speed",
            "density",
            "change",
            "change_window",
            "digits",
            "form",
            "labels",
            "announced",
            "link",
        ],
        content: Content::Html,
        not_found: None,
        has_position: true,
    },
    Path {
        pattern: "/ticker.svg",
        operation: None,
        method: "GetTickerPicture",
        parameters: &[
            "pairs",
            "locale",
            "theme",
            "change",
            "change_window",
            "digits",
            "form",
            "labels",
            "width",
        ],
        content: Content::Svg,
        not_found: None,
        has_position: true,
    },
    Path {
        pattern: "/chart/{pair}.svg",
        operation: None,
        method: "GetChart",
        parameters: &[
            "pair", "window", "locale", "theme", "digits", "form", "labels", "width", "height",
        ],
        content: Content::Svg,
        not_found: Some("No source quotes the pair."),
        has_position: true,
    },
];

const EVENTS: &str = "\
Server-sent events, in the order that the comment of WatchRates in rates.proto describes: `opening`, then one `snapshot` or, \
resumed, one `update`, then an `update` for every commit, a `heartbeat` when nothing changes, and `end` with the reason \
when the server ends the stream. The `data` of each event is the JSON object of the schema WatchRatesResponse. The `id` is \
the position that the client holds after the event, `epoch:revision`; an `opening` and an `end` have none. `retry` is the \
time to wait before reconnecting. With `format=ndjson`, or if the header Accept prefers `application/x-ndjson`, each message \
is a line instead: the same object, with the `id` in it.";

/// Every path with its operation.
pub(super) fn all() -> Vec<(String, Json)> {
    let paths = PATHS.iter();
    let paths = paths.map(|path| (path.pattern.to_owned(), [("get", operation(path))].into()));
    paths.collect()
}

fn operation(path: &Path) -> Json {
    let (first, rest) = path.method.split_at(1);
    let of_method = || first.to_lowercase() + rest;
    let id = path.operation.map_or_else(of_method, str::to_owned);
    let method = descriptor::method(path.method);
    let summary = match &method {
        Some(method) => descriptor::method_comment(method)
            .split(". ")
            .next()
            .unwrap()
            .trim_end_matches('.')
            .to_owned(),
        None if path.method == "GetTickerPicture" => {
            "Returns the ticker as a picture, with its alternative in words".to_owned()
        }
        None if path.content == Content::Svg => {
            "Returns a chart of the rates of a pair as a picture, with its alternative in words"
                .to_owned()
        }
        None => "Returns the ticker as a fragment of HTML, which works without a script".to_owned(),
    };
    let parameters: Vec<_> = path
        .parameters
        .iter()
        .map(|name| reference("parameters", name))
        .collect();
    let operation: Json = [("operationId", id.into()), ("summary", summary.into())].into();
    let operation = match path.content {
        Content::Events => operation.with("description", EVENTS),
        Content::Json | Content::Html | Content::Svg => operation,
    };
    operation
        .with("parameters", parameters)
        .with("responses", responses(path))
}

fn responses(path: &Path) -> Json {
    let output = descriptor::method(path.method).map(|method| method.output().name().to_owned());
    let text: Json = [("type", "string".into())].into();
    let mut lines = None;
    let (media, schema, description) = match path.content {
        Content::Json => (
            "application/json",
            reference("schemas", &output.unwrap()),
            "The response.",
        ),
        Content::Events => {
            let data = reference("schemas", &output.unwrap());
            lines = Some(line_schema());
            let schema = text
                .with("contentMediaType", "application/json")
                .with("contentSchema", data);
            (
                "text/event-stream",
                schema,
                "The events; the schema is that of the data of one.",
            )
        }
        Content::Html => (
            "text/html",
            text,
            "HTML; the position of its rates is in `data-position`.",
        ),
        Content::Svg => (
            "image/svg+xml",
            text,
            "A picture. Pages of any site may show it; it has no script and loads nothing.",
        ),
    };
    let mut success: Json = [("description", description.into())].into();
    if path.has_position {
        success = success.with("headers", headers::of_position());
    } else if path.parameters.contains(&PAGE_TOKEN) {
        success = success.with("headers", headers::of_page());
    }
    let mut content: Json = [(media, [("schema", schema)].into())].into();
    if let Some(lines) = lines {
        content = content.with("application/x-ndjson", Json::from([("schema", lines)]));
    }
    for (media, form) in tables::forms(path.pattern) {
        content = content.with(media, form);
    }
    let success = success.with("content", content);
    let mut responses: Json = [("200", success)].into();
    if path.has_position {
        responses = responses.with("304", reference("responses", "NotModified"));
    }
    refusals(responses, path.not_found)
}

/// The schema of the lines of a stream. It names what a line has beside the object of an event; that object's own schema
/// admits nothing more.
fn line_schema() -> Json {
    let text: Json = [("type", "string".into())].into();
    let id = text.clone().with(
        "description",
        "The position that the client holds after the line, for `after`; a line with an opening or an end has none.",
    );
    let properties: Json = [("event", text.clone()), ("id", id)].into();
    let line: Json = [
        ("type", "object".into()),
        (
            "description",
            "On each line an object of the schema WatchRatesResponse, with one more property, `id`.".into(),
        ),
        ("required", vec!["event"].into()),
        ("properties", properties),
    ]
    .into();
    text.with("contentMediaType", "application/json")
        .with("contentSchema", line)
}
