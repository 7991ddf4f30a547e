//! Which source answers a pair, and with which fixings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::flags::FlagBook;
use crate::domain::{
    Age, Currency, Flag, Freshness, History, KnownDates, Point, Revising, Schedule, SourceId,
    SourceState, Standing,
};

/// One place in the order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preference {
    /// The bank whose own currency is one side of the pair.
    Home,
    /// A source by its name.
    Source(SourceId),
}

/// One document of a source: its tables, and when they are published.
#[derive(Debug, Clone)]
pub struct DocumentRecord {
    /// Which document.
    pub name: &'static str,
    /// When its tables are published.
    pub schedule: Schedule,
    /// Currencies without which a table is not believed.
    pub required: &'static [Currency],
    /// About how much of the source's own currency a dollar costs: a bound for the first table.
    pub typical_dollar: Option<u32>,
    /// Its tables.
    pub history: History,
}

/// All that is known of a source's publications.
#[derive(Debug, Clone)]
pub struct SourceRecord {
    /// Which source.
    pub id: SourceId,
    /// The publisher's name.
    pub name: &'static str,
    /// The text its terms ask to be shown.
    pub attribution: &'static str,
    /// Where a person can check the numbers.
    pub page: &'static str,
    /// What its terms of use say.
    pub terms: &'static str,
    /// The currency it is the home bank of; none for a market table.
    pub home: Option<Currency>,
    /// Where its dates are counted.
    pub zone: TimeZone,
    /// Its documents, the main one first.
    pub documents: Vec<DocumentRecord>,
    /// Whether the first attempt to ask it has ended, either way.
    pub attempted: bool,
}

/// The choice behind a pair, without arithmetic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteInputs {
    /// Who answers.
    pub source: SourceId,
    /// What it says: the fixing in force, the one before, the one announced.
    pub standing: Standing,
    /// How current it is.
    pub age: Age,
    /// What is odd about the fixings in force.
    pub flags: Vec<Flag>,
}

/// The choice behind a pair, and the revision that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The choice.
    pub inputs: Arc<QuoteInputs>,
    /// The revision that last changed it.
    pub changed_at_revision: u64,
}

impl SourceRecord {
    /// The date where the source counts its days.
    pub fn today(&self, now: Timestamp) -> Date {
        self.zone.to_datetime(now).date()
    }

    /// What a second table of the same date means: all its documents agree.
    pub fn revising(&self) -> Revising {
        let main = self.documents.first();
        main.map_or(Revising::Correction, |document| document.history.revising())
    }

    /// The document of a name.
    pub fn document(&self, name: &str) -> Option<&DocumentRecord> {
        self.documents.iter().find(|document| document.name == name)
    }

    /// How current the source is: its main document, or the first other one that has a table.
    pub fn state(&self, now: Timestamp, flags: &FlagBook) -> SourceState {
        let with_table = |document: &&DocumentRecord| document.history.newest().is_some();
        let main = self.documents.iter().find(with_table);
        let main = main.or_else(|| self.documents.first());
        let newest_of = |document: &DocumentRecord| {
            let newest = document.history.newest();
            newest.map(|table| table.effective_date)
        };
        let outlook = main.map(|document| {
            let newest = newest_of(document);
            document.schedule.outlook(&self.zone, now, newest)
        });
        let documents = self.documents.iter();
        let printed = documents
            .clone()
            .filter_map(|document| document.history.newest_printed());
        let held = documents.flat_map(|document| document.history.held());
        SourceState {
            id: self.id,
            name: self.name,
            attribution: self.attribution,
            age: main.and_then(|document| self.age(document, now)),
            newest_effective_date: printed.max(),
            next_publication: outlook.as_ref().and_then(|outlook| outlook.next),
            missed_publications: outlook.map_or(0, |outlook| outlook.missed),
            held: held.map(Arc::clone).collect(),
            flags: flags.of_source(self.id).cloned().collect(),
            changed_at_revision: 0,
        }
    }

    /// The next instant at which what it says can change by itself.
    pub fn next_change(&self, now: Timestamp) -> Timestamp {
        let changes = self.documents.iter();
        changes
            .map(|document| document.schedule.next_change(&self.zone, now))
            .min()
            .unwrap_or(Timestamp::MAX)
    }

    /// How current a document is; none before its first table.
    fn age(&self, document: &DocumentRecord, now: Timestamp) -> Option<Age> {
        let (effective_date, fixed_on) = document.history.dates(self.today(now))?;
        let known = KnownDates {
            effective_date,
            fixed_on,
            newest: document.history.newest()?.effective_date,
        };
        let age = Age::of(&document.schedule, &self.zone, now, known);
        Some(age.held_back(document.history.held().next_back()))
    }

    /// What the source says of a pair on a day: of its documents, the one that says the newest.
    pub fn standing(
        &self,
        today: Date,
        (from, to): (Currency, Currency),
    ) -> Option<(Standing, &DocumentRecord)> {
        let standings = self.documents.iter().filter_map(|document| {
            let standing = document.history.standing(today, from, to)?;
            Some((standing, document))
        });
        // `rev`, because the last of equals wins and the main document comes first.
        let standings: Vec<_> = standings.collect();
        let newest_last = standings.into_iter().rev();
        newest_last.max_by_key(|(standing, _)| standing.current.date)
    }

    /// What the source says of a pair now, how current that is, and what is odd about it.
    fn inputs(
        &self,
        now: Timestamp,
        pair: (Currency, Currency),
        flags: &FlagBook,
    ) -> Option<QuoteInputs> {
        let today = self.today(now);
        let (standing, document) = self.standing(today, pair)?;
        let known = KnownDates {
            effective_date: standing.effective_date,
            fixed_on: standing.current.date,
            newest: standing.newest,
        };
        let age = Age::of(&document.schedule, &self.zone, now, known);
        let age = age.held_back(standing.held.last());
        let table = (self.id, document.name, standing.current.date);
        Some(QuoteInputs {
            source: self.id,
            flags: flags.of_pair(table, pair.into()),
            standing,
            age,
        })
    }
}

/// Chooses, for every pair of one of the five and another currency that exists, who answers it: the first preference
/// that is not stale, and the first that has anything when all are. Nobody answers before everyone of higher
/// preference has been asked once.
pub fn choose_quotes(
    sources: &BTreeMap<SourceId, Arc<SourceRecord>>,
    preferences: &[Preference],
    now: Timestamp,
    flags: &FlagBook,
) -> BTreeMap<(Currency, Currency), QuoteInputs> {
    let mut quotes = BTreeMap::new();
    for home in Currency::FIVE {
        let candidates = candidates(sources, preferences, home);
        let currencies = candidates.iter().flat_map(|source| &source.documents);
        let currencies: BTreeSet<Currency> = currencies
            .flat_map(|document| document.history.currencies())
            .collect();
        let others = currencies
            .into_iter()
            .filter(|other| !other.is_of_the_five());
        for other in others {
            if let Some(inputs) = choose(&candidates, now, (home, other), flags) {
                quotes.insert((home, other), inputs);
            }
        }
    }
    quotes
}

/// The sources that may answer for a currency, in order, each once.
fn candidates<'a>(
    sources: &'a BTreeMap<SourceId, Arc<SourceRecord>>,
    preferences: &[Preference],
    home: Currency,
) -> Vec<&'a SourceRecord> {
    let mut candidates: Vec<&SourceRecord> = Vec::new();
    for preference in preferences {
        let source = match preference {
            Preference::Home => sources.values().find(|source| source.home == Some(home)),
            Preference::Source(id) => sources.get(id),
        };
        if let Some(source) = source
            && candidates.iter().all(|candidate| candidate.id != source.id)
        {
            candidates.push(source);
        }
    }
    candidates
}

fn choose(
    candidates: &[&SourceRecord],
    now: Timestamp,
    pair: (Currency, Currency),
    flags: &FlagBook,
) -> Option<QuoteInputs> {
    let mut first = None;
    for source in candidates {
        let inputs = source.inputs(now, pair, flags);
        match inputs {
            Some(inputs) if inputs.age.freshness != Freshness::Stale => return Some(inputs),
            Some(inputs) if first.is_none() => first = Some(inputs),
            Some(_) | None => {}
        }
        if !source.attempted {
            break;
        }
    }
    first
}

impl Quote {
    /// The fixing the pair stood at on an earlier date, as far as it is known.
    pub fn at_or_before(&self, date: Date) -> Option<&Point> {
        let standing = &self.inputs.standing;
        [Some(&standing.current), standing.reference.as_ref()]
            .into_iter()
            .flatten()
            .find(|point| point.date <= date)
    }
}
