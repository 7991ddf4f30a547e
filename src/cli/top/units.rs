//! Numbers, durations and instants as an operator reads them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

/// What stands in place of an unknown number.
pub(super) const UNKNOWN: &str = "-";

/// The units of bytes, each a thousand of the one before.
const BYTES: &[&str] = &["B", "kB", "MB", "GB"];
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// From this many days on an instant is a date: the name of a day would be ambiguous.
const NAMED_DAYS: i64 = 6;

/// A count, or a dash.
pub(super) fn count(number: Option<Decimal>) -> String {
    number.map_or_else(
        || UNKNOWN.to_owned(),
        |number| number.trunc().normalize().to_string(),
    )
}

/// A number a second with one decimal place, such as `1.5`; whole from a hundred on.
pub(super) fn speed(number: Option<Decimal>) -> String {
    let Some(number) = number else {
        return UNKNOWN.to_owned();
    };
    let places = u32::from(number < Decimal::ONE_HUNDRED);
    number.round_dp(places).normalize().to_string()
}

/// A number of bytes in the largest unit that leaves one before the point, such as `1.5 kB`.
pub(super) fn bytes(number: Option<Decimal>) -> String {
    let Some(mut number) = number else {
        return UNKNOWN.to_owned();
    };
    let mut units = BYTES.iter();
    let mut unit = units.next();
    while number >= Decimal::ONE_THOUSAND
        && let Some(larger) = units.next()
    {
        number = number
            .checked_div(Decimal::ONE_THOUSAND)
            .unwrap_or_default();
        unit = Some(larger);
    }
    format!(
        "{} {}",
        speed(Some(number)),
        unit.copied().unwrap_or_default()
    )
}

/// A duration in its largest unit, rounded down: `45 s`, `12 min`, `3 h`, `2 d`.
pub(super) fn short(seconds: i64) -> String {
    match seconds {
        ..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        DAY.. => format!("{} d", seconds / DAY),
    }
}

/// A duration in its two largest units: `3 d 4 h`.
pub(super) fn long(seconds: i64) -> String {
    let rest = match seconds {
        ..HOUR => return short(seconds),
        HOUR..DAY => seconds % HOUR,
        DAY.. => seconds % DAY / HOUR * HOUR,
    };
    match rest {
        ..MINUTE => short(seconds),
        rest => format!("{} {}", short(seconds), short(rest)),
    }
}

/// An instant in a time zone, as a time of today, of a named day of the week about today, or of a date.
pub(super) fn when(instant: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (local, today) = (zone.to_datetime(instant), zone.to_datetime(now));
    let distance = instant.duration_since(now).as_secs() / DAY;
    let format = if local.date() == today.date() {
        "%H:%M"
    } else if distance.abs() < NAMED_DAYS {
        "%a %H:%M"
    } else {
        "%Y-%m-%d"
    };
    local.strftime(format).to_string()
}

/// An instant of a message.
pub(super) fn instant(time: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    let time = time?;
    Timestamp::new(time.seconds, time.nanos).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_place_at_most_and_an_unknown_one_is_a_dash() {
        let speeds = [Decimal::new(125, 2), Decimal::new(12_345, 2), 7.into()];
        assert_eq!(
            speeds.map(|number| speed(Some(number))),
            ["1.2", "123", "7"]
        );
        assert_eq!(count(Some(Decimal::new(70, 1))), "7");
        assert_eq!([count(None), speed(None), bytes(None)], ["-"; 3]);
    }

    #[test]
    fn bytes_have_the_unit_that_leaves_few_digits() {
        for (number, text) in [
            (0_u64, "0 B"),
            (999, "999 B"),
            (1_000, "1 kB"),
            (44_486_656, "44.5 MB"),
            (5_000_000_000_000, "5000 GB"),
        ] {
            assert_eq!(bytes(Some(number.into())), text);
        }
    }

    #[test]
    fn a_duration_is_written_in_its_largest_units() {
        for (seconds, brief, exact) in [
            (0, "0 s", "0 s"),
            (59, "59 s", "59 s"),
            (60, "1 min", "1 min"),
            (3_600, "1 h", "1 h"),
            (3_659, "1 h", "1 h"),
            (7_800, "2 h", "2 h 10 min"),
            (86_400, "1 d", "1 d"),
            (273_660, "3 d", "3 d 4 h"),
        ] {
            assert_eq!((&*short(seconds), &*long(seconds)), (brief, exact));
        }
    }

    #[test]
    fn an_instant_is_written_in_the_time_zone_of_the_reader() {
        let almaty = TimeZone::get("Asia/Almaty").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-04-02T17:30:00Z");
        for (instant, text) in [
            ("2026-04-02T18:45:00Z", "23:45"),
            ("2026-04-02T19:00:00Z", "Fri 00:00"),
            ("2026-04-01T12:00:00Z", "Wed 17:00"),
            ("2026-04-09T12:00:00Z", "2026-04-09"),
        ] {
            assert_eq!(when(at(instant), now, &almaty), text);
        }
    }
}
