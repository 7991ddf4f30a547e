//! The delay that a bank demands before the next request.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The longest delay before the next poll that a bank can demand: a day, so that a mistake of the bank does not silence a source forever.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The delay that the bank demands: seconds, or a date. Anything else is ignored.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds mean the longest delay.
        let wait = text.parse().map_or(RETRY_AFTER_MAX, Duration::from_secs);
        return Some(wait.min(RETRY_AFTER_MAX));
    }
    // The date parser's range begins in 1970, so a date beyond it is too late, not too early.
    let until =
        Timestamp::try_from(httpdate::parse_http_date(text).ok()?).unwrap_or(Timestamp::MAX);
    let wait = Duration::try_from(until.duration_since(now)).unwrap_or_default();
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn wait(text: &str) -> Option<Duration> {
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        let headers = [(RETRY_AFTER, HeaderValue::from_str(text).unwrap())];
        retry_after(&headers.into_iter().collect(), now)
    }

    #[test]
    fn a_bank_can_ask_for_a_wait_of_at_most_a_day() {
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait("0"), Some(Duration::ZERO));
        assert_eq!(wait("86401"), Some(RETRY_AFTER_MAX));
        assert_eq!(wait("99999999999999999999999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(
            wait("Mon, 23 Nov 2026 12:05:00 GMT"),
            Some(Duration::from_secs(300))
        );
        assert_eq!(wait("Mon, 23 Nov 2026 11:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("Fri, 31 Dec 9999 23:59:59 GMT"), Some(RETRY_AFTER_MAX));
        for neither in [
            "",
            "soon",
            "-5",
            "+5",
            "1.5",
            "Mon, 99 Nov 2026 12:05:00 GMT",
        ] {
            assert_eq!(wait(neither), None, "{neither:?}");
        }
    }
}
