//! What the receiver of a webhook knows, and what differs from it in a snapshot: the events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::config::{EventKind, Webhook};
use crate::domain::{
    Currency, Derivation, Freshness, Held, Pair, Rate, Snapshot, SourceId, SourceState,
};
use crate::webhooks::event::{Content, Event};
use crate::webhooks::subject::{Fact, Subject};

/// What is known to the receiver of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Known {
    facts: BTreeMap<Subject, Fact>,
}

/// From what is known to what is served: what to remember, what to forget, and what to send.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Step {
    pub(super) changed: Vec<(Subject, Fact)>,
    pub(super) gone: Vec<Subject>,
    pub(super) events: Vec<Event>,
}

/// A snapshot, when it is read, and the currencies of which the sources are the home banks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observation<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) homes: &'a BTreeMap<SourceId, Currency>,
    pub(super) now: Timestamp,
}

impl FromIterator<(Subject, Fact)> for Known {
    fn from_iter<T: IntoIterator<Item = (Subject, Fact)>>(facts: T) -> Self {
        Self {
            facts: facts.into_iter().collect(),
        }
    }
}

impl Known {
    /// Takes a step that has been recorded.
    pub(super) fn apply(&mut self, step: Step) {
        let Step {
            changed,
            gone,
            events: _,
        } = step;
        for subject in gone {
            self.facts.remove(&subject);
        }
        self.facts.extend(changed);
    }

    /// The step to what is served. A subject of which nothing is known has not changed; only a value that is held is an event
    /// from its first moment.
    pub(super) fn step(&self, webhook: &Webhook, observation: Observation<'_>) -> Step {
        let mut step = Step::default();
        let mut held = BTreeSet::new();
        for (subject, state, content) in facts(webhook, observation) {
            let known = self.facts.get(&subject);
            if subject.kind == EventKind::Held {
                held.insert(subject.clone());
            }
            if known.is_some_and(|known| known.state == state) {
                continue;
            }
            let mut told = known.and_then(|known| known.told.clone());
            if webhook.events.contains(&subject.kind) && is_event(webhook, known, &state, &content)
            {
                if let Content::Rate(rate) = &content {
                    told = Some(fixing_of(rate));
                }
                let position = &observation.snapshot.position;
                let event = Event::new(&subject, &content, position, observation.now);
                step.events.push(event);
            }
            step.changed.push((subject, Fact { state, told }));
        }
        // A value that is no longer held is an event when it is held again. A pair or a source that is away keeps what is
        // known of it.
        let known = self.facts.keys();
        let settled = known.filter(|subject| subject.kind == EventKind::Held);
        let settled = settled.filter(|subject| !held.contains(*subject));
        step.gone.extend(settled.cloned());
        step
    }
}

impl Step {
    pub(super) fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.gone.is_empty()
    }
}

/// Everything that events can be about, in the order in which they are sent: rates, sources, held values.
fn facts(webhook: &Webhook, observation: Observation<'_>) -> Vec<(Subject, String, Content)> {
    let Observation {
        snapshot, homes, ..
    } = observation;
    let mut rates = snapshot.rates(&webhook.pairs);
    rates.retain(|rate| rate.derivation != Derivation::Identity);
    let subject = |kind, name| Subject { kind, name };
    let mut facts = Vec::new();
    let pairs = snapshot.pairs(&webhook.pairs);
    for state in snapshot.sources() {
        let answers = rates
            .iter()
            .any(|rate| rate.source.split('+').any(|id| id == state.id.as_str()));
        let home = homes.get(&state.id);
        let is_home = home.is_some_and(|home| {
            let mut pairs = pairs.iter();
            pairs.any(|pair| pair.base == *home || pair.quote == *home)
        });
        if let (true, Some(word)) = (answers || is_home, punctuality(state)) {
            let source = subject(EventKind::SourceLate, state.id.to_string());
            facts.push((source, word.to_owned(), Content::Source(Arc::clone(state))));
        }
    }
    for (id, held) in held(webhook, snapshot, &rates) {
        let fixing = &held.fixing;
        let value = format!("{} {}", fixing.units, fixing.value.normalize());
        facts.push((subject(EventKind::Held, id), value, Content::Held(held)));
    }
    let rates = rates.into_iter().map(|rate| {
        let pair = subject(EventKind::Change, rate.pair.to_string());
        let value = rate.value.normalize().to_string();
        (pair, value, Content::Rate(Box::new(rate)))
    });
    rates.chain(facts).collect()
}

/// The held values behind the rates, and those of rows that the webhook wants as pairs, although no rate may be served yet.
fn held(webhook: &Webhook, snapshot: &Snapshot, rates: &[Rate]) -> BTreeMap<String, Arc<Held>> {
    let of_rates = rates.iter().flat_map(|rate| &rate.held);
    let of_sources = snapshot.sources().flat_map(|state| &state.held);
    let of_sources = of_sources.filter(|held| {
        let (base, quote) = (held.fixing.currency, held.fixing.home_currency);
        let either = [
            Pair { base, quote },
            Pair {
                base: quote,
                quote: base,
            },
        ];
        either.iter().any(|pair| webhook.pairs.wants(*pair))
    });
    let all = of_rates.chain(of_sources);
    all.map(|held| (held.id().to_string(), Arc::clone(held)))
        .collect()
}

/// Whether a source is late; `None` before its first table.
fn punctuality(state: &SourceState) -> Option<&'static str> {
    let freshness = state.freshness_status.as_ref()?.freshness;
    Some(match freshness {
        Freshness::Fresh | Freshness::CarriedOver => "on_time",
        Freshness::Late => "late",
        Freshness::Stale => "stale",
    })
}

/// How bad a punctuality is.
fn lateness(state: &str) -> u8 {
    match state {
        "late" => 1,
        "stale" => 2,
        _ => 0,
    }
}

/// Whether a difference from what is known is an event.
fn is_event(webhook: &Webhook, known: Option<&Fact>, state: &str, content: &Content) -> bool {
    match (content, known) {
        (Content::Held(_), _) => true,
        (Content::Source(_), Some(known)) => lateness(state) > lateness(&known.state),
        (Content::Rate(rate), Some(known)) => is_large(webhook, rate, known),
        (Content::Source(_) | Content::Rate(_), None) => false,
    }
}

/// Whether a rate has changed by as much as the webhook wants. The correction of a value that was sent is sent too: the
/// receiver would otherwise keep the wrong one. A change that is unknown has not reached any limit.
fn is_large(webhook: &Webhook, rate: &Rate, known: &Fact) -> bool {
    let Some(least) = webhook.min_change_percent else {
        return true;
    };
    let percent = rate.change.as_ref().map(|change| change.percent.abs());
    percent.is_some_and(|percent| percent >= least) || known.told == Some(fixing_of(rate))
}

/// The fixing of a rate: its source and its date.
fn fixing_of(rate: &Rate) -> String {
    let date = rate.effective_date.map(|date| date.to_string());
    format!("{} {}", rate.source, date.unwrap_or_default())
}

#[cfg(test)]
mod tests;
