//! Every method of the contract in every way to read it: gRPC, JSON, CSV, lines of JSON and the command line give the same
//! digits. What gRPC sends is decoded by the descriptor, and written as JSON by the rules of the contract, so that the
//! program's own conversions are compared with something.

mod call;
mod fields;
mod methods;
mod mistakes;
mod refusals;
mod requests;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MethodDescriptor, ReflectMessage, Value as Field,
};
use serde_json::Value;
use tokio::process::Command;

use crate::contract::{descriptor, reference};
use crate::readings::call::answer;
use crate::readings::methods::{READINGS, Reading};
use crate::support::april::{bank_of_april, nbk, nbk_path, silkrate_of_april};
use crate::support::bank::Bank;
use crate::support::browser::{get, open};
use crate::support::commits::PATIENCE;
use crate::support::silkrate::Silkrate;

/// What a poll changes at any moment.
const LIVE: &[&str] = &[
    "last_verified_time",
    "last_attempt_time",
    "next_attempt_time",
    "requests_today",
];

/// The service of 2 April 2026, after the bank corrected its dollar and announced that of the next day: every kind of decimal
/// is there.
async fn corrected() -> (Bank, Silkrate) {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    bank.publish(&[
        (
            nbk_path("02.04.2026"),
            nbk("02.04.2026", ("475.11", "-3.66"), ("3.91", "-0.02")),
        ),
        (
            nbk_path("03.04.2026"),
            nbk("03.04.2026", ("474.50", "-0.61"), ("3.90", "-0.01")),
        ),
    ]);
    let corrected = async {
        loop {
            let rate = silkrate.rate("USD/KZT").await;
            if rate.value == "475.11" && rate.announced.is_some() {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let corrected = tokio::time::timeout(PATIENCE, corrected).await;
    corrected.expect("the correction and the announcement are served");
    (bank, silkrate)
}

fn method(reading: &Reading) -> MethodDescriptor {
    descriptor::method(reading.method).unwrap()
}

/// Whether a message answers: on a stream, the snapshot does.
fn is_answer(message: &DynamicMessage) -> bool {
    let event = message.descriptor().get_field_by_name("snapshot");
    event.is_none_or(|snapshot| message.has_field(&snapshot))
}

/// The rows at a place of a response, without what a poll changes.
fn rows_at(response: &Value, place: &str) -> Vec<Value> {
    let rows = match response.pointer(place) {
        Some(Value::Array(rows)) => rows.clone(),
        Some(row) => vec![row.clone()],
        None => panic!("nothing is at {place} of {response}"),
    };
    settled(rows)
}

fn settled(rows: Vec<Value>) -> Vec<Value> {
    let settled = |mut row: Value| {
        let fields = row.as_object_mut().unwrap();
        fields.retain(|name, _| !LIVE.contains(&name.as_str()));
        row
    };
    rows.into_iter().map(settled).collect()
}

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    settled(lines.collect())
}

async fn text(web: SocketAddr, path: &str) -> String {
    let answer = get(web, path, &[]).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.text().to_owned()
}

/// The second line of a stream, which is the snapshot.
async fn second_line(web: SocketAddr, path: &str) -> String {
    let mut exchange = open(web, ("GET", path), &[], b"").await;
    let mut text: Vec<u8> = Vec::new();
    while text.split(|byte| *byte == b'\n').count() < 3 {
        text.extend(exchange.chunk().await.expect("the stream goes on"));
    }
    let text = String::from_utf8(text).unwrap();
    text.lines().nth(1).unwrap().to_owned()
}

async fn printed(reading: &Reading, format: &str, url: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    command.args(reading.command);
    command.args(["--format", format, "--server", url]);
    let ended = command.output().await.unwrap();
    assert!(ended.status.success(), "{ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

/// The cell of a column, by the path of its value.
fn cell(row: &Value, path: &str) -> String {
    let plain = |value: Option<&Value>| match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    match path.split_once("/*") {
        None => plain(row.pointer(path)),
        Some((list, field)) => {
            let items = row.pointer(list).unwrap().as_array().unwrap().iter();
            let texts = items.map(|item| plain(item.pointer(field)));
            texts.collect::<Vec<_>>().join("+")
        }
    }
}

/// Asserts that CSV has a record for each row, and in it the text of each column.
fn assert_csv(text: &str, reading: &Reading, rows: &[Value]) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names: Vec<_> = reading.columns.iter().map(|(name, _)| *name).collect();
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), names);
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), rows.len(), "{}", reading.method);
    for (record, row) in records.iter().zip(rows) {
        for ((name, path), found) in reading.columns.iter().zip(record) {
            if !LIVE.contains(name) {
                assert_eq!(found, cell(row, path), "{}: {name}", reading.method);
            }
        }
    }
}

fn is_decimal(field: &FieldDescriptor) -> bool {
    field.kind() == Kind::String && descriptor::field_comment(field).contains("decimal")
}

/// Adds the decimal fields that a message has.
fn decimals(message: &DynamicMessage, found: &mut BTreeSet<String>) {
    for (field, value) in message.fields() {
        let items = match value {
            Field::List(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        for item in items {
            match item {
                Field::Message(inner) => decimals(inner, found),
                Field::String(_) if is_decimal(&field) => {
                    found.insert(field.full_name().to_owned());
                }
                _ => {}
            }
        }
    }
}

#[test]
fn every_method_of_the_contract_is_read() {
    let service = descriptor::pool().get_service_by_name("silkrate.v1.RateService");
    let methods = service.unwrap();
    let methods: BTreeSet<_> = methods.methods().map(|one| one.name().to_owned()).collect();
    let read = READINGS.iter().map(|reading| reading.method.to_owned());
    assert_eq!(read.collect::<BTreeSet<_>>(), methods);
}

#[tokio::test]
async fn every_answer_has_the_same_digits_in_every_way_to_read_it() {
    let (_bank, silkrate) = corrected().await;
    let (web, url) = (silkrate.web, silkrate.url.as_str());
    let mut seen = BTreeSet::new();
    for reading in READINGS {
        let (name, method) = (reading.method, method(reading));
        let request = (reading.request)();
        let asked = DynamicMessage::decode(method.input(), &*request).unwrap();
        let message = answer(url, &method, request, is_answer).await.unwrap();
        decimals(&message, &mut seen);
        let echoed = name == "ConvertAmount";
        let expected = reference::object(&message, echoed.then_some(&asked));
        let rows = rows_at(&Value::Object(expected), reading.rows);
        assert!(!rows.is_empty(), "{name}");

        let json = if method.is_server_streaming() {
            second_line(web, reading.path).await
        } else {
            text(web, reading.path).await
        };
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(rows_at(&json, reading.rows), rows, "{name}");
        let json: Value = serde_json::from_str(&printed(reading, "json", url).await).unwrap();
        assert_eq!(rows_at(&json, reading.printed_rows), rows, "{name}");

        if let Ok(path) = reading.table {
            let served = text(web, &path.replace("{}", ".ndjson")).await;
            assert_eq!(lines(&served), rows, "{name}");
            let served = text(web, &path.replace("{}", ".csv")).await;
            assert_csv(&served, reading, &rows);
        }
        if !reading.columns.is_empty() {
            assert_eq!(
                lines(&printed(reading, "ndjson", url).await),
                rows,
                "{name}"
            );
            assert_csv(&printed(reading, "csv", url).await, reading, &rows);
        }
    }
    let messages = descriptor::messages().into_iter();
    let answers = messages.filter(|message| {
        let name = message.full_name();
        name.starts_with("silkrate.v1.") && !name.ends_with("Request")
    });
    let fields = answers.flat_map(|message| message.fields().collect::<Vec<_>>());
    let all: BTreeSet<_> = fields
        .filter(is_decimal)
        .map(|field| field.full_name().to_owned())
        .collect();
    assert!(all.len() > 10, "{all:?}");
    assert_eq!(seen, all, "decimals that no answer had, or that are none");
    silkrate.finish().await;
}

#[test]
fn an_answer_without_rows_as_text_says_why() {
    for reading in READINGS {
        assert!(
            reading.table.is_ok_and(|path| path.contains("{}"))
                || reading.table.is_err_and(|reason| !reason.is_empty())
        );
    }
}
