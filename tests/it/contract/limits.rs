//! The comment of every method names its limits, with the numbers that the service has.

use std::time::Duration;

use prost::Message;
use rust_decimal::Decimal;
use silkrate::admin::{NOTE_CHARS_MAX, ROWS_MAX};
use silkrate::config::STREAMS_DEFAULT;
use silkrate::domain::{AMOUNT_DIGITS, DECIMAL_BYTES_MAX, FILTER_PAIRS_MAX};
use silkrate::feed::{MIN_INTERVAL_MAX, STREAM_AGE_MAX};
use silkrate::ledger::QUERIES_MAX;
use silkrate::queries::{PAGE_BYTES_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX};
use silkrate::{json, pb};

use crate::contract::descriptor;

/// More than the token of a page has.
const TOKEN_BYTES: usize = 128;

/// What the comment of a method must say of a field of its request.
fn limits_of(field: &str) -> Vec<String> {
    match field {
        "filter" => vec![format!("a filter of at most {FILTER_PAIRS_MAX} items")],
        "page_size" => vec![
            format!("page of at most {PAGE_SIZE_MAX} "),
            format!("without one a page has {PAGE_SIZE_DEFAULT}."),
        ],
        // A page of a history has rates with the rows behind them, which fill more bytes than those of the other lists.
        "step" => vec![format!("about {PAGE_BYTES_MAX} bytes")],
        "period" => vec![format!("at most {PAGE_BYTES_MAX} bytes")],
        "start_date" => vec!["ny range of dates".to_owned()],
        "date" => vec!["ny date.".to_owned()],
        "round_to_minor_unit" => vec![format!("has {AMOUNT_DIGITS} significant digits")],
        "min_interval" => vec![
            format!(
                "of more than {} is lowered to it",
                one_hour(MIN_INTERVAL_MAX)
            ),
            format!("a limit of streams, {STREAMS_DEFAULT} by default"),
            format!("ends a stream after about {}", an_hour(STREAM_AGE_MAX)),
        ],
        "amount" => vec![
            format!("at most {DECIMAL_BYTES_MAX} characters"),
            format!("at most {} decimal places", Decimal::MAX_SCALE),
            format!("at most {},", Decimal::MAX),
        ],
        "note" => vec![format!("first {NOTE_CHARS_MAX} characters of a note")],
        "table" => vec![format!("a table of 1 to {ROWS_MAX} rows")],
        _ => Vec::new(),
    }
}

/// A duration in words.
fn one_hour(duration: Duration) -> String {
    match duration.as_secs() {
        3600 => "one hour".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}

fn an_hour(duration: Duration) -> String {
    one_hour(duration).replace("one", "an")
}

/// The sentences of a comment about limits.
fn limits(comment: &str) -> Option<&str> {
    let (_, limits) = comment.split_once("Limits: ")?;
    let (limits, _) = limits.split_once("Errors: ")?;
    Some(limits)
}

#[test]
fn the_comment_of_every_method_names_the_limits_that_the_service_has() {
    let services = descriptor::pool().services();
    let ours = services.filter(|service| service.full_name().starts_with("silkrate."));
    let methods: Vec<_> = ours
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .collect();
    assert!(methods.len() > 10, "both services have methods");
    let mut missing = Vec::new();
    for method in methods {
        let (name, comment) = (method.name(), descriptor::method_comment(&method));
        let Some(limits) = limits(&comment) else {
            missing.push(format!("{name}: \"Limits: …\" before \"Errors: …\""));
            continue;
        };
        for field in method.input().fields() {
            let wanted = limits_of(field.name()).into_iter();
            let absent = wanted.filter(|words| !limits.contains(words.as_str()));
            missing.extend(absent.map(|words| format!("{name}, of {}: {words:?}", field.name())));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The longest value: a negative one with all digits that a decimal has.
fn longest_value() -> String {
    let mut value = Decimal::MIN;
    value.set_scale(Decimal::MAX_SCALE).unwrap();
    value.to_string()
}

#[test]
fn the_largest_page_of_periods_has_fewer_bytes_than_its_limit() {
    let date = || "2026-12-31".to_owned();
    let dated = || {
        Some(pb::DatedValue {
            date: date(),
            value: longest_value(),
        })
    };
    let row = pb::PeriodRates {
        pair: "KZT/USD".to_owned(),
        start_date: date(),
        end_date: date(),
        complete: false,
        first: dated(),
        last: dated(),
        highest: dated(),
        lowest: dated(),
        average: longest_value(),
        days: u32::MAX,
        fixings: u32::MAX,
    };
    let page = pb::ListPeriodRatesResponse {
        periods: vec![row; PAGE_SIZE_MAX],
        next_page_token: Some("A".repeat(TOKEN_BYTES)),
    };
    let text = json::text(&json::ListPeriodRatesResponse::from(&page)).unwrap();
    for bytes in [text.len(), page.encoded_len()] {
        assert!(bytes < PAGE_BYTES_MAX, "{bytes}");
    }
}

#[test]
fn the_comment_of_the_service_names_how_many_questions_about_the_past_are_answered_at_a_time() {
    let service = descriptor::pool().get_service_by_name("silkrate.v1.RateService");
    let comment = descriptor::service_comment(&service.unwrap());
    let limit = format!("{QUERIES_MAX} of them run or wait at a time");
    assert!(comment.contains(&limit), "{comment}");
}
