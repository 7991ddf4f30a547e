//! Why a request is refused, as statuses that a program can act on.

use std::time::Duration;

use jiff::civil::Date;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, QuotaViolation, StatusExt};

use crate::domain::{DecimalError, FilterError, NotDecided, Pair};

/// The domain of every reason.
const DOMAIN: &str = "silkrate";
/// When a client of a draining server should come back: another replica answers at once, a restart takes a moment.
const DRAINING_RETRY: Duration = Duration::from_secs(1);

/// When a client whose stream has reached its age should come back: nothing is wrong, so it is soon.
const AGED_RETRY: Duration = Duration::from_millis(500);
/// When a client that found no room should try again: streams end when readers leave, and each once an hour.
const CROWDED_RETRY: Duration = Duration::from_secs(10);

/// When a client should ask a broken ledger again: it is tried each minute.
const STORE_RETRY: Duration = Duration::from_secs(60);

/// The server is stopping.
pub(crate) fn draining() -> Status {
    let mut details = info("DRAINING");
    details.set_retry_info(Some(jittered(DRAINING_RETRY)));
    Status::with_error_details(
        Code::Unavailable,
        "the server is shutting down; reconnect",
        details,
    )
}

/// A stream has reached its age.
pub(crate) fn aged() -> Status {
    let mut details = info("STREAM_AGED");
    details.set_retry_info(Some(jittered(AGED_RETRY)));
    Status::with_error_details(
        Code::Unavailable,
        "the stream has reached its age; reconnect and resume",
        details,
    )
}

/// There is no room for another stream.
pub(crate) fn too_many_streams(streams_max: u32) -> Status {
    let message = format!("the server holds {streams_max} streams already, the most it may");
    let mut details = info("TOO_MANY_STREAMS");
    details.set_quota_failure(vec![QuotaViolation::new("streams", message.clone())]);
    details.set_retry_info(Some(jittered(CROWDED_RETRY)));
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// A pair that nobody quotes.
pub(crate) fn not_quoted(pair: Pair) -> Status {
    let message = format!(
        "nobody quotes {pair}: one side must be KZT, KGS, TJS, UZS or TMT, and a bank must publish the other"
    );
    Status::with_error_details(Code::NotFound, message, info("PAIR_NOT_QUOTED"))
}

/// A text that is not a pair.
pub(crate) fn invalid_pair(field: &str, message: &str) -> Status {
    invalid("INVALID_PAIR", field.to_owned(), message.to_owned())
}

/// A filter that cannot be read.
pub(crate) fn invalid_filter(error: &FilterError) -> Status {
    match error {
        FilterError::InvalidPair { index, item: _ } => invalid(
            "INVALID_PAIR",
            format!("filter.pairs[{index}]"),
            error.to_string(),
        ),
        FilterError::TooManyPairs { count: _ } => invalid(
            "TOO_MANY_PAIRS",
            "filter.pairs".to_owned(),
            error.to_string(),
        ),
    }
}

/// An interval that is none.
pub(crate) fn invalid_interval() -> Status {
    let message = "min_interval is not a duration of zero or more".to_owned();
    invalid("INVALID_INTERVAL", "min_interval".to_owned(), message)
}

/// An amount that is no decimal.
pub(crate) fn invalid_amount(field: &str, error: DecimalError) -> Status {
    let message = format!("the {field} is {error}: write it like 1000 or -12.5");
    invalid("INVALID_AMOUNT", field.to_owned(), message)
}

/// A text that is no currency code.
pub(crate) fn invalid_currency(field: &str, message: &str) -> Status {
    invalid("INVALID_CURRENCY", field.to_owned(), message.to_owned())
}

/// A text that is no date, or dates in the wrong order.
pub(crate) fn invalid_date(field: &str, message: &str) -> Status {
    invalid("INVALID_DATE", field.to_owned(), message.to_owned())
}

/// A source, or a document of it, that is not there.
pub(crate) fn invalid_source(field: &str, message: String) -> Status {
    invalid("INVALID_SOURCE", field.to_owned(), message)
}

/// A table that cannot be read.
pub(crate) fn invalid_table(field: String, message: String) -> Status {
    invalid("INVALID_TABLE", field, message)
}

/// A page that is none.
pub(crate) fn invalid_page(field: &str, message: &str) -> Status {
    invalid("INVALID_PAGE", field.to_owned(), message.to_owned())
}

/// A day of which nothing is known.
pub(crate) fn no_rate_on_date(pair: Pair, day: Date) -> Status {
    let message = format!("nothing is known of {pair} on {day} or in the two weeks before");
    Status::with_error_details(Code::NotFound, message, info("NO_RATE_ON_DATE"))
}

/// An amount that no decimal can hold.
pub(crate) fn result_too_large(pair: Pair) -> Status {
    let message = format!(
        "the result in {} has more digits than can be kept",
        pair.quote
    );
    invalid("INVALID_AMOUNT", "amount".to_owned(), message)
}

/// The ledger does not answer.
pub(crate) fn store_unavailable(message: &str) -> Status {
    let mut details = info("STORE_UNAVAILABLE");
    details.set_retry_info(Some(STORE_RETRY));
    Status::with_error_details(Code::Unavailable, message, details)
}

/// Too many ask about the past at once.
pub(crate) fn busy(message: &str) -> Status {
    let mut details = info("TOO_MANY_QUERIES");
    details.set_retry_info(Some(DRAINING_RETRY));
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// No held value has the name.
pub(crate) fn not_decided(error: &NotDecided) -> Status {
    let (code, reason) = match error {
        NotDecided::NotHeld(_) => (Code::NotFound, "NOT_HELD"),
        NotDecided::Changed { id: _, value: _ } => (Code::FailedPrecondition, "HELD_VALUE_CHANGED"),
    };
    Status::with_error_details(code, error.to_string(), info(reason))
}

/// Half as long to half as long again: those who were cut together do not come back together.
fn jittered(delay: Duration) -> Duration {
    let most = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    (delay / 2).saturating_add(Duration::from_millis(fastrand::u64(0..=most)))
}

fn invalid(reason: &str, field: String, message: String) -> Status {
    let mut details = info(reason);
    details.set_bad_request(vec![FieldViolation::new(field, message.clone())]);
    Status::with_error_details(Code::InvalidArgument, message, details)
}

#[expect(
    clippy::disallowed_types,
    reason = "the library wants a HashMap; this one is empty"
)]
fn info(reason: &str) -> ErrorDetails {
    ErrorDetails::with_error_info(reason, DOMAIN, std::collections::HashMap::new())
}
