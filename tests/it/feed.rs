//! The messages of one subscription, without a socket: order, merging, resuming, intervals, the end.

mod replica;

use std::time::Duration;

use silkrate::domain::{Pair, Position, Update};
use silkrate::feed::{
    ResumeVerdict, StreamEnd, StreamEvent, StreamMessage, StreamRefused, Subscription,
};
use tokio::time::Instant;

use crate::support::boards::{HEARTBEAT, OneBank, next};

fn update(message: StreamMessage) -> Update {
    match message.event {
        StreamEvent::Update(update) => update,
        other => panic!("expected an update, got {other:?}"),
    }
}

fn values(update: &Update) -> Vec<String> {
    update
        .rates
        .iter()
        .map(|rate| format!("{}={}", rate.pair, rate.value))
        .collect()
}

async fn opening(subscription: &mut Subscription) -> (ResumeVerdict, Position) {
    let message = next(subscription).await;
    match message.event {
        StreamEvent::Opening { verdict, .. } => (verdict, message.position),
        other => panic!("expected the opening, got {other:?}"),
    }
}

/// Reads the opening and the snapshot.
async fn begin(subscription: &mut Subscription) -> StreamMessage {
    assert_eq!(
        opening(subscription).await.0,
        ResumeVerdict::SnapshotRequested
    );
    let message = next(subscription).await;
    assert!(
        matches!(message.event, StreamEvent::Snapshot { .. }),
        "{message:?}"
    );
    message
}

fn position(epoch: &str, revision: u64) -> Position {
    Position {
        epoch: epoch.into(),
        revision,
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_sends_its_opening_then_a_snapshot_then_updates() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let mut subscription = bank.subscribe(|_| ());
    let snapshot = begin(&mut subscription).await;
    let StreamEvent::Snapshot {
        rates,
        snapshot: whole,
    } = snapshot.event
    else {
        panic!("expected the snapshot")
    };
    assert_eq!(rates.len(), 2, "KZT/EUR is not quoted yet");
    assert_eq!(whole.position, snapshot.position);

    bank.commit_dollar(2, "475.09");
    let message = next(&mut subscription).await;
    assert_eq!(message.position, position("epoch", 2));
    let update = update(message);
    assert_eq!(update.after, 1);
    assert_eq!(
        values(&update),
        ["KZT/USD=0.00210486434149", "USD/KZT=475.09"]
    );
}

#[tokio::test(start_paused = true)]
async fn an_update_has_the_rows_that_changed_and_no_others() {
    let bank = OneBank::new();
    let day = jiff::civil::date(2026, 4, 1);
    bank.commit(day, &[("USD", "478.77"), ("EUR", "548.62")]);
    let mut subscription = bank.subscribe(|_| ());
    begin(&mut subscription).await;
    bank.commit(day, &[("USD", "478.77"), ("EUR", "548.63")]);
    let update = update(next(&mut subscription).await);
    assert_eq!(values(&update), ["KZT/EUR=0.00182272205311"]);
    assert_eq!(
        update.rates[0].fixings[0].superseded_value,
        silkrate::domain::parse_decimal("548.62").ok()
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_one_update_for_all_commits_it_missed() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let mut subscription = bank.subscribe(|_| ());
    begin(&mut subscription).await;
    for (day, value) in [
        (2, "475.09"),
        (3, "474.20"),
        (4, "473.00"),
        (5, "472.10"),
        (6, "471.55"),
    ] {
        bank.commit_dollar(day, value);
    }
    let message = next(&mut subscription).await;
    assert_eq!(message.position.revision, 6);
    let update = update(message);
    assert_eq!(
        (update.after, values(&update)[1].as_str()),
        (1, "USD/KZT=471.55")
    );
}

#[tokio::test(start_paused = true)]
async fn a_resumed_reader_gets_one_update_from_its_position_even_an_empty_one() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    bank.commit_dollar(2, "475.09");
    for (revision, rows) in [(1, 2), (2, 0)] {
        let mut subscription =
            bank.subscribe(|wanted| wanted.resume_after = Some(position("epoch", revision)));
        assert_eq!(
            opening(&mut subscription).await,
            (ResumeVerdict::Resumed, position("epoch", revision))
        );
        let message = next(&mut subscription).await;
        assert_eq!(message.position.revision, 2);
        let update = update(message);
        assert_eq!((update.after, update.rates.len()), (revision, rows));
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_one_commit_behind_gets_each_commit_in_a_message_of_its_own() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let mut subscription = bank.subscribe(|_| ());
    begin(&mut subscription).await;
    bank.commit_dollar(2, "475.09");
    bank.commit_dollar(3, "474.20");
    for after in 1..=2 {
        let message = next(&mut subscription).await;
        assert_eq!(message.position.revision, after + 1);
        assert_eq!(update(message).after, after);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_no_source_quotes_any_more_is_removed() {
    let bank = OneBank::new();
    let day = jiff::civil::date(2026, 4, 1);
    bank.commit(day, &[("USD", "478.77"), ("EUR", "548.62")]);
    let mut subscription = bank.subscribe(|_| ());
    begin(&mut subscription).await;
    bank.publish_anew(day, &[("USD", "478.77")]);
    let update = update(next(&mut subscription).await);
    assert_eq!(update.removed_pairs, [Pair::parse("KZT/EUR").unwrap()]);
    assert_eq!(update.rates, []);
}

#[tokio::test(start_paused = true)]
async fn a_position_before_a_removal_that_is_not_remembered_is_too_old() {
    let bank = OneBank::new();
    let day = jiff::civil::date(2026, 4, 1);
    let all = [
        ("USD", "478.77"),
        ("EUR", "548.62"),
        ("RUB", "5.88"),
        ("CNY", "69"),
    ];
    bank.commit(day, &all);
    // At revisions 2 and 3 and 4 one pair leaves; two are remembered.
    for left in (1..=3).rev() {
        bank.publish_anew(day, &all[..left]);
    }
    for (revision, expected) in [
        (1, ResumeVerdict::SnapshotTooOld),
        (2, ResumeVerdict::Resumed),
    ] {
        let mut subscription =
            bank.subscribe(|wanted| wanted.resume_after = Some(position("epoch", revision)));
        let (verdict, _) = opening(&mut subscription).await;
        assert_eq!(verdict, expected);
        let is_snapshot = matches!(
            next(&mut subscription).await.event,
            StreamEvent::Snapshot { .. }
        );
        assert_eq!(is_snapshot, expected != ResumeVerdict::Resumed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_behind_the_remembered_removals_gets_a_snapshot() {
    let bank = OneBank::new();
    let day = jiff::civil::date(2026, 4, 1);
    let all = [
        ("USD", "478.77"),
        ("EUR", "548.62"),
        ("RUB", "5.88"),
        ("CNY", "69"),
    ];
    bank.commit(day, &all);
    let mut subscription = bank.subscribe(|_| ());
    begin(&mut subscription).await;
    for left in (1..=3).rev() {
        bank.publish_anew(day, &all[..left]);
    }
    let message = next(&mut subscription).await;
    assert_eq!(message.position.revision, 4);
    assert!(matches!(message.event, StreamEvent::Snapshot { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_new_epoch_within_a_stream_leads_to_a_snapshot_and_then_updates() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let mut subscription = bank.subscribe(|_| ());
    begin(&mut subscription).await;
    bank.commit.borrow_mut().renew("another");
    let message = next(&mut subscription).await;
    assert_eq!(message.position, position("another", 2));
    assert!(matches!(message.event, StreamEvent::Snapshot { .. }));
    bank.commit_dollar(2, "475.09");
    assert_eq!(update(next(&mut subscription).await).after, 2);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_at_its_maximum_age_within_a_tenth() {
    let bank = OneBank::new();
    let mut subscription = bank.subscribe(|_| ());
    let began = Instant::now();
    let end = loop {
        match subscription.next().await {
            Ok(_) => {}
            Err(end) => break end,
        }
    };
    assert_eq!(end, StreamEnd::Aged);
    let hour = Duration::from_secs(3600);
    assert!(began.elapsed().abs_diff(hour) <= hour / 10);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_frees_its_place() {
    let bank = OneBank::new();
    let wanted = || bank.wanted(|_| ());
    let streams: Vec<_> = (0..3)
        .map(|_| bank.feed.subscribe(wanted(), None))
        .collect();
    assert!(streams.iter().all(Result::is_ok));
    let refused = bank.feed.subscribe(wanted(), None).unwrap_err();
    assert_eq!(refused, StreamRefused::TooMany { streams_max: 3 });
    drop(streams);
    assert!(bank.feed.subscribe(wanted(), None).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_position_of_another_epoch_or_of_the_future_is_answered_with_a_snapshot() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let cases = [
        (position("other", 1), ResumeVerdict::SnapshotOtherEpoch),
        (position("epoch", 2), ResumeVerdict::SnapshotAhead),
    ];
    for (resume_after, verdict) in cases {
        let mut subscription = bank.subscribe(|wanted| wanted.resume_after = Some(resume_after));
        assert_eq!(
            opening(&mut subscription).await,
            (verdict, position("epoch", 1))
        );
        assert!(matches!(
            next(&mut subscription).await.event,
            StreamEvent::Snapshot { .. }
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_of_updates_alone_gets_no_snapshot() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let mut subscription = bank.subscribe(|wanted| wanted.updates_only = true);
    assert_eq!(opening(&mut subscription).await.1, position("epoch", 1));
    bank.commit_dollar(2, "475.09");
    assert_eq!(update(next(&mut subscription).await).after, 1);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_without_changes_has_the_position_last_sent() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let mut subscription = bank.subscribe(|_| ());
    begin(&mut subscription).await;
    let began = Instant::now();
    for beat in 1..=2 {
        let message = next(&mut subscription).await;
        assert_eq!(message.position, position("epoch", 1));
        let StreamEvent::Heartbeat { sources, .. } = message.event else {
            panic!("expected a heartbeat")
        };
        assert_eq!(sources.len(), 1);
        assert_eq!(began.elapsed(), HEARTBEAT * beat);
    }
}

#[tokio::test(start_paused = true)]
async fn an_interval_merges_updates_and_never_delays_the_first_nor_loses_the_last() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let interval = Duration::from_secs(5);
    let mut subscription = bank.subscribe(|wanted| {
        wanted.min_interval = interval;
        wanted.updates_only = true;
    });
    opening(&mut subscription).await;
    let began = Instant::now();
    bank.commit_dollar(2, "475.09");
    update(next(&mut subscription).await);
    assert_eq!(began.elapsed(), Duration::ZERO);

    bank.commit_dollar(3, "474.20");
    bank.commit_dollar(4, "473.00");
    let update = update(next(&mut subscription).await);
    assert_eq!(began.elapsed(), interval);
    assert_eq!(
        (update.after, values(&update)[1].as_str()),
        (2, "USD/KZT=473.00")
    );
}

#[tokio::test(start_paused = true)]
async fn a_long_interval_does_not_silence_the_heartbeat() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let mut subscription = bank.subscribe(|wanted| wanted.min_interval = Duration::from_secs(30));
    begin(&mut subscription).await;
    bank.commit_dollar(2, "475.09");
    let message = next(&mut subscription).await;
    let StreamEvent::Heartbeat { sources, .. } = message.event else {
        panic!("expected a heartbeat")
    };
    assert_eq!(
        message.position.revision, 1,
        "a heartbeat never overtakes an update"
    );
    let newest = sources[0].state.newest_effective_date;
    assert_eq!(
        newest,
        Some(jiff::civil::date(2026, 4, 1)),
        "nor tells of what the reader has not"
    );
    assert_eq!(update(next(&mut subscription).await).after, 1);
}

#[tokio::test(start_paused = true)]
async fn an_interval_of_more_than_an_hour_is_granted_as_an_hour() {
    let mut subscription = OneBank::new().subscribe(|wanted| wanted.min_interval = Duration::MAX);
    let StreamEvent::Opening { min_interval, .. } = next(&mut subscription).await.event else {
        panic!()
    };
    assert_eq!(min_interval, Duration::from_secs(3600));
}

#[tokio::test(start_paused = true)]
async fn draining_ends_a_stream_at_once() {
    let bank = OneBank::new();
    let mut subscription = bank.subscribe(|_| ());
    begin(&mut subscription).await;
    bank.draining.cancel();
    assert_eq!(subscription.next().await.unwrap_err(), StreamEnd::Draining);
}
