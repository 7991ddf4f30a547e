//! How a language writes numbers and dates, and its words for the fragment. All of it comes from `locales.json`, which
//! the build of the element reads too, so that both write a number in the same way.

mod reading;
mod words;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::domain::{Change, Direction, TickerEntry};
use crate::web::error::WebError;
pub(super) use crate::web::locale::words::{BuilderWords, PageWords};

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
    pub(super) decimal: String,
    group: String,
    minus: String,
    plus: String,
    percent: String,
    money: String,
    date: String,
    months: Vec<String>,
    pub(super) words: Words,
    pub(super) chart: ChartWords,
    pub(super) pages: PageWords,
    banks: BTreeMap<String, String>,
    attributions: BTreeMap<String, String>,
    credit: CreditWords,
    currencies: BTreeMap<String, CurrencyWords>,
}

/// The line that names the banks.
#[derive(Debug, Deserialize)]
struct CreditWords {
    sources: String,
    /// The pages of the banks in this language, by the ids of the sources.
    pages: BTreeMap<String, String>,
}

/// How a language names a currency.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CurrencyWords {
    pub(super) sign: String,
    pub(super) name: String,
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
    pub(super) carried_over: String,
    pub(super) held: String,
    pub(super) no_change: String,
    pub(super) unknown: String,
    pub(super) source: String,
    pub(super) no_data: String,
    pub(super) week: String,
    pub(super) month: String,
    pub(super) year: String,
}

/// The words of a chart.
#[derive(Debug, Deserialize)]
pub(super) struct ChartWords {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) extremes: String,
    day: String,
    months: Vec<String>,
}

/// The tags of every language, sorted.
pub(super) fn tags() -> impl Iterator<Item = &'static str> {
    TABLE.locales.keys().map(String::as_str)
}

/// Every language with its tag, sorted by the tag.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static Locale)> {
    let locales = TABLE.locales.iter();
    locales.map(|(tag, locale)| (tag.as_str(), locale))
}

/// The error about a tag of no language.
pub(super) fn unknown() -> WebError {
    let known: Vec<&str> = tags().collect();
    let message = format!("locale must be one of {}", known.join(", "));
    WebError::parameter("locale", message)
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
    /// A number with the digits that it has.
    pub(super) fn number(&self, value: Decimal) -> String {
        self.plain(&value.to_string())
    }

    /// A change in per cent, with two decimals and its sign. A fall keeps the minus sign when it rounds to zero.
    pub(super) fn percent(&self, change: &Change) -> String {
        let percent = TickerEntry::shown_percent(change);
        let written = self.difference(percent, change.direction);
        self.percent.replace("{value}", &written)
    }

    /// A difference that is rounded already, with its sign. A fall keeps the minus sign when it rounds to zero.
    pub(super) fn difference(&self, difference: Decimal, direction: Direction) -> String {
        let sign = match direction {
            Direction::Down => self.minus.as_str(),
            Direction::Up if !difference.is_zero() => self.plus.as_str(),
            Direction::Up | Direction::Flat => "",
        };
        format!("{sign}{}", self.number(difference.abs()))
    }

    /// An amount of a currency with its sign. The minus sign of a negative amount precedes both.
    pub(super) fn money(&self, code: &str, amount: &str) -> String {
        let sign = &self.currency(code).sign;
        let comes_first = self.money.starts_with("{sign}");
        // A no-break space separates a sign of letters from the digits after it.
        let ends_in_letter = sign.chars().next_back().is_some_and(char::is_alphabetic);
        let gap = if comes_first && ends_in_letter {
            "\u{a0}"
        } else {
            ""
        };
        let (minus, amount) = match amount.strip_prefix(self.minus.as_str()) {
            Some(amount) => (self.minus.as_str(), amount),
            None => ("", amount),
        };
        let written = self
            .money
            .replace("{sign}", &format!("{sign}{gap}"))
            .replace("{value}", amount);
        format!("{minus}{written}")
    }

    /// The sign and the name of a currency; those of English, or its code, where there are none.
    pub(super) fn currency(&self, code: &str) -> CurrencyWords {
        let fallback = find(FALLBACK).and_then(|(_, locale)| locale.currencies.get(code));
        let found = self.currencies.get(code).or(fallback);
        found.cloned().unwrap_or_else(|| CurrencyWords {
            sign: code.to_owned(),
            name: code.to_owned(),
        })
    }

    /// Plain notation with the separators of the language.
    fn plain(&self, plain: &str) -> String {
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
        self.date
            .replace("{day}", &date.day().to_string())
            .replace("{month}", of_month(&self.months, date))
            .replace("{year}", &date.year().to_string())
    }

    /// A date in words, without its year.
    pub(super) fn day(&self, date: Date) -> String {
        self.chart
            .day
            .replace("{day}", &date.day().to_string())
            .replace("{month}", of_month(&self.months, date))
    }

    /// The short name of the month of a date.
    pub(super) fn month(&self, date: Date) -> &str {
        of_month(&self.chart.months, date)
    }

    /// What stands before the names of sources, and after them.
    pub(super) fn credit(&self, count: usize) -> (&str, &str) {
        let parts = if count == 1 {
            self.words.source.split_once("{bank}")
        } else {
            self.credit.sources.split_once("{banks}")
        };
        parts.unwrap_or_default()
    }

    /// The page of a source with its rates in this language, else `own`.
    pub(super) fn bank_page<'a>(&'a self, id: &str, own: &'a str) -> &'a str {
        self.credit.pages.get(id).map_or(own, String::as_str)
    }

    /// The name of a source in this language, else in English, else `own`.
    pub(super) fn bank<'a>(&'a self, id: &str, own: &'a str) -> &'a str {
        let fallback = find(FALLBACK).map(|(_, locale)| locale);
        let named = self.banks.get(id);
        let named = named.or_else(|| fallback?.banks.get(id));
        named.map_or(own, String::as_str)
    }

    /// What the terms of a source require to be shown, in this language, else as the source has it.
    pub(super) fn attribution<'a>(&'a self, id: &str, own: &'a str) -> &'a str {
        self.attributions.get(id).map_or(own, String::as_str)
    }
}

/// The entry of a date's month.
fn of_month(months: &[String], date: Date) -> &str {
    let month = usize::try_from(date.month()).unwrap_or_default();
    let month = month.checked_sub(1).and_then(|month| months.get(month));
    month.map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::parse_decimal;

    #[test]
    fn the_table_has_all_eight_languages() {
        let expected = ["en", "kk", "ky", "ru", "tg", "tk", "uz", "uz-Cyrl"];
        assert_eq!(tags().collect::<Vec<_>>(), expected);
        for tag in expected {
            let (_, locale) = find(tag).unwrap();
            assert_eq!(locale.months.len(), 12, "{tag}");
            assert_eq!(locale.chart.months.len(), 12, "{tag}");
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

    /// What each language writes; the tests of the element read the same rows.
    #[derive(Deserialize)]
    struct Written {
        languages: BTreeMap<String, Texts>,
    }

    /// The keys are what is written: a value, a value with its direction or its currency, or a date.
    #[derive(Deserialize)]
    struct Texts {
        numbers: BTreeMap<String, String>,
        percentages: BTreeMap<String, String>,
        amounts: BTreeMap<String, String>,
        dates: BTreeMap<String, String>,
    }

    fn written() -> BTreeMap<String, Texts> {
        let text = include_str!("../../tests/fixtures/display/languages.json");
        serde_json::from_str::<Written>(text).unwrap().languages
    }

    fn change(percent: &str, direction: &str) -> Change {
        let number = |text| parse_decimal(text).unwrap();
        Change {
            absolute: number("0"),
            percent: number(percent),
            direction: match direction {
                "UP" => Direction::Up,
                "DOWN" => Direction::Down,
                "FLAT" => Direction::Flat,
                other => panic!("{other} is no direction"),
            },
            reference_value: number("1"),
            reference_date: date(2025, 12, 7),
        }
    }

    #[test]
    fn the_minus_sign_of_an_amount_precedes_the_sign_of_its_currency() {
        for (tag, code, written) in [
            ("en", "USD", "-$5"),
            ("en", "KGS", "-KGS\u{a0}5"),
            ("ru", "USD", "-5\u{a0}$"),
        ] {
            let (_, locale) = find(tag).unwrap();
            let number = locale.number(Decimal::from(-5));
            assert_eq!(locale.money(code, &number), written, "{tag} {code}");
        }
    }

    #[test]
    fn numbers_percentages_amounts_and_dates_are_written_as_the_element_writes_them() {
        let written = written();
        assert!(written.keys().map(String::as_str).eq(tags()));
        for (tag, texts) in &written {
            let (_, locale) = find(tag).unwrap();
            let number = |value: &str| locale.number(parse_decimal(value).unwrap());
            for (value, text) in &texts.numbers {
                assert_eq!(number(value), *text, "{tag}");
            }
            for (value, text) in &texts.percentages {
                let (percent, direction) = value.split_once(' ').unwrap();
                assert_eq!(locale.percent(&change(percent, direction)), *text, "{tag}");
            }
            for (value, text) in &texts.amounts {
                let (amount, code) = value.split_once(' ').unwrap();
                assert_eq!(locale.money(code, &number(amount)), *text, "{tag}");
            }
            for (value, text) in &texts.dates {
                assert_eq!(locale.date(value.parse().unwrap()), *text, "{tag}");
            }
        }
    }
}
