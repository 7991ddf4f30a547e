//! Receivers that fail, and restarts.

use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
use silkrate::clock::Clock;
use silkrate::config::Webhook;
use silkrate::domain::Preference;
use silkrate::webhooks::{WebhookState, Webhooks, path_beside};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::boards::OneBank;
use crate::support::receiver::{ClosedPort, Received, Receiver, Reply};
use crate::support::silkrate::settings;
use crate::webhooks::{NOW, World, until, webhook};

pub(super) fn values(received: &[Received]) -> Vec<String> {
    let values = received
        .iter()
        .map(|one| one.json()["data"]["value"].clone());
    values
        .map(|value| value.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_hour_without_the_receiver_and_restarts_lose_nothing_and_repeat_with_the_same_id() {
    let receiver = Receiver::start().await;
    receiver.reply_always(Reply::Status(503));
    let world = World::new(60, vec![webhook("desk", &receiver.url())]).await;
    let silkrate = world.start().await;
    world.serve(&silkrate, "475.11").await;
    world.serve(&silkrate, "475.12").await;
    let first = receiver.until(3).await;
    silkrate.finish().await;
    // A retry may follow the third attempt before the service stops.
    let is_first = |value: &String| value == "475.11";
    assert!(values(&first).iter().all(is_first), "the order is kept");

    // While the service is stopped, the bank publishes once more.
    world.correct("475.13");
    world.clock.set_forward(SignedDuration::from_hours(1));
    let before = receiver.received().len();
    let silkrate = world.start().await;
    receiver.until(before + 1).await;
    receiver.reply_always(Reply::Status(204));
    // An hour later no delay is left.
    world.clock.set_forward(SignedDuration::from_hours(1));
    let all = receiver
        .until_all(|received| values(received).last().is_some_and(|last| last == "475.13"))
        .await;
    let desk = until(&world.ledger(), |states| states[0].pending == 0).await;
    assert_eq!(desk[0].error, None);
    assert!(desk[0].delivered_at.is_some());
    silkrate.finish().await;

    let accepted = all.iter().filter(|one| one.is_accepted).cloned();
    let accepted: Vec<Received> = accepted.collect();
    assert_eq!(values(&accepted), ["475.11", "475.12", "475.13"]);
    let refused = all.iter().filter(|one| !one.is_accepted);
    let is_same = |one: &Received| one.id() == accepted[0].id() && one.body == accepted[0].body;
    assert!(refused.clone().count() >= 4 && refused.clone().all(is_same));
    let mut ids: Vec<&str> = all.iter().map(Received::id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3, "each event has one id: {ids:?}");

    // Nothing is invented: a third start has nothing to send.
    let silkrate = world.start().await;
    world.serve(&silkrate, "475.14").await;
    let more = receiver.until(all.len() + 1).await;
    assert_eq!(values(&more[all.len()..]), ["475.14"]);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_receiver_that_refused_connections_gets_every_event_once_when_it_listens_after_a_restart()
{
    let port = ClosedPort::new();
    let world = World::new(60, vec![webhook("desk", &port.url())]).await;
    let silkrate = world.start().await;
    world.serve(&silkrate, "475.11").await;
    world.serve(&silkrate, "475.12").await;
    let is_refused = |state: &WebhookState| {
        let error = state.error.as_deref().unwrap_or_default();
        error.contains("refused")
    };
    let refused = until(&world.ledger(), |states| {
        is_refused(&states[0]) && states[0].pending == 2
    })
    .await;
    let first = refused[0].error_at;
    silkrate.finish().await;

    // While the service is stopped, the bank publishes once more. After the restart the connection is refused again.
    world.correct("475.13");
    world.clock.set_forward(SignedDuration::from_hours(1));
    let silkrate = world.start().await;
    until(&world.ledger(), |states| {
        states[0].pending == 3 && states[0].error_at > first
    })
    .await;
    let receiver = port.listen();
    // An hour later no delay is left.
    world.clock.set_forward(SignedDuration::from_hours(1));
    receiver.until(3).await;
    let desk = until(&world.ledger(), |states| states[0].pending == 0).await;
    assert_eq!(desk[0].error, None);
    silkrate.finish().await;
    let all = receiver.received();
    assert_eq!(values(&all), ["475.11", "475.12", "475.13"]);
    assert!(all.iter().all(|one| one.is_accepted));
}

#[tokio::test]
async fn what_differs_and_was_not_written_is_found_at_the_next_start() {
    let receiver = Receiver::start().await;
    let mut world = World::new(1, vec![webhook("desk", &receiver.url())]).await;
    world.start().await.finish().await;
    // The ledger goes on without the webhook, as if the process had ended before its events were written.
    let webhooks = std::mem::take(&mut world.config.webhooks);
    let silkrate =
        crate::support::silkrate::Silkrate::start_with(world.config.clone(), world.clock.clone())
            .await;
    world.serve(&silkrate, "475.11").await;
    silkrate.finish().await;
    world.config.webhooks = webhooks;
    let silkrate = world.start().await;
    assert_eq!(values(&receiver.until(1).await), ["475.11"]);
    silkrate.finish().await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_a_failure_and_the_event_comes_again() {
    let receiver = Receiver::start().await;
    receiver.reply([Reply::Hang]);
    let mut desk = webhook("desk", &receiver.url());
    desk.timeout = Duration::from_secs(1);
    let world = World::new(60, vec![desk]).await;
    let silkrate = world.start().await;
    world.serve(&silkrate, "475.11").await;
    let sent = receiver.until(2).await;
    assert_eq!(sent[0].id(), sent[1].id());
    until(&world.ledger(), |states| states[0].pending == 0).await;
    silkrate.finish().await;
}

#[tokio::test]
async fn a_demanded_delay_is_kept_and_a_redirect_is_a_failure() {
    let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
    let later = Reply::With(429, "retry-after", "7200".to_owned());
    let moved = Reply::With(307, "location", elsewhere.url());
    receiver.reply([later, moved]);
    let world = World::new(1, vec![webhook("desk", &receiver.url())]).await;
    let silkrate = world.start().await;
    world.serve(&silkrate, "475.11").await;
    receiver.until(1).await;
    let desk = until(&world.ledger(), |states| states[0].error.is_some()).await;
    assert_eq!(desk[0].error.as_deref(), Some("status 429"));
    let wait = desk[0]
        .due_at
        .unwrap()
        .duration_since(desk[0].error_at.unwrap());
    assert!(wait >= SignedDuration::from_hours(2), "{wait}");

    world.clock.set_forward(SignedDuration::from_hours(3));
    receiver.until(2).await;
    let is_redirect = |error: &Option<String>| {
        let error = error.as_deref();
        error.is_some_and(|error| error.starts_with("status 307, a redirect"))
    };
    until(&world.ledger(), |states| is_redirect(&states[0].error)).await;
    receiver.until(3).await;
    assert!(elsewhere.received().is_empty(), "nothing is sent there");
    silkrate.finish().await;
}

#[tokio::test]
async fn a_receiver_that_is_gone_gets_no_more_until_a_restart() {
    let (gone, other) = (Receiver::start().await, Receiver::start().await);
    gone.reply([Reply::Status(410)]);
    let world = World::new(
        1,
        vec![webhook("gone", &gone.url()), webhook("other", &other.url())],
    )
    .await;
    let silkrate = world.start().await;
    world.serve(&silkrate, "475.11").await;
    other.until(1).await;
    let is_gone = |states: &[WebhookState]| {
        let error = states[0].error.as_deref();
        let says_so = error == Some("status 410: the receiver wants no more events");
        says_so && states[0].is_gone && states[0].pending == 1
    };
    until(&world.ledger(), is_gone).await;
    world.serve(&silkrate, "475.12").await;
    other.until(2).await;
    silkrate.finish().await;
    assert!(is_gone(&until(&world.ledger(), |_| true).await));
    assert_eq!(gone.received().len(), 1);

    let silkrate = world.start().await;
    let received = gone.until(3).await;
    assert_eq!(values(&received), ["475.11", "475.11", "475.12"]);
    assert_eq!(received[0].id(), received[1].id(), "it was kept");
    until(&world.ledger(), |states| !states[0].is_gone).await;
    silkrate.finish().await;
}

#[tokio::test]
async fn an_event_is_given_up_after_a_day_and_the_next_one_is_sent() {
    let receiver = Receiver::start().await;
    receiver.reply_always(Reply::Status(500));
    let world = World::new(60, vec![webhook("desk", &receiver.url())]).await;
    let silkrate = world.start().await;
    world.serve(&silkrate, "475.11").await;
    receiver.until(2).await;
    silkrate.finish().await;
    world.clock.set_forward(SignedDuration::from_hours(25));
    let before = receiver.received().len();
    let mut config = world.config.clone();
    config.sources[0].interval = Duration::from_secs(60 * 60);
    let silkrate =
        crate::support::silkrate::Silkrate::start_with(config, world.clock.clone()).await;
    // It is attempted once more, and then given up.
    let more = receiver.until(before + 1).await;
    assert_eq!(more[before].id(), more[0].id());
    until(&world.ledger(), |states| {
        states[0].pending == 0 || states[0].error.is_some()
    })
    .await;
    let next = receiver
        .until_all(|received| {
            received
                .iter()
                .any(|one| one.json()["type"] == "source_late")
        })
        .await;
    let last_try = next.iter().rposition(|one| one.id() == more[0].id());
    assert_eq!(last_try, Some(before), "it is not sent again");
    silkrate.finish().await;
}

/// The tasks of the webhook of a board, and what stops them.
pub(super) struct Running {
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Running {
    /// Once the webhook has begun.
    pub(super) async fn start(bank: &OneBank, desk: &Webhook, ledger: &Path) -> Self {
        Self::start_all(bank, std::slice::from_ref(desk), ledger).await
    }

    /// Once all webhooks have begun.
    pub(super) async fn start_all(bank: &OneBank, desks: &[Webhook], ledger: &Path) -> Self {
        let (board, path) = (bank.feed.board().clone(), path_beside(ledger));
        let board = (board, [Preference::Home].as_slice());
        let http = settings(NOW).http;
        let webhooks = Webhooks::open(desks, &http, Some(path), board, Clock::real()).await;
        let (webhooks, _reloader) = webhooks.unwrap();
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(webhooks.run(stop.clone()));
        until(ledger, |states| states.len() == desks.len()).await;
        Self { tasks, stop }
    }

    pub(super) async fn finish(self) {
        self.stop.cancel();
        self.tasks.join_all().await;
    }
}

#[tokio::test]
async fn an_observer_that_falls_behind_sends_newer_values_alone() {
    let receiver = Receiver::start().await;
    let bank = OneBank::new();
    bank.commit_dollar(1, "470");
    let folder = tempfile::tempdir().unwrap();
    let desk = webhook("desk", &receiver.url());
    let running = Running::start(&bank, &desk, &folder.path().join("silkrate.db")).await;
    // More commits than the queue holds, while no other task runs.
    for day in 2..=12 {
        bank.commit_dollar(day, &(470 + i32::from(day)).to_string());
    }
    let is_newest = |sent: &[Received]| values(sent).contains(&"482".to_owned());
    receiver.until_all(is_newest).await;
    bank.commit_dollar(13, "483");
    let is_last = |sent: &[Received]| values(sent).contains(&"483".to_owned());
    let sent = values(&receiver.until_all(is_last).await);
    running.finish().await;
    assert!(sent.is_sorted(), "{sent:?}");
}
