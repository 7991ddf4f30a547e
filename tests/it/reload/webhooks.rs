//! Webhooks that a reload adds, changes, removes, and leaves alone.

use std::time::Duration;

use silkrate::config::{Store, Webhook};
use silkrate::domain::Pair;
use tempfile::TempDir;

use super::polling;
use crate::support::april::{bank_of_april, nbk, nbk_path};
use crate::support::bank::Bank;
use crate::support::receiver::{Received, Receiver, Reply};
use crate::support::silkrate::Silkrate;
use crate::webhooks::until;

/// A webhook whose attempts never end in the time of a test.
fn webhook(name: &str, receiver: &Receiver) -> Webhook {
    Webhook {
        timeout: Duration::from_secs(600),
        ..crate::webhooks::webhook(name, &receiver.url())
    }
}

/// The bank corrects its dollar, and the correction is served.
async fn correct(bank: &Bank, silkrate: &Silkrate, dollar: &str) {
    let table = nbk("02.04.2026", (dollar, "-3.68"), ("3.91", "-0.02"));
    bank.publish(&[
        (nbk_path("02.04.2026"), table.clone()),
        (nbk_path("03.04.2026"), table),
    ]);
    let pair = Pair::parse("USD/KZT").unwrap();
    let is_served = |rate: silkrate::domain::Rate| rate.value.to_string() == dollar;
    silkrate
        .committed(|snapshot| snapshot.rate(pair).is_some_and(is_served))
        .await;
}

fn values(received: &[Received]) -> Vec<String> {
    let accepted = received.iter().filter(|request| request.is_accepted);
    let value = |request: &Received| request.json()["data"]["value"].as_str().unwrap().to_owned();
    accepted.map(value).collect()
}

#[tokio::test]
async fn a_webhook_that_stays_goes_on_one_that_is_new_begins_and_one_that_is_gone_gets_nothing() {
    let (bank, folder) = (bank_of_april().await, TempDir::new().unwrap());
    let ledger = folder.path().join("silkrate.db");
    let [stays, goes, comes] = [
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    ];
    let mut config = polling(&bank);
    config.store = Store::File(ledger.clone());
    config.webhooks = vec![webhook("stays", &stays), webhook("goes", &goes)];
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    until(&ledger, |states| states.len() == 2).await;
    // An attempt to it is under way while the settings are loaded.
    stays.reply([Reply::Hang]);
    correct(&bank, &silkrate, "475.10").await;
    stays.until(1).await;
    assert_eq!(values(&goes.until(1).await), ["475.10"]);

    config.webhooks = vec![webhook("stays", &stays), webhook("comes", &comes)];
    silkrate.reload(config.clone()).await;
    until(&ledger, |states| states.len() == 3).await;
    correct(&bank, &silkrate, "475.11").await;
    assert_eq!(values(&comes.until(1).await), ["475.11"]);
    assert_eq!(stays.received().len(), 1, "its attempt goes on");

    // Another address: the event that waits is sent there, and then the next one.
    let moved = Receiver::start().await;
    config.webhooks = vec![webhook("stays", &moved)];
    silkrate.reload(config).await;
    assert_eq!(values(&moved.until(2).await), ["475.10", "475.11"]);
    assert_eq!(moved.received()[0].id(), stays.received()[0].id());
    correct(&bank, &silkrate, "475.12").await;
    assert_eq!(
        values(&moved.until(3).await),
        ["475.10", "475.11", "475.12"]
    );
    assert_eq!(values(&goes.received()), ["475.10"]);
    assert_eq!(values(&comes.received()), ["475.11"]);
    silkrate.finish().await;
}

#[tokio::test]
async fn the_first_webhook_may_come_by_a_reload() {
    let (bank, folder) = (bank_of_april().await, TempDir::new().unwrap());
    let (ledger, receiver) = (folder.path().join("silkrate.db"), Receiver::start().await);
    let mut config = polling(&bank);
    config.store = Store::File(ledger.clone());
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    config.webhooks = vec![webhook("desk", &receiver)];
    silkrate.reload(config).await;
    until(&ledger, |states| states.len() == 1).await;
    correct(&bank, &silkrate, "475.10").await;
    assert_eq!(values(&receiver.until(1).await), ["475.10"]);
    silkrate.finish().await;
}

/// How many times this process has a file open.
#[cfg(target_os = "linux")]
fn opened(path: &std::path::Path) -> usize {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap();
    // One that was closed meanwhile has no target.
    let targets = descriptors.filter_map(|one| std::fs::read_link(one.ok()?.path()).ok());
    targets.filter(|target| target == path).count()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_reload_that_waits_for_a_file_holds_up_nothing_else() {
    let (bank, folder) = (bank_of_april().await, TempDir::new().unwrap());
    let (ledger, receiver) = (folder.path().join("silkrate.db"), Receiver::start().await);
    let mut config = polling(&bank);
    config.store = Store::File(ledger.clone());
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    // Another program holds the file of webhooks.
    let path = silkrate::webhooks::path_beside(&ledger);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let path = path.canonicalize().unwrap();
    assert_eq!(opened(&path), 1);
    config.webhooks = vec![webhook("desk", &receiver)];
    let mut reload = Box::pin(silkrate.reload(config));
    // This runs on the one thread of the service.
    let waits = async {
        while opened(&path) < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = &mut reload => panic!("the reload did not wait, or everything waited with it"),
        () = waits => {}
    }
    other.execute_batch("ROLLBACK").unwrap();
    reload.await;
    until(&ledger, |states| states.len() == 1).await;
    silkrate.finish().await;
}
