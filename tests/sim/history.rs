//! Everything that the service ever published, at every position: what each subscriber is compared with.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use silkrate::board::{Board, BoardReader};
use silkrate::clock::Clock;
use silkrate::domain::{Book, Preference, RateFilter, Snapshot, SourceId};
use silkrate::feed::{Feed, StreamLimits};
use silkrate::grpc::Rates;
use silkrate::pb;
use silkrate::pb::rate_service_server::RateService;
use silkrate::queries::Queries;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::bank::Bank;
use crate::findings::Findings;
use crate::service::HEARTBEAT;

/// The pairs of the ticker.
pub(crate) const TICKER: [&str; 3] = ["KZT/USD", "UZS/USD", "KGS/USD"];
pub(crate) const PREFERENCES: [Preference; 2] =
    [Preference::Home, Preference::Source(SourceId::new("cbr"))];

/// What is served at a position for a filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Served {
    pub(crate) rates: Vec<pb::Rate>,
    pub(crate) sources: Vec<pb::SourceState>,
}

/// What was published, in order.
#[derive(Debug)]
pub(crate) struct History {
    findings: Arc<Findings>,
    banks: Vec<Arc<Bank>>,
    /// Whether an epoch may begin, or an earlier one go on: the disk has refused an entry.
    may_break_off: AtomicBool,
    /// Whether several replicas publish: each skips revisions, and one that starts again may be behind what it has shown.
    is_shared: bool,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    snapshots: Vec<Arc<Snapshot>>,
    /// What each replica published last.
    last: BTreeMap<usize, Arc<Snapshot>>,
    /// Where each position was first and last published.
    places: BTreeMap<(String, u64), (usize, usize)>,
    served: BTreeMap<(String, u64, String), Arc<Served>>,
}

impl History {
    pub(crate) fn new(findings: Arc<Findings>, banks: Vec<Arc<Bank>>) -> Self {
        Self {
            findings,
            banks,
            may_break_off: AtomicBool::new(false),
            is_shared: false,
            inner: Mutex::default(),
        }
    }

    /// That of several replicas, which publish the same.
    pub(crate) fn of_replicas(findings: Arc<Findings>, banks: Vec<Arc<Bank>>) -> Self {
        Self {
            is_shared: true,
            ..Self::new(findings, banks)
        }
    }

    /// Whether several replicas publish.
    pub(crate) fn is_shared(&self) -> bool {
        self.is_shared
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets whether positions may be lost, as with a full disk.
    pub(crate) fn set_may_break_off(&self, may: bool) {
        self.may_break_off.store(may, Ordering::Relaxed);
    }

    /// Records what a service starts with, the replica of a number. The future records all that it publishes afterwards.
    pub(crate) fn follow(
        self: Arc<Self>,
        board: &BoardReader,
        number: usize,
    ) -> impl Future<Output = ()> + use<> {
        let (first, queue) = board.subscribe();
        self.record(first, number, true);
        self.record_each(queue, number)
    }

    async fn record_each(self: Arc<Self>, mut queue: Receiver<Arc<Snapshot>>, number: usize) {
        loop {
            match queue.recv().await {
                Ok(snapshot) => self.record(snapshot, number, false),
                Err(RecvError::Lagged(missed)) => {
                    self.findings
                        .violation(&format!("{missed} commits at one instant"));
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn record(&self, snapshot: Arc<Snapshot>, number: usize, is_start: bool) {
        let key = key(&snapshot);
        let who = if self.is_shared {
            format!("replica {number} ")
        } else {
            String::new()
        };
        let what = if is_start { "starts at" } else { "publishes" };
        self.findings
            .happens(&format!("{who}{what} {} of {}", key.1, key.0));
        if self.is_shared && key.1 == 0 {
            // It has not read the log yet, and serves nothing.
            return;
        }
        let before = self.inner().last.insert(number, Arc::clone(&snapshot));
        let known = self.inner().places.get(&key).copied();
        if let Some(before) = before {
            self.check_order(&before, &snapshot, is_start);
        }
        if let Some((_, place)) = known {
            let earlier = Arc::clone(&self.inner().snapshots[place]);
            let same = served(&earlier, &["*/*"]) == served(&snapshot, &["*/*"]);
            self.findings
                .check(same, || format!("{key:?} is served in two ways"));
        } else {
            self.check_rows(&snapshot);
        }
        let mut inner = self.inner();
        let place = inner.snapshots.len();
        inner.snapshots.push(snapshot);
        let places = inner.places.entry(key).or_insert((place, place));
        places.1 = place;
        self.findings.count("commits", u64::from(!is_start));
    }

    /// Revisions have no gap, and nothing that was published is lost.
    fn check_order(&self, before: &Snapshot, next: &Snapshot, is_start: bool) {
        let (old, new) = (&before.position, &next.position);
        let may_break_off = self.may_break_off.load(Ordering::Relaxed);
        if self.is_shared {
            // No record of the log is lost, so no epoch begins.
            let holds = old.epoch == new.epoch && (is_start || new.revision > old.revision);
            return self.findings.check(holds, || {
                format!("{new:?} after {old:?} at one replica, start: {is_start}")
            });
        }
        let holds = match (old.epoch == new.epoch, is_start) {
            (true, false) => new.revision == old.revision + 1,
            (true, true) => new.revision >= old.revision || may_break_off,
            (false, false) => may_break_off && new.revision > old.revision,
            (false, true) => may_break_off,
        };
        self.findings.check(holds, || {
            format!("{new:?} after {old:?}, start: {is_start}")
        });
    }

    /// Each row was printed by its bank, and all rows of a bank are of the same tables, in force and announced.
    fn check_rows(&self, snapshot: &Snapshot) {
        let all = served(snapshot, &["*/*"]);
        let revision = snapshot.position.revision;
        let changed = all
            .rates
            .iter()
            .filter(|rate| rate.changed_at_revision == revision);
        for fixing in changed.flat_map(|rate| &rate.fixings) {
            let bank = self.banks.iter().find(|bank| bank.kind.id == fixing.source);
            let date = fixing.effective_date.parse().unwrap();
            let code = &fixing.currency;
            let holds = bank.is_some_and(|bank| bank.has_printed(date, code, &fixing.value));
            self.findings
                .check(holds, || format!("no bank has printed {fixing:?}"));
        }
        for bank in &self.banks {
            // Another source may answer for a pair, and a row that is held is not served.
            let of_bank = |rate: &&pb::Rate| {
                let is_served = rate.source.as_deref() == Some(bank.kind.id);
                is_served && rate.held.is_empty() && bank.kind.pairs().any(|pair| rate.pair == pair)
            };
            let dates = all.rates.iter().filter(of_bank).map(|rate| {
                let announced = rate.announced.as_ref();
                let announced = announced.map(|announced| &announced.effective_date);
                (rate.effective_date.as_ref(), announced)
            });
            let mut dates: Vec<_> = dates.collect();
            dates.dedup();
            self.findings.check(dates.len() < 2, || {
                format!("{} has rows of {dates:?} at {revision}", bank.kind.id)
            });
        }
    }

    /// The newest snapshot.
    pub(crate) fn newest(&self) -> Option<Arc<Snapshot>> {
        self.inner().snapshots.last().cloned()
    }

    /// Every position, oldest first, and each once.
    pub(crate) fn positions(&self) -> Vec<pb::Position> {
        let mut places: Vec<_> = self.inner().places.clone().into_iter().collect();
        places.sort_by_key(|(_, (first, _))| *first);
        let positions = places.into_iter();
        positions
            .map(|((epoch, revision), _)| pb::Position { epoch, revision })
            .collect()
    }

    /// Where a position was first and last published: a restart publishes one again. `None` if it never was.
    pub(crate) fn places(&self, position: &pb::Position) -> Option<(usize, usize)> {
        let key = (position.epoch.clone(), position.revision);
        self.inner().places.get(&key).copied()
    }

    /// What is served at a position for some pairs.
    pub(crate) fn served(&self, position: &pb::Position, pairs: &[&str]) -> Option<Arc<Served>> {
        let (_, place) = self.places(position)?;
        let key = (position.epoch.clone(), position.revision, pairs.join(" "));
        let mut inner = self.inner();
        let snapshot = Arc::clone(&inner.snapshots[place]);
        let known = inner.served.entry(key);
        let known = known.or_insert_with(|| Arc::new(served(&snapshot, pairs)));
        Some(Arc::clone(known))
    }
}

fn key(snapshot: &Snapshot) -> (String, u64) {
    let position = &snapshot.position;
    (position.epoch.to_string(), position.revision)
}

/// What a service that has published nothing since answers.
fn served(snapshot: &Snapshot, pairs: &[&str]) -> Served {
    let nothing = Book::new(Vec::new(), Vec::new());
    let still = Board::new(nothing.records(), snapshot.clone());
    let limits = StreamLimits::new(HEARTBEAT, 1);
    let feed = Feed::new(still.reader(), limits, CancellationToken::new());
    let (_, ledger) = watch::channel(None);
    let ticker = RateFilter::parse(&TICKER).unwrap();
    let queries = Queries::new(feed, ledger, ticker, &PREFERENCES, Clock::real());
    let rates = Rates::new(queries);
    let request = pb::GetSnapshotRequest {
        filter: Some(filter(pairs)),
        date: None,
    };
    let answer = rates.get_snapshot(tonic::Request::new(request));
    let answer = answer.now_or_never().unwrap().unwrap().into_inner();
    Served {
        rates: answer.rates,
        sources: answer.sources,
    }
}

pub(crate) fn filter(pairs: &[&str]) -> pb::RateFilter {
    pb::RateFilter {
        pairs: pairs.iter().map(ToString::to_string).collect(),
    }
}
