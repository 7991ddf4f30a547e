//! The paths that return rows: a list, or one figure, as CSV, and as lines of JSON.

use crate::contract::openapi::headers;
use crate::contract::openapi::refusals::refusals;
use crate::contract::openapi::text::{Json, reference};

/// An answer of rows.
struct Table {
    /// The path without its ending.
    stem: &'static str,
    /// The id of the operation without its ending, and its summary.
    operation: (&'static str, &'static str),
    parameters: &'static [&'static str],
    /// The schema of a row.
    row: &'static str,
    not_found: Option<&'static str>,
    has_position: bool,
    has_layout: bool,
}

const TABLES: &[Table] = &[
    Table {
        stem: "/v1/snapshot",
        operation: ("getSnapshot", "Returns the rates of now or of a past day"),
        parameters: &["pairs", "date"],
        row: "Rate",
        not_found: None,
        has_position: true,
        has_layout: false,
    },
    Table {
        stem: "/v1/rates/{base}/{quote}",
        operation: (
            "getRate",
            "Returns the rate of a pair, of now or of a past day",
        ),
        parameters: &["base", "quote", "date"],
        row: "Rate",
        not_found: Some("No source quotes the pair, or no rate is known for the date."),
        has_position: true,
        has_layout: false,
    },
    Table {
        stem: "/v1/convert",
        operation: (
            "convertAmount",
            "Converts an amount from one currency to another",
        ),
        parameters: &["amount", "from", "to", "date", "round"],
        row: "ConvertAmountResponse",
        not_found: Some("No source quotes the pair, or no rate is known for the date."),
        has_position: false,
        has_layout: false,
    },
    Table {
        stem: "/v1/history/{base}/{quote}",
        operation: ("listRateHistory", "Lists the rates of a pair over time"),
        parameters: &["base", "quote", "step", "start", "end"],
        row: "Rate",
        not_found: Some("No source quotes the pair."),
        has_position: false,
        has_layout: true,
    },
    Table {
        stem: "/v1/history",
        operation: ("listRateHistories", "Lists the rates of pairs over time"),
        parameters: &["pairs", "step", "start", "end"],
        row: "Rate",
        not_found: None,
        has_position: false,
        has_layout: true,
    },
    Table {
        stem: "/v1/periods",
        operation: ("listPeriodRates", "Lists the figures of pairs in periods"),
        parameters: &["pairs", "period", "start", "end"],
        row: "PeriodRates",
        not_found: None,
        has_position: false,
        has_layout: false,
    },
    Table {
        stem: "/v1/fixings/{source}/{currency}",
        operation: (
            "listFixings",
            "Lists the rows of a source, as it printed them",
        ),
        parameters: &["source", "currency", "start", "end"],
        row: "Fixing",
        not_found: Some("The server has no such source."),
        has_position: false,
        has_layout: false,
    },
    Table {
        stem: "/v1/currencies",
        operation: ("listCurrencies", "Lists the currencies"),
        parameters: &[],
        row: "Currency",
        not_found: None,
        has_position: false,
        has_layout: false,
    },
    Table {
        stem: "/v1/pairs",
        operation: ("listPairs", "Lists the pairs that have a rate"),
        parameters: &["pairs"],
        row: "Pair",
        not_found: None,
        has_position: false,
        has_layout: false,
    },
    Table {
        stem: "/v1/sources",
        operation: ("listSources", "Lists the sources"),
        parameters: &[],
        row: "SourceDetail",
        not_found: None,
        has_position: false,
        has_layout: false,
    },
];

const CSV_TYPE: &str = "text/csv";
const LINES_TYPE: &str = "application/x-ndjson";

const CSV: &str = "\
Comma-separated values (RFC 4180) with a header; an empty field is unknown. A text that a spreadsheet would take for a formula \
has an apostrophe before it. All rows come in one response; if it cannot be completed, it is cut off.";

/// Every path with its operation.
pub(super) fn all() -> Vec<(String, Json)> {
    let paths = TABLES.iter().flat_map(|table| {
        let csv = (format!("{}.csv", table.stem), of_csv(table));
        [csv, (format!("{}.ndjson", table.stem), of_lines(table))]
    });
    let paths = paths.map(|(path, operation)| (path, [("get", operation)].into()));
    paths.collect()
}

/// The media types of a path without an ending beside that of JSON, for a client whose header Accept prefers one.
pub(super) fn forms(path: &str) -> Vec<(&'static str, Json)> {
    let table = TABLES.iter().find(|table| table.stem == path);
    let forms = |table| [(CSV_TYPE, csv()), (LINES_TYPE, lines(table))];
    table.map_or_else(Vec::new, |table| forms(table).to_vec())
}

fn csv() -> Json {
    let text: Json = [("type", "string".into())].into();
    [("schema", text)].into()
}

fn lines(table: &Table) -> Json {
    let schema: Json = [
        ("type", "string".into()),
        ("contentMediaType", "application/json".into()),
        ("contentSchema", reference("schemas", table.row)),
    ]
    .into();
    [("schema", schema)].into()
}

fn of_csv(table: &Table) -> Json {
    let mut own = vec!["dialect"];
    if table.has_layout {
        own.push("layout");
    }
    let content = [(CSV_TYPE, csv())].into();
    operation(table, ("Csv", " as CSV"), &own, (CSV, content))
}

fn of_lines(table: &Table) -> Json {
    let content = [(LINES_TYPE, lines(table))].into();
    let description = "A row on each line; the schema is that of one line.";
    operation(
        table,
        ("Lines", ", a JSON object on each line"),
        &[],
        (description, content),
    )
}

fn operation(
    table: &Table,
    (ending, form): (&str, &str),
    own: &[&str],
    (description, content): (&str, Json),
) -> Json {
    let (id, summary) = table.operation;
    let parameters = table.parameters.iter().chain(own);
    let parameters: Vec<_> = parameters
        .map(|name| reference("parameters", name))
        .collect();
    let mut success: Json = [("description", description.into())].into();
    if table.has_position {
        success = success.with("headers", headers::of_position());
    }
    let mut responses: Json = [("200", success.with("content", content))].into();
    if table.has_position {
        responses = responses.with("304", reference("responses", "NotModified"));
    }
    [
        ("operationId", format!("{id}{ending}").into()),
        ("summary", format!("{summary}{form}").into()),
        ("parameters", parameters.into()),
        ("responses", refusals(responses, table.not_found)),
    ]
    .into()
}
