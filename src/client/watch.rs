//! A subscription that survives its connections.
//!
//! It does what the service's comment in `rates.proto` demands of every client: it applies whole messages only, checks that
//! each update applies to the rows it holds, treats a long silence as a dead connection, and resumes where it stopped.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, stream};
use tokio::time::{Instant, sleep_until, timeout};
use tonic::Streaming;

use crate::client::rows::Rows;
use crate::client::servers::Rests;
use crate::client::{Backoff, Client, ClientError, filter};
use crate::pb::watch_rates_response::Event;
use crate::pb::{
    Heartbeat, Opening, Position, Rate, Replica, ResumeVerdict, SourceState, Update,
    WatchRatesRequest, WatchRatesResponse,
};

/// The number of missed heartbeats after which a stream counts as dead: one may be lost, two may be late.
const HEARTBEATS_MISSED: u32 = 3;
/// The heartbeat interval assumed until the server announces its own.
const HEARTBEAT_ASSUMED: Duration = Duration::from_secs(20);
/// The longest heartbeat interval that is accepted: beyond it a dead stream would look alive for too long.
const HEARTBEAT_MAX: Duration = Duration::from_secs(300);

/// The options of a subscription.
///
/// ```
/// use std::time::Duration;
///
/// use silkrate::client::WatchOptions;
///
/// let options = WatchOptions {
///     pairs: vec!["KZT/USD".to_owned(), "*/EUR".to_owned()],
///     min_interval: Duration::from_secs(1),
///     ..WatchOptions::default()
/// };
/// assert_eq!(options.pairs.len(), 2);
/// ```
#[derive(Debug, Clone, Default)]
pub struct WatchOptions {
    /// The pairs, as in the contract's filter; without pairs, the server's ticker.
    pub pairs: Vec<String>,
    /// The least time between two updates; zero: an update for every commit.
    pub min_interval: Duration,
    /// The delays between attempts to reconnect.
    pub backoff: Backoff,
}

/// An event of a subscription.
#[derive(Debug, Clone, PartialEq)]
pub enum WatchEvent {
    /// The server opened the stream; rows follow.
    Opening {
        /// The position of the server. The rows may be of another position until the next event.
        position: Option<Position>,
        /// Whether the stream resumes after the position held.
        verdict: ResumeVerdict,
        /// The minimum time between two updates that the server granted.
        min_interval: Duration,
        /// The longest silence of the stream.
        heartbeat_interval: Duration,
        /// How this replica of the service stands to the others; `None` of a service that runs alone.
        replica: Option<Replica>,
    },
    /// Every row was replaced.
    Snapshot,
    /// Some rows changed.
    Update {
        /// The position that the update was applied to.
        after: Option<Position>,
        /// The rows that changed, in the server's order.
        rates: Vec<Rate>,
        /// The pairs that were removed.
        removed_pairs: Vec<String>,
        /// The source states that changed.
        sources: Vec<SourceState>,
        /// The number of commits it merges.
        commits: u64,
    },
    /// Nothing changed.
    Heartbeat(Heartbeat),
    /// The connection is lost, or was given up: after an invalid message, or because a replica has not read yet what another
    /// one has shown. The next call waits and opens a new one.
    Disconnected {
        /// The reason.
        reason: String,
        /// The delay before the next attempt.
        retry_in: Duration,
    },
}

/// A subscription. [`Watch::next`] waits for the next event; between two calls the rows do not change.
///
/// ```no_run
/// use silkrate::client::{Client, ClientError, Watch, WatchOptions};
///
/// # async fn example() -> Result<(), ClientError> {
/// let client = Client::new("http://127.0.0.1:50051")?;
/// let mut watch = Watch::new(client, WatchOptions::default());
/// loop {
///     watch.next().await?;
///     for rate in watch.rates() {
///         println!("{} = {}", rate.pair, rate.value);
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Watch {
    client: Client,
    options: WatchOptions,
    rows: Rows,
    stream: Option<Streaming<WatchRatesResponse>>,
    /// The rows are correct, but their order is unknown: the next stream begins with a snapshot.
    order_is_lost: bool,
    heartbeat_interval: Duration,
    failures: u32,
    retry_at: Option<Instant>,
    /// The number of the server of the stream, or of the next attempt.
    server: usize,
    rests: Rests,
}

impl Watch {
    /// A subscription that connects at the first [`Watch::next`].
    pub fn new(client: Client, options: WatchOptions) -> Self {
        Self {
            rows: Rows::new(&options.pairs),
            server: client.servers.current(),
            client,
            options,
            stream: None,
            order_is_lost: false,
            heartbeat_interval: HEARTBEAT_ASSUMED,
            failures: 0,
            retry_at: None,
            rests: Rests::default(),
        }
    }

    /// The URL of the server of the stream; without a stream, of the one that the next attempt goes to.
    pub fn url(&self) -> &str {
        &self.client.servers.get(self.server).address.url
    }

    /// The rows, in the order of the filter.
    pub fn rates(&self) -> &[Rate] {
        &self.rows.rates
    }

    /// The state of every source, sorted by id.
    pub fn sources(&self) -> &[SourceState] {
        &self.rows.sources
    }

    /// The position of the rows; `None` before the first snapshot.
    pub fn position(&self) -> Option<&Position> {
        self.rows.position.as_ref()
    }

    /// Drops the connection and keeps the rows: the next [`Watch::next`] opens a new one at once, and resumes.
    pub fn reconnect(&mut self) {
        self.stream = None;
        self.retry_at = None;
    }

    /// The events as a stream, each with the rows after it. It ends when the server refuses the request for good.
    ///
    /// ```no_run
    /// use std::pin::pin;
    ///
    /// use futures_util::TryStreamExt;
    /// use silkrate::client::{ClientError, Watch};
    ///
    /// # async fn example(watch: Watch) -> Result<(), ClientError> {
    /// let mut changes = pin!(watch.changes());
    /// while let Some((_event, rates)) = changes.try_next().await? {
    ///     println!("{} rates", rates.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
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

    /// Waits for the next event. The rows have changed when it returns, and not before.
    ///
    /// # Errors
    /// When the server refuses the request for good. Every other failure is an event, and the next call reconnects.
    pub async fn next(&mut self) -> Result<WatchEvent, ClientError> {
        let received = match &mut self.stream {
            None => return self.open().await,
            Some(stream) => {
                let patience = self.heartbeat_interval.saturating_mul(HEARTBEATS_MISSED);
                match timeout(patience, stream.message()).await {
                    Ok(Ok(Some(message))) => Ok(message),
                    Ok(Ok(None)) => Err(self.end()),
                    Ok(Err(status)) => Err(ClientError::of(self.url(), &status)),
                    Err(_elapsed) => Err(self.silence(patience)),
                }
            }
        };
        match received {
            Ok(message) => Ok(self.apply(message)),
            Err(error) if error.is_planned() => {
                // Every stream ends at its age: this is no event. The readers of several servers spread over them, so that
                // one that was away gets its share.
                let any = fastrand::usize(..self.client.servers.count());
                self.pause_before(any, error.retry_after());
                self.failures = 0;
                self.open().await
            }
            Err(error) => self.disconnect(&error),
        }
    }

    /// Waits until the retry is due, connects, and requests the changes after the position held. Each attempt has a connection
    /// of its own: a pool would return one that died silently.
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
        let mut client = self.client.servers.get(self.server).connect();
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
                return self.disconnect(&ClientError::of(self.url(), &status));
            }
            Err(_elapsed) => return self.disconnect(&self.silence(patience)),
        };
        self.stream = Some(stream);
        Ok(self.apply(message))
    }

    fn end(&self) -> ClientError {
        ClientError::Unreachable {
            url: self.url().to_owned(),
            reason: "the stream ended".to_owned(),
        }
    }

    fn silence(&self, after: Duration) -> ClientError {
        ClientError::Silent {
            url: self.url().to_owned(),
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
                    // Reconnect at once and without an event: the next message is a snapshot.
                    self.order_is_lost = true;
                    self.stream = None;
                    self.retry_at = None;
                }
                let Update {
                    after,
                    rates,
                    removed_pairs,
                    sources,
                    commits,
                } = update;
                WatchEvent::Update {
                    after,
                    rates,
                    removed_pairs,
                    sources,
                    commits,
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
        // A service that runs alone was set back; of several replicas one has the newer rows, and soon the others.
        if let (Some(at), Some(replica)) = (&position, &opening.replica)
            && let Some(behind) = self.rows.leaves_behind(at, replica.detached)
        {
            return self.pause(behind, None);
        }
        let verdict = opening.verdict();
        let Opening {
            verdict: _,
            min_interval,
            heartbeat_interval,
            replica,
        } = opening;
        let duration = |interval: Option<prost_types::Duration>| {
            interval.and_then(|interval| Duration::try_from(interval).ok())
        };
        self.heartbeat_interval = duration(heartbeat_interval)
            .filter(|interval| !interval.is_zero())
            .map_or(HEARTBEAT_ASSUMED, |interval| interval.min(HEARTBEAT_MAX));
        WatchEvent::Opening {
            position,
            verdict,
            min_interval: duration(min_interval).unwrap_or_default(),
            heartbeat_interval: self.heartbeat_interval,
            replica,
        }
    }

    /// Forgets the position, after a message that contradicts the rows. They stay until the next snapshot.
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

    /// Lets the next attempt go to the next server.
    fn pause(&mut self, reason: String, retry_after: Option<Duration>) -> WatchEvent {
        let next = self.client.servers.after(self.server);
        let retry_in = self.pause_before(next, retry_after);
        WatchEvent::Disconnected { reason, retry_in }
    }

    /// Ends the stream, and computes the delay before the next attempt, which goes to the server `next`. The delays grow when
    /// all servers have failed.
    fn pause_before(&mut self, next: usize, retry_after: Option<Duration>) -> Duration {
        self.stream = None;
        self.failures = self.failures.saturating_add(1);
        self.rests.demand(self.server, retry_after);
        let demanded = if next == self.server {
            retry_after
        } else {
            self.rests.left(next)
        };
        self.server = next;
        let servers = u32::try_from(self.client.servers.count()).unwrap_or(u32::MAX);
        let rounds = self.failures.div_ceil(servers.max(1));
        let retry_in = self.options.backoff.delay(rounds, demanded);
        self.retry_at = Some(Instant::now() + retry_in);
        retry_in
    }
}
