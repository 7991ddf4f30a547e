//! The vendors' JSON: the union of their members, of which each vendor sends some.

use std::borrow::Cow;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::{Currency, Separator, Table};
use crate::sources::market::{APILAYER, wanted};
use crate::sources::table_builder::{
    Quoting, Row, TableBuilder, TableHeader, iso_date, unix_seconds,
};
use crate::sources::text::printable;
use crate::sources::{ParseError, json};

/// From this length on, a word with digits or mixed case may be a key.
const KEY_BYTES_MIN: usize = 16;
/// Longer than any word of a message.
const WORD_BYTES_MAX: usize = 20;
/// How far a printed date may be from the date of the instant beside it: a table of the last second of a day has been seen
/// with the date of the next one.
const DATE_DISTANCE_MAX: SignedDuration = SignedDuration::from_hours(24);

/// The members of a response, each as its literal text: no number is converted.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    success: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    description: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    date: Option<&'a RawValue>,
    #[serde(borrow)]
    base: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow)]
    rates: Option<json::Members<'a>>,
    #[serde(borrow)]
    quotes: Option<json::Members<'a>>,
    #[serde(borrow)]
    usd: Option<json::Members<'a>>,
}

/// The error member of some vendors.
#[derive(Deserialize)]
struct VendorError<'a> {
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    info: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

/// Parses a response and builds its table. The text of an error, of the vendor or of the parser, is cleared of keys.
pub(super) fn read(
    bytes: &[u8],
    table: impl FnOnce(&Answer<'_>) -> Result<Table, ParseError>,
) -> Result<Table, ParseError> {
    let text = json::text(bytes);
    let result = json::document(&text)
        .and_then(|answer: Answer<'_>| answer.refusal().map_or_else(|| table(&answer), Err));
    result.map_err(|error| match error {
        ParseError::Malformed(words) => ParseError::Malformed(without_keys(&words)),
        ParseError::Unexpected(words) => ParseError::Unexpected(without_keys(&words)),
        ParseError::Date(words) => ParseError::Date(without_keys(&words)),
        ParseError::NoRows(words) => ParseError::NoRows(without_keys(&words)),
        // The words are cleared before they are shortened; otherwise half a key might be left at the end.
        ParseError::Refused(_) | ParseError::Contradiction(_) | ParseError::Empty => error,
    })
}

/// `base`, `timestamp`, perhaps `date`, and `rates`.
pub(super) fn rates_table(answer: &Answer<'_>) -> Result<Table, ParseError> {
    let base = currency(present(answer.base, "base")?)?;
    let (date, instant) = answer.moment()?;
    let rows = present(answer.rates.as_ref(), "rates")?.0.iter();
    let rows = rows.map(|(code, value)| (code.trim(), *value));
    market_table(base, date, Some(instant), rows)
}

/// `source`, `timestamp`, and `quotes` whose names begin with the source.
pub(super) fn quotes_table(answer: &Answer<'_>) -> Result<Table, ParseError> {
    let base = currency(present(answer.source, "source")?)?;
    let (date, instant) = answer.moment()?;
    let rows = present(answer.quotes.as_ref(), "quotes")?.0.iter();
    let rows = rows.map(|(pair, value)| {
        // A member that begins otherwise is no quote of this base, and its rest is not a code of three letters either.
        let code = pair.trim().strip_prefix(base.as_str());
        (code.unwrap_or_default(), *value)
    });
    market_table(base, date, Some(instant), rows)
}

/// `date` and `usd`.
pub(super) fn dated_table(answer: &Answer<'_>) -> Result<Table, ParseError> {
    let date = iso_date(&words(present(answer.date, "date")?))?;
    let rows = present(answer.usd.as_ref(), "usd")?.0.iter();
    let rows = rows.map(|(code, value)| (code.trim(), *value));
    market_table(Currency::USD, date, None, rows)
}

impl Answer<'_> {
    /// The printed instant and its UTC date. A date printed beside it does not count, unless it is days away: then one
    /// of them is not of this table.
    fn moment(&self) -> Result<(Date, Timestamp), ParseError> {
        let printed = json::cell(self.timestamp, "timestamp").map_err(ParseError::Unexpected)?;
        let instant = unix_seconds(&printed)?;
        let date = TimeZone::UTC.to_datetime(instant).date();
        let beside = self.date.and_then(|beside| iso_date(&words(beside)).ok());
        match beside {
            Some(beside) if beside.duration_since(date).abs() > DATE_DISTANCE_MAX => Err(
                ParseError::Unexpected(format!("the date {beside} with an instant of {date}")),
            ),
            Some(_) | None => Ok((date, instant)),
        }
    }

    /// The vendor's own error, if there is one: `success` that is not true, an `error`, or a message instead of rows.
    fn refusal(&self) -> Option<ParseError> {
        let failed = self.success.is_some_and(|success| success.get() != "true");
        let error = self.error.filter(|error| error.get() != "false");
        let rows = self.rates.is_some() || self.quotes.is_some() || self.usd.is_some();
        if !failed && error.is_none() && (rows || self.message.is_none()) {
            return None;
        }
        let inner: Option<VendorError<'_>> =
            error.and_then(|error| serde_json::from_str(error.get()).ok());
        let inner = inner.map(|inner| [inner.code, inner.kind, inner.info, inner.message]);
        let outer = [self.status, self.message, self.description];
        let said: Vec<_> = inner
            .into_iter()
            .flatten()
            .chain(outer)
            .flatten()
            .map(words)
            .collect();
        let said = without_keys(&said.join(" "));
        Some(ParseError::Refused(if said.is_empty() {
            "no message".into()
        } else {
            printable(&said)
        }))
    }
}

fn market_table<'a>(
    base: Currency,
    effective_date: Date,
    as_of: Option<Timestamp>,
    rows: impl Iterator<Item = (&'a str, &'a RawValue)>,
) -> Result<Table, ParseError> {
    let (taken, others): (Vec<_>, Vec<_>) = rows.partition(|(code, _)| wanted(code, base));
    let mut table = TableBuilder::new(TableHeader {
        source: APILAYER.id,
        document: "latest",
        pivot: base,
        quoting: Quoting::PivotIsBase,
        effective_date,
        as_of,
        separator: Separator::Point,
    });
    for (code, value) in taken {
        table.push(&Row {
            code: Ok(Cow::Borrowed(code)),
            units: Ok(Cow::Borrowed("1")),
            value: json::cell(Some(value), code),
            change: None,
        })?;
    }
    table.count_unwanted(others.len());
    table.finish()
}

fn present<T>(member: Option<T>, name: &str) -> Result<T, ParseError> {
    member.ok_or_else(|| ParseError::Unexpected(format!("no `{name}`")))
}

/// The base of a table: one of the two that are requested of vendors.
fn currency(member: &RawValue) -> Result<Currency, ParseError> {
    let code = words(member);
    Currency::parse(code.trim())
        .ok()
        .filter(|base| [Currency::USD, Currency::EUR].contains(base))
        .ok_or_else(|| {
            ParseError::Unexpected(format!("unexpected base currency `{}`", printable(&code)))
        })
}

/// A member as words: the content of a string, or the literal text of anything else.
fn words(member: &RawValue) -> Cow<'_, str> {
    let said: Result<String, _> = serde_json::from_str(member.get());
    said.map_or_else(|_no_string| Cow::Borrowed(member.get()), Cow::Owned)
}

/// The words without those that may be a key: what follows `=`, is in quotation marks or follows `key:`, and long ones
/// that are not plain words. The key is not known here, so everything that looks like one is removed.
fn without_keys(words: &str) -> String {
    let mut announced = false;
    let cleaned = words.split_whitespace().map(|word| {
        let masked = announced || looks_like_key(word);
        announced = ["key:", "id:", "token:"]
            .iter()
            .any(|label| word.to_ascii_lowercase().ends_with(label));
        match word.split_once('=') {
            Some((name, _)) => format!("{name}=…"),
            None if masked => "…".to_owned(),
            None => word.to_owned(),
        }
    });
    cleaned.collect::<Vec<_>>().join(" ")
}

fn looks_like_key(word: &str) -> bool {
    let bare = word.trim_matches(|character: char| ".,:;()[]".contains(character));
    let quoted = bare.starts_with(['\'', '"']) && bare.len() > 1;
    let key_character = |character: char| character.is_ascii_alphanumeric() || character == '-';
    quoted
        || word
            .split(|character| !key_character(character))
            .any(|run| {
                let tail = run.get(1..).unwrap_or_default();
                let plain = tail.bytes().all(|byte| byte.is_ascii_lowercase());
                run.len() > WORD_BYTES_MAX || run.len() >= KEY_BYTES_MIN && !plain
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_key_is_masked() {
        for (said, repeated) in [
            (
                "Key 0a1b2c3d4e5f60718293a4b5c6d7e8f9 is unknown.",
                "Key … is unknown.",
            ),
            ("/live?access_key=secret&source=USD", "/live?access_key=…"),
            ("Invalid access key: secret", "Invalid access key: …"),
            (
                "The app_id 'secret' was refused",
                "The app_id … was refused",
            ),
            ("a-secret-of-lower-case-words", "…"),
        ] {
            assert_eq!(without_keys(said), repeated);
        }
    }

    #[test]
    fn what_a_vendor_says_in_words_is_kept() {
        for said in [
            "101 invalid_access_key You have not supplied a valid API Access Key.",
            "105 base_currency_access_restricted",
            "Sign up at https://openexchangerates.org/signup",
            "KZT: `505.99287943000001` is not above zero",
        ] {
            assert_eq!(without_keys(said), said);
        }
    }
}
