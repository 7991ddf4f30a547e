//! How a language writes numbers and dates, and its words for the fragment. All of it comes from `locales.json`, which
//! the build of the element reads too, so that both write a number in the same way.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;

use crate::domain::{Change, Direction, Rate, TickerStyle, ticker_entry};

/// The fallback for a name that another language lacks.
pub(super) const FALLBACK: &str = "en";
/// Digits of a group of the whole part.
const GROUP_DIGITS: usize = 3;

static TABLE: LazyLock<Table> =
    LazyLock::new(|| serde_json::from_str(include_str!("locales.json")).unwrap_or_default());

#[derive(Debug, Default, Deserialize)]
struct Table {
    locales: BTreeMap<String, Locale>,
}

/// One language.
#[derive(Debug, Deserialize)]
pub(super) struct Locale {
    decimal: String,
    group: String,
    minus: String,
    plus: String,
    percent: String,
    date: String,
    months: Vec<String>,
    pub(super) words: Words,
    banks: BTreeMap<String, String>,
}

/// The words of the fragment.
#[derive(Debug, Deserialize)]
pub(super) struct Words {
    pub(super) rates: String,
    pub(super) up: String,
    pub(super) down: String,
    pub(super) unchanged: String,
    pub(super) since: String,
    pub(super) as_of: String,
    pub(super) from_tomorrow: String,
    pub(super) from: String,
    pub(super) stale: String,
    pub(super) late: String,
    pub(super) held: String,
    pub(super) no_change: String,
    pub(super) unknown: String,
    pub(super) source: String,
}

/// The tags of every language, sorted.
pub(super) fn tags() -> impl Iterator<Item = &'static str> {
    TABLE.locales.keys().map(String::as_str)
}

/// The language of a tag such as `ru-KZ`, `ru_RU` or `uz-Cyrl-UZ`, in any case, with the canonical tag: the one of this
/// language and script, else the one of this language.
pub(super) fn find(tag: &str) -> Option<(&'static str, &'static Locale)> {
    let mut parts = tag.split(['-', '_']);
    let language = parts.next().unwrap_or_default();
    let in_script = parts.next().map(|script| format!("{language}-{script}"));
    let of = |tag: &str| {
        let mut locales = TABLE.locales.iter();
        locales.find(|(known, _)| known.eq_ignore_ascii_case(tag))
    };
    let found = in_script.and_then(|tag| of(&tag)).or_else(|| of(language));
    found.map(|(tag, locale)| (tag.as_str(), locale))
}

impl Locale {
    /// A value and its change in percent, as the ticker rounds them and this language writes them; no change when none is
    /// known.
    pub(super) fn figures(&self, rate: &Rate) -> (String, Option<String>) {
        self.written(&rate.pair.to_string(), rate.value, rate.change.as_ref())
    }

    /// The same for a value that is not in force yet.
    pub(super) fn written(
        &self,
        pair: &str,
        value: rust_decimal::Decimal,
        change: Option<&Change>,
    ) -> (String, Option<String>) {
        let moved = change.map(|change| (change.percent, change.direction));
        let entry = ticker_entry(pair, value, moved, TickerStyle::Wide);
        let figures = entry.rsplit(" = ").next().unwrap_or_default();
        let (value, percent) = figures.split_once(' ').unwrap_or((figures, ""));
        let percent = change.and_then(|change| {
            let percent = percent.strip_suffix('%')?;
            let rises = change.direction == Direction::Up && percent != "0";
            let sign = if rises { self.plus.as_str() } else { "" };
            let written = format!("{sign}{}", self.number(percent));
            Some(self.percent.replace("{value}", &written))
        });
        (self.number(value), percent)
    }

    /// Plain notation with the separators of the language.
    fn number(&self, plain: &str) -> String {
        let (sign, digits) = match plain.strip_prefix('-') {
            Some(digits) => (self.minus.as_str(), digits),
            None => ("", plain),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mut written = sign.to_owned();
        for (place, digit) in whole.chars().enumerate() {
            let left = whole.len().saturating_sub(place);
            if place > 0 && left.is_multiple_of(GROUP_DIGITS) {
                written.push_str(&self.group);
            }
            written.push(digit);
        }
        if !fraction.is_empty() {
            written.push_str(&self.decimal);
            written.push_str(fraction);
        }
        written
    }

    /// A date in words.
    pub(super) fn date(&self, date: Date) -> String {
        let month = usize::try_from(date.month()).unwrap_or_default();
        let month = month
            .checked_sub(1)
            .and_then(|month| self.months.get(month));
        self.date
            .replace("{day}", &date.day().to_string())
            .replace("{month}", month.map_or("", String::as_str))
            .replace("{year}", &date.year().to_string())
    }

    /// The name of a source in this language, else in English, else `own`.
    pub(super) fn bank<'a>(&'a self, id: &str, own: &'a str) -> &'a str {
        let fallback = find(FALLBACK).map(|(_, locale)| locale);
        let named = self.banks.get(id);
        let named = named.or_else(|| fallback?.banks.get(id));
        named.map_or(own, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::parse_decimal;

    fn written(tag: &str, value: &str, change: Option<(&str, Direction)>) -> (String, String) {
        let number = |text| parse_decimal(text).unwrap();
        let change = change.map(|(percent, direction)| Change {
            absolute: number("0"),
            percent: number(percent),
            direction,
            reference_value: number("1"),
            reference_date: date(2025, 12, 7),
        });
        let (_, locale) = find(tag).unwrap();
        let (value, percent) = locale.written("KZT/USD", number(value), change.as_ref());
        (value, percent.unwrap_or_default())
    }

    #[test]
    fn the_table_has_all_eight_languages() {
        let expected = ["en", "kk", "ky", "ru", "tg", "tk", "uz", "uz-Cyrl"];
        assert_eq!(tags().collect::<Vec<_>>(), expected);
        for tag in expected {
            let (_, locale) = find(tag).unwrap();
            assert_eq!(locale.months.len(), 12, "{tag}");
            assert!(locale.percent.contains("{value}"), "{tag}");
            for part in ["{day}", "{month}", "{year}"] {
                assert!(locale.date.contains(part), "{tag}");
            }
            assert!(!locale.bank("nbk", "").is_empty(), "{tag}");
        }
        for (tag, nearest) in [
            ("UZ-cyrl", "uz-Cyrl"),
            ("uz-Cyrl-UZ", "uz-Cyrl"),
            ("uz-Latn-UZ", "uz"),
            ("ru-RU", "ru"),
            ("ru_RU", "ru"),
            ("kk-KZ", "kk"),
        ] {
            assert_eq!(find(tag).unwrap().0, nearest, "{tag}");
        }
        assert!(find("xx").is_none());
        assert!(find("").is_none());
    }

    #[test]
    fn a_number_has_the_separators_of_its_language() {
        let fall = Some(("-1.0412", Direction::Down));
        assert_eq!(
            written("en", "0.00195689", fall),
            ("0.00196".into(), "-1.04%".into())
        );
        assert_eq!(
            written("ru", "0.00195689", fall),
            ("0,00196".into(), "-1,04\u{a0}%".into())
        );
        assert_eq!(written("en", "12345.6", None).0, "12,345.60000");
        assert_eq!(
            written("kk", "1234567.8", None).0,
            "1\u{a0}234\u{a0}567,80000"
        );
        assert_eq!(written("en", "123.4", None).0, "123.40000");
    }

    #[test]
    fn a_small_value_keeps_three_digits_and_a_change_its_sign() {
        let of = |percent, direction| written("en", "0.0000833973", Some((percent, direction)));
        assert_eq!(
            of("0.5", Direction::Up),
            ("0.0000834".into(), "+0.5%".into())
        );
        assert_eq!(of("0.0049", Direction::Up).1, "0%");
        assert_eq!(of("-0.0049", Direction::Down).1, "-0%");
        assert_eq!(of("0", Direction::Flat).1, "0%");
    }

    #[test]
    fn a_date_is_written_in_words() {
        let day = date(2025, 12, 8);
        let (_, english) = find("en").unwrap();
        assert_eq!(english.date(day), "8 December 2025");
        let (_, kazakh) = find("kk").unwrap();
        assert_eq!(kazakh.date(day), "2025\u{a0}ж. 8 желтоқсан");
    }
}
