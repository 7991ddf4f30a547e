//! A subscriber over the network: the client of the project, and the checks of every event that it reports.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use silkrate::client::{Client, Watch, WatchEvent, WatchOptions};
use silkrate::pb;
use silkrate::pb::ResumeVerdict;

use crate::findings::Findings;
use crate::history::History;
use crate::network::Link;

/// The filters of subscribers; the last is the ticker.
pub(crate) const FILTERS: [&[&str]; 4] = [
    &["USD/KZT", "EUR/KZT", "KZT/UZS", "RUB/KZT"],
    &["*/USD"],
    &["*/UZS", "UZS/*"],
    &[],
];
/// How often a subscriber is slow to read the next event, and how often it reconnects, each in a thousand.
const SLOW_PER_MILLE: u32 = 30;
const RECONNECTS_PER_MILLE: u32 = 15;
/// The longest time that a slow subscriber does not read, in milliseconds.
const SLOW_MS_MAX: u64 = 120_000;

/// The position that a subscriber holds, for others to see.
pub(crate) type Held = Arc<Mutex<Option<pb::Position>>>;

/// A subscriber, over all its streams.
#[derive(Debug)]
pub(crate) struct Subscriber {
    name: String,
    pairs: &'static [&'static str],
    watch: Watch,
    history: Arc<History>,
    findings: Arc<Findings>,
    random: Rng,
    held: Option<pb::Position>,
    /// Whether the next update is the first of its stream, which may be empty.
    is_first: bool,
    /// The pairs that it has rows of.
    known: BTreeSet<String>,
    /// Whether an update brought a pair that it had no row of, whose place among the rows may be unknown: then the client
    /// asks for a snapshot. Nothing else makes it give up a position.
    has_new_pair: bool,
    shown: Held,
}

impl Subscriber {
    pub(crate) fn new(
        number: usize,
        link: &Arc<Link>,
        (history, findings): (Arc<History>, Arc<Findings>),
        seed: u64,
    ) -> Self {
        let pairs = FILTERS[number % FILTERS.len()];
        let client = Client::new("http://silkrate.test").unwrap();
        let options = WatchOptions {
            pairs: pairs.iter().map(ToString::to_string).collect(),
            min_interval: Duration::from_secs(if number == 1 { 30 } else { 0 }),
            ..WatchOptions::default()
        };
        Self {
            name: format!("subscriber {number}"),
            pairs,
            watch: Watch::new(client.through(link.connector()), options),
            history,
            findings,
            random: Rng::with_seed(seed),
            held: None,
            is_first: false,
            known: BTreeSet::new(),
            has_new_pair: false,
            shown: Held::default(),
        }
    }

    pub(crate) fn shown(&self) -> Held {
        Arc::clone(&self.shown)
    }

    /// Subscribes until it is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            match self.watch.next().await {
                Ok(event) => self.take(event),
                Err(error) => {
                    self.complain(&format!("refused for good: {error}"));
                    return;
                }
            }
            let chance = self.random.u32(..1000);
            if chance < SLOW_PER_MILLE {
                let slow = self.random.u64(..=SLOW_MS_MAX);
                tokio::time::sleep(Duration::from_millis(slow)).await;
            } else if chance < SLOW_PER_MILLE + RECONNECTS_PER_MILLE {
                self.watch.reconnect();
            }
        }
    }

    fn take(&mut self, event: WatchEvent) {
        self.findings.count("events", 1);
        self.note(&event);
        match event {
            WatchEvent::Opening {
                position, verdict, ..
            } => self.opened(position.as_ref(), verdict),
            WatchEvent::Snapshot => {
                self.findings.count("snapshots", 1);
                self.has_new_pair = false;
                self.advances();
            }
            WatchEvent::Update {
                after,
                rates,
                commits,
                ..
            } => {
                self.findings.count("updates", 1);
                self.has_new_pair |= rates.iter().any(|rate| !self.known.contains(&rate.pair));
                self.check_update(after, &rates, commits);
                self.advances();
                self.is_first = false;
            }
            WatchEvent::Heartbeat(_) => self.findings.count("heartbeats", 1),
            WatchEvent::Disconnected { reason, .. } => {
                self.findings.count("disconnects", 1);
                if reason.contains("this replica is at revision") {
                    self.findings.count("moves to a replica behind", 1);
                }
                for defect in ["does not apply", "another position", "no event"] {
                    if reason.contains(defect) {
                        self.complain(&reason);
                    }
                }
            }
        }
    }

    /// Notes the event in the trace.
    fn note(&self, event: &WatchEvent) {
        let what = match event {
            WatchEvent::Opening { verdict, .. } => verdict.as_str_name(),
            WatchEvent::Snapshot => "has a snapshot",
            WatchEvent::Update { .. } => "has an update",
            // Most events are heartbeats, and nothing changes with them.
            WatchEvent::Heartbeat(_) => return,
            WatchEvent::Disconnected { reason, .. } => reason,
        };
        let (name, position) = (&self.name, self.watch.position());
        let revision = position.map(|position| position.revision);
        self.findings
            .happens(&format!("{name} at {revision:?}: {what}"));
    }

    /// The verdict is the right one.
    fn opened(&mut self, position: Option<&pb::Position>, verdict: ResumeVerdict) {
        let held = self.held.as_ref();
        let epoch = held.map(|held| held.epoch.as_str());
        let holds = match verdict {
            ResumeVerdict::Resumed => {
                self.findings.count("resumed", 1);
                self.is_first = true;
                held.is_some() && position == held
            }
            ResumeVerdict::SnapshotRequested => held.is_none() || self.has_new_pair,
            ResumeVerdict::SnapshotOtherEpoch => {
                position.map(|position| position.epoch.as_str()) != epoch
            }
            ResumeVerdict::SnapshotTooOld => self.history.is_shared() && self.pairs.is_empty(),
            ResumeVerdict::Unspecified | ResumeVerdict::SnapshotAhead => false,
        };
        if !holds {
            self.complain(&format!(
                "{verdict:?} at {position:?}, and {held:?} is held"
            ));
        }
    }

    /// An update follows what is held, without a gap, and has what changed.
    fn check_update(&self, after: Option<pb::Position>, rates: &[pb::Rate], commits: u64) {
        let position = self.watch.position();
        if after != self.held {
            self.complain(&format!(
                "an update after {after:?}, and {:?} is held",
                self.held
            ));
        }
        let (Some(after), Some(position)) = (after, position) else {
            return self.complain("an update without a position");
        };
        let revisions = position.revision.saturating_sub(after.revision);
        if commits != revisions || (commits == 0 && !self.is_first) {
            self.complain(&format!("{commits} commits from {after:?} to {position:?}"));
        }
        for rate in rates {
            let at = rate.changed_at_revision;
            if at <= after.revision || at > position.revision {
                self.complain(&format!(
                    "{} of {at} from {after:?} to {position:?}",
                    rate.pair
                ));
            }
        }
    }

    /// The rows are those that were served at the position, which is not older than the one held.
    fn advances(&mut self) {
        let pairs = self.watch.rates().iter().map(|rate| rate.pair.clone());
        self.known = pairs.collect();
        let Some(position) = self.watch.position().cloned() else {
            return self.complain("rows without a position");
        };
        let Some(served) = self.history.served(&position, self.pairs) else {
            return self.complain(&format!("{position:?} was never published"));
        };
        if let Some(held) = &self.held {
            let first = self.history.places(held).map(|(first, _)| first);
            let last = self.history.places(&position).map(|(_, last)| last);
            if first > last {
                self.complain(&format!("{position:?} after {held:?}"));
            }
        }
        let sorted = |rates: &[pb::Rate]| {
            let mut rates = rates.to_vec();
            rates.sort_by(|one, other| one.pair.cmp(&other.pair));
            rates
        };
        let same_rates = sorted(self.watch.rates()) == sorted(&served.rates);
        if !same_rates || self.watch.sources() != served.sources {
            let (mine, theirs) = (sorted(self.watch.rates()), sorted(&served.rates));
            let differs = mine.iter().zip(&theirs).find(|(one, other)| one != other);
            self.complain(&format!(
                "other rows than those of {position:?}: {differs:?}"
            ));
        }
        self.findings.count("states compared", 1);
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = Some(position.clone());
        self.held = Some(position);
    }

    fn complain(&self, what: &str) {
        self.findings.violation(&format!("{}: {what}", self.name));
    }
}
