//! Changes that no snapshot showed to the observer of a webhook with a limit.

use std::sync::mpsc;

use jiff::SignedDuration;
use rust_decimal::Decimal;
use silkrate::config::{EventKind, Webhook};
use silkrate::domain::SourceId;
use silkrate::query_threads::{self, THREADS_MAX};
use tempfile::TempDir;

use crate::support::april::{nbk, nbk_path};
use crate::support::boards::{FIRST_DAY, OneBank, table};
use crate::support::receiver::{Received, Receiver};
use crate::webhooks::trouble::{Running, values};
use crate::webhooks::{World, until, webhook};

fn limited(receiver: &Receiver, least: u32) -> Webhook {
    Webhook {
        min_change_percent: Some(Decimal::from(least)),
        events: vec![EventKind::Change],
        ..webhook("desk", &receiver.url())
    }
}

/// The value, the day if it is past, and the change of each event.
fn told(received: &[Received]) -> Vec<[String; 3]> {
    let told = received.iter().map(|one| {
        let event = one.json();
        let data = &event["data"];
        let fields = [&data["value"], &data["date"], &data["change"]["percent"]];
        fields.map(|field| field.as_str().unwrap_or_default().to_owned())
    });
    told.collect()
}

/// A webhook with a limit that was stopped after the first day, on which the dollar was at 100, and runs again after days with
/// these values, from the second on; and the folder of its file. Another row of the table differs each day: a table that
/// repeats the one before it is no fixing.
async fn after_a_stop(
    receiver: &Receiver,
    limit: u32,
    dollars: &[&str],
) -> (TempDir, OneBank, Running) {
    let bank = OneBank::new();
    bank.commit_dollar(1, "100");
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("silkrate.db");
    let desk = limited(receiver, limit);
    Running::start(&bank, &desk, &ledger).await.finish().await;
    for (day, dollar) in (2..).zip(dollars) {
        let date = FIRST_DAY.with().day(day).build().unwrap();
        bank.commit(date, &[("USD", dollar), ("EUR", &format!("110.{day}"))]);
    }
    let running = Running::start(&bank, &desk, &ledger).await;
    (folder, bank, running)
}

/// Files the dollar of a past day, which changes nothing that is served.
fn file_late(bank: &OneBank, day: i8, dollar: &'static str) {
    let date = FIRST_DAY.with().day(day).build().unwrap();
    let mut commit = bank.commit.borrow_mut();
    commit.insert(SourceId::new("nbk"), table(date, &[("USD", dollar)]));
    commit.publish_records();
}

#[tokio::test]
async fn a_large_change_back_to_the_known_value_is_sent() {
    let receiver = Receiver::start().await;
    let (_folder, _bank, running) = after_a_stop(&receiver, 1, &["99.5", "99", "100"]).await;
    let sent = receiver.until(1).await;
    running.finish().await;
    assert_eq!(told(&sent), [["100", "", "1.0101"]]);
}

#[tokio::test]
async fn fixings_of_the_same_value_are_no_changes_even_without_a_least_size() {
    let receiver = Receiver::start().await;
    let (_folder, bank, running) = after_a_stop(&receiver, 0, &["100", "100", "100"]).await;
    bank.commit_dollar(5, "101");
    let is_last = |sent: &[Received]| told(sent).iter().any(|[value, ..]| value == "101");
    let sent = receiver.until_all(is_last).await;
    running.finish().await;
    assert_eq!(told(&sent), [["101", "", "1"]]);
}

#[tokio::test]
async fn a_table_that_is_filed_late_and_the_one_after_it_are_looked_up_though_nothing_served_changes()
 {
    let receiver = Receiver::start().await;
    let (_folder, bank, running) = after_a_stop(&receiver, 1, &[]).await;
    bank.commit_dollar(3, "100.1");
    bank.commit_dollar(5, "102");
    receiver.until(1).await;
    file_late(&bank, 2, "103");
    let sent = told(&receiver.until(3).await);
    running.finish().await;
    let [_, second, third] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(second, &["103", "2026-04-02", "3"]);
    assert_eq!(third, &["100.1", "2026-04-03", "-2.8155"]);
}

#[tokio::test]
async fn a_value_that_was_sent_is_not_sent_again_when_its_reference_is_filed_late() {
    let receiver = Receiver::start().await;
    let (folder, bank, running) = after_a_stop(&receiver, 1, &[]).await;
    bank.commit_dollar(3, "102");
    receiver.until(1).await;
    bank.commit_dollar(6, "105");
    receiver.until(2).await;
    // The newest first, as the poller fetches them: each is sent, and so is none of those after it.
    file_late(&bank, 5, "109");
    receiver.until(3).await;
    let ledger = folder.path().join("silkrate.db");
    until(&ledger, |states| states[0].pending == 0).await;
    running.finish().await;
    let desk = limited(&receiver, 1);
    let running = Running::start(&bank, &desk, &ledger).await;
    file_late(&bank, 4, "95");
    receiver.until(4).await;
    file_late(&bank, 2, "90");
    receiver.until(5).await;
    bank.commit_dollar(7, "110");
    let is_last = |sent: &[Received]| told(sent).iter().any(|[value, ..]| value == "110");
    let sent = receiver.until_all(is_last).await;
    running.finish().await;
    let values = told(&sent).into_iter().map(|[value, day, _]| (value, day));
    let expected = [
        ("102", ""),
        ("105", ""),
        ("109", "2026-04-05"),
        ("95", "2026-04-04"),
        ("90", "2026-04-02"),
        ("110", ""),
    ];
    let expected = expected.map(|(value, day)| (value.to_owned(), day.to_owned()));
    assert_eq!(values.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_limit_keeps_neither_the_runtime_nor_another_webhook_waiting_behind_queries() {
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    let bank = OneBank::new();
    bank.commit_dollar(1, "100");
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("silkrate.db");
    let desks = [limited(&slow, 1), webhook("plain", &quick.url())];
    let running = Running::start_all(&bank, &desks, &ledger).await;
    // Nothing is looked up while all threads of queries are held up.
    let held_up = (0..THREADS_MAX).map(|_thread| {
        let (release, blocked) = mpsc::channel::<()>();
        (release, query_threads::spawn(move || blocked.recv()))
    });
    let held_up: Vec<_> = held_up.collect();
    bank.commit_dollar(2, "102");
    assert_eq!(values(&quick.until(1).await), ["102"]);
    assert!(slow.received().is_empty());
    let desk = until(&ledger, |states| states[1].pending == 0).await;
    assert_eq!((desk[0].name.as_str(), desk[0].pending), ("desk", 0));
    drop(held_up);
    assert_eq!(values(&slow.until(1).await), ["102"]);
    running.finish().await;
}

#[tokio::test]
async fn changes_that_came_and_went_during_a_stop_of_three_fixings_are_sent_when_the_bank_gives_their_tables()
 {
    let receiver = Receiver::start().await;
    let world = World::new(1, vec![limited(&receiver, 1)]).await;
    world.start().await.finish().await;
    // The start needs the newest two of them, and fetches that of Friday, the third of April, after it has served them.
    let table = |date: &str, value, change| {
        let table = nbk(date, (value, change), ("3.91", "0"));
        (nbk_path(date), table)
    };
    world.bank.publish(&[
        table("03.04.2026", "485", "9.91"),
        table("04.04.2026", "475.09", "-9.91"),
        table("07.04.2026", "475.1", "0.01"),
    ]);
    world.clock.set_forward(SignedDuration::from_hours(5 * 24));
    let silkrate = world.start().await;
    let sent = receiver.until(2).await;
    until(&world.ledger(), |states| states[0].pending == 0).await;
    silkrate.finish().await;
    assert_eq!(values(&sent), ["485", "475.09"]);
    let days = told(&sent).into_iter().map(|[_, day, _]| day);
    assert_eq!(days.collect::<Vec<_>>(), ["2026-04-03", "2026-04-04"]);

    // What was looked up is not sent again.
    let silkrate = world.start().await;
    let later = table("08.04.2026", "490", "14.9");
    world.bank.publish(&[later]);
    world.clock.set_forward(SignedDuration::from_hours(24));
    let all = receiver.until(3).await;
    silkrate.finish().await;
    assert_eq!(values(&all[2..]), ["490"]);
}

#[tokio::test]
async fn with_a_limit_a_change_that_no_look_showed_is_sent_with_its_day() {
    let receiver = Receiver::start().await;
    let bank = OneBank::new();
    bank.commit_dollar(1, "470");
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("silkrate.db");
    let mut desk = webhook("desk", &receiver.url());
    desk.min_change_percent = Some(Decimal::ONE);
    let running = Running::start(&bank, &desk, &ledger).await;
    // More commits than the queue holds, while no other task runs. On the third the dollar rises by a per cent, and no
    // other change is as large, that from the first day to the last one included.
    for (day, value) in (2..).zip([
        "470.1", "475", "473", "472", "471", "470.9", "470.8", "470.7",
    ]) {
        bank.commit_dollar(day, value);
    }
    let sent = receiver.until(1).await;
    until(&ledger, |states| states[0].pending == 0).await;
    running.finish().await;
    // The same while the service is stopped.
    for (day, value) in (10..).zip(["470.6", "465", "467", "470.7"]) {
        bank.commit_dollar(day, value);
    }
    let running = Running::start(&bank, &desk, &ledger).await;
    let all = receiver.until(2).await;
    bank.commit_dollar(14, "480");
    let all_three = receiver.until(3).await;
    running.finish().await;
    let told = |received: &Received| {
        let event = received.json();
        let data = &event["data"];
        ["value", "date", "effective_date"].map(|name| data[name].as_str().map(str::to_owned))
    };
    let third = ["475", "2026-04-03", "2026-04-03"].map(|text| Some(text.to_owned()));
    assert_eq!(told(&sent[0]), third);
    assert_eq!(sent[0].json()["data"]["change"]["percent"], "1.0423");
    assert_eq!(told(&all[1])[1].as_deref(), Some("2026-04-11"));
    assert_eq!(all[1].json()["data"]["change"]["percent"], "-1.19");
    let newest = told(&all_three[2]);
    assert_eq!((newest[0].as_deref(), &newest[1]), (Some("480"), &None));
}
