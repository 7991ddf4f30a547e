//! Readers over HTTP/1.1.

use silkrate::listener::OutputLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{SOON, Served, served, strict, until};
use crate::support::silkrate::PATIENCE;

/// More than the buffers of the kernel hold.
const UNSENT: u64 = 20_000_000;

/// A reader that has asked for pieces of a length.
async fn reader(served: &Served, length: u64) -> TcpStream {
    let mut socket = TcpStream::connect(served.address).await.unwrap();
    let request = format!("GET /{length} HTTP/1.1\r\nhost: rates\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

#[tokio::test]
async fn a_reader_over_http1_that_resets_its_connection_holds_nothing_afterwards() {
    let served = served(OutputLimits::default(), true);
    let mut socket = reader(&served, 1_000).await;
    // It goes on after these, and nothing follows.
    socket.read_exact(&mut vec![0; 3_000]).await.unwrap();
    assert_eq!(served.counts.open.get(), 1);
    socket.set_zero_linger().unwrap();
    drop(socket);
    until(|| served.counts.open.get() == 0).await;
}

#[tokio::test]
async fn an_answer_over_http1_counts_until_its_reader_has_it_or_leaves() {
    let served = served(OutputLimits::default(), true);
    let mut socket = reader(&served, UNSENT).await;
    until(|| served.counts.unsent_bytes.get() == UNSENT).await;
    let mut piece = vec![0; 1_000_000];
    socket.read_exact(&mut piece).await.unwrap();
    assert_eq!(
        served.counts.unsent_bytes.get(),
        UNSENT,
        "still the first piece"
    );
    drop(socket);
    until(|| served.counts.unsent_bytes.get() == 0).await;
}

/// Waits until a reader was cut for what it left, and nothing of it is left.
async fn is_cut(served: &Served) {
    until(|| served.counts.unread_streams.get() == 1).await;
    until(|| served.counts.unsent_bytes.get() == 0).await;
    until(|| served.counts.open.get() == 0).await;
}

#[tokio::test]
async fn a_reader_that_takes_too_little_is_cut_counted_and_holds_nothing_afterwards() {
    let served = served(strict(), true);
    let mut socket = reader(&served, UNSENT).await;
    socket.read_exact(&mut [0; 1_000]).await.unwrap();
    is_cut(&served).await;
    assert_eq!(served.counts.stalled.get(), 0, "long before its socket is");
}

#[tokio::test]
async fn a_reader_is_cut_sooner_while_too_much_waits() {
    let limits = OutputLimits {
        pressed_bytes: usize::try_from(UNSENT).unwrap() - 1,
        stall_max: PATIENCE,
        pressed_stall_max: SOON,
        ..OutputLimits::default()
    };
    let served = served(limits, true);
    let _socket = reader(&served, UNSENT).await;
    is_cut(&served).await;
}

#[tokio::test]
async fn a_reader_that_takes_nothing_does_not_hold_up_a_stop() {
    let limits = OutputLimits {
        stall_max: PATIENCE,
        pressed_stall_max: SOON,
        ..OutputLimits::default()
    };
    let mut served = served(limits, true);
    let _socket = reader(&served, UNSENT).await;
    until(|| served.counts.unsent_bytes.get() == UNSENT).await;
    served.draining.cancel();
    let ended = tokio::time::timeout(PATIENCE, served.tasks.join_next()).await;
    assert!(ended.expect("it ends").unwrap().is_ok());
    assert_eq!(served.counts.unread_streams.get(), 1);
}

#[tokio::test]
async fn a_reader_makes_room_for_others_when_it_holds_the_most() {
    let limits = OutputLimits {
        full_bytes: usize::try_from(UNSENT).unwrap() - 1,
        spared: std::time::Duration::ZERO,
        stall_max: PATIENCE,
        pressed_stall_max: PATIENCE,
        ..OutputLimits::default()
    };
    let served = served(limits, true);
    let _socket = reader(&served, UNSENT).await;
    is_cut(&served).await;
}
