//! How a page writes a rate: its value, its change, its date with its freshness, and its source.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use rust_decimal::Decimal;

use crate::domain::{
    Change, Currency, Digits, Direction, Figures, Form, Freshness, MARKET, Pair, Rate,
    SourceRecord, TickerEntry,
};
use crate::web::pages::Page;

/// The text of an unknown value.
pub(super) const DASH: &str = "\u{2013}";

/// A rate and what is shown of it.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) rate: Rate,
    pub(super) entry: TickerEntry,
}

impl Shown {
    pub(super) fn new(rate: Rate, form: Form) -> Self {
        Self {
            entry: Figures::from(&rate).entry(form),
            rate,
        }
    }

    /// Whether no bank fixed the rate, or a part of it.
    pub(super) fn is_of_market(&self) -> bool {
        self.rate.source.split('+').any(|id| id == MARKET)
    }
}

impl Page<'_> {
    /// The rate of a pair in a form, if there is one.
    pub(super) fn shown(&self, base: Currency, quote: Currency, form: Form) -> Option<Shown> {
        let rate = self.snapshot.rate(Pair { base, quote })?;
        Some(Shown::new(rate, form))
    }

    /// A value of an entry in the digits of the language; the exact value is the machine's part of the element.
    pub(super) fn value(&self, entry: &TickerEntry, value: Decimal) -> Markup {
        html! { data value=(value) { (self.locale.number(entry.shown(value, Digits::Auto))) } }
    }

    /// A value of an entry with the sign of its currency.
    pub(super) fn money(&self, entry: &TickerEntry, value: Decimal) -> Markup {
        html! { data value=(value) { (self.money_text(entry, value)) } }
    }

    pub(super) fn money_text(&self, entry: &TickerEntry, value: Decimal) -> String {
        let number = self.locale.number(entry.shown(value, Digits::Auto));
        self.locale.money(entry.quote.as_str(), &number)
    }

    /// What an entry is the price of: `1 USD`.
    pub(super) fn units(&self, entry: &TickerEntry) -> String {
        format!(
            "{}\u{a0}{}",
            self.locale.number(entry.units.into()),
            entry.base
        )
    }

    /// What a figure is the price of, for a table whose head is out of sight: `1 USD = `.
    pub(super) fn label(&self, shown: &Shown) -> Markup {
        html! { span.label { (self.units(&shown.entry)) " = " } }
    }

    /// A change with the date of its reference.
    pub(super) fn change(&self, change: Option<&Change>) -> Markup {
        let since = change.map(|change| change.reference_date);
        html! {
            (self.short_change(change))
            @if let Some(since) = since { small { (self.dated(&self.locale.words.since, since)) } }
        }
    }

    /// A change: an arrow, a sign, and a word that is read aloud.
    pub(super) fn short_change(&self, change: Option<&Change>) -> Markup {
        let words = &self.locale.words;
        let Some(change) = change else {
            return html! { span.unknown { (DASH) span.words { " " (words.no_change) } } };
        };
        let (class, arrow, word) = match change.direction {
            Direction::Up => ("up", "▲", &words.up),
            Direction::Down => ("down", "▼", &words.down),
            Direction::Flat => ("flat", "", &words.unchanged),
        };
        html! {
            span class=(class) {
                span.arrow aria-hidden="true" { (arrow) }
                (self.locale.percent(change))
                span.words { " " (word) }
            }
        }
    }

    /// Whether a rate is late, out of date or carried over, and whether a new value is held.
    pub(super) fn marks(&self, rate: &Rate) -> Markup {
        let words = &self.locale.words;
        let status = &rate.freshness_status;
        let (class, word) = match status.freshness {
            Freshness::Fresh => ("", None),
            Freshness::CarriedOver => ("mark quiet", Some(&words.carried_over)),
            Freshness::Late => ("mark", Some(&words.late)),
            Freshness::Stale => ("mark", Some(&words.stale)),
        };
        html! {
            @if let Some(word) = word {
                " " span class=(class) { (word) }
            }
            @if !rate.held.is_empty() {
                " " span.mark { (words.held) }
            }
        }
    }

    /// What is announced for a later date: `from tomorrow, 9 December 2025: ₸505.00 (+0.50%)`.
    pub(super) fn announcement(&self, shown: &Shown) -> Option<String> {
        let date = shown.rate.announced.as_ref()?.effective_date;
        let (value, change) = shown.entry.announced.as_ref()?;
        let words = &self.locale.words;
        let is_tomorrow = self.today(&shown.rate.source).tomorrow().ok() == Some(date);
        let word = if is_tomorrow {
            &words.from_tomorrow
        } else {
            &words.from
        };
        let percent = |change: &Change| format!(" ({})", self.locale.percent(change));
        let percent = change.as_ref().map(percent).unwrap_or_default();
        let value = self.money_text(&shown.entry, *value);
        Some(format!("{}: {value}{percent}", self.dated(word, date)))
    }

    /// The sources of a rate, each with a link to where its rates can be checked.
    pub(super) fn sources(&self, rate: &Rate) -> Markup {
        let ids = rate.source.split('+').filter(|id| !id.is_empty());
        html! {
            @for (place, id) in ids.enumerate() {
                @if place > 0 { " + " }
                @match self.web.queries.source(id) {
                    Some(record) => (self.bank_link(&record)),
                    None => (id),
                }
            }
        }
    }

    /// The name of a bank in the language, with a link to its page.
    pub(super) fn bank_link(&self, record: &SourceRecord) -> Markup {
        html! { a href=(record.page) rel="noopener" { (self.bank(record)) } }
    }

    /// The name of a bank in the language.
    pub(super) fn bank(&self, record: &SourceRecord) -> &str {
        self.locale.bank(record.id.as_str(), record.name)
    }

    /// A word with a date in it.
    pub(super) fn dated(&self, word: &str, date: Date) -> String {
        word.replace("{date}", &self.locale.date(date))
    }

    /// The current date in the time zone of a source; in UTC for a rate of two sources.
    pub(super) fn today(&self, source: &str) -> Date {
        let now = self.web.queries.now();
        let record = self.web.queries.source(source);
        let utc = || TimeZone::UTC.to_datetime(now).date();
        record.map_or_else(utc, |record| record.today(now))
    }
}
