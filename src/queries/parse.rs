//! The texts of requests: pairs, currencies, dates and ranges of dates.

use jiff::civil::Date;

use crate::domain::{self, Currency, DateFormat, DateRange, Field, Pair, Refusal};

/// A pair, in any case.
///
/// # Errors
/// [`Refusal::InvalidPair`].
pub fn parse_pair(text: &str) -> Result<Pair, Refusal> {
    Pair::parse(text).map_err(|_invalid| Refusal::InvalidPair)
}

/// A currency code, in any case.
///
/// # Errors
/// [`Refusal::InvalidCurrency`].
pub fn parse_currency(field: Field, text: &str) -> Result<Currency, Refusal> {
    Currency::parse(text).map_err(|_invalid| Refusal::InvalidCurrency(field))
}

/// A date; none when the text is empty.
///
/// # Errors
/// [`Refusal::InvalidDate`].
pub fn parse_date(field: Field, text: &str) -> Result<Option<Date>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    let date = domain::parse_date(text, DateFormat::Iso);
    date.map(Some).ok_or(Refusal::InvalidDate(field))
}

/// The range between two dates, either of which may be left out.
///
/// # Errors
/// [`Refusal::InvalidDate`], [`Refusal::ReversedDates`].
pub fn parse_date_range(start: &str, end: &str) -> Result<DateRange, Refusal> {
    let first = parse_date(Field::StartDate, start)?.unwrap_or(Date::MIN);
    let last = parse_date(Field::EndDate, end)?.unwrap_or(Date::MAX);
    if first > last {
        return Err(Refusal::ReversedDates);
    }
    Ok(DateRange { first, last })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_date_has_ten_characters_or_is_left_out() {
        let of = |text| parse_date(Field::Date, text);
        assert_eq!(of(""), Ok(None));
        assert_eq!(of("2026-04-02"), Ok(Some(date(2026, 4, 2))));
        for wrong in [
            "2026-4-2",
            "tomorrow",
            "2026-02-30",
            "+026-04-02",
            "2026-04-02 ",
        ] {
            assert_eq!(of(wrong), Err(Refusal::InvalidDate(Field::Date)), "{wrong}");
        }
    }

    #[test]
    fn a_range_is_open_where_a_date_is_left_out_and_never_reversed() {
        let first = date(2026, 4, 1);
        assert_eq!(
            parse_date_range("2026-04-01", ""),
            Ok(DateRange {
                first,
                last: Date::MAX
            })
        );
        assert_eq!(
            parse_date_range("2026-04-02", "2026-04-01"),
            Err(Refusal::ReversedDates)
        );
    }
}
