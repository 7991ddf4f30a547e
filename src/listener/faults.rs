//! Why HTTP ended a connection by itself.

use std::error::Error;

use h2::Reason;

use crate::telemetry::PortCounts;

/// Counts the end of a connection whose peer broke the rules of HTTP or made too much work. One that left, or failed, is not
/// counted, nor one that was cut for another reason, which is counted by what cut it.
pub(super) fn count_fault(counts: &PortCounts, error: &(dyn Error + 'static)) {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            match error.reason() {
                _ if !(error.is_go_away() && error.is_library()) => {}
                Some(Reason::ENHANCE_YOUR_CALM) => counts.flooding.increment(),
                _ => counts.malformed.increment(),
            }
            return;
        }
        let of_http = error.downcast_ref::<hyper::Error>();
        if of_http.is_some_and(|error| error.is_parse() || error.is_parse_too_large()) {
            counts.malformed.increment();
            return;
        }
        next = error.source();
    }
}
