//! A poller alone on a paused clock: its bank is within the process, and the commit task keeps in memory what it files.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Response, StatusCode};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use silkrate::budget::{RequestBudget, RequestCounts};
use silkrate::clock::Clock;
use silkrate::commit::{BufferedLedger, Commit, SimulatedDisk};
use silkrate::config::SourceSettings;
use silkrate::domain::{DocumentRecord, History, RateFilter, SourceRecord};
use silkrate::fetch::{BankDouble, FetchError};
use silkrate::ledger::ClockKind;
use silkrate::poller::Poller;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::support::april::{nbk, nbk_path};
use crate::support::records::PREFERENCES;
use crate::support::silkrate::{settings, source};

/// How long the bank takes to answer.
const ANSWER: Duration = Duration::from_millis(20);

/// A request that a bank was sent.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) real: Instant,
    pub(crate) at: Timestamp,
    pub(crate) path: String,
    pub(crate) has_table: bool,
}

/// The Kazakh bank with tables that it shows from an instant on, and 404 for every other date.
#[derive(Debug)]
pub(crate) struct QuietBank {
    clock: Clock,
    tables: BTreeMap<String, (Timestamp, String)>,
    asked: Mutex<Vec<Asked>>,
}

impl QuietBank {
    /// A bank on a clock that has the tables of these dates, each from an instant on.
    pub(crate) fn new(clock: &Clock, tables: &[(Date, Timestamp)]) -> Arc<Self> {
        let tables = tables.iter().map(|(date, from)| {
            let date = day_first(*date);
            (nbk_path(&date), (*from, document(&date)))
        });
        Arc::new(Self {
            clock: clock.clone(),
            tables: tables.collect(),
            asked: Mutex::default(),
        })
    }

    fn log(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The requests, in their order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.log().clone()
    }
}

impl BankDouble for QuietBank {
    fn answer(
        &self,
        path: &str,
        _headers: &HeaderMap,
    ) -> BoxFuture<'static, Result<Response<Vec<u8>>, FetchError>> {
        let at = self.clock.now();
        let table = self.tables.get(path).filter(|(from, _)| *from <= at);
        let table = table.map(|(_, text)| text.clone().into_bytes());
        self.log().push(Asked {
            real: Instant::now(),
            at,
            path: path.to_owned(),
            has_table: table.is_some(),
        });
        async move {
            tokio::time::sleep(ANSWER).await;
            let is_missing = table.is_none();
            let mut response = Response::new(table.unwrap_or_default());
            if is_missing {
                *response.status_mut() = StatusCode::NOT_FOUND;
            }
            Ok(response)
        }
        .boxed()
    }
}

/// A process that polls the bank, and nothing else.
#[derive(Debug)]
pub(crate) struct LonePoller {
    tasks: JoinSet<()>,
}

impl LonePoller {
    /// Starts one whose ledger has the tables of these dates, with a budget of requests for a day.
    pub(crate) async fn start(
        bank: &Arc<QuietBank>,
        known: &[Date],
        (per_day, counts): (u32, &RequestCounts),
    ) -> Self {
        let settings_of_bank = SourceSettings {
            interval: Duration::from_secs(15 * 60),
            requests_per_day: per_day,
            ..source("nbk", "", "http://bank.test")
        };
        let ledger = BufferedLedger::open_if_possible(None, ClockKind::Replay);
        // Its threads take no time of the paused clock.
        let ledger = ledger.unwrap().on(SimulatedDisk::default());
        let pairs = RateFilter::parse(&["USD/KZT"]).unwrap();
        let records = vec![record(&settings_of_bank, known)];
        let clock = bank.clock.clone();
        let ticker = (PREFERENCES.to_vec(), pairs);
        let (commit, handle) = Box::pin(Commit::open(records, ticker, ledger, clock.clone())).await;
        let settings_of_all = settings("2026-04-02T00:00:00Z");
        let (id, zone) = (settings_of_bank.source.id, zone(&settings_of_bank));
        let budget = RequestBudget::new(id, per_day, zone, clock.clone(), counts.clone());
        let http = &settings_of_all.http;
        let poller = Poller::new(&settings_of_bank, http, budget, clock, handle).unwrap();
        let double: Arc<dyn BankDouble> = Arc::<QuietBank>::clone(bank);
        let mut tasks = JoinSet::new();
        tasks.spawn(commit.run(CancellationToken::new()));
        tasks.spawn(poller.answered_by(double).run(CancellationToken::new()));
        Self { tasks }
    }

    /// Kills it.
    pub(crate) async fn kill(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Uses up a part of the bank's budget of the day.
pub(crate) fn use_up(bank: &QuietBank, requests: u32, counts: &RequestCounts) {
    let settings = source("nbk", "", "http://bank.test");
    let clock = bank.clock.clone();
    let budget = RequestBudget::new(
        settings.source.id,
        requests,
        zone(&settings),
        clock,
        counts.clone(),
    );
    while budget.take_another() {}
}

/// Runs something in one thread, on a paused clock of the runtime.
pub(crate) fn on_paused_clock(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(work);
}

fn zone(settings: &SourceSettings) -> TimeZone {
    TimeZone::get(settings.source.zone).unwrap()
}

fn record(settings: &SourceSettings, known: &[Date]) -> SourceRecord {
    let source = settings.source;
    let document_of_source = &source.documents[0];
    let mut history = History::new(source.revision_policy);
    for date in known {
        let text = document(&day_first(*date));
        history.insert((document_of_source.parse)(text.as_bytes()).unwrap());
    }
    SourceRecord {
        id: source.id,
        name: source.name,
        attribution: source.attribution,
        page: source.page,
        terms: source.terms,
        home: source.home,
        zone: zone(settings),
        documents: vec![DocumentRecord {
            name: document_of_source.name,
            schedule: document_of_source.schedule,
            required: document_of_source.required,
            typical_dollar: source.typical_dollar,
            history,
        }],
        attempted: false,
    }
}

fn day_first(date: Date) -> String {
    date.strftime("%d.%m.%Y").to_string()
}

/// The table of a date: each has another price, so that none repeats the one before.
fn document(date: &str) -> String {
    let price = format!("475.{}", date.get(..2).unwrap());
    nbk(date, (&price, "0.01"), ("3.91", "0.01"))
}
