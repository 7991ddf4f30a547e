//! What a request may ask, checked, and answered in domain values or a [`Refusal`].
//!
//! Every face of the service (gRPC, the web side, the operators' port) reads its request, calls [`Queries`], and renders
//! what it returns. Requests reach the board and the ledger through here alone, so a check, a default and a limit exist
//! once for all of them.

mod catalogue;
mod filter_cache;
mod historical;
mod history_reader;
mod over_time;
mod operator;
mod page;
mod parse;
mod window;

use std::sync::Arc;

pub use catalogue::{Currencies, CurrencyEntry, CurrencySource, PairEntry, PairsPage, PairsQuery};
pub use filter_cache::FilterCache;
pub use historical::{ConvertQuery, Converted, FixingsPage, FixingsQuery, PastRates};
use jiff::Timestamp;
pub use over_time::{HistoryPairs, HistoryQuery, PeriodRatesQuery, RangeQuery, RowsPage};
pub use page::{PAGE_BYTES_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, rows_of_page};
pub use parse::{parse_currency, parse_date, parse_date_range, parse_pair};
use tokio::sync::watch;
pub use window::WindowRates;

use crate::board::{BoardReader, Preferences, Replica, SourceDetail};
use crate::callers::{CountedClient, QuotaExceeded, ShareExceeded};
use crate::clock::Clock;
use crate::domain::{Pair, Rate, RateFilter, Refusal, Snapshot, SourceRecord};
use crate::feed::{
    Feed, HealthPlace, StreamRefused, SubscribeRequest, Subscription, Ticker, Transport,
};
pub use crate::ledger::FixingRecord;
use crate::ledger::LedgerReader;
use crate::queries::history_reader::HistoryReader;

/// Answers queries.
#[derive(Debug, Clone)]
pub struct Queries {
    feed: Feed,
    history: HistoryReader,
    clock: Clock,
}

impl Queries {
    /// Answers queries about the present from the board behind `feed`, and historical ones from the ledger while there is
    /// one, by the order of `preferences`. An empty filter means the pairs of `ticker`. Both may be replaced while it answers.
    pub fn new(
        feed: Feed,
        ledger: watch::Receiver<Option<LedgerReader>>,
        ticker: impl Into<Ticker>,
        preferences: impl Into<Preferences>,
        clock: Clock,
    ) -> Self {
        Self {
            history: HistoryReader::new(feed.board().clone(), ledger, preferences.into()),
            feed: feed.with_ticker(ticker.into()),
            clock,
        }
    }

    /// The present state.
    ///
    /// # Errors
    /// [`Refusal::Draining`], [`Refusal::NoState`].
    pub fn snapshot(&self) -> Result<Arc<Snapshot>, Refusal> {
        self.check_serving()?;
        Ok(self.board().snapshot())
    }

    /// The filter of the items of a request: the ticker's pairs when there are none.
    ///
    /// # Errors
    /// [`Refusal::InvalidFilter`].
    pub fn filter(&self, items: &[impl AsRef<str>]) -> Result<RateFilter, Refusal> {
        let filter = self.wanted(items)?;
        Ok(RateFilter::clone(&self.resolved(&Arc::new(filter))))
    }

    /// The filter of the items of a request: empty when there are none, for the pairs that the ticker has at each moment.
    ///
    /// # Errors
    /// [`Refusal::InvalidFilter`].
    pub fn wanted(&self, items: &[impl AsRef<str>]) -> Result<RateFilter, Refusal> {
        RateFilter::parse(items).map_err(Refusal::InvalidFilter)
    }

    /// The pairs that the ticker has now.
    pub fn ticker(&self) -> Arc<RateFilter> {
        self.feed.ticker().pairs()
    }

    /// A filter, or the pairs that the ticker has now in the place of an empty one.
    pub fn resolved(&self, wanted: &Arc<RateFilter>) -> Arc<RateFilter> {
        if wanted.is_empty() {
            self.ticker()
        } else {
            Arc::clone(wanted)
        }
    }

    /// The rate of a pair in a snapshot.
    ///
    /// # Errors
    /// [`Refusal::PairNotQuoted`].
    pub fn rate(&self, snapshot: &Snapshot, pair: Pair) -> Result<Rate, Refusal> {
        snapshot.rate(pair).ok_or(Refusal::PairNotQuoted(pair))
    }

    /// Opens a stream of a client; of none for a reader within the process.
    ///
    /// # Errors
    /// [`Refusal::Draining`], [`Refusal::NoState`], [`Refusal::TooManyStreams`], [`Refusal::TooManyClientStreams`],
    /// [`Refusal::MemoryPressure`].
    pub fn subscribe(
        &self,
        request: SubscribeRequest,
        client: Option<CountedClient>,
    ) -> Result<Subscription, Refusal> {
        self.check_serving()?;
        Ok(self.feed.subscribe(request, client)?)
    }

    /// A place among the streams for a client that watches the health.
    ///
    /// # Errors
    /// [`Refusal::TooManyStreams`], [`Refusal::TooManyClientStreams`], [`Refusal::MemoryPressure`].
    pub fn health_place(
        &self,
        client: Option<CountedClient>,
        transport: Transport,
    ) -> Result<HealthPlace, Refusal> {
        Ok(self.feed.health_place(client, transport)?)
    }

    /// Every source, sorted by id: its state, and how its polls go.
    ///
    /// # Errors
    /// [`Refusal::Draining`], [`Refusal::NoState`].
    pub fn sources(&self) -> Result<(Vec<SourceDetail>, Option<Replica>), Refusal> {
        let (snapshot, board) = (self.snapshot()?, self.board());
        Ok((board.details(&snapshot), board.replica()))
    }

    /// What is known of the publications of a source, by its id.
    pub fn source(&self, id: &str) -> Option<Arc<SourceRecord>> {
        self.board().record(id)
    }

    /// The time of the service's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn board(&self) -> &BoardReader {
        self.feed.board()
    }

    /// Refuses what a reader asks of a service that has nothing to say, so that another replica is asked.
    fn check_serving(&self) -> Result<(), Refusal> {
        if self.feed.is_draining() {
            return Err(Refusal::Draining);
        }
        match self.board().lack_of_state() {
            Some(reason) => Err(Refusal::NoState(reason)),
            None => Ok(()),
        }
    }
}

impl From<ShareExceeded> for Refusal {
    fn from(ShareExceeded { most, .. }: ShareExceeded) -> Self {
        Self::TooManyClientStreams { streams_max: most }
    }
}

impl From<StreamRefused> for Refusal {
    fn from(refused: StreamRefused) -> Self {
        match refused {
            StreamRefused::TooMany { streams_max } => Self::TooManyStreams { streams_max },
            StreamRefused::TooManyOfClient(exceeded) => exceeded.into(),
            StreamRefused::MemoryPressure => Self::MemoryPressure,
        }
    }
}

impl From<QuotaExceeded> for Refusal {
    fn from(QuotaExceeded { per_minute, wait }: QuotaExceeded) -> Self {
        Self::QuotaExceeded { per_minute, wait }
    }
}
