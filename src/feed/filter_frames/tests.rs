//! What is kept for the readers of a filter, and for how long.

use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{JoinSet, block_in_place};

use super::*;

/// Longer than a machine is busy.
const PATIENCE: Duration = Duration::from_secs(60);

fn position(revision: u64) -> Position {
    Position {
        epoch: "epoch".into(),
        revision,
    }
}

/// Whether an update has to be encoded.
fn is_new(frames: &FilterFrames, after: u64, frame: &Bytes) -> bool {
    let mut is_new = false;
    let to = position(after + 1);
    let message = SharedMessage::Update { after, to: &to };
    frames.get_or_encode(message, || {
        is_new = true;
        frame.clone()
    });
    is_new
}

/// Whether the state at a position has to be encoded.
fn is_new_state(frames: &FilterFrames, revision: u64, frame: &Bytes) -> bool {
    let mut is_new = false;
    frames.get_or_encode(SharedMessage::Snapshot(&position(revision)), || {
        is_new = true;
        frame.clone()
    });
    is_new
}

#[test]
fn a_filter_keeps_some_updates_and_not_too_many_bytes_of_them() {
    let frames = FilterFrames::new(&Arc::default());
    let small = Bytes::from_static(b"small");
    let most = u64::try_from(UPDATES_MAX).unwrap();
    for after in 0..=most {
        assert!(is_new(&frames, after, &small));
    }
    assert!(!is_new(&frames, 1, &small));
    assert!(is_new(&frames, 0, &small), "it was the oldest");
    let large = Bytes::from(vec![0; UPDATE_BYTES_MAX]);
    assert!(is_new(&frames, most + 1, &large));
    assert!(!is_new(&frames, most + 1, &large), "the newest is kept");
    assert!(is_new(&frames, most, &small), "and nothing beside it");
}

#[test]
fn a_late_stream_does_not_displace_the_newest_state() {
    let frames = FilterFrames::new(&Arc::default());
    let small = Bytes::from_static(b"small");
    assert!(is_new_state(&frames, 2, &small));
    assert!(is_new_state(&frames, 1, &small));
    assert!(!is_new_state(&frames, 2, &small));
}

#[test]
fn all_filters_together_keep_the_bytes_that_may_be_kept_and_short_messages_beside_them() {
    let totals = Arc::<Totals>::default();
    let wide = Bytes::from(vec![0; UPDATE_BYTES_MAX]);
    let all: Vec<_> = (0..64)
        .map(|_| FilterFrames::new(&totals))
        .inspect(|frames| {
            is_new_state(frames, 7, &wide);
            is_new(frames, 7, &wide);
        })
        .collect();
    let kept = || totals.kept_bytes.load(Ordering::Relaxed);
    assert_eq!(kept(), KEPT_BYTES_MAX);
    assert!(!is_new_state(&all[0], 7, &wide), "the first ones are kept");
    assert!(is_new_state(&all[63], 7, &wide), "the last ones are not");
    let short = Bytes::from(vec![0; SHORT_BYTES_MAX]);
    assert!(is_new_state(&all[63], 8, &short));
    assert!(is_new(&all[63], 8, &short));
    assert!(!is_new_state(&all[63], 8, &short));
    assert!(!is_new(&all[63], 8, &short));
    drop(all);
    assert_eq!(kept(), 0);
}

#[test]
fn a_filter_that_is_forgotten_keeps_nothing_from_before_and_little_of_what_follows() {
    let totals = Arc::<Totals>::default();
    let frames = FilterFrames::new(&totals);
    let small = Bytes::from_static(b"small");
    assert!(is_new(&frames, 7, &small));
    frames.forget();
    assert_eq!(totals.kept_bytes(), 0);
    assert!(is_new(&frames, 7, &small));
    assert!(!is_new(&frames, 7, &small), "its readers share it");
    let others = FilterFrames::new(&totals);
    let wide = Bytes::from(vec![0; FORGOTTEN_BYTES_MAX + 1]);
    assert!(is_new_state(&others, 7, &wide));
    for _again in 0..2 {
        assert!(is_new(&frames, 8, &small));
        assert!(is_new_state(&frames, 8, &small));
    }
    assert_eq!(totals.kept_bytes(), wide.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn those_that_wait_for_a_wide_message_leave_their_thread_to_others() {
    let frames = Arc::new(FilterFrames::new(&Arc::default()));
    let (release, released) = mpsc::channel();
    let (sender, is_encoding) = oneshot::channel();
    let wide = Arc::clone(&frames);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let encode = move || {
            sender.send(()).unwrap();
            let is_released = block_in_place(|| released.recv_timeout(PATIENCE));
            is_released.expect("another task runs meanwhile");
            Bytes::from_static(b"wide")
        };
        let to = position(1);
        wide.get_or_encode_wide(SharedMessage::Snapshot(&to), encode)
            .await
    });
    is_encoding.await.unwrap();
    let (sender, waits) = oneshot::channel();
    tasks.spawn(async move {
        sender.send(()).unwrap();
        let encode = || -> Bytes { panic!("it is encoded once") };
        let to = position(1);
        frames
            .get_or_encode_wide(SharedMessage::Snapshot(&to), encode)
            .await
    });
    waits.await.unwrap();
    // The one thread is free for this.
    tasks.spawn(async move {
        release.send(()).unwrap();
        Bytes::from_static(b"wide")
    });
    assert_eq!(tasks.join_all().await, ["wide"; 3]);
}
