//! Two processes with the same webhook, of which one delivers: the other one goes on where that stopped.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use silkrate::clock::Clock;
use silkrate::config::Webhook;
use silkrate::domain::Preference;
use silkrate::webhooks::{Turn, TurnKeeper, Webhooks, path_beside};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::boards::OneBank;
use crate::support::receiver::Receiver;
use crate::support::silkrate::settings;
use crate::webhooks::{NOW, until, webhook};

/// The webhooks of one process, and what decides whether it delivers.
struct Process {
    ledger: PathBuf,
    keeper: TurnKeeper,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Process {
    async fn start(bank: &OneBank, desk: &Webhook, ledger: &Path) -> Self {
        let (board, path) = (bank.feed.board().clone(), path_beside(ledger));
        let board = (board, [Preference::Home].as_slice());
        let (desks, http) = (std::slice::from_ref(desk), settings(NOW).http);
        let opened = Webhooks::open(desks, &http, Some(path), board, Clock::real()).await;
        let (webhooks, _reloader) = opened.unwrap();
        let (turn, keeper) = Turn::new();
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        tasks.spawn(webhooks.in_turn(turn).run(stop.clone()));
        until(ledger, |states| states.len() == 1).await;
        Self {
            ledger: ledger.to_owned(),
            keeper,
            stop,
            tasks,
        }
    }

    async fn until_some_wait(&self) {
        until(&self.ledger, |states| states[0].pending > 0).await;
    }

    async fn until_none_waits(&self) {
        until(&self.ledger, |states| states[0].pending == 0).await;
    }

    /// Learns what another process has delivered until it has nothing more to deliver.
    async fn learn(&self, other: &Self) {
        let delivered = other.keeper.delivered();
        until(&self.ledger, |states| {
            if let Some(newest) = delivered.borrow().get("desk") {
                self.keeper.set_delivered("desk", newest);
            }
            states[0].pending == 0
        })
        .await;
    }

    async fn finish(self) {
        self.stop.cancel();
        self.tasks.join_all().await;
    }
}

#[tokio::test]
async fn of_two_processes_one_delivers_and_the_other_goes_on_where_it_stopped() {
    let (receiver, bank) = (Receiver::start().await, OneBank::new());
    bank.commit_dollar(1, "470");
    let folder = TempDir::new().unwrap();
    let desk = webhook("desk", &receiver.url());
    let first = Process::start(&bank, &desk, &folder.path().join("first.db")).await;
    let second = Process::start(&bank, &desk, &folder.path().join("second.db")).await;
    assert_eq!(first.keeper.names(), ["desk"]);
    first.keeper.set_own(true);
    bank.commit_dollar(2, "471");
    receiver.until(1).await;
    second.until_some_wait().await;
    first.until_none_waits().await;
    second.learn(&first).await;

    // In between no process delivers.
    first.keeper.set_own(false);
    bank.commit_dollar(3, "472");
    first.until_some_wait().await;
    second.until_some_wait().await;
    let before = receiver.until(1).await.len();
    second.keeper.set_own(true);
    let sent = receiver.until(before + 1).await;
    second.until_none_waits().await;
    first.learn(&second).await;
    let ids: BTreeSet<String> = sent.iter().map(|one| one.id().to_owned()).collect();
    assert_eq!(ids.len(), sent.len(), "no event twice");
    first.finish().await;
    second.finish().await;
}
