//! The whole description: what stands around the schemas and the paths.

use crate::contract::descriptor;
use crate::contract::openapi::text::{Json, reference};
use crate::contract::openapi::{choices, headers, paths, schemas, tables};

const DESCRIPTION: &str = "\
Official Central Asian currency rates, exact to the last digit. The objects are the messages of the gRPC contract, \
proto/silkrate/v1/rates.proto, under the names of its fields, and this description is generated from it. Decimals are \
strings in plain notation, dates are YYYY-MM-DD, instants are UTC, durations are seconds such as `20s`, and enum values have \
no prefix. A field that the contract calls absent is null, which never means zero. Rows as CSV or as lines have a path with \
an ending; the path without it returns the same for a client whose header Accept prefers `text/csv` or `application/x-ndjson`. \
A server may demand a key, `authorization: Bearer KEY`; a page sends a token in its place, as the parameter `token`, which its \
site gets by `POST /v1/tokens`.";

const CODE: &str = "^[A-Za-z]{3}$";
/// Days up to the 28th exist in every month.
const DATE: &str = "^([0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]))?$";
const POSITION: &str = "^[A-Za-z0-9]{1,64}:[0-9]{1,18}$";
const ITEM: &str = r"([A-Za-z]{3}|\*)/([A-Za-z]{3}|\*)";

/// The description as a file.
pub(super) fn text() -> String {
    let mut all = schemas::all();
    all.push(("End".to_owned(), end()));
    all.push(("Error".to_owned(), error()));
    let components: Json = [
        ("schemas", Json::Object(all)),
        ("parameters", parameters()),
        ("headers", headers::all()),
        ("responses", responses()),
    ]
    .into();
    let licence = "MIT OR Apache-2.0";
    let info: Json = [
        ("title", "silkrate, for browsers".into()),
        ("version", "1".into()),
        (
            "license",
            [("name", licence.into()), ("identifier", licence.into())].into(),
        ),
        ("description", DESCRIPTION.into()),
    ]
    .into();
    let whole: Json = [
        ("openapi", "3.1.0".into()),
        ("info", info),
        ("servers", vec![Json::from([("url", "/".into())])].into()),
        (
            "paths",
            Json::Object([paths::all(), tables::all()].concat()),
        ),
        ("components", components),
    ]
    .into();
    whole.file()
}

fn described(kind: &str, description: &str) -> Json {
    [("type", kind.into()), ("description", description.into())].into()
}

fn end() -> Json {
    let retry = described(
        "integer",
        "The time to wait before reconnecting, in milliseconds.",
    );
    schemas::closed(
        "The last event of a stream that the server ends.",
        vec![
            ("event".to_owned(), schemas::constant("end")),
            (
                "reason".to_owned(),
                described("string", "The reason, for programs."),
            ),
            (
                "message".to_owned(),
                described("string", "The reason, as a sentence."),
            ),
            ("retry_milliseconds".to_owned(), retry.with("minimum", 0)),
        ],
    )
}

fn error() -> Json {
    let field: Json = [
        ("type", vec!["string", "null"].into()),
        (
            "description",
            "The parameter that is wrong. Null: the error concerns no single parameter.".into(),
        ),
    ]
    .into();
    let reason = described(
        "string",
        "The reason, for programs: that of the google.rpc.ErrorInfo over gRPC.",
    );
    let error = schemas::closed(
        "The refusal.",
        vec![
            ("reason".to_owned(), reason.with("pattern", "^[A-Z_]+$")),
            (
                "message".to_owned(),
                described("string", "The reason, as a sentence."),
            ),
            ("field".to_owned(), field),
        ],
    );
    schemas::closed(
        "A request that is refused.",
        vec![("error".to_owned(), error)],
    )
}

fn responses() -> Json {
    let refused = |description: &str| {
        let content: Json = [("schema", reference("schemas", "Error"))].into();
        Json::from([
            ("description", description.into()),
            ("content", [("application/json", content)].into()),
        ])
    };
    let retry: Json = [("retry-after", reference("headers", "retry_after"))].into();
    let unmodified = "The client holds the current response.";
    [
        (
            "NotModified",
            Json::from([("description", unmodified.into())])
                .with("headers", headers::of_position()),
        ),
        (
            "BadRequest",
            refused("A parameter cannot be read; `field` names it."),
        ),
        (
            "Unauthorized",
            refused("The server demands a key (`authorization: Bearer KEY`), or the one that was sent is not valid."),
        ),
        (
            "Forbidden",
            refused("The page that sends the request is of an origin that is not allowed, or its key is not for this."),
        ),
        ("NotFound", refused("The path leads to nothing.")),
        ("MethodNotAllowed", refused("The path can only be read.")),
        ("UriTooLong", refused("The query is too long.")),
        (
            "TooManyRequests",
            refused(
                "The client has as many streams as one may, or has used its quota of the minute.",
            )
            .with("headers", retry.clone()),
        ),
        (
            "ServiceUnavailable",
            refused("The server is stopping, has no state to serve yet, or cannot answer now.")
                .with("headers", retry),
        ),
        ("GatewayTimeout", refused("The response took too long.")),
    ]
    .into()
}

/// A parameter: its name and place, what it means, its schema, and an example.
struct Parameter {
    component: &'static str,
    name: &'static str,
    place: &'static str,
    /// A field of a request whose comment says what it means, or the words themselves.
    meaning: &'static str,
    pattern: &'static str,
    example: &'static str,
}

const fn parameter(
    (component, place): (&'static str, &'static str),
    meaning: &'static str,
    pattern: &'static str,
    example: &'static str,
) -> Parameter {
    Parameter {
        component,
        name: component,
        place,
        meaning,
        pattern,
        example,
    }
}

const PARAMETERS: &[Parameter] = &[
    parameter(
        ("base", "path"),
        "The base currency: the one priced.",
        CODE,
        "KZT",
    ),
    parameter(
        ("quote", "path"),
        "The quote currency: the one of the price.",
        CODE,
        "USD",
    ),
    parameter(
        ("pair", "path"),
        "The base currency and the quote currency.",
        "^[A-Za-z]{3}-[A-Za-z]{3}$",
        "USD-KZT",
    ),
    parameter(
        ("source", "path"),
        "ListFixingsRequest.source",
        "^[a-z]{2,10}$",
        "nbk",
    ),
    parameter(
        ("currency", "path"),
        "ListFixingsRequest.currency",
        CODE,
        "USD",
    ),
    parameter(
        ("start", "query"),
        "ListFixingsRequest.start_date",
        DATE,
        "2025-12-01",
    ),
    parameter(
        ("end", "query"),
        "ListFixingsRequest.end_date",
        DATE,
        "2025-12-31",
    ),
    parameter(
        ("page_token", "query"),
        "ListFixingsRequest.page_token",
        "",
        "",
    ),
    parameter(
        ("amount", "query"),
        "ConvertAmountRequest.amount",
        r"^-?[0-9]{1,12}(\.[0-9]{1,8})?$",
        "100",
    ),
    parameter(
        ("from", "query"),
        "ConvertAmountRequest.from_currency",
        CODE,
        "USD",
    ),
    parameter(
        ("to", "query"),
        "ConvertAmountRequest.to_currency",
        CODE,
        "KZT",
    ),
    parameter(("date", "query"), "ConvertAmountRequest.date", DATE, ""),
    parameter(
        ("after", "query"),
        "WatchRatesRequest.resume_after",
        POSITION,
        "",
    ),
    parameter(
        ("speed", "query"),
        "The speed of the element in pixels per second; 50 if left out, and 0 stops it.",
        "^[0-9]{0,4}$",
        "",
    ),
    Parameter {
        component: "link",
        name: "link",
        place: "query",
        meaning: "A template for the address of each entry, in which {base}, {quote} and {pair} are filled in, such as /rates/{pair}.",
        pattern: r"^([/?#][^\s\\]*|https?:[^\s\\]*)?$",
        example: "",
    },
    Parameter {
        component: "repeated_event_id",
        name: "lastEventId",
        place: "query",
        meaning: "The same in the address, as event-source-polyfill sends it. It takes precedence over `after`.",
        pattern: POSITION,
        example: "",
    },
    Parameter {
        component: "last_event_id",
        name: "Last-Event-ID",
        place: "header",
        meaning: "The last `id` that a browser received, which it sends when it reconnects. It takes precedence over `after`.",
        pattern: POSITION,
        example: "",
    },
];

/// The parameters that are whole numbers: their names, meanings, bounds and examples.
const NUMBERS: &[(&str, &str, (u32, u32), u32)] = &[
    (
        "page_size",
        "ListFixingsRequest.page_size",
        (1, 2_147_483_647),
        10,
    ),
    (
        "width",
        "The width of a picture in pixels; 640 if left out. Below 200 a chart has no labels.",
        (120, 2000),
        320,
    ),
    (
        "height",
        "The height of a chart in pixels; 320 if left out. Below 100 it has no labels.",
        (60, 1200),
        160,
    ),
];

fn parameters() -> Json {
    let mut all = vec![("pairs".to_owned(), pairs())];
    for parameter in PARAMETERS {
        let mut schema: Json = [("type", "string".into())].into();
        if !parameter.pattern.is_empty() {
            schema = schema.with("pattern", parameter.pattern);
        }
        let is_required =
            parameter.place == "path" || ["amount", "from", "to"].contains(&parameter.name);
        let mut described = in_place(
            parameter.name,
            parameter.place,
            is_required,
            parameter.meaning,
            schema,
        );
        if !parameter.example.is_empty() {
            described = described.with("example", parameter.example);
        }
        all.push((parameter.component.to_owned(), described));
    }
    for (name, meaning, (least, most), example) in NUMBERS {
        let schema: Json = [
            ("type", "integer".into()),
            ("minimum", (*least).into()),
            ("maximum", (*most).into()),
        ]
        .into();
        let number = in_place(name, "query", false, meaning, schema);
        all.push(((*name).to_owned(), number.with("example", *example)));
    }
    for (name, meaning, values) in choices::CHOICES {
        all.push(((*name).to_owned(), chosen(name, meaning, values.to_vec())));
    }
    let windows = vec!["", "previous", "week", "month", "year"];
    let meaning = "The period of a change; previous, from the fixing before, if left out.";
    let window = chosen("window", meaning, windows);
    all.push(("change_window".to_owned(), window));
    let mut locales = vec![String::new()];
    locales.extend(descriptor::locales());
    let locale = chosen(
        "locale",
        "The language of numbers and words; en if left out.",
        locales,
    );
    all.push(("locale".to_owned(), locale.with("example", "ru")));
    Json::Object(all)
}

fn pairs() -> Json {
    let pattern = format!("^{ITEM}(,{ITEM}){{0,255}}$|^$");
    let schema: Json = [("type", "string".into()), ("pattern", pattern.into())].into();
    let meaning = format!(
        "Separated by commas. {}",
        descriptor::meaning("RateFilter.pairs")
    );
    in_place("pairs", "query", false, &meaning, schema).with("example", "KZT/USD,*/RUB")
}

fn chosen<T: Into<Json>>(name: &str, meaning: &str, values: Vec<T>) -> Json {
    let schema: Json = [("type", "string".into()), ("enum", values.into())].into();
    in_place(name, "query", false, meaning, schema)
}

fn in_place(name: &str, place: &str, is_required: bool, meaning: &str, schema: Json) -> Json {
    [
        ("name", name.into()),
        ("in", place.into()),
        ("required", is_required.into()),
        ("description", descriptor::meaning(meaning).into()),
        ("schema", schema),
    ]
    .into()
}
