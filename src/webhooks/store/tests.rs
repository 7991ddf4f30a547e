//! What is written survives, in order, and a file of another program is left as it is.

use super::open::VERSION;
use super::*;
use crate::config::EventKind;
use crate::webhooks::states::states;
use crate::webhooks::subject::Fact;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn step(events: &[&str]) -> Step {
    let subject = Subject {
        kind: EventKind::Change,
        name: "USD/KZT".to_owned(),
    };
    let fact = Fact {
        state: events.last().unwrap_or(&"475.09").to_string(),
        told: Some("nbk 2026-04-02".to_owned()),
        since: Some(jiff::civil::date(2026, 4, 2)),
        unseen: [30, 31].map(|day| jiff::civil::date(2026, 3, day)).into(),
        sent: [29].map(|day| jiff::civil::date(2026, 3, day)).into(),
    };
    let events = events.iter().map(|id| Event {
        id: (*id).to_owned(),
        body: format!("{{\"id\":\"{id}\"}}"),
    });
    Step {
        changed: vec![(subject, fact)],
        gone: Vec::new(),
        events: events.collect(),
    }
}

#[tokio::test]
async fn what_is_known_and_what_waits_survives_a_restart_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("webhooks");
    let now = at("2026-04-02T09:00:00Z");
    let store = Store::open(Some(&path)).unwrap();
    assert_eq!(store.known("desk").await.unwrap(), None);
    store.record("desk", step(&["1", "2"]), now).await.unwrap();
    store.record("other", step(&["3"]), now).await.unwrap();
    let mut known = Known::default();
    known.apply(step(&["1", "2"]));
    drop(store);

    let store = Store::open(Some(&path)).unwrap();
    assert_eq!(store.known("desk").await.unwrap(), Some(known));
    let first = store.next("desk").await.unwrap().unwrap();
    assert_eq!(
        (first.id.as_str(), first.created_at, first.due_at),
        ("1", now, now)
    );
    let due = at("2026-04-02T09:05:00Z");
    let failure = || ("status 500".to_owned(), now);
    store
        .failed("desk", first.number, failure(), Some(due))
        .await
        .unwrap();
    let again = store.next("desk").await.unwrap().unwrap();
    assert_eq!(
        (again.id.as_str(), again.failures, again.due_at),
        ("1", 1, due)
    );
    let [desk, other] = states(&path).unwrap().try_into().unwrap();
    assert_eq!((desk.pending, desk.due_at), (2, Some(due)));
    assert_eq!(desk.error.as_deref(), Some("status 500"));
    assert_eq!((other.pending, other.error), (1, None));

    store.delivered("desk", first.number, due).await.unwrap();
    let second = store.next("desk").await.unwrap().unwrap();
    assert_eq!(second.id, "2");
    store
        .failed("desk", second.number, failure(), None)
        .await
        .unwrap();
    assert_eq!(store.next("desk").await.unwrap(), None);
    let desk = states(&path).unwrap().remove(0);
    assert_eq!((desk.pending, desk.delivered_at), (0, Some(due)));
}

#[tokio::test]
async fn beyond_the_maximum_the_oldest_event_of_the_webhook_is_dropped() {
    let store = Store::open(None).unwrap();
    let now = at("2026-04-02T09:00:00Z");
    store.record("other", step(&["other"]), now).await.unwrap();
    let most: Vec<String> = (0..PENDING_MAX).map(|number| number.to_string()).collect();
    let most: Vec<&str> = most.iter().map(String::as_str).collect();
    assert_eq!(store.record("desk", step(&most), now).await, Ok(0));
    assert_eq!(store.record("desk", step(&["a", "b"]), now).await, Ok(2));
    assert_eq!(store.next("desk").await.unwrap().unwrap().id, "2");
    assert_eq!(store.next("other").await.unwrap().unwrap().id, "other");
}

#[tokio::test]
async fn what_waits_is_kept_when_the_receiver_is_gone_unless_it_is_a_day_old() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("webhooks");
    let store = Store::open(Some(&path)).unwrap();
    let (oldest, later) = (at("2026-04-02T09:00:00Z"), at("2026-04-02T09:00:01Z"));
    store.record("desk", step(&["1"]), oldest).await.unwrap();
    store.record("other", step(&["2"]), oldest).await.unwrap();
    store
        .record("desk", step(&["3", "4"]), later)
        .await
        .unwrap();
    let now = at("2026-04-03T09:00:00Z");
    assert_eq!(store.gone("desk", now, oldest).await, Ok(1));
    assert_eq!(store.next("desk").await.unwrap().unwrap().id, "3");
    let [desk, other] = states(&path).unwrap().try_into().unwrap();
    assert_eq!((desk.pending, desk.is_gone), (2, true));
    assert_eq!((other.pending, other.is_gone), (1, false));
    let failure = ("status 500".to_owned(), now);
    store.failed("other", 2, failure, Some(now)).await.unwrap();

    for webhook in ["desk", "other"] {
        store.resume(webhook).await.unwrap();
    }
    let [desk, other] = states(&path).unwrap().try_into().unwrap();
    assert_eq!((desk.pending, desk.is_gone, desk.error), (2, false, None));
    assert_eq!(other.error.as_deref(), Some("status 500"));
}

#[test]
fn in_an_empty_file_nothing_has_begun() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("webhooks");
    std::fs::write(&path, "").unwrap();
    assert_eq!(states(&path), Ok(Vec::new()));
}

#[tokio::test]
async fn a_step_is_written_whole_or_not_at_all() {
    let store = Store::open(None).unwrap();
    let now = at("2026-04-02T09:00:00Z");
    store.record("desk", step(&[]), now).await.unwrap();
    let refuse = |transaction: &Transaction<'_>| {
        transaction.execute_batch(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'full'); END",
        )
    };
    store.run(refuse).await.unwrap();
    let before = store.known("desk").await.unwrap();
    let refused = store.record("desk", step(&["1"]), now).await.unwrap_err();
    assert!(refused.to_string().contains("full"), "{refused}");
    assert_eq!(store.known("desk").await.unwrap(), before);
}

#[test]
fn a_file_of_another_program_or_version_is_refused_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foreign");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
    let refused = Store::open(Some(&path)).unwrap_err();
    assert_eq!(check(&path), Err(refused.clone()));
    let refused = refused.to_string();
    assert!(refused.contains("not a file of webhooks"), "{refused}");

    let path = folder.path().join("newer");
    assert_eq!(check(&path), Ok(()));
    assert!(!path.exists(), "a check creates nothing");
    drop(Store::open(Some(&path)).unwrap());
    assert_eq!(check(&path), Ok(()));
    let connection = Connection::open(&path).unwrap();
    let newer = VERSION + 1;
    connection
        .pragma_update(None, "user_version", newer)
        .unwrap();
    let refused = Store::open(Some(&path)).unwrap_err();
    assert_eq!(check(&path), Err(refused.clone()));
    let refused = refused.to_string();
    for said in [
        "a newer version",
        "schema version 5",
        "the copy from before",
    ] {
        assert!(refused.contains(said), "{refused}");
    }

    let path = folder.path().join("text");
    std::fs::write(&path, "not a database, and long enough to be read as one").unwrap();
    let refused = Store::open(Some(&path)).unwrap_err().to_string();
    assert!(refused.contains("not a database"), "{refused}");
}

#[tokio::test]
async fn a_file_of_version_1_is_brought_up_to_date_with_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("webhooks");
    let now = at("2026-04-02T09:00:00Z");
    let store = Store::open(Some(&path)).unwrap();
    store.record("desk", step(&["1"]), now).await.unwrap();
    drop(store);
    let connection = Connection::open(&path).unwrap();
    let back = "ALTER TABLE known DROP COLUMN since; ALTER TABLE known DROP COLUMN unseen;
         ALTER TABLE known DROP COLUMN sent; PRAGMA user_version = 1";
    connection.execute_batch(back).unwrap();
    drop(connection);

    for _ in 0..2 {
        let store = Store::open(Some(&path)).unwrap();
        let mut earlier = step(&["1"]);
        earlier.changed[0].1.since = None;
        earlier.changed[0].1.unseen.clear();
        earlier.changed[0].1.sent.clear();
        let mut known = Known::default();
        known.apply(earlier);
        assert_eq!(store.known("desk").await.unwrap(), Some(known));
        assert_eq!(store.next("desk").await.unwrap().unwrap().id, "1");
    }
}

/// What was told of each pair, in a file of an earlier version with these rows.
async fn told_after_an_upgrade(version: u32, columns: &str, rows: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("webhooks");
    drop(Store::open(Some(&path)).unwrap());
    let connection = Connection::open(&path).unwrap();
    let back = format!(
        "{columns} PRAGMA user_version = {version}; INSERT INTO webhooks (name, began_at) VALUES ('desk', '');
         INSERT INTO known (webhook, kind, subject, state, told, since) VALUES {rows}",
    );
    connection.execute_batch(&back).unwrap();
    drop(connection);
    let store = Store::open(Some(&path)).unwrap();
    let told = store.run(|transaction| {
        let mut statement = transaction.prepare("SELECT told FROM known ORDER BY subject")?;
        let told = statement.query_map([], |row| row.get(0))?;
        told.collect()
    });
    told.await.unwrap()
}

#[tokio::test]
async fn what_was_told_by_an_earlier_version_has_both_dates_in_their_order() {
    let of_2 = told_after_an_upgrade(
        2,
        "ALTER TABLE known DROP COLUMN unseen; ALTER TABLE known DROP COLUMN sent;",
        "('desk', 'change', 'A', '', 'nbkr+nbk 2026-04-01', '2026-04-02'),
         ('desk', 'change', 'B', '', 'nbkr+nbk 2026-04-02', '2026-04-02'),
         ('desk', 'change', 'C', '', 'nbk 2026-04-01', '2026-04-02')",
    );
    assert_eq!(
        of_2.await,
        [
            "nbkr+nbk 2026-04-01 2026-04-02",
            "nbkr+nbk 2026-04-02",
            "nbk 2026-04-01"
        ]
    );
    let of_3 = told_after_an_upgrade(
        3,
        "ALTER TABLE known DROP COLUMN sent;",
        "('desk', 'change', 'A', '', 'nbkr+nbk 2026-04-02 2026-04-01', '2026-04-02'),
         ('desk', 'change', 'B', '', 'nbkr+nbk 2026-03-31 2026-04-02', '2026-04-02'),
         ('desk', 'change', 'C', '', 'nbk 2026-04-01', '2026-04-02')",
    );
    assert_eq!(
        of_3.await,
        [
            "nbkr+nbk 2026-04-01 2026-04-02",
            "nbkr+nbk 2026-03-31 2026-04-02",
            "nbk 2026-04-01"
        ]
    );
}

#[tokio::test]
async fn what_another_replica_has_not_delivered_waits_on_when_it_says_again_what_it_has() {
    let store = Store::open(None).unwrap();
    let delivered = |id: &str, now| Delivered {
        id: id.to_owned(),
        // Its clock is ahead.
        created_at: at(now),
    };
    let begun = at("2026-04-02T09:00:00Z");
    store
        .record("desk", step(&["one", "two"]), begun)
        .await
        .unwrap();
    let one = delivered("one", "2026-04-02T09:00:02Z");
    for _ in 0..2 {
        let told = store.delivered_elsewhere("desk", one.clone()).await;
        told.unwrap();
        let next = store.next("desk").await.unwrap();
        assert_eq!(next.map(|next| next.id).as_deref(), Some("two"));
    }
    // An event that is not known here, of much later.
    let later = delivered("three", "2026-04-02T09:02:00Z");
    store.delivered_elsewhere("desk", later).await.unwrap();
    assert_eq!(store.next("desk").await.unwrap(), None);
}
