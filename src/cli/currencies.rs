//! `silkrate currencies`: the currencies that the sources quote.

use std::io::Write;

use clap::{Args, ValueEnum};

use crate::cli::failure::Failure;
use crate::cli::format::{Document, FormatArgs};
use crate::cli::notes;
use crate::cli::output::Output;
use crate::cli::server::ServerArgs;
use crate::cli::table::TextTable;
use crate::json;
use crate::pb::{Currency, CurrencyNames, ListCurrenciesResponse};
use crate::tabular::CURRENCY;

const EXAMPLES: &str = "\
Examples:
  silkrate currencies                          every currency, who quotes it, and since when
  silkrate currencies --locale kk              with its name in Kazakh
  silkrate currencies --format csv > currencies.csv
  silkrate currencies --format json | jq '.currencies[] | select(.home_bank)'

DIGITS is the number of digits of the minor unit (ISO 4217), HOME the home bank of the currency, SINCE the first date that \
the server knows of any source. `silkrate pairs` prints the pairs, and `silkrate sources` the terms of the sources.";

/// The columns that are omitted on a narrow terminal, the least important first.
const SPARE: &[&str] = &["SIGN", "DIGITS", "HOME"];

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CurrenciesArgs {
    /// The language of the names in the table; CSV and JSON have all of them.
    #[arg(long, value_enum, default_value_t = Language::En)]
    locale: Language,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// A language of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    /// English.
    En,
    /// Kazakh.
    Kk,
    /// Kyrgyz.
    Ky,
    /// Russian.
    Ru,
    /// Tajik.
    Tg,
    /// Turkmen.
    Tk,
    /// Uzbek in Latin letters.
    Uz,
    /// Uzbek in Cyrillic letters.
    #[value(name = "uz-Cyrl", alias = "uz-cyrl")]
    UzCyrl,
}

impl Language {
    fn name(self, names: &CurrencyNames) -> &str {
        match self {
            Self::En => names.en(),
            Self::Kk => names.kk(),
            Self::Ky => names.ky(),
            Self::Ru => names.ru(),
            Self::Tg => names.tg(),
            Self::Tk => names.tk(),
            Self::Uz => names.uz(),
            Self::UzCyrl => names.uz_cyrl(),
        }
    }
}

pub(super) async fn run(arguments: &CurrenciesArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let response = arguments.server.client()?.currencies().await?;
    let rows: Vec<json::Currency<'_>> = json::list(&response.currencies);
    let document = Document {
        message: json::ListCurrenciesResponse::from(&response),
        rows: &rows,
        columns: CURRENCY,
    };
    document.print(arguments.format.format()?, out, || {
        let columns = Output::of_stdout().columns_of_terminal();
        page(&response, arguments.locale, columns)
    })
}

/// The currencies in columns, and the attributions below.
fn page(response: &ListCurrenciesResponse, language: Language, columns: Option<usize>) -> String {
    let mut table = TextTable::new(["CODE", "NAME", "SIGN", "DIGITS", "HOME", "SINCE", "SOURCES"]);
    for currency in &response.currencies {
        table.push(row(currency, language));
    }
    table.render_within(columns, SPARE) + &notes::attributions(&response.sources)
}

fn row(currency: &Currency, language: Language) -> [String; 7] {
    let unnamed = CurrencyNames::default();
    let names = currency.names.as_ref().unwrap_or(&unnamed);
    let digits = currency.minor_unit.map(|digits| digits.to_string());
    let sources = currency.sources.iter().map(|one| one.source.as_str());
    [
        currency.code.clone(),
        language.name(names).to_owned(),
        currency.symbol().to_owned(),
        digits.unwrap_or_default(),
        currency.home_bank().to_owned(),
        currency.start_date().to_owned(),
        sources.collect::<Vec<_>>().join(" "),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{CurrencySource, SourceTerms};

    fn response() -> ListCurrenciesResponse {
        let quoting = |source: &str, start_date: &str| CurrencySource {
            source: source.to_owned(),
            start_date: start_date.to_owned(),
            newest_effective_date: "2026-04-02".to_owned(),
            units: "1".to_owned(),
        };
        let tenge = Currency {
            code: "KZT".to_owned(),
            names: Some(CurrencyNames {
                en: Some("Kazakhstani tenge".to_owned()),
                ru: Some("казахстанский тенге".to_owned()),
                ..CurrencyNames::default()
            }),
            symbol: Some("₸".to_owned()),
            minor_unit: Some(2),
            home_bank: Some("nbk".to_owned()),
            start_date: Some("2025-12-01".to_owned()),
            sources: vec![quoting("cbr", "2026-01-10"), quoting("nbt", "2025-12-01")],
        };
        let unknown = Currency {
            code: "XQQ".to_owned(),
            ..Currency::default()
        };
        let terms = SourceTerms {
            id: "nbt".to_owned(),
            attribution: Some("www.nbt.tj".to_owned()),
            ..SourceTerms::default()
        };
        ListCurrenciesResponse {
            currencies: vec![tenge, unknown],
            sources: vec![SourceTerms::default(), terms],
        }
    }

    #[test]
    fn the_table_has_a_name_in_the_language_and_attributions_below() {
        assert_eq!(
            page(&response(), Language::En, None),
            "\
CODE  NAME               SIGN  DIGITS  HOME  SINCE       SOURCES
KZT   Kazakhstani tenge  ₸     2       nbk   2025-12-01  cbr nbt
XQQ   -                  -     -       -     -           -

nbt: www.nbt.tj
"
        );
        let russian = page(&response(), Language::Ru, None);
        assert!(russian.contains("казахстанский тенге"), "{russian}");
    }
}
