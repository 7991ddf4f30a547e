//! The converter of a page: a form that works without a script, and its result.

use std::collections::BTreeSet;

use maud::{Markup, html};
use rust_decimal::Decimal;

use crate::domain::{
    AMOUNT_DIGITS, Currency, DecimalError, Digits, Figures, Form, Refusal, parse_decimal,
};
use crate::queries::{ConvertQuery, Converted};
use crate::web::Shared;
use crate::web::error::WebError;
use crate::web::pages::language::Language;
use crate::web::pages::parameters::Parameters;
use crate::web::pages::{Page, QUOTES};

/// The amount that is converted until the reader writes one.
const AMOUNT: &str = "100";
/// An amount that shows the separators of a language.
const EXAMPLE: (i64, u32) = (100_050, 2);
/// Decimal places of a result; a small one has three significant digits.
const PLACES_MIN: u32 = 2;

/// A conversion: what was asked, and what came of it.
#[derive(Debug)]
pub(super) struct Conversion {
    amount: String,
    from: String,
    to: String,
    result: Result<(Decimal, Converted), Problem>,
}

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    InvalidAmount,
    /// The beginning of a number, which a reader may still be writing.
    BegunAmount,
    TooLarge,
    NoRate,
}

impl Conversion {
    /// Converts what a reader wrote, or an amount of dollars into the currency of the page.
    pub(super) async fn new(
        web: &Shared,
        language: &Language,
        parameters: &Parameters,
        code: Currency,
    ) -> Result<Self, WebError> {
        let given = |name, otherwise| {
            let text = parameters.get(name).unwrap_or(otherwise);
            text.trim().to_owned()
        };
        let amount = given("amount", AMOUNT);
        let from = given("from", "USD").to_uppercase();
        let to = given("to", code.as_str()).to_uppercase();
        let result = convert(web, language, &amount, &from, &to).await?;
        Ok(Self {
            amount,
            from,
            to,
            result,
        })
    }

    /// Whether there is a result.
    pub(super) fn is_valid(&self) -> bool {
        self.result.is_ok()
    }
}

async fn convert(
    web: &Shared,
    language: &Language,
    amount: &str,
    from_currency: &str,
    to_currency: &str,
) -> Result<Result<(Decimal, Converted), Problem>, WebError> {
    let invalid = if language.locale.begins_number(amount) {
        Problem::BegunAmount
    } else {
        Problem::InvalidAmount
    };
    let Some(plain) = language.locale.read_number(amount) else {
        return Ok(Err(invalid));
    };
    let query = ConvertQuery {
        amount: &plain,
        from_currency,
        to_currency,
        date: "",
        round_to_minor_unit: false,
    };
    match (parse_decimal(&plain), web.queries.convert(query).await) {
        (Ok(_), Ok(converted)) if !is_exact(&converted) => Ok(Err(Problem::TooLarge)),
        (Ok(amount), Ok(converted)) => Ok(Ok((amount, converted))),
        (Err(error), _) if is_too_large(&plain, error) => Ok(Err(Problem::TooLarge)),
        (Err(_), _) => Ok(Err(invalid)),
        (_, Err(Refusal::ResultTooLarge(_))) => Ok(Err(Problem::TooLarge)),
        (_, Err(Refusal::PairNotQuoted(_) | Refusal::InvalidCurrency(_))) => {
            Ok(Err(Problem::NoRate))
        }
        (_, Err(refusal)) => Err(refusal.into()),
    }
}

/// Whether an amount is a number, and has more digits before the point than a decimal holds.
fn is_too_large(plain: &str, error: DecimalError) -> bool {
    let unsigned = plain.trim_start_matches('-');
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_number = [whole, fraction]
        .concat()
        .bytes()
        .all(|byte| byte.is_ascii_digit());
    let digits = whole.trim_start_matches('0').len();
    error != DecimalError::Grammar && is_number && digits > fraction.len()
}

/// Whether a result has all the digits of its money: a larger one was rounded above them, and zeros in their place would be
/// invented.
fn is_exact(converted: &Converted) -> bool {
    let digits = AMOUNT_DIGITS.saturating_sub(places(converted.rate.pair.quote));
    let limit = 10_i128.checked_pow(digits).map(Decimal::from);
    limit.is_some_and(|limit| converted.result.abs() < limit)
}

/// The decimal places of an amount of a currency.
fn places(code: Currency) -> u32 {
    code.minor_unit().max(PLACES_MIN)
}

impl Page<'_> {
    /// The form, and the result of what it holds.
    pub(super) fn converter(&self, code: Currency, conversion: &Conversion) -> Markup {
        let words = &self.locale.pages.converter;
        let problem = conversion.result.as_ref().err().copied();
        let is_of_amount = matches!(
            problem,
            Some(Problem::InvalidAmount | Problem::BegunAmount | Problem::TooLarge)
        );
        let known = currencies(self, code);
        html! {
            section #converter aria-labelledby="converter-title" {
                h2 #converter-title { (words.heading) }
                form.converter #convert method="get" action={ (code) "#converter" } {
                    input type="hidden" name="locale" value=(self.tag);
                    label {
                        span { (words.amount) }
                        input #amount name="amount" value=(conversion.amount) inputmode="decimal"
                            autocomplete="off" spellcheck="false" required maxlength="40"
                            aria-invalid=[is_of_amount.then_some("true")] aria-describedby="conversion";
                    }
                    (choice(&words.from, "from", &known, &conversion.from))
                    (choice(&words.to, "to", &known, &conversion.to))
                    button type="submit" { (words.convert) }
                }
                div #conversion role="status" { (self.result(conversion)) }
            }
        }
    }

    fn result(&self, conversion: &Conversion) -> Markup {
        let words = &self.locale.pages.converter;
        match &conversion.result {
            Ok((amount, converted)) => self.converted(*amount, converted),
            Err(problem) => {
                let text = match problem {
                    Problem::InvalidAmount | Problem::BegunAmount => {
                        let example = Decimal::new(EXAMPLE.0, EXAMPLE.1);
                        let example = self.locale.number(example);
                        words.invalid.replace("{example}", &example)
                    }
                    Problem::TooLarge => words.too_large.clone(),
                    Problem::NoRate => words.no_rate.clone(),
                };
                // The script shows no error about a number while it is being written.
                let is_begun = *problem == Problem::BegunAmount;
                html! { p.error data-begun[is_begun] { (text) } }
            }
        }
    }

    fn converted(&self, amount: Decimal, converted: &Converted) -> Markup {
        let pair = converted.rate.pair;
        let entry = Figures::from(&converted.rate).entry(Form::Pair);
        let shown = entry.shown(converted.result, Digits::Places(places(pair.quote)));
        let money = |code: Currency, value| {
            let number = self.locale.number(value);
            self.locale.money(code.as_str(), &number)
        };
        let date = converted.rate.effective_date;
        html! {
            p.result-line {
                data value=(amount) { (money(pair.base, amount)) } " = "
                strong { data value=(converted.result) { (money(pair.quote, shown)) } }
            }
            p.note {
                @if let Some(date) = date { (self.dated(&self.locale.words.as_of, date)) " · " }
                (self.sources(&converted.rate))
            }
        }
    }
}

/// A list of currencies with a label.
fn choice(label: &str, name: &str, known: &[(Currency, String)], chosen: &str) -> Markup {
    html! {
        label {
            span { (label) }
            select name=(name) {
                // One without a rate is named too, so that the form shows what the answer is about.
                @if !known.iter().any(|(code, _)| code.as_str() == chosen) {
                    option value=(chosen) selected { (chosen) }
                }
                @for (code, text) in known {
                    option value=(code) selected[code.as_str() == chosen] { (text) }
                }
            }
        }
    }
}

/// What the lists offer: the main currencies, the five, and everything else that the currency of the page has a rate in.
fn currencies(page: &Page<'_>, code: Currency) -> Vec<(Currency, String)> {
    let others: BTreeSet<Currency> = page.snapshot.counterparts(code);
    let first = QUOTES.into_iter().chain(Currency::FIVE);
    let mut codes: Vec<Currency> = first.collect();
    codes.extend(
        others
            .into_iter()
            .filter(|other| !QUOTES.contains(other) && !other.is_of_the_five()),
    );
    let named = |code: Currency| {
        let name = page.locale.currency(code.as_str()).name;
        if name == code.as_str() {
            name
        } else {
            format!("{code} \u{2013} {name}")
        }
    };
    codes.into_iter().map(|code| (code, named(code))).collect()
}
