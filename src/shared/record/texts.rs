//! The scalars of a record: texts outwards, and values inwards, with an error that names the field.

use std::fmt::Display;
use std::str::FromStr;

use rust_decimal::Decimal;

use crate::domain::{
    Currency, FINGERPRINT_BYTES, Fingerprint, Pair, QuoteKey, SourceId, parse_decimal,
};
use crate::shared::record::{RecordError, names};

/// The prefix of the subject of a source.
const SOURCE: &str = "source ";

/// What a subject names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Quote(QuoteKey),
    Source(SourceId),
}

/// The error of a field.
pub(super) fn broken(field: &str, what: &impl Display) -> RecordError {
    RecordError::Broken(format!("{field}: {what}"))
}

/// A date or an instant.
pub(super) fn time<T: FromStr<Err: Display>>(text: &str, field: &str) -> Result<T, RecordError> {
    text.parse().map_err(|error| broken(field, &error))
}

pub(super) fn optional_time<T: FromStr<Err: Display>>(
    text: Option<&String>,
    field: &str,
) -> Result<Option<T>, RecordError> {
    text.map(|text| time(text, field)).transpose()
}

pub(super) fn decimal(text: &str, field: &str) -> Result<Decimal, RecordError> {
    parse_decimal(text).map_err(|error| broken(field, &error))
}

pub(super) fn optional_decimal(
    text: Option<&String>,
    field: &str,
) -> Result<Option<Decimal>, RecordError> {
    text.map(|text| decimal(text, field)).transpose()
}

pub(super) fn currency(text: &str, field: &str) -> Result<Currency, RecordError> {
    Currency::parse(text).map_err(|error| broken(field, &error))
}

pub(super) fn source(id: &str) -> Result<SourceId, RecordError> {
    names::kept(id).map(SourceId::new)
}

/// A message that must be present.
pub(super) fn present<'a, T>(message: Option<&'a T>, field: &str) -> Result<&'a T, RecordError> {
    message.ok_or_else(|| broken(field, &"it is absent"))
}

/// A value of a name.
pub(super) fn named<T>(parsed: Option<T>, name: &str, field: &str) -> Result<T, RecordError> {
    parsed.ok_or_else(|| broken(field, &format!("there is no `{name}`")))
}

pub(super) fn fingerprint(bytes: &[u8], field: &str) -> Result<Fingerprint, RecordError> {
    let bytes: Result<[u8; FINGERPRINT_BYTES], _> = bytes.try_into();
    let bytes = bytes.map_err(|_other_length| broken(field, &"it is no digest"))?;
    Ok(Fingerprint::from_bytes(bytes))
}

/// The text of a subject, as in the ledger.
pub(super) fn quote_subject((home, other): QuoteKey) -> String {
    format!("{home}/{other}")
}

pub(super) fn source_subject(id: SourceId) -> String {
    format!("{SOURCE}{id}")
}

/// What a text names.
pub(super) fn subject(text: &str) -> Result<Subject, RecordError> {
    if let Some(id) = text.strip_prefix(SOURCE) {
        return Ok(Subject::Source(source(id)?));
    }
    let pair = Pair::parse(text).map_err(|error| broken("subject", &error))?;
    Ok(Subject::Quote((pair.base, pair.quote)))
}
