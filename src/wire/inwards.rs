//! Currencies and dates of requests, which can be wrong.

use jiff::civil::Date;
use tonic::Status;

use crate::domain::Currency;
use crate::wire::refusal;

/// A part of the past, both ends included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: Date,
    pub(crate) to: Date,
}

/// What a date looks like.
const DATE_FORM: &str = "YYYY-MM-DD";

/// A currency code, in any case.
pub(crate) fn currency(field: &str, text: &str) -> Result<Currency, Status> {
    Currency::parse(text).map_err(|error| refusal::invalid_currency(field, &error.to_string()))
}

/// A date; none when the text is empty.
pub(crate) fn date(field: &str, text: &str) -> Result<Option<Date>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    let date = (text.len() == DATE_FORM.len())
        .then(|| Date::strptime("%Y-%m-%d", text).ok())
        .flatten();
    let refused = || refusal::invalid_date(field, "a date is written YYYY-MM-DD");
    date.map(Some).ok_or_else(refused)
}

/// The time between two dates, either of which may be left out.
pub(crate) fn span(start: &str, end: &str) -> Result<Span, Status> {
    let from = date("start_date", start)?.unwrap_or(Date::MIN);
    let to = date("end_date", end)?.unwrap_or(Date::MAX);
    if from > to {
        let message = "start_date is after end_date";
        return Err(refusal::invalid_date("start_date", message));
    }
    Ok(Span { from, to })
}
