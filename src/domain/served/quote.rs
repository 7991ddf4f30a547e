//! Quotes: which source answers a pair, and with which fixings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::judged::{
    DocumentRecord, Flag, FlagBook, PairState, SourceRecord, Window, WindowPoint,
};
use crate::domain::published::{Currency, Point, QuoteKey, SourceId};
use crate::domain::served::{Freshness, FreshnessDates, FreshnessStatus};

/// One item of the order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preference {
    /// The bank whose own currency is one side of the pair.
    Home,
    /// A source, by its id.
    Source(SourceId),
}

/// The inputs of a quote: the source that answers, and its fixings. Rates are computed from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteInputs {
    /// The source that answers.
    pub source: SourceId,
    /// The fixing in force, its reference, and what is announced.
    pub pair_state: PairState,
    /// What was in force a week, a month and a year before, of the source that answers then; empty for a past day.
    pub windows: Vec<WindowPoint>,
    /// The freshness.
    pub freshness_status: FreshnessStatus,
    /// The flags of the fixings in force.
    pub flags: Vec<Flag>,
}

/// The inputs of a quote, and the revision that last changed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The inputs.
    pub inputs: Arc<QuoteInputs>,
    /// The revision that last changed it.
    pub changed_at_revision: u64,
}

impl SourceRecord {
    /// The inputs of a pair from this source now, without the windows.
    fn inputs(&self, now: Timestamp, pair: QuoteKey, flags: &FlagBook) -> Option<QuoteInputs> {
        let today = self.today(now);
        let (pair_state, document) = self.pair_state(today, pair)?;
        let known = FreshnessDates {
            effective_date: pair_state.effective_date,
            fixed_on: pair_state.current.date,
            newest: pair_state.newest,
            printed: document
                .history
                .newest_printed()
                .unwrap_or(pair_state.newest),
            asked: document.history.asked(),
        };
        let schedule = document.current_schedule();
        let freshness_status = FreshnessStatus::of(&schedule, &self.zone, now, known);
        let freshness_status = freshness_status.held_back(pair_state.held.last());
        let table = (self.id, document.name, pair_state.current.date);
        Some(QuoteInputs {
            source: self.id,
            flags: flags.of_pair(table, pair.into()),
            pair_state,
            windows: Vec::new(),
            freshness_status,
        })
    }
}

/// Chooses, for every pair of one of the five and another currency that exists, the source that answers it: the first
/// by preference that is not stale, or the first that has a value if all are stale. A source answers only after the
/// first attempt of every source of higher preference has ended.
pub fn choose_quotes(
    sources: &BTreeMap<SourceId, Arc<SourceRecord>>,
    preferences: &[Preference],
    now: Timestamp,
    flags: &FlagBook,
) -> BTreeMap<QuoteKey, QuoteInputs> {
    let mut quotes = BTreeMap::new();
    for home in Currency::FIVE {
        let candidates = candidates(sources, preferences, home);
        let others = priced_in(&candidates, home);
        for other in others {
            if let Some(inputs) = choose(&candidates, now, (home, other), flags) {
                quotes.insert((home, other), inputs);
            }
        }
    }
    quotes
}

/// The sources that may answer for one of the five, in the order of preference, each once.
pub fn candidates<'a>(
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

/// The currencies, other than the five, in which a source has priced one of the five.
pub fn priced_in(sources: &[&SourceRecord], home: Currency) -> BTreeSet<Currency> {
    let documents = sources.iter().flat_map(|source| &source.documents);
    let currencies = documents.flat_map(|document| document.history.priced_in(home));
    currencies.filter(|other| !other.is_of_the_five()).collect()
}

/// The source that answers a pair on a past day, with the document and the fixing in force: the first by preference that
/// had a table in force then, whatever is late or stale now. Conversions, histories and the changes over a window all ask
/// here, so that each of them gives the answer of the others, and the same one for ever.
pub fn answer_on<'a>(
    candidates: impl IntoIterator<Item = &'a SourceRecord>,
    pair: QuoteKey,
    day: Date,
) -> Option<(&'a SourceRecord, &'a DocumentRecord, Point)> {
    candidates.into_iter().find_map(|source| {
        let (point, document) = source.in_force_on(day, pair)?;
        Some((source, document, point))
    })
}

fn choose(
    candidates: &[&SourceRecord],
    now: Timestamp,
    pair: QuoteKey,
    flags: &FlagBook,
) -> Option<QuoteInputs> {
    let mut first = None;
    for source in candidates {
        let inputs = source.inputs(now, pair, flags);
        let inputs = inputs.map(|inputs| (*source, inputs));
        match inputs {
            Some((_, ref chosen)) if chosen.freshness_status.freshness != Freshness::Stale => {
                first = inputs;
                break;
            }
            Some(_) if first.is_none() => first = inputs,
            Some(_) | None => {}
        }
        if !source.attempted {
            break;
        }
    }
    let (source, inputs) = first?;
    Some(QuoteInputs {
        windows: windows(candidates, source, pair, source.today(now)),
        ..inputs
    })
}

/// What was in force a week, a month and a year before today. Where nothing was, the source that answers today tells why.
fn windows(
    candidates: &[&SourceRecord],
    source: &SourceRecord,
    pair: QuoteKey,
    today: Date,
) -> Vec<WindowPoint> {
    let point = |window: Window| {
        let day = window.before(today);
        let answer = answer_on(candidates.iter().copied(), pair, day);
        let missing = || source.missing_on(day, pair);
        WindowPoint {
            window,
            point: answer.map(|(_, _, point)| point).ok_or_else(missing),
        }
    };
    Window::ALL.map(point).into()
}

impl Quote {
    /// The newest fixing dated before a date: the current one, its reference, or none that is known.
    pub fn before(&self, date: Date) -> Option<&Point> {
        let pair_state = &self.inputs.pair_state;
        [Some(&pair_state.current), pair_state.reference.as_ref()]
            .into_iter()
            .flatten()
            .find(|point| point.date < date)
    }
}
