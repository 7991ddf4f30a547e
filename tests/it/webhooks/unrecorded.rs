//! Attempts that cannot be recorded: the disk is full.

use std::time::Duration;

use rusqlite::Connection;
use silkrate::webhooks::path_beside;

use crate::support::captured::Captured;
use crate::support::receiver::Receiver;
use crate::webhooks::trouble::values;
use crate::webhooks::{World, until, webhook};

/// From now on no attempt at a delivery can be recorded.
const REFUSE: &str = "
    CREATE TRIGGER undeleted BEFORE DELETE ON deliveries BEGIN SELECT RAISE(ABORT, 'full on purpose'); END;
    CREATE TRIGGER unchanged BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'full on purpose'); END";
const ADMIT: &str = "DROP TRIGGER undeleted; DROP TRIGGER unchanged";

/// The messages about deliveries.
fn of_deliveries(captured: &Captured) -> Vec<String> {
    let mut messages = captured.messages();
    messages.retain(|message| message.contains("deliver"));
    messages
}

#[tokio::test]
async fn an_event_that_was_accepted_is_not_sent_again_while_that_cannot_be_recorded() {
    let captured = Captured::start();
    let receiver = Receiver::start().await;
    let world = World::new(1, vec![webhook("desk", &receiver.url())]).await;
    let silkrate = world.start().await;
    let file = Connection::open(path_beside(&world.ledger())).unwrap();
    file.execute_batch(REFUSE).unwrap();
    world.serve(&silkrate, "475.11").await;
    let began = captured.message("deliveries wait for their file").await;
    assert_eq!(began["webhook"], "desk");
    assert!(
        began["error"].as_str().unwrap().contains("full on purpose"),
        "{began}"
    );
    // It waits behind the one that is not recorded.
    world.serve(&silkrate, "475.12").await;
    file.execute_batch(ADMIT).unwrap();
    let ended = captured.message("deliveries go on").await;
    assert!(ended["failures"].as_u64() >= Some(1), "{ended}");
    until(&world.ledger(), |states| states[0].pending == 0).await;
    assert_eq!(values(&receiver.received()), ["475.11", "475.12"]);
    let expected = ["deliveries wait for their file", "deliveries go on"];
    assert_eq!(of_deliveries(&captured), expected);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_reload_of_the_settings_of_http_sends_no_event_again_that_is_not_recorded() {
    let captured = Captured::start();
    let receiver = Receiver::start().await;
    let mut world = World::new(1, vec![webhook("desk", &receiver.url())]).await;
    let silkrate = world.start().await;
    let file = Connection::open(path_beside(&world.ledger())).unwrap();
    file.execute_batch(REFUSE).unwrap();
    world.serve(&silkrate, "475.11").await;
    captured.message("deliveries wait for their file").await;
    world.config.http.connect_timeout += Duration::from_secs(1);
    silkrate.reload(world.config.clone()).await;
    // The courier that was started anew waits for the file too.
    let waits = |message: &String| message == "deliveries wait for their file";
    captured
        .until(|messages| messages.iter().filter(|one| waits(one)).count() == 2)
        .await;
    world.serve(&silkrate, "475.12").await;
    file.execute_batch(ADMIT).unwrap();
    until(&world.ledger(), |states| states[0].pending == 0).await;
    assert_eq!(values(&receiver.received()), ["475.11", "475.12"]);
    silkrate.finish().await;
}
