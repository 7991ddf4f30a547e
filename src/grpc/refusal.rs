//! Why a request is refused, as statuses that a program can act on.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use crate::domain::{FilterError, Pair};

/// The domain of every reason.
const DOMAIN: &str = "silkrate";
/// When a client of a draining server should come back: another replica answers at once, a restart takes a moment.
const DRAINING_RETRY: Duration = Duration::from_secs(1);

/// The server is stopping.
pub(super) fn draining() -> Status {
    let mut details = info("DRAINING");
    details.set_retry_info(Some(DRAINING_RETRY));
    Status::with_error_details(
        Code::Unavailable,
        "the server is shutting down; reconnect",
        details,
    )
}

/// A pair that nobody quotes.
pub(super) fn not_quoted(pair: Pair) -> Status {
    let message = format!(
        "nobody quotes {pair}: one side must be KZT, KGS, TJS, UZS or TMT, and a bank must publish the other"
    );
    Status::with_error_details(Code::NotFound, message, info("PAIR_NOT_QUOTED"))
}

/// A text that is not a pair.
pub(super) fn invalid_pair(field: &str, message: &str) -> Status {
    invalid("INVALID_PAIR", field.to_owned(), message.to_owned())
}

/// A filter that cannot be read.
pub(super) fn invalid_filter(error: &FilterError) -> Status {
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
pub(super) fn invalid_interval() -> Status {
    let message = "min_interval is not a duration of zero or more".to_owned();
    invalid("INVALID_INTERVAL", "min_interval".to_owned(), message)
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
