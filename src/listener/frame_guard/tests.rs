//! The budgets of a connection, by frames of each kind.

use super::*;
use crate::listener::frame_scanner::{PREFACE, frame};

const PING: u8 = 6;

fn begun() -> FrameGuard {
    let mut guard = FrameGuard::new();
    guard.received(PREFACE).unwrap();
    guard
}

/// How many of a frame a peer may send at once.
fn allowed(guard: &mut FrameGuard, frame: &[u8]) -> (u32, Flood) {
    let mut count = 0;
    loop {
        match guard.received(frame) {
            Ok(()) => count += 1,
            Err(flood) => return (count, flood),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_cheap_frames_has_a_budget_that_grows_with_time() {
    for (frame, flood, burst, per_second) in [
        (
            frame(PING, 0, 1, &[7; 8]),
            Flood::Cheap,
            CHEAP_BURST,
            CHEAP_PER_SECOND,
        ),
        (
            frame(8, 0, 1, &[0, 0, 0, 1]),
            Flood::Cheap,
            CHEAP_BURST,
            CHEAP_PER_SECOND,
        ),
        (
            frame(2, 0, 1, &[0; 5]),
            Flood::Cheap,
            CHEAP_BURST,
            CHEAP_PER_SECOND,
        ),
        (
            frame(SETTINGS, 0, 1, &[]),
            Flood::Settings,
            SETTINGS_BURST,
            SETTINGS_PER_SECOND,
        ),
        (
            frame(RST_STREAM, 0, 1, &[0; 4]),
            Flood::Resets,
            RESETS_BURST,
            RESETS_PER_SECOND,
        ),
    ] {
        let mut guard = begun();
        assert_eq!(allowed(&mut guard, &frame), (burst, flood));
        for _second in 0..2 {
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(allowed(&mut guard, &frame), (per_second, flood));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn requests_and_data_that_is_sent_earn_the_frames_that_belong_to_them() {
    let mut guard = begun();
    let ping = frame(PING, 0, 1, &[7; 8]);
    assert_eq!(allowed(&mut guard, &ping).0, CHEAP_BURST);
    guard.received(&frame(HEADERS, 4, 1, &[0x82])).unwrap();
    assert_eq!(allowed(&mut guard, &ping).0, CHEAP_PER_WORK);
    guard.sent(&frame(DATA, 0, 1, b"rate").repeat(2));
    assert_eq!(allowed(&mut guard, &ping).0, 2 * CHEAP_PER_WORK);
}

#[tokio::test(start_paused = true)]
async fn a_client_may_give_the_window_back_for_every_four_kibibytes_on_both_levels() {
    let mut guard = begun();
    for length in [16 * 1024, 1024 * 1024] {
        let data = frame(DATA, 0, 1, &vec![0; length]);
        let update = |stream| frame(8, 0, stream, &4096_u32.to_be_bytes());
        let updates = [update(0), update(1)].concat().repeat(length / 4096);
        for _frame in 0..CHEAP_BURST {
            guard.sent(&data);
            assert_eq!(guard.received(&updates), Ok(()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_may_reset_every_stream_whose_answer_has_ended() {
    let mut guard = begun();
    let reset = frame(RST_STREAM, 0, 1, &[0; 4]);
    for kind in [HEADERS, DATA] {
        for _call in 0..2 * RESETS_BURST {
            guard.sent(&frame(kind, END_STREAM, 1, b"rate"));
            assert_eq!(guard.received(&reset), Ok(()));
        }
    }
}

/// What is left of the resets after each of these frames was sent a number of times, to a client that has used them up.
fn resets_left(frames: &[(u8, u8, u32)]) -> u32 {
    let mut guard = begun();
    let reset = frame(RST_STREAM, 0, 1, &[0; 4]);
    allowed(&mut guard, &reset);
    for (kind, flags, count) in frames {
        for _frame in 0..*count {
            guard.sent(&frame(*kind, *flags, 1, b"rate"));
        }
    }
    allowed(&mut guard, &reset).0
}

#[tokio::test(start_paused = true)]
async fn a_proxy_may_give_up_as_many_calls_as_are_answered_and_more_after_many_answers() {
    assert_eq!(resets_left(&[(HEADERS, 4, 9)]), 0, "they do not end it");
    let answered = |calls| [(HEADERS, 4, calls), (HEADERS, 4 | END_STREAM, calls)];
    assert_eq!(resets_left(&answered(3000)), 6000);
    assert_eq!(resets_left(&answered(100_000)), 16 * 1024);
    // Streams whose readers leave after some messages, and such that are reset at once.
    assert_eq!(resets_left(&[(DATA, 0, 400)]), 100);
    let mut guard = begun();
    let reset = frame(RST_STREAM, 0, 1, &[0; 4]);
    let opened = (0..9 * RESETS_BURST).take_while(|_| {
        guard.sent(&frame(HEADERS, 4, 1, &[0x88]));
        guard.sent(&frame(DATA, 0, 1, b"rate"));
        guard.received(&reset).is_ok()
    });
    assert!(opened.count() < 2 * usize::try_from(RESETS_BURST).unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_turn_ends_after_its_work_or_bytes_and_with_nothing_to_read() {
    let mut guard = begun();
    let request = frame(HEADERS, 4, 1, &[0x82]);
    let ping = frame(PING, 0, 1, &[7; 8]);
    for (frame, work) in [(ping, 1), (request, LARGE_WORK)] {
        let frames = usize::try_from(TURN_WORK / work).unwrap();
        guard.received(&frame.repeat(frames - 1)).unwrap();
        assert!(!guard.ends_turn());
        guard.received(&frame).unwrap();
        assert!(guard.ends_turn());
        assert!(!guard.ends_turn());
    }
    let data = frame(DATA, 0, 1, &vec![0; TURN_BYTES]);
    guard.received(&data).unwrap();
    guard.waits();
    assert!(!guard.ends_turn());
    guard.received(&data).unwrap();
    assert!(guard.ends_turn());
}

#[tokio::test(start_paused = true)]
async fn the_last_frame_names_the_last_stream_and_never_stands_within_another_one() {
    let mut guard = begun();
    guard.received(&frame(HEADERS, 4, 9, &[0x82])).unwrap();
    // The headers of these are not complete, or came with what is too much and is not passed on.
    let incomplete = frame(HEADERS, 4, 11, &[0x82]);
    let (begins, ends) = incomplete.split_at(incomplete.len() - 1);
    guard.received(begins).unwrap();
    let too_much = frame(SETTINGS, 0, 0, &[]).repeat(100);
    let opens = frame(HEADERS, 4, 13, &[0x82]);
    let flood = [ends, &too_much, &opens].concat();
    assert_eq!(guard.received(&flood), Err(Flood::Settings));
    let data = frame(DATA, 0, 1, b"rate");
    guard.sent(&data[..11]);
    assert_eq!(guard.goaway(Flood::Cheap), None);
    guard.sent(&data[11..]);
    let bytes = guard.goaway(Flood::Settings).unwrap();
    let payload = [&[0, 0, 0, 9, 0, 0, 0, 11][..], b"too_many_settings"].concat();
    assert_eq!(bytes, frame(GOAWAY, 0, 0, &payload));
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_not_http2_have_no_budget() {
    let mut guard = FrameGuard::new();
    for _request in 0..CHEAP_BURST {
        guard.received(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    }
    guard.received(PREFACE).unwrap();
    let settings = frame(SETTINGS, 0, 1, &[]).repeat(100);
    assert_eq!(guard.received(&settings), Ok(()));
}
