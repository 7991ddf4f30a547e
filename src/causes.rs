//! The causes of an error, those that an I/O error wraps included.

use std::error::Error;
use std::io::{self, ErrorKind};

/// How many causes of an error are followed; the longest chain seen has seven.
const CAUSES_MAX: usize = 16;

/// The causes of an error, outermost first, itself left out.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(cause(error), |error| cause(*error)).take(CAUSES_MAX)
}

/// The source of an error. What an I/O error wraps counts as its source.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().map(io::Error::get_ref) {
        Some(Some(inner)) => Some(inner),
        Some(None) | None => error.source(),
    }
}

/// Whether a cause is that the connection ended.
pub(crate) fn is_end(cause: &(dyn Error + 'static)) -> bool {
    cause
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::UnexpectedEof)
}
