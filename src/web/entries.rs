//! What each entry of a ticker says, in the words of a language. The fragment, the embedded page and the picture write it.

use std::fmt;

use crate::domain::{
    Change, Direction, Figures, Freshness, Pair, Rate, RateFilter, Snapshot, TickerEntry,
};
use crate::queries::Queries;
use crate::web::display::{DASH, Display};

/// What separates the notes of an entry.
const NOTES: &str = "; ";

/// Writes the entries of a ticker.
#[derive(Debug)]
pub(super) struct EntryWriter<'a> {
    pub(super) queries: &'a Queries,
    pub(super) snapshot: &'a Snapshot,
    pub(super) display: Display<'a>,
}

/// What an entry says.
#[derive(Debug)]
pub(super) struct EntryText {
    pub(super) pair: Pair,
    /// What is priced: `KZT/USD`, or `1 $ =`.
    pub(super) label: String,
    pub(super) value: String,
    /// Nothing where no changes are shown, or nothing is known of the pair.
    pub(super) change: Option<ChangeText>,
    /// That the value is late, stale or held.
    pub(super) marks: Vec<String>,
    /// The date of the value.
    pub(super) as_of: Option<String>,
    /// The date of the value, then the marks, then what is announced; for an unknown pair, that it is unknown.
    pub(super) notes: Vec<String>,
    /// The ids of the sources.
    pub(super) sources: Vec<String>,
}

/// What an entry says of its change.
#[derive(Debug)]
pub(super) struct ChangeText {
    /// Nothing where the change has no direction.
    pub(super) direction: Option<Direction>,
    pub(super) figures: String,
    /// The direction in a word, and the date since when.
    pub(super) words: String,
}

/// The credit of a source.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Credit<'a> {
    pub(super) name: &'a str,
    /// Where its rates can be checked: its page in the language, if it has one.
    pub(super) page: &'a str,
    /// What its terms want to be shown too; empty if they want nothing.
    pub(super) reference: &'a str,
}

impl fmt::Display for Credit<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)?;
        if !self.reference.is_empty() {
            write!(formatter, " ({})", self.reference)?;
        }
        Ok(())
    }
}

impl ChangeText {
    /// The arrow of the direction; empty where nothing has moved.
    pub(super) fn arrow(&self) -> &'static str {
        match self.direction {
            Some(Direction::Up) => "▲",
            Some(Direction::Down) => "▼",
            Some(Direction::Flat) | None => "",
        }
    }
}

impl EntryText {
    /// The words after the figures: `up, since 1 April 2026; as of 2 April 2026`.
    pub(super) fn words(&self) -> String {
        let change = self.change.iter().map(|change| change.words.as_str());
        let notes = self.notes.iter().map(String::as_str);
        change.chain(notes).collect::<Vec<_>>().join(NOTES)
    }
}

impl EntryWriter<'_> {
    /// The entries of a filter, in its order.
    pub(super) fn entries(&self, filter: &RateFilter) -> Vec<EntryText> {
        // The rates are in the order of the pairs, and those that have none are left out.
        let mut rates = self.snapshot.rates(filter).into_iter().peekable();
        let pairs = self.snapshot.pairs(filter).into_iter();
        let entries = pairs.map(|pair| match rates.next_if(|rate| rate.pair == pair) {
            Some(rate) => self.entry(&rate),
            None => self.unknown(pair),
        });
        entries.collect()
    }

    fn entry(&self, rate: &Rate) -> EntryText {
        let figures = Figures {
            change: self.display.change_of(rate).cloned(),
            ..Figures::from(rate)
        };
        let entry = figures.entry(self.display.form);
        let locale = self.display.locale;
        let as_of = rate.effective_date.map(|date| {
            let words = &locale.words;
            words.as_of.replace("{date}", &locale.date(date))
        });
        let marks = self.marks(rate);
        let announced = self.announcement(rate, &entry);
        let notes = as_of.iter().chain(&marks).cloned().chain(announced);
        let ids = rate.source.split('+').filter(|id| !id.is_empty());
        EntryText {
            pair: rate.pair,
            label: self.display.label(&entry),
            value: self.display.value(&entry, entry.value),
            change: self.change(&entry),
            notes: notes.collect(),
            marks,
            as_of,
            sources: ids.map(str::to_owned).collect(),
        }
    }

    fn unknown(&self, pair: Pair) -> EntryText {
        EntryText {
            pair,
            label: self.display.pair(pair),
            value: DASH.to_owned(),
            change: None,
            marks: Vec::new(),
            as_of: None,
            notes: vec![self.display.locale.words.unknown.clone()],
            sources: Vec::new(),
        }
    }

    fn change(&self, entry: &TickerEntry) -> Option<ChangeText> {
        let locale = self.display.locale;
        let words = &locale.words;
        let figures = self.display.change(entry)?;
        let Some(change) = &entry.change else {
            return Some(ChangeText {
                direction: None,
                figures: DASH.to_owned(),
                words: words.no_change.clone(),
            });
        };
        let word = match change.direction {
            Direction::Up => &words.up,
            Direction::Down => &words.down,
            Direction::Flat => &words.unchanged,
        };
        let date = locale.date(change.reference_date);
        let since = words.since.replace("{date}", &date);
        Some(ChangeText {
            direction: Some(change.direction),
            figures,
            words: format!("{word}, {since}"),
        })
    }

    fn marks(&self, rate: &Rate) -> Vec<String> {
        let words = &self.display.locale.words;
        let freshness = match rate.freshness_status.freshness {
            Freshness::Stale => Some(&words.stale),
            Freshness::Late => Some(&words.late),
            Freshness::Fresh | Freshness::CarriedOver => None,
        };
        let held = (!rate.held.is_empty()).then_some(&words.held);
        freshness.into_iter().chain(held).cloned().collect()
    }

    /// What is announced for a later date: `from tomorrow, 9 December 2025: 0.00197 (+0.50%)`.
    fn announcement(&self, rate: &Rate, entry: &TickerEntry) -> Option<String> {
        if !self.display.shows_announced {
            return None;
        }
        let locale = self.display.locale;
        let date = rate.announced.as_ref()?.effective_date;
        let (value, change) = entry.announced.as_ref()?;
        let word = if self.is_tomorrow(rate, date) {
            &locale.words.from_tomorrow
        } else {
            &locale.words.from
        };
        let from = word.replace("{date}", &locale.date(date));
        let percent = |change: &Change| format!(" ({})", locale.percent(change));
        let percent = change.as_ref().map(percent).unwrap_or_default();
        let value = self.display.value(entry, *value);
        Some(format!("{from}: {value}{percent}"))
    }

    /// Whether a date is tomorrow in the time zone of the source.
    fn is_tomorrow(&self, rate: &Rate, date: jiff::civil::Date) -> bool {
        let record = self.queries.source(&rate.source);
        let today = record.map(|record| record.today(self.queries.now()));
        today.is_some_and(|today| today.tomorrow().is_ok_and(|tomorrow| tomorrow == date))
    }

    /// The credits of the sources of entries, each once, in the order of the entries.
    pub(super) fn credits(&self, entries: &[EntryText]) -> Vec<Credit<'_>> {
        let mut credits = Vec::new();
        for id in entries.iter().flat_map(|entry| &entry.sources) {
            let credit = self.credit(id).filter(|credit| !credits.contains(credit));
            credits.extend(credit);
        }
        credits
    }

    /// The credits in words: the sources whose values are of one date, with this date.
    pub(super) fn dated_credits(&self, entries: &[EntryText]) -> Vec<String> {
        let mut by_date: Vec<(&Option<String>, Vec<Credit<'_>>)> = Vec::new();
        for entry in entries {
            let credits = entry.sources.iter().filter_map(|id| self.credit(id));
            for credit in credits {
                match by_date.iter_mut().find(|(date, _)| *date == &entry.as_of) {
                    Some((_, same)) if same.contains(&credit) => {}
                    Some((_, same)) => same.push(credit),
                    None => by_date.push((&entry.as_of, vec![credit])),
                }
            }
        }
        let text = |(date, credits): (&Option<String>, Vec<Credit<'_>>)| {
            let (before, after) = self.display.locale.credit(credits.len());
            let credited: Vec<String> = credits.iter().map(ToString::to_string).collect();
            let named = format!("{before}{}{after}", credited.join(", "));
            let parts = std::iter::once(named).chain(date.clone());
            parts.collect::<Vec<_>>().join(NOTES)
        };
        by_date.into_iter().map(text).collect()
    }

    /// The credit of a source; nothing for an unknown one.
    pub(super) fn credit(&self, id: &str) -> Option<Credit<'_>> {
        let locale = self.display.locale;
        let record = self.queries.source(id)?;
        Some(Credit {
            name: locale.bank(id, record.name),
            page: locale.bank_page(id, record.page),
            reference: locale.attribution(id, record.attribution),
        })
    }
}
