//! When a key ends, and how long it overlaps with the one in its place, as an operator writes it.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::cli::failure::Failure;
use crate::domain::{DateFormat, parse_date};

/// What ends are accepted.
const ENDS: &str = "write a duration such as 90d, 12h or 1y, a date such as 2027-01-31 (valid until the end of it, in UTC), or a timestamp such as 2027-01-31T09:00:00Z";

/// What overlaps are accepted.
const OVERLAPS: &str = "write a duration such as 1d or 12h, or 0s to end the old key at once";

/// The instant of an end (`--expires`): a date lasts until its midnight, in UTC.
pub(super) fn end(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    if let Some(date) = parse_date(text, DateFormat::Iso) {
        let midnight = date
            .tomorrow()
            .and_then(|next| next.to_zoned_datetime(TimeZone::UTC));
        let midnight = midnight.map(|midnight| midnight.timestamp());
        return in_future(text, midnight.ok(), now);
    }
    match text.parse::<Timestamp>() {
        Ok(instant) => in_future(text, Some(instant), now),
        Err(_not_one) => in_future(text, after(text, now), now),
    }
}

/// The instant until which an old key stays valid (`--overlap`), now at the earliest.
pub(super) fn overlap(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let until = after(text, now).filter(|until| *until >= now);
    until.ok_or_else(|| Failure::Usage {
        message: format!("`{text}` is no time for which an old key stays valid (--overlap)"),
        hint: OVERLAPS.to_owned(),
    })
}

/// The instant after a duration; `None` if the text is no duration.
fn after(text: &str, now: Timestamp) -> Option<Timestamp> {
    let span = text.parse::<Span>().ok()?;
    let later = now.to_zoned_datetime(TimeZone::UTC).checked_add(span);
    later.map(|later| later.timestamp()).ok()
}

fn in_future(text: &str, instant: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Failure> {
    let problem = match instant {
        Some(instant) if instant > now => return Ok(instant),
        Some(_) => "is in the past",
        None => "is no duration and no date",
    };
    Err(Failure::Usage {
        message: format!("`{text}` {problem} (--expires)"),
        hint: ENDS.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_duration_a_date_or_a_timestamp_that_is_to_come() {
        let now: Timestamp = "2026-04-02T09:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("90d", "2026-07-01T09:00:00Z"),
            ("12h", "2026-04-02T21:00:00Z"),
            ("1y", "2027-04-02T09:00:00Z"),
            ("2026-04-02", "2026-04-03T00:00:00Z"),
            ("2027-01-31", "2027-02-01T00:00:00Z"),
            ("2026-04-02T09:00:01Z", "2026-04-02T09:00:01Z"),
        ] {
            assert_eq!(end(text, now).unwrap(), expected.parse().unwrap(), "{text}");
        }
        for wrong in [
            "",
            "soon",
            "-1d",
            "0d",
            "2026-04-01",
            "2026-04-02T09:00:00Z",
            "2026-02-30",
            "99999y",
        ] {
            assert_eq!(end(wrong, now).unwrap_err().code(), 64, "{wrong}");
        }
    }

    #[test]
    fn an_old_key_may_end_at_once_or_after_a_duration_and_not_before() {
        let now: Timestamp = "2026-04-02T09:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("0s", "2026-04-02T09:00:00Z"),
            ("1h", "2026-04-02T10:00:00Z"),
            ("1d", "2026-04-03T09:00:00Z"),
        ] {
            let until = overlap(text, now).unwrap();
            assert_eq!(until, expected.parse().unwrap(), "{text}");
        }
        for wrong in ["", "-1s", "soon", "2027-01-31", "99999y"] {
            let Failure::Usage { message, hint } = overlap(wrong, now).unwrap_err() else {
                panic!("{wrong}")
            };
            assert!(message.contains("--overlap"), "{message}");
            assert!(hint.contains("0s"), "{hint}");
        }
    }
}
