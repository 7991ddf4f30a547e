//! The names and signs of currencies in eight languages, out of `web/locales.json` with all other words. Those of the region
//! are written there as its press writes them. `npm run currencies` in `src/web` writes all others from Unicode CLDR.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::pb::CurrencyNames;

/// The language of the signs.
const ENGLISH: &str = "en";

static WORDS: LazyLock<Words> =
    LazyLock::new(|| serde_json::from_str(include_str!("web/locales.json")).unwrap_or_default());

/// The part of `locales.json` that is about currencies.
#[derive(Debug, Default, Deserialize)]
struct Words {
    locales: BTreeMap<String, Locale>,
    /// The signs of CLDR in English, by code.
    other_signs: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Locale {
    currencies: BTreeMap<String, Currency>,
    /// The names of CLDR, by code.
    other_currencies: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Currency {
    sign: String,
    name: String,
}

/// The names of a currency, by its upper-case code.
pub fn names(code: &str) -> CurrencyNames {
    let of = |tag| name(tag, code).map(str::to_owned);
    CurrencyNames {
        en: of(ENGLISH),
        kk: of("kk"),
        ky: of("ky"),
        ru: of("ru"),
        tg: of("tg"),
        tk: of("tk"),
        uz: of("uz"),
        uz_cyrl: of("uz-Cyrl"),
    }
}

/// The name of a currency in the language of a tag.
fn name(tag: &str, code: &str) -> Option<&'static str> {
    let locale = WORDS.locales.get(tag)?;
    let own = locale.currencies.get(code).map(|currency| &currency.name);
    own.or_else(|| locale.other_currencies.get(code))
        .map(String::as_str)
}

/// The sign of a currency in English texts; `None` where the code is written.
pub fn sign(code: &str) -> Option<&'static str> {
    let sign = match WORDS.locales.get(ENGLISH)?.currencies.get(code) {
        Some(currency) => Some(&currency.sign),
        None => WORDS.other_signs.get(code),
    };
    sign.map(String::as_str).filter(|sign| *sign != code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_the_regions_press_else_that_of_cldr_else_absent() {
        let tenge = names("KZT");
        assert_eq!(tenge.ru.as_deref(), Some("казахстанский тенге"));
        assert_eq!(tenge.uz_cyrl.as_deref(), Some("Қозоғистон тенгеси"));
        let pound = names("GBP");
        assert_eq!(pound.en.as_deref(), Some("British pound"));
        assert_eq!(pound.kk.as_deref(), Some("Британдық фунт"));
        let drawing_rights = names("XDR");
        assert_eq!(drawing_rights.en.as_deref(), Some("special drawing rights"));
        assert_eq!(drawing_rights.tg, None);
        assert_eq!(names("ZZZ"), CurrencyNames::default());
    }

    #[test]
    fn a_sign_belongs_to_one_currency_and_is_never_the_code() {
        for (code, expected) in [
            ("KZT", Some("₸")),
            ("USD", Some("$")),
            ("GBP", Some("£")),
            ("CAD", Some("CA$")),
            ("KGS", None),
            ("SEK", None),
            ("ZZZ", None),
        ] {
            assert_eq!(sign(code), expected, "{code}");
        }
        let own = WORDS.locales["en"].currencies.keys();
        let codes = own.chain(WORDS.other_signs.keys());
        let mut all: Vec<_> = codes.filter_map(|code| sign(code)).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert!(count > 50);
        assert_eq!(all.len(), count);
    }

    #[test]
    fn every_language_has_the_names_of_other_currencies_and_a_field() {
        for (tag, locale) in &WORDS.locales {
            assert!(locale.other_currencies.contains_key("GBP"), "{tag}");
        }
        let all = names("USD");
        let fields = [
            all.en,
            all.kk,
            all.ky,
            all.ru,
            all.tg,
            all.tk,
            all.uz,
            all.uz_cyrl,
        ];
        assert_eq!(fields.iter().flatten().count(), WORDS.locales.len());
    }
}
