//! The streams of a replica whose readers have seen more on another one.

use std::time::Duration;

use silkrate::feed::{ResumeVerdict, StreamEvent};
use tokio::time::Instant;

use super::{opening, position, update, values};
use crate::support::boards::{OneBank, next};

/// Longer than what a scheduler needs for a wait of no time, and shorter than what a client waits for.
const A_WHILE: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn the_opening_waits_for_what_its_reader_has_seen_on_another_replica() {
    let bank = OneBank::new();
    bank.mark_as_replica();
    bank.commit_dollar(1, "478.77");
    let mut subscription =
        bank.subscribe(|wanted| wanted.resume_after = Some(position("epoch", 2)));
    let early = tokio::time::timeout(A_WHILE, next(&mut subscription)).await;
    assert!(early.is_err(), "{early:?}");
    bank.commit_dollar(2, "475.09");
    assert_eq!(
        opening(&mut subscription).await,
        (ResumeVerdict::Resumed, position("epoch", 2))
    );
    let first = update(next(&mut subscription).await);
    assert_eq!((first.after, first.rates.len()), (2, 0));
    bank.commit_dollar(3, "474.20");
    let second = update(next(&mut subscription).await);
    assert_eq!(
        (second.after, values(&second)[1].as_str()),
        (2, "USD/KZT=474.20")
    );
}

#[tokio::test(start_paused = true)]
async fn an_epoch_that_the_reader_knows_may_begin_while_the_opening_waits() {
    let bank = OneBank::new();
    bank.mark_as_replica();
    bank.commit_dollar(1, "478.77");
    let mut subscription =
        bank.subscribe(|wanted| wanted.resume_after = Some(position("later", 2)));
    let early = tokio::time::timeout(A_WHILE, next(&mut subscription)).await;
    assert!(early.is_err(), "{early:?}");
    bank.commit.borrow_mut().renew("later");
    let (verdict, _) = opening(&mut subscription).await;
    assert_eq!(verdict, ResumeVerdict::Resumed);
}

#[tokio::test(start_paused = true)]
async fn an_opening_that_waited_in_vain_says_that_the_reader_is_ahead() {
    let bank = OneBank::new();
    bank.mark_as_replica();
    bank.commit_dollar(1, "478.77");
    let mut subscription =
        bank.subscribe(|wanted| wanted.resume_after = Some(position("epoch", 7)));
    let began = Instant::now();
    bank.commit_dollar(2, "475.09");
    assert_eq!(
        opening(&mut subscription).await,
        (ResumeVerdict::SnapshotAhead, position("epoch", 2))
    );
    assert!(began.elapsed() >= Duration::from_secs(2));
    let message = next(&mut subscription).await;
    assert_eq!(message.position, position("epoch", 2));
    assert!(matches!(message.event, StreamEvent::Snapshot { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_runs_alone_answers_a_position_of_the_future_at_once() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let mut subscription =
        bank.subscribe(|wanted| wanted.resume_after = Some(position("epoch", 2)));
    let began = Instant::now();
    let (verdict, _) = opening(&mut subscription).await;
    assert_eq!(verdict, ResumeVerdict::SnapshotAhead);
    assert_eq!(began.elapsed(), Duration::ZERO);
}
