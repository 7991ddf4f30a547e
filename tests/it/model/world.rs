//! The service without its sockets, changed by the plan, and what it served at every position.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use prost::Message;
use silkrate::board::{Board, BoardReader};
use silkrate::clock::Clock;
use silkrate::domain::{Book, Currency, Position, RateFilter, Snapshot, Table};
use silkrate::feed::{Feed, StreamLimits};
use silkrate::grpc::{Rates, SharedRates};
use silkrate::pb;
use silkrate::queries::Queries;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::model::plan::Change;
use crate::support::boards::{HEARTBEAT, noon};
use crate::support::records::{PREFERENCES, Quotes, Records, table};
use crate::support::test_commit::{NEWS_MAX, REMOVALS_MAX};
use crate::support::wire::{call, frames};

/// The filters of readers; the last is the server's ticker.
pub(super) const FILTERS: [&[&str]; 4] = [
    &["KZT/USD", "USD/KZT", "KGS/KZT", "KZT/KZT"],
    &["*/USD"],
    &["EUR/KGS", "KZT/*"],
    &[],
];
const TICKER: [&str; 2] = ["KGS/USD", "KZT/USD"];

/// A bank, and the currencies it may publish.
pub(super) struct Bank {
    id: &'static str,
    home: Currency,
    pub(super) codes: [&'static str; 3],
}

pub(super) const BANKS: [Bank; 2] = [
    Bank {
        id: "nbk",
        home: Currency::KZT,
        codes: ["USD", "EUR", "RUB"],
    },
    Bank {
        id: "nbkr",
        home: Currency::constant("KGS"),
        codes: ["USD", "EUR", "CNY"],
    },
];

/// What a bank has published: today's cents by code, and those of the day before.
#[derive(Debug, Clone, Default)]
struct Published {
    today: BTreeMap<usize, u16>,
    before: BTreeMap<usize, u16>,
}

/// What is served at a position for a filter.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ServedState {
    pub(super) pairs: Vec<String>,
    pub(super) rates: BTreeMap<String, pb::Rate>,
    pub(super) sources: BTreeMap<String, pb::SourceState>,
}

/// How reading stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// There is no stream.
    Closed,
    /// The stream is open.
    Open,
}

/// The service, and every snapshot it published.
pub(super) struct World {
    published: [Published; 2],
    day: Date,
    board: Board,
    /// Two services of one board: one that shares encoded messages, and one that does not.
    shared: SharedRates,
    plain: SharedRates,
    past: Vec<Arc<Snapshot>>,
    epochs: usize,
    /// The revision of every removal, in this epoch or before.
    removals: Vec<u64>,
    served: BTreeMap<(String, u64, usize), ServedState>,
    /// The messages between two positions, by filter: they are the same for every reader.
    pub(super) seen: BTreeMap<(usize, Option<u64>, String, u64), Bytes>,
}

fn filter(index: usize) -> pb::RateFilter {
    let pairs = FILTERS[index].iter().map(ToString::to_string).collect();
    pb::RateFilter { pairs }
}

/// The service of a board.
fn service(board: BoardReader, is_sharing: bool) -> SharedRates {
    let limits = StreamLimits::new(HEARTBEAT, 1_000);
    let feed = Feed::new(board, limits, CancellationToken::new());
    let (_, ledger) = watch::channel(None);
    let ticker = RateFilter::parse(&TICKER).unwrap();
    let rates = Rates::new(Queries::new(
        feed,
        ledger,
        ticker,
        &PREFERENCES,
        Clock::real(),
    ));
    SharedRates::new(rates, is_sharing, 65_536)
}

impl World {
    pub(super) fn new() -> Self {
        let day = date(2026, 4, 1);
        let published = <[Published; 2]>::default();
        let book = book(&published, day);
        let position = Position {
            epoch: "epoch-0".into(),
            revision: 0,
        };
        let snapshot = Snapshot::initial(position, book.view(noon(day)).states);
        let snapshot = snapshot.remembering(REMOVALS_MAX);
        let board = Board::with_queue_max(book.records(), snapshot, NEWS_MAX);
        Self {
            published,
            day,
            shared: service(board.reader(), true),
            plain: service(board.reader(), false),
            past: vec![board.snapshot()],
            board,
            epochs: 1,
            removals: Vec::new(),
            served: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    pub(super) fn service(&self, is_shared: bool) -> SharedRates {
        let service = if is_shared { &self.shared } else { &self.plain };
        service.clone()
    }

    pub(super) fn present(&self) -> &Snapshot {
        self.past.last().unwrap()
    }

    /// Every published snapshot, oldest first.
    pub(super) fn past(&self) -> &[Arc<Snapshot>] {
        &self.past
    }

    /// The revision before which not every removal is remembered.
    pub(super) fn forgotten(&self) -> u64 {
        let dropped = self.removals.len().checked_sub(REMOVALS_MAX + 1);
        dropped.map_or(0, |last| self.removals[last])
    }

    /// Changes the state, and publishes it if anything served differs.
    pub(super) fn commit(&mut self, change: Change) {
        let before = keys(&self.published);
        match change {
            Change::Value { bank, code, cents } => {
                self.published[bank].today.insert(code, cents);
            }
            Change::Day { bank, cents } => {
                self.day = self.day.checked_add(1.day()).unwrap();
                let published = &mut self.published[bank];
                published
                    .before
                    .extend(std::mem::take(&mut published.today));
                published.today = published.before.clone();
                for value in published.today.values_mut() {
                    *value = value.wrapping_add(cents).max(1);
                }
            }
            Change::Silence => self.day = self.day.checked_add(1.day()).unwrap(),
            Change::Vanish { bank, code } => {
                self.published[bank].today.remove(&code);
                self.published[bank].before.remove(&code);
            }
            Change::Lose { bank } => self.published[bank] = Published::default(),
        }
        let book = book(&self.published, self.day);
        let Some(next) = self.board.snapshot().next(book.view(noon(self.day))) else {
            return;
        };
        let left = before.difference(&keys(&self.published)).count();
        let revision = next.position.revision;
        self.removals.extend(std::iter::repeat_n(revision, left));
        self.publish(next, &book);
    }

    /// Begins a new epoch with the same state.
    pub(super) fn renew(&mut self) {
        let shown = self.board.snapshot();
        let position = Position {
            epoch: format!("epoch-{}", self.epochs).into(),
            revision: shown.position.revision + 1,
        };
        self.epochs += 1;
        let book = book(&self.published, self.day);
        self.publish(shown.renewed(position), &book);
    }

    fn publish(&mut self, next: Snapshot, book: &Book) {
        self.board.publish(next, book.records());
        self.past.push(self.board.snapshot());
    }

    /// What was served for a filter at a position, read from a service that has published nothing since.
    pub(super) fn served(&mut self, position: &pb::Position, index: usize) -> &ServedState {
        let key = (position.epoch.clone(), position.revision, index);
        let past = &self.past;
        self.served.entry(key).or_insert_with(|| {
            let there = |snapshot: &&Arc<Snapshot>| {
                let known = &snapshot.position;
                *known.epoch == *position.epoch && known.revision == position.revision
            };
            let snapshot = past.iter().find(there).expect("a position that was served");
            let records = Book::new(Vec::new(), Vec::new());
            let still = Board::new(records.records(), Snapshot::clone(snapshot));
            let request = pb::GetSnapshotRequest {
                filter: Some(filter(index)),
                ..pb::GetSnapshotRequest::default()
            };
            let answer = call(service(still.reader(), false), "GetSnapshot", &request);
            let (messages, _) = frames(answer);
            let answer = pb::GetSnapshotResponse::decode(&messages[0][5..]).unwrap();
            assert_eq!(answer.position.as_ref(), Some(position));
            ServedState::of(answer.rates, answer.sources)
        })
    }

    pub(super) fn request(index: usize) -> pb::WatchRatesRequest {
        pb::WatchRatesRequest {
            filter: Some(filter(index)),
            ..pb::WatchRatesRequest::default()
        }
    }
}

impl ServedState {
    pub(super) fn of(rates: Vec<pb::Rate>, sources: Vec<pb::SourceState>) -> Self {
        Self {
            pairs: rates.iter().map(|rate| rate.pair.clone()).collect(),
            rates: rates
                .into_iter()
                .map(|rate| (rate.pair.clone(), rate))
                .collect(),
            sources: sources
                .into_iter()
                .map(|state| (state.id.clone(), state))
                .collect(),
        }
    }
}

/// The quoted currencies: one that a bank had the day before and not today keeps its value.
fn keys(published: &[Published; 2]) -> BTreeSet<(usize, usize)> {
    let keys = |(bank, published): (usize, &Published)| {
        let codes = published.today.keys().chain(published.before.keys());
        codes.map(|code| (bank, *code)).collect::<Vec<_>>()
    };
    published.iter().enumerate().flat_map(keys).collect()
}

fn book(published: &[Published; 2], day: Date) -> Book {
    let mut records = Records::default();
    for (bank, published) in BANKS.iter().zip(published) {
        let table_of = |cents: &BTreeMap<usize, u16>, date: Date| -> Option<Table> {
            let values: Vec<(&'static str, String)> = cents
                .iter()
                .map(|(code, cents)| {
                    (
                        bank.codes[*code],
                        format!("{}.{:02}", cents / 100, cents % 100),
                    )
                })
                .collect();
            let rows: Vec<_> = values
                .iter()
                .map(|(code, value)| (*code, 1, value.as_str()))
                .collect();
            let quotes = Quotes::InHome(bank.home);
            (!rows.is_empty()).then(|| table(bank.id, quotes, date, &rows))
        };
        let yesterday = day.checked_sub(1.day()).unwrap();
        let tables = [
            table_of(&published.before, yesterday),
            table_of(&published.today, day),
        ];
        let tables = tables.into_iter().flatten().collect();
        records = records.with(bank.id, Some(bank.home), tables);
    }
    records.book()
}
