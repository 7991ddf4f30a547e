//! Replicas of a demo: the days pass once, and the replica that leads goes on with them where the one before it was.

use std::path::Path;
use std::sync::Arc;

use silkrate::app::App;
use silkrate::board::BoardReader;
use silkrate::clock::Clock;
use silkrate::config::Config;
use silkrate::demo::{Bank, Season, file_earlier};
use silkrate::shared::members::State;
use silkrate::shared::node::{NodeHandle, Status};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::reader::Reader;
use crate::replicas::PATIENCE;
use crate::server::Server;
use crate::service::config;

/// A day of the replay takes four seconds.
const SPEED: u32 = 20_000;

/// A replica of a replay, with a bank and a clock of its own. Dropped, it is gone without giving up its lead.
struct Replica {
    rates: String,
    board: BoardReader,
    node: NodeHandle,
    _tasks: JoinSet<()>,
}

impl Replica {
    async fn start(server: &Server, folder: &Path, node: &str) -> Self {
        let season = Season::April;
        let clock = Clock::replay_until(season.start(), SPEED, season.end());
        let bank = Bank::start(clock.clone()).await.unwrap();
        let of_replica = config(folder, node, Some(server), &[]);
        let config = Config {
            shared: of_replica.shared,
            ..season.config(&bank.base_url(), of_replica.server, of_replica.web)
        };
        let app = App::bind_with(config, clock).await.unwrap();
        let (rates, board) = (format!("http://{}", app.address()), app.board());
        let (node, filing) = (app.replica().unwrap(), app.shared_filing().unwrap());
        let (never, mut tasks) = (CancellationToken::new(), JoinSet::new());
        tasks.spawn(file_earlier(season, filing, never.clone()));
        tasks.spawn(bank.run(never));
        tasks.spawn(async move { app.run(std::future::pending()).await.unwrap() });
        Self {
            rates,
            board,
            node,
            _tasks: tasks,
        }
    }

    async fn until(&self, is_so: impl FnMut(&Status) -> bool) {
        let mut status = self.node.status();
        let waited = tokio::time::timeout(PATIENCE, status.wait_for(is_so)).await;
        drop(waited.unwrap().unwrap());
    }

    /// Waits until it serves what another one does.
    async fn until_it_follows(&self, other: &Self) {
        let epoch = Arc::clone(&other.board.snapshot().position.epoch);
        let follows = |status: &Status| {
            // On a busy machine a lead of two seconds may end, and this one has it then.
            let takes_part = matches!(status.state, State::Following | State::Leading);
            takes_part && status.has_state && status.position.epoch == epoch
        };
        self.until(follows).await;
    }

    async fn until_it_leads(&self) {
        self.until(|status| status.state == State::Leading).await;
    }
}

#[tokio::test]
async fn a_replica_of_a_demo_that_was_started_again_and_leads_takes_no_day_back() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let first = Replica::start(&server, folder.path(), "first").await;
    first.until_it_leads().await;
    let second = Replica::start(&server, folder.path(), "second").await;
    second.until_it_follows(&first).await;
    let mut reader = Reader::start(&[second.rates.clone()]);
    reader
        .until(|received| received.has_day("2026-04-01"))
        .await;
    drop(first);
    second.until_it_leads().await;

    // Its own replay begins with the first day.
    let first = Replica::start(&server, folder.path(), "first").await;
    first.until_it_follows(&second).await;
    let mut taken = std::pin::pin!(first.until_it_leads());
    loop {
        // A lead that has ended meanwhile, or that is lost at once, is taken by either of them.
        drop(second.node.step_down().await);
        tokio::select! {
            () = &mut taken => break,
            () = second.until_it_leads() => {}
        }
    }
    let received = reader
        .until(|received| received.has_day("2026-04-03"))
        .await;
    assert_eq!(
        (received.snapshots, received.older, received.misplaced),
        (1, 0, 0)
    );
}
