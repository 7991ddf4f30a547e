//! Dates in text: the only parser of them, strict about the number of digits.

use jiff::civil::Date;

/// The format of a date in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateFormat {
    /// `2026-04-02`
    Iso,
    /// `02.04.2026`
    Dotted,
    /// `02/04/2026`, the day first
    Slashed,
}

impl DateFormat {
    /// The format for `strptime`, and an example: a text must have digits where that has them, and nothing else.
    fn pattern(self) -> (&'static str, &'static str) {
        match self {
            Self::Iso => ("%Y-%m-%d", "2026-04-02"),
            Self::Dotted => ("%d.%m.%Y", "02.04.2026"),
            Self::Slashed => ("%d/%m/%Y", "02/04/2026"),
        }
    }
}

/// Reads a date. Returns `None` if the text does not have the format exactly, or is not a date of the calendar.
pub fn parse_date(text: &str, format: DateFormat) -> Option<Date> {
    let (pattern, example) = format.pattern();
    let fits = |(byte, example): (u8, u8)| {
        if example.is_ascii_digit() {
            byte.is_ascii_digit()
        } else {
            byte == example
        }
    };
    // `strptime` alone would accept signs, spaces and single digits.
    let has_form = text.len() == example.len() && text.bytes().zip(example.bytes()).all(fits);
    has_form.then(|| Date::strptime(pattern, text).ok())?
}

/// The whole days between two dates, in either order.
pub(in crate::domain) fn days_between(one: Date, other: Date) -> u32 {
    let days = one.duration_since(other).as_hours().checked_div(24);
    u32::try_from(days.unwrap_or(i64::MAX).unsigned_abs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_date_has_exactly_the_digits_of_its_format() {
        let day = Some(date(2026, 4, 2));
        assert_eq!(parse_date("2026-04-02", DateFormat::Iso), day);
        assert_eq!(parse_date("02.04.2026", DateFormat::Dotted), day);
        let wrong = [
            "",
            "2026-4-2",
            "+026-04-02",
            "2026-04-02 ",
            " 026-04-02",
            "2026-02-30",
            "2026.04.02",
            "02.04.2026",
            "20260402",
            "٢٠٢٦-04-02",
        ];
        for text in wrong {
            assert_eq!(parse_date(text, DateFormat::Iso), None, "{text:?}");
        }
        assert_eq!(parse_date("02/04/2026", DateFormat::Slashed), day);
        for text in ["02.04.2026", "02/04.2026", "04/31/2026", "2/4/2026"] {
            assert_eq!(parse_date(text, DateFormat::Slashed), None, "{text:?}");
        }
        for text in ["2.04.2026", " 2.04.2026", "02-04-2026", "31.02.2026"] {
            assert_eq!(parse_date(text, DateFormat::Dotted), None, "{text:?}");
        }
    }
}
