//! A subscription that survives its connections.
//!
//! It does what the comment of the service asks of every client: applies whole messages only, checks that each
//! update applies to what is held, takes a long silence for death, and comes back where it stopped.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, stream};
use tokio::time::{Instant, sleep_until, timeout};
use tonic::Streaming;

use crate::client::rows::Rows;
use crate::client::{Backoff, Client, ClientError, filter};
use crate::pb::watch_rates_response::Event;
use crate::pb::{
    Heartbeat, Opening, Position, Rate, ResumeVerdict, SourceState, WatchRatesRequest,
    WatchRatesResponse,
};

/// So many heartbeats may fail to come before the stream is taken for dead: one may be lost, two may be late.
const HEARTBEATS_MISSED: u32 = 3;
/// The heartbeat interval assumed before the server has told its own, and when it tells none.
const HEARTBEAT_ASSUMED: Duration = Duration::from_secs(20);
/// The longest heartbeat interval that is believed: beyond it a dead stream would look alive for too long.
const HEARTBEAT_MAX: Duration = Duration::from_secs(300);

/// What to watch.
#[derive(Debug, Clone, Default)]
pub struct WatchOptions {
    /// The pairs, as in the contract's filter; none mean the server's ticker.
    pub pairs: Vec<String>,
    /// The least time between two updates; zero for every commit.
    pub min_interval: Duration,
    /// The delays between attempts to reconnect.
    pub backoff: Backoff,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum WatchEvent {
    /// The server answers; rows follow.
    Opening {
        /// Where the server stands. The rows may be of another position until the next event.
        position: Option<Position>,
        /// What became of the position that was to be resumed.
        verdict: ResumeVerdict,
        /// How long the stream stays silent at most.
        heartbeat_interval: Duration,
    },
    /// Every row was replaced.
    Snapshot,
    /// Some rows changed.
    Update {
        /// The rows that changed, in the server's order.
        rates: Vec<Rate>,
        /// The pairs that are gone.
        removed_pairs: Vec<String>,
        /// How many commits it merges.
        commits: u64,
    },
    /// Nothing changed.
    Heartbeat(Heartbeat),
    /// The connection is gone; the next call waits and makes a new one.
    Disconnected {
        /// Why.
        reason: String,
        /// How long the wait will be.
        retry_in: Duration,
    },
}

/// A subscription. Poll it with [`Watch::next`]; between two calls the rows stand still.
#[derive(Debug)]
pub struct Watch {
    client: Client,
    options: WatchOptions,
    rows: Rows,
    stream: Option<Streaming<WatchRatesResponse>>,
    /// The rows are right, and their order is not known: the next stream begins with a snapshot.
    order_is_lost: bool,
    heartbeat_interval: Duration,
    failures: u32,
    retry_at: Option<Instant>,
}

impl Watch {
    /// Prepares a subscription; the first [`Watch::next`] connects.
    pub fn new(client: Client, options: WatchOptions) -> Self {
        Self {
            rows: Rows::new(&options.pairs),
            client,
            options,
            stream: None,
            order_is_lost: false,
            heartbeat_interval: HEARTBEAT_ASSUMED,
            failures: 0,
            retry_at: None,
        }
    }

    /// The rows held, in the order of the filter.
    pub fn rates(&self) -> &[Rate] {
        &self.rows.rates
    }

    /// The state of every source, sorted by id.
    pub fn sources(&self) -> &[SourceState] {
        &self.rows.sources
    }

    /// The position the rows are of; none before the first snapshot.
    pub fn position(&self) -> Option<&Position> {
        self.rows.position.as_ref()
    }

    /// Gives up the connection, and not what is held: the next [`Watch::next`] makes a new one at once, and resumes.
    pub fn reconnect(&mut self) {
        self.stream = None;
        self.retry_at = None;
    }

    /// The events as a stream, each with the rows as they are after it, until the server refuses for good.
    pub fn changes(self) -> impl Stream<Item = Result<(WatchEvent, Arc<[Rate]>), ClientError>> {
        let rates: Arc<[Rate]> = Arc::from(self.rates());
        stream::unfold(Some((self, rates)), |watch| async {
            let (mut watch, mut rates) = watch?;
            match watch.next().await {
                Ok(event) => {
                    if matches!(event, WatchEvent::Snapshot | WatchEvent::Update { .. }) {
                        rates = Arc::from(watch.rates());
                    }
                    Some((Ok((event, Arc::clone(&rates))), Some((watch, rates))))
                }
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    /// Waits for the next event. The rows have changed when it returns, and do not change before it does.
    ///
    /// # Errors
    /// When the server refuses the request for good. Every other failure is an event, and the next call comes back.
    pub async fn next(&mut self) -> Result<WatchEvent, ClientError> {
        let received = match &mut self.stream {
            None => return self.open().await,
            Some(stream) => {
                let patience = self.heartbeat_interval.saturating_mul(HEARTBEATS_MISSED);
                match timeout(patience, stream.message()).await {
                    Ok(Ok(Some(message))) => Ok(message),
                    Ok(Ok(None)) => Err(self.end()),
                    Ok(Err(status)) => Err(ClientError::of(self.client.url(), &status)),
                    Err(_elapsed) => Err(self.silence(patience)),
                }
            }
        };
        match received {
            Ok(message) => Ok(self.apply(message)),
            Err(error) if error.is_planned() => {
                // Nothing is wrong, and nobody needs to hear of it.
                self.pause(String::new(), error.retry_after());
                self.failures = 0;
                self.open().await
            }
            Err(error) => self.disconnect(&error),
        }
    }

    /// Waits as long as it must, connects anew, and asks for what comes after the rows held. A connection that died
    /// silently would be found again in a pool, so each attempt has its own.
    async fn open(&mut self) -> Result<WatchEvent, ClientError> {
        if let Some(retry_at) = self.retry_at {
            sleep_until(retry_at).await;
        }
        let min_interval = self.options.min_interval;
        let request = WatchRatesRequest {
            filter: filter(&self.options.pairs),
            resume_after: self.rows.position.clone().filter(|_| !self.order_is_lost),
            min_interval: prost_types::Duration::try_from(min_interval).ok(),
            updates_only: false,
        };
        let mut client = self.client.connect();
        let patience = HEARTBEAT_ASSUMED;
        let opened = timeout(patience, async {
            let mut stream = client.watch_rates(request).await?.into_inner();
            let message = stream.message().await?;
            Ok((stream, message))
        });
        let (stream, message) = match opened.await {
            Ok(Ok((stream, Some(message)))) => (stream, message),
            Ok(Ok((_, None))) => return self.disconnect(&self.end()),
            Ok(Err(status)) => {
                return self.disconnect(&ClientError::of(self.client.url(), &status));
            }
            Err(_elapsed) => return self.disconnect(&self.silence(patience)),
        };
        self.stream = Some(stream);
        Ok(self.apply(message))
    }

    fn end(&self) -> ClientError {
        ClientError::Unreachable {
            url: self.client.url().to_owned(),
            reason: "the stream has ended".to_owned(),
        }
    }

    fn silence(&self, after: Duration) -> ClientError {
        ClientError::Silent {
            url: self.client.url().to_owned(),
            after,
        }
    }

    /// Applies one whole message.
    fn apply(&mut self, message: WatchRatesResponse) -> WatchEvent {
        let heartbeat_fits = self.rows.is_at(&message);
        let event = match (message.event, message.position) {
            (Some(Event::Opening(opening)), position) => return self.opened(opening, position),
            (Some(Event::Snapshot(snapshot)), Some(position)) => {
                self.rows
                    .replace(position, snapshot.rates, snapshot.sources);
                self.order_is_lost = false;
                WatchEvent::Snapshot
            }
            (Some(Event::Update(update)), Some(position)) => {
                let order_is_lost = self.rows.lacks_the_place_of(&update);
                if !self.rows.apply(position, &update) {
                    return self.start_over("an update does not apply to the rows held");
                }
                if order_is_lost {
                    // At once, and without a word: nothing is wrong, and the next message is a snapshot.
                    self.order_is_lost = true;
                    self.stream = None;
                    self.retry_at = None;
                }
                WatchEvent::Update {
                    rates: update.rates,
                    removed_pairs: update.removed_pairs,
                    commits: update.commits,
                }
            }
            (Some(Event::Heartbeat(heartbeat)), Some(_)) => {
                if !heartbeat_fits {
                    return self
                        .start_over("a heartbeat is of another position than the rows held");
                }
                WatchEvent::Heartbeat(heartbeat)
            }
            (Some(_), None) | (None, _) => {
                return self.start_over("a message has no event or no position");
            }
        };
        self.failures = 0;
        event
    }

    fn opened(&mut self, opening: Opening, position: Option<Position>) -> WatchEvent {
        let interval = opening.heartbeat_interval;
        let interval = interval.and_then(|interval| Duration::try_from(interval).ok());
        self.heartbeat_interval = interval
            .filter(|interval| !interval.is_zero())
            .map_or(HEARTBEAT_ASSUMED, |interval| interval.min(HEARTBEAT_MAX));
        WatchEvent::Opening {
            position,
            verdict: opening.verdict(),
            heartbeat_interval: self.heartbeat_interval,
        }
    }

    /// Gives up the position: what is held cannot be trusted to lead anywhere. The rows stay until the next snapshot.
    fn start_over(&mut self, reason: &str) -> WatchEvent {
        self.rows.position = None;
        self.pause(reason.to_owned(), None)
    }

    fn disconnect(&mut self, error: &ClientError) -> Result<WatchEvent, ClientError> {
        self.stream = None;
        if error.is_permanent() {
            return Err(error.clone());
        }
        Ok(self.pause(error.to_string(), error.retry_after()))
    }

    fn pause(&mut self, reason: String, retry_after: Option<Duration>) -> WatchEvent {
        self.stream = None;
        self.failures = self.failures.saturating_add(1);
        let retry_in = self.options.backoff.delay(self.failures, retry_after);
        self.retry_at = Some(Instant::now() + retry_in);
        WatchEvent::Disconnected { reason, retry_in }
    }
}
