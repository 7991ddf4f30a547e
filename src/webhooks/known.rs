//! What the receiver of a webhook knows, and what differs from it in a snapshot: the events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::board::Published;
use crate::config::{EventKind, Webhook};
use crate::domain::{
    Announced, Change, Derivation, Freshness, Held, Pair, Preference, Rate, Snapshot, SourceState,
};
use crate::webhooks::event::{Content, Event};
use crate::webhooks::missed::{self, Missed, Search};
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

/// A snapshot, when it is read, and what is published by then: the records of the sources, with the order in which they are
/// preferred.
#[derive(Debug, Clone)]
pub(super) struct Observation {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) published: Published,
    pub(super) preferences: Arc<[Preference]>,
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

    /// The step to what is served. A subject of which nothing is known has not changed; a value that is announced or held is
    /// an event from its first moment.
    pub(super) fn step(&self, webhook: &Webhook, observation: &Observation) -> Step {
        let mut step = Step::default();
        let mut held = BTreeSet::new();
        let facts = facts(webhook, observation);
        let mut all_missed = self.missed(webhook, &facts, observation);
        for (subject, state, content) in facts {
            let known = self.facts.get(&subject);
            if subject.kind == EventKind::Held {
                held.insert(subject.clone());
            }
            // Another source may answer for a while with an older fixing; what was seen before stays seen.
            let since = content.since().max(known.and_then(|known| known.since));
            let missed = match &content {
                Content::Rate(rate) => all_missed.remove(&rate.pair).unwrap_or_default(),
                _ => Missed::default(),
            };
            let told = |known: &Fact| {
                let fixing = content.fixing().filter(|_| content.was_told(known));
                fixing.or_else(|| known.told.clone())
            };
            let mut fact = Fact {
                state,
                told: known.and_then(told),
                since,
                unseen: missed.unseen.clone(),
                sent: known.map_or_else(BTreeSet::new, |known| known.sent.clone()),
            };
            fact.sent
                .retain(|day| since.map(missed::earliest) <= Some(*day));
            if known == Some(&fact) {
                continue;
            }
            if webhook.events.contains(&subject.kind) {
                let mut contents = large(webhook, known, &missed);
                if self.is_sent(webhook, &subject, &fact, (&content, &missed)) {
                    contents.push(content);
                }
                for content in contents {
                    fact.told = newest_told(known, &content, fact.told);
                    let day = webhook.min_change_percent.and_then(|_| content.since());
                    fact.sent.extend(day);
                    let position = &observation.snapshot.position;
                    let event = Event::new(&subject, &content, position, observation.now);
                    step.events.push(event);
                }
            }
            step.changed.push((subject, fact));
        }
        // A value that is no longer held is an event when it is held again. A pair or a source that is away keeps what is
        // known of it.
        let known = self.facts.keys();
        let settled = known.filter(|subject| subject.kind == EventKind::Held);
        let settled = settled.filter(|subject| !held.contains(*subject));
        step.gone.extend(settled.cloned());
        step
    }

    /// What was missed of each pair since what is known of it. Without a limit the newest value says enough.
    fn missed(
        &self,
        webhook: &Webhook,
        facts: &[(Subject, String, Content)],
        observation: &Observation,
    ) -> BTreeMap<Pair, Missed> {
        if webhook.min_change_percent.is_none() {
            return BTreeMap::new();
        }
        let searches = facts.iter().filter_map(|(subject, _, content)| {
            let (Content::Rate(rate), known) = (content, self.facts.get(subject)?) else {
                return None;
            };
            let after = known.since?;
            let since = content.since()?.max(after);
            Some(Search::new(rate.pair, (after, since), &known.unseen))
        });
        Missed::look_up(
            searches.collect(),
            observation.published.records(),
            &observation.preferences,
        )
    }

    /// Whether what is served is an event: it differs from what is known, or it is a large change from a value that no snapshot
    /// showed, be it back to the known one.
    fn is_sent(
        &self,
        webhook: &Webhook,
        subject: &Subject,
        fact: &Fact,
        (content, missed): (&Content, &Missed),
    ) -> bool {
        let known = self.facts.get(subject);
        if known.is_none_or(|known| known.state != fact.state) {
            let is_correction = self.is_correction(subject, &fact.state, content);
            return is_event(webhook, known, is_correction, &fact.state, content);
        }
        let (Content::Rate(rate), Some(known), Some(_)) =
            (content, known, webhook.min_change_percent)
        else {
            return false;
        };
        let is_another = known.since.is_some() && fact.since > known.since;
        let was_sent = content.was_told(known);
        (is_another || missed.is_reference && !was_sent)
            && has_moved(rate.change.as_ref())
            && is_large(webhook, rate.change.as_ref())
    }

    /// Whether a difference corrects a value that was sent, be it as one that was announced.
    fn is_correction(&self, subject: &Subject, state: &str, content: &Content) -> bool {
        let was_sent = |fact: &Fact| content.was_told(fact);
        if self.facts.get(subject).is_some_and(was_sent) {
            return true;
        }
        let Content::Rate(rate) = content else {
            return false;
        };
        let announced = Subject {
            kind: EventKind::Announced,
            name: subject.name.clone(),
        };
        let (announced, date) = (self.facts.get(&announced), rate.effective_date);
        let differs = |fact: &Fact| date.is_some_and(|date| fact.state != dated(date, state));
        announced.is_some_and(|fact| was_sent(fact) && differs(fact))
    }
}

impl Step {
    pub(super) fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.gone.is_empty()
    }
}

/// Everything that events can be about, in the order in which they are sent: rates, sources, held values.
fn facts(webhook: &Webhook, observation: &Observation) -> Vec<(Subject, String, Content)> {
    let (snapshot, records) = (&observation.snapshot, observation.published.records());
    let mut rates = snapshot.rates(&webhook.pairs);
    rates.retain(|rate| rate.derivation != Derivation::Identity);
    let subject = |kind, name| Subject { kind, name };
    let mut facts = Vec::new();
    let pairs = snapshot.pairs(&webhook.pairs);
    for state in snapshot.sources() {
        let answers = rates
            .iter()
            .any(|rate| rate.source.split('+').any(|id| id == state.id.as_str()));
        let home = records.get(&state.id).and_then(|record| record.home);
        let is_home = home.is_some_and(|home| {
            let mut pairs = pairs.iter();
            pairs.any(|pair| pair.base == home || pair.quote == home)
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
    let mut of_rates = Vec::new();
    for rate in rates {
        let pair = rate.pair.to_string();
        let value = rate.value.normalize().to_string();
        let announced = rate.announced.clone();
        let rate = Box::new(rate);
        if let Some(Announced {
            value,
            effective_date,
            ..
        }) = &announced
        {
            let state = dated(*effective_date, &value.normalize().to_string());
            let announced = subject(EventKind::Announced, pair.clone());
            of_rates.push((announced, state, Content::Announced(rate.clone())));
        }
        of_rates.push((subject(EventKind::Change, pair), value, Content::Rate(rate)));
    }
    of_rates.into_iter().chain(facts).collect()
}

/// The state of a value that is announced for a date.
fn dated(date: Date, value: &str) -> String {
    format!("{date} {value}")
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

/// The missed changes that are as large as the webhook wants, and that were not sent. A fixing of the same value is none.
fn large(webhook: &Webhook, known: Option<&Fact>, missed: &Missed) -> Vec<Content> {
    let rates = missed.rates.iter().filter(|(_, rate)| {
        let change = rate.change.as_ref();
        has_moved(change) && is_large(webhook, change)
    });
    let contents = rates.map(|(day, rate)| (day, Content::Past(Box::new(rate.clone()), *day)));
    let new = contents.filter(|(day, content)| {
        known.is_none_or(|known| !known.sent.contains(day) && !content.was_told(known))
    });
    new.map(|(_, content)| content).collect()
}

/// The newest value that was sent, with an event more. A fixing that is filed late is older than the newest.
fn newest_told(known: Option<&Fact>, content: &Content, told: Option<String>) -> Option<String> {
    let newest = known.and_then(|known| known.since);
    match content {
        Content::Past(_, day) if Some(*day) <= newest => told,
        _ => content.fixing().or(told),
    }
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

/// Whether a difference from what is known is an event. The correction of a value that was sent is one whatever its size: the
/// receiver would otherwise keep the wrong value.
fn is_event(
    webhook: &Webhook,
    known: Option<&Fact>,
    is_correction: bool,
    state: &str,
    content: &Content,
) -> bool {
    match content {
        Content::Held(_) => true,
        Content::Source(_) => known.is_some_and(|known| lateness(state) > lateness(&known.state)),
        Content::Rate(rate) => {
            known.is_some() && (is_large(webhook, rate.change.as_ref()) || is_correction)
        }
        Content::Past(rate, _) => is_large(webhook, rate.change.as_ref()),
        Content::Announced(rate) => {
            let announced = rate.announced.as_ref();
            announced.is_some_and(|announced| {
                let is_another = announced.value != rate.value;
                is_another && is_large(webhook, announced.change.as_ref()) || is_correction
            })
        }
    }
}

/// Whether a value differs from its reference.
fn has_moved(change: Option<&Change>) -> bool {
    change.is_some_and(|change| !change.absolute.is_zero())
}

/// Whether a change is as large as the webhook wants. One that is unknown has not reached any limit.
fn is_large(webhook: &Webhook, change: Option<&Change>) -> bool {
    webhook.min_change_percent.is_none_or(|least| {
        let percent = change.map(|change| change.percent.abs());
        percent.is_some_and(|percent| percent >= least)
    })
}

#[cfg(test)]
mod tests;
