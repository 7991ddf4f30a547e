//! The comment of every method names its limits, with the numbers that the service has.

use silkrate::domain::{AMOUNT_DIGITS, FILTER_PAIRS_MAX};
use silkrate::ledger::QUERIES_MAX;
use silkrate::queries::{PAGE_BYTES_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX};

use crate::contract::descriptor;

/// What the comment of a method must say of a field of its request.
fn limits_of(field: &str) -> Vec<String> {
    match field {
        "filter" => vec![format!("a filter of at most {FILTER_PAIRS_MAX} items")],
        "page_size" => vec![
            format!("page of at most {PAGE_SIZE_MAX} "),
            format!("without one a page has {PAGE_SIZE_DEFAULT}."),
        ],
        // The steps of a history multiply the rates of a page, which have rows of fixings.
        "step" => vec![format!("about {PAGE_BYTES_MAX} bytes")],
        "start_date" => vec!["ny range of dates".to_owned()],
        "date" => vec!["ny date.".to_owned()],
        "round_to_minor_unit" => vec![format!("has {AMOUNT_DIGITS} significant digits")],
        _ => Vec::new(),
    }
}

/// The sentences of a comment about limits.
fn limits(comment: &str) -> Option<&str> {
    let (_, limits) = comment.split_once("Limits: ")?;
    let (limits, _) = limits.split_once("Errors: ")?;
    Some(limits)
}

#[test]
fn the_comment_of_every_method_names_the_limits_that_the_service_has() {
    let service = descriptor::pool().get_service_by_name("silkrate.v1.RateService");
    let mut missing = Vec::new();
    for method in service.unwrap().methods() {
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

#[test]
fn the_comment_of_the_service_names_how_many_questions_about_the_past_are_answered_at_a_time() {
    let service = descriptor::pool().get_service_by_name("silkrate.v1.RateService");
    let comment = descriptor::service_comment(&service.unwrap());
    let limit = format!("{QUERIES_MAX} of them run or wait at a time");
    assert!(comment.contains(&limit), "{comment}");
}
