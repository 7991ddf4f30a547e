//! One request to a bank for a document, and the classes of response: the one place that decides what each of them means,
//! for polls, for backfills and for checks by hand.

use std::time::Duration;

use crate::fetch::{FetchError, FetchResponse, Fetcher, Validators};
use crate::sources::{Document, ParseError};

/// The pause between two requests to the same bank that go back in time: four a second are well below what any of the
/// banks throttles.
pub const REQUEST_PAUSE: Duration = Duration::from_millis(250);

/// The response to a request for a document.
#[derive(Debug)]
pub enum ParsedResponse<T> {
    /// The document, parsed.
    Parsed {
        /// What it says.
        content: T,
        /// The validators to keep once the content is accepted.
        validators: Validators,
    },
    /// The document is still the one that the validators belong to.
    NotModified,
    /// The document has no rows. To a request by date, this is how a bank says that it has no table of that date, or none
    /// yet.
    NoTable,
    /// The bank has no such document (404).
    NotFound,
    /// The document cannot be parsed. The bank's next document may still be good.
    Unparsable {
        /// What is wrong with it.
        error: ParseError,
        /// The delay that the bank demands: the document may be an error of the vendor.
        retry_after: Option<Duration>,
    },
    /// There is no document.
    Failed(FetchError),
}

/// Requests a document, or whether it is still the one that the validators belong to, and parses it.
pub async fn request<T>(
    fetcher: &Fetcher,
    path: &str,
    validators: &Validators,
    parse: impl FnOnce(&[u8]) -> Result<T, ParseError>,
) -> ParsedResponse<T> {
    match fetcher.get(path, validators).await {
        Ok(FetchResponse::NotModified) => ParsedResponse::NotModified,
        Ok(FetchResponse::Document {
            body,
            validators,
            retry_after,
        }) => match tracing::info_span!("parse", bytes = body.len()).in_scope(|| parse(&body)) {
            Ok(content) => ParsedResponse::Parsed {
                content,
                validators,
            },
            Err(ParseError::Empty) => ParsedResponse::NoTable,
            Err(error) => ParsedResponse::Unparsable { error, retry_after },
        },
        Err(error) if error.is_not_found() => ParsedResponse::NotFound,
        Err(error) => ParsedResponse::Failed(error),
    }
}

/// The error to report for [`ParsedResponse::NotFound`]; none where 404 is how the source says that there is no table.
pub fn not_found_error(document: &Document) -> Option<&'static str> {
    (!document.missing_is_normal).then_some("no table was found (404)")
}
