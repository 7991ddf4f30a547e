//! The loop of the demo: one epoch for each pass over the recorded days.

use std::time::Duration;

use jiff::tz::TimeZone;
use thiserror::Error;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::budget::{RequestBudget, RequestCounts};
use crate::clock::Clock;
use crate::commit::{CommitHandle, LedgerIsFile, Stopped};
use crate::config::{Config, Http, SourceSettings};
use crate::demo::Season;
use crate::fetch::FetchError;
use crate::poller::Poller;

/// How long the last state stays before the replay begins again: time to read it.
const HOLD: Duration = Duration::from_secs(5);

/// Why a replay ended early.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The client for a source cannot be built.
    #[error(transparent)]
    Client(#[from] FetchError),
    /// The service has ended.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The service keeps its history.
    #[error(transparent)]
    LedgerIsFile(#[from] LedgerIsFile),
}

/// A replay that begins again when it has ended.
///
/// Time never runs backwards within an epoch. So each pass begins a new one: subscribers stay connected and receive one
/// snapshot of the new epoch, and a client that resumes from the old one is answered `SNAPSHOT_OTHER_EPOCH`.
#[derive(Debug)]
pub struct Replay {
    season: Season,
    clock: Clock,
    sources: Vec<SourceSettings>,
    http: Http,
    commit: CommitHandle,
    counts: RequestCounts,
    hold: Duration,
}

impl Replay {
    /// A replay that submits the tables of the sources of `config`, and counts its requests. The service must not poll them
    /// itself.
    pub fn new(
        season: Season,
        clock: Clock,
        config: &Config,
        (commit, counts): (CommitHandle, RequestCounts),
    ) -> Self {
        Self {
            season,
            clock,
            sources: config.sources.clone(),
            http: config.http.clone(),
            commit,
            counts,
            hold: HOLD,
        }
    }

    /// The same, with another time for which the last state stays.
    #[must_use]
    pub fn held_for(self, hold: Duration) -> Self {
        Self { hold, ..self }
    }

    /// Replays until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ReplayError> {
        loop {
            self.clock.restart();
            let tables = self.season.earlier_tables();
            self.commit.begin_anew(tables).await??;
            // Each pass is the same days anew.
            self.counts.clear();
            let pass = stop.child_token();
            let mut pollers = JoinSet::new();
            for settings in &self.sources {
                pollers.spawn(self.poller(settings)?.run(pass.clone()));
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.end() => {}
            }
            // No table of this pass may arrive in the next one.
            pass.cancel();
            while pollers.join_next().await.is_some() {}
            if stop.is_cancelled() {
                return Ok(());
            }
        }
    }

    fn poller(&self, settings: &SourceSettings) -> Result<Poller, FetchError> {
        let zone = TimeZone::get(settings.source.zone).unwrap_or(TimeZone::UTC);
        let (clock, commit) = (self.clock.clone(), self.commit.clone());
        let counts = self.counts.clone();
        let (id, per_day) = (settings.source.id, settings.requests_per_day);
        let budget = RequestBudget::new(id, per_day, zone, clock.clone(), counts);
        Poller::new(settings, &self.http, budget, clock, commit)
    }

    /// Waits until the recorded days have passed and their last state has been held.
    async fn end(&self) {
        loop {
            let left = self.clock.real_time_until(self.season.end());
            if left.is_zero() {
                break;
            }
            tokio::time::sleep(left).await;
        }
        tokio::time::sleep(self.hold).await;
    }
}
