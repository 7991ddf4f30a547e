//! How the fragment and the charts write their entries: the parameters that are attributes of the element too.

use crate::domain::{Change, Digits, Form, Pair, Rate, TickerEntry, Window};
use crate::web::error::WebError;
use crate::web::locale::Locale;
use crate::web::query::Fragment;

/// The most decimal places of a value: more than any of them has significant digits for.
const PLACES_MAX: u32 = 10;

/// The text of an unknown value or change.
pub(super) const DASH: &str = "\u{2013}";

/// How a currency is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Labels {
    Code,
    Name,
    Symbol,
}

/// What is shown of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ShownChange {
    Percent,
    Absolute,
    Both,
    None,
}

/// How entries are written.
#[derive(Debug)]
pub(super) struct Display<'a> {
    pub(super) locale: &'a Locale,
    digits: Digits,
    pub(super) form: Form,
    labels: Labels,
    change: ShownChange,
    /// The window of the change; nothing for the change against the previous fixing.
    window: Option<Window>,
    pub(super) shows_announced: bool,
    link: &'a str,
}

impl<'a> Display<'a> {
    /// Reads the parameters. An empty one is its default.
    pub(super) fn new(query: &'a Fragment, locale: &'a Locale) -> Result<Self, WebError> {
        let form = match query.form.as_str() {
            "" | "pair" => Form::Pair,
            "local" => Form::Local,
            _ => return Err(one_of("form", "pair, local")),
        };
        let labels = match (query.labels.as_str(), form) {
            ("code", _) | ("", Form::Pair) => Labels::Code,
            ("symbol", _) | ("", Form::Local) => Labels::Symbol,
            ("name", _) => Labels::Name,
            _ => return Err(one_of("labels", "code, name, symbol")),
        };
        let change = match query.change.as_str() {
            "" | "percent" => ShownChange::Percent,
            "absolute" => ShownChange::Absolute,
            "both" => ShownChange::Both,
            "none" => ShownChange::None,
            _ => return Err(one_of("change", "percent, absolute, both, none")),
        };
        let window = match query.window.as_str() {
            "" | "previous" => None,
            "week" => Some(Window::Week),
            "month" => Some(Window::Month),
            "year" => Some(Window::Year),
            _ => return Err(one_of("window", "previous, week, month, year")),
        };
        let shows_announced = match query.announced.as_str() {
            "" | "tag" | "row" => true,
            "off" => false,
            _ => return Err(one_of("announced", "tag, row, off")),
        };
        if !is_safe_link(&query.link) {
            let message = "link must be a path, or an address that begins with http or https";
            return Err(WebError::parameter("link", message));
        }
        Ok(Self {
            locale,
            digits: digits(&query.digits)?,
            form,
            labels,
            change,
            window,
            shows_announced,
            link: &query.link,
        })
    }

    /// The pair of an entry: `KZT/USD`, or `1 $ =`.
    pub(super) fn label(&self, entry: &TickerEntry) -> String {
        self.labelled(entry, self.labels)
    }

    /// The same by the codes of its currencies, where their names have no room.
    pub(super) fn short_label(&self, entry: &TickerEntry) -> String {
        self.labelled(entry, Labels::Code)
    }

    fn labelled(&self, entry: &TickerEntry, labels: Labels) -> String {
        let (base, quote) = (entry.base, entry.quote);
        if self.form == Form::Pair {
            return self.pair_by(Pair { base, quote }, labels);
        }
        let units = self.locale.number(entry.units.into());
        match labels {
            Labels::Name if entry.units > 1 => {
                format!("{} ({units})", self.locale.currency(base.as_str()).name)
            }
            Labels::Name => self.locale.currency(base.as_str()).name,
            Labels::Code => format!("{units}\u{a0}{base} ="),
            Labels::Symbol => format!("{} =", self.locale.money(base.as_str(), &units)),
        }
    }

    /// A pair by the names of its currencies.
    pub(super) fn pair(&self, pair: Pair) -> String {
        self.pair_by(pair, self.labels)
    }

    fn pair_by(&self, pair: Pair, labels: Labels) -> String {
        let base = self.locale.currency(pair.base.as_str());
        let quote = self.locale.currency(pair.quote.as_str());
        match labels {
            Labels::Code => pair.to_string(),
            Labels::Name => format!("{} / {}", base.name, quote.name),
            Labels::Symbol => format!("{}/{}", base.sign, quote.sign),
        }
    }

    /// A value of an entry, with its currency in the local form.
    pub(super) fn value(&self, entry: &TickerEntry, value: rust_decimal::Decimal) -> String {
        let number = self.locale.number(entry.shown(value, self.digits));
        match (self.form, self.labels) {
            (Form::Pair, _) => number,
            (Form::Local, Labels::Code) => format!("{number}\u{a0}{}", entry.quote),
            (Form::Local, _) => self.locale.money(entry.quote.as_str(), &number),
        }
    }

    /// The change of a rate over the window that is shown.
    pub(super) fn change_of<'r>(&self, rate: &'r Rate) -> Option<&'r Change> {
        let Some(window) = self.window else {
            return rate.change.as_ref();
        };
        let found = rate.windows.iter().find(|change| change.window == window);
        found.and_then(|found| found.change.as_ref().ok())
    }

    /// The figures of the change of an entry: a dash when it is unknown, nothing where changes are not shown.
    pub(super) fn change(&self, entry: &TickerEntry) -> Option<String> {
        if self.change == ShownChange::None {
            return None;
        }
        let Some(change) = &entry.change else {
            return Some(DASH.to_owned());
        };
        let percent = self.locale.percent(change);
        let absolute = entry.shown_difference(change.absolute, self.digits);
        let absolute = self.locale.difference(absolute, change.direction);
        Some(match self.change {
            ShownChange::Both => format!("{absolute} · {percent}"),
            ShownChange::Absolute => absolute,
            ShownChange::Percent | ShownChange::None => percent,
        })
    }

    /// The address that the entry of a pair links to; empty without a template.
    pub(super) fn link(&self, pair: Pair) -> String {
        let (base, quote) = (pair.base.as_str(), pair.quote.as_str());
        self.link
            .replace("{base}", base)
            .replace("{quote}", quote)
            .replace("{pair}", &format!("{base}-{quote}"))
    }
}

fn one_of(field: &'static str, values: &str) -> WebError {
    WebError::parameter(field, format!("{field} must be one of {values}"))
}

fn digits(text: &str) -> Result<Digits, WebError> {
    if text.is_empty() || text == "auto" {
        return Ok(Digits::Auto);
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let places = text.parse().ok().filter(|places| *places <= PLACES_MAX);
    let places = places.filter(|_places| is_number);
    places.map(Digits::Places).ok_or_else(|| {
        WebError::parameter(
            "digits",
            format!("digits must be auto or 0 to {PLACES_MAX}"),
        )
    })
}

/// Whether an address cannot run a script: a path, a query or a fragment, or an address of HTTP, as the OpenAPI description
/// says. A browser skips blanks and controls before it reads the scheme, so none are accepted.
fn is_safe_link(link: &str) -> bool {
    let is_plain = |letter: char| !letter.is_control() && !letter.is_whitespace() && letter != '\\';
    let begins = |start: &&str| link.starts_with(*start);
    let is_of_page_or_web = ["/", "?", "#", "http:", "https:"].iter().any(begins);
    link.is_empty() || is_of_page_or_web && link.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_a_path_or_an_address_of_the_web() {
        for safe in [
            "",
            "/rates/{pair}",
            "https://news.example/{base}",
            "?pair={pair}",
            "/rates/a:b",
        ] {
            assert!(is_safe_link(safe), "{safe}");
        }
        for unsafe_link in [
            "javascript:alert(1)",
            " javascript:x",
            "java\tscript:x",
            "data:text/html,x",
            "\\\\evil.example",
            "null",
        ] {
            assert!(!is_safe_link(unsafe_link), "{unsafe_link}");
        }
    }

    #[test]
    fn digits_are_auto_or_a_number_up_to_ten() {
        assert_eq!(digits("").unwrap(), Digits::Auto);
        assert_eq!(digits("auto").unwrap(), Digits::Auto);
        assert_eq!(digits("5").unwrap(), Digits::Places(5));
        for wrong in ["11", "-1", "+1", "five", "1.0"] {
            assert!(digits(wrong).is_err(), "{wrong}");
        }
    }
}
