//! Clients that leave answers unread, all together as many as may wait: those that hold the most make room for the others.

use std::time::Duration;

use silkrate::listener::OutputLimits;
use silkrate::load::frames as raw;
use tokio::net::TcpSocket;

use super::{LONG, SOON, Served, served, until};
use crate::hostile::{CANCEL, Peer, WINDOW_MAX};
use crate::support::silkrate::PATIENCE;

/// More than the buffers of the kernel hold.
const UNSENT: usize = 20_000_000;

/// A client with an address of its own.
async fn client(served: &Served, last: u8, window: u32) -> Peer {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, last], 0).into()).unwrap();
    let socket = socket.connect(served.address).await.unwrap();
    Peer::over(socket, window).await
}

/// Asks for a long answer; returns its stream.
async fn ask(peer: &mut Peer) -> u32 {
    ask_of(peer, LONG).await
}

/// The same for an answer in pieces of a length.
async fn ask_of(peer: &mut Peer, length: usize) -> u32 {
    let stream = peer.call(&format!("/{length}"));
    peer.push(raw::DATA, raw::END_STREAM, stream, &[]);
    peer.send().await.unwrap();
    stream
}

/// How many of ten connections get a long answer, which none of them reads. Each is of a client of its own, or all of one.
async fn answered_of_ten(are_distinct: bool) -> u64 {
    let limits = OutputLimits {
        pressed_bytes: 2 * LONG,
        bytes_max: 5 * LONG,
        stall_max: PATIENCE,
        pressed_stall_max: PATIENCE,
        ..OutputLimits::default()
    };
    let served = served(limits, false);
    let mut peers = Vec::new();
    for number in 0..10 {
        let client = if are_distinct { 10 + number } else { 1 };
        let mut peer = self::client(&served, client, 0).await;
        ask(&mut peer).await;
        peers.push(peer);
        let ended = || {
            let waiting = served.counts.unsent_bytes.get() / u64::try_from(LONG).unwrap();
            waiting + served.counts.unread_refused.get()
        };
        until(|| ended() > u64::from(number)).await;
    }
    10 - served.counts.unread_refused.get()
}

#[tokio::test]
async fn connections_that_leave_an_answer_unread_each_hold_no_more_than_may_wait_in_all() {
    assert_eq!(answered_of_ten(false).await, 3, "pressed by the third");
    assert_eq!(answered_of_ten(true).await, 5, "as much as may wait");
}

/// As much as may wait, and half a minute of patience with each reader.
fn full_with(answers: usize) -> OutputLimits {
    OutputLimits {
        pressed_bytes: 3 * LONG,
        full_bytes: answers * LONG,
        room_bytes: 0,
        spared: Duration::ZERO,
        stall_max: PATIENCE,
        pressed_stall_max: PATIENCE,
        ..OutputLimits::default()
    }
}

#[tokio::test]
async fn while_as_much_waits_as_may_a_newcomer_is_served_and_the_heaviest_client_is_cut() {
    for is_for_browsers in [false, true] {
        let served = served(full_with(5), is_for_browsers);
        let counts = &served.counts;
        let waiting = async |answers: usize| {
            let bytes = u64::try_from(answers * LONG).unwrap();
            until(|| counts.unsent_bytes.get() == bytes).await;
        };
        let mut heavy = client(&served, 1, 0).await;
        let mut streams = Vec::new();
        for number in 1..=3 {
            streams.push(ask(&mut heavy).await);
            waiting(number).await;
        }
        let mut light = Vec::new();
        for last in 2..4 {
            let mut peer = client(&served, last, 0).await;
            ask(&mut peer).await;
            waiting(2 + usize::from(last)).await;
            light.push(peer);
        }
        for (newcomer, stream) in (10..).zip(streams) {
            let mut peer = client(&served, newcomer, 0).await;
            ask(&mut peer).await;
            assert_eq!(heavy.reset(stream).await.code(), CANCEL);
            waiting(5).await;
            light.push(peer);
        }
        assert_eq!(served.counts.unread_streams.get(), 3);
        is_answered(&served, 20).await;
        assert_eq!(served.counts.unread_refused.get(), 0);
    }
}

/// A client whose windows do not hold up what it asks for.
async fn open_client(served: &Served, last: u8) -> Peer {
    let mut peer = client(served, last, WINDOW_MAX).await;
    peer.push(raw::WINDOW_UPDATE, 0, 0, &(1_u32 << 30).to_be_bytes());
    peer
}

/// Another client gets all of a long answer.
async fn is_answered(served: &Served, last: u8) {
    let mut honest = open_client(served, last).await;
    ask(&mut honest).await;
    let mut received = 0;
    while received < 3 * LONG {
        let data = honest.until(|frame| frame.kind == raw::DATA).await;
        received += data.payload.len();
    }
}

#[tokio::test]
async fn sockets_that_are_not_read_are_closed_when_their_answers_were_cut_and_hold_nothing() {
    let limits = OutputLimits {
        pressed_bytes: UNSENT,
        full_bytes: 2 * UNSENT,
        bytes_max: 3 * UNSENT,
        spared: Duration::ZERO,
        stall_max: PATIENCE,
        pressed_stall_max: SOON,
        ..OutputLimits::default()
    };
    let unsent = u64::try_from(UNSENT).unwrap();
    for is_for_browsers in [false, true] {
        let served = served(limits, is_for_browsers);
        let mut deaf = Vec::new();
        for last in 1..=3 {
            let mut peer = open_client(&served, last).await;
            ask_of(&mut peer, UNSENT).await;
            deaf.push(peer);
        }
        // One may go on waiting, for it does not press the others.
        until(|| served.counts.stalled.get() >= 2).await;
        until(|| served.counts.unsent_bytes.get() <= unsent).await;
        until(|| served.counts.open.get() <= 1).await;
        is_answered(&served, 20).await;
        assert_eq!(served.counts.unread_refused.get(), 0);
    }
}
