//! Headers without end, and requests that are reset: what HTTP/2 itself refuses, with the settings of this service.

use silkrate::load::frames as raw;

use super::{ENHANCE_YOUR_CALM, GRPC, Peer, WINDOW_MAX};
use crate::support::april::{bank_of_april, silkrate_of_april};

/// CONTINUATION is of no use to a load generator.
const CONTINUATION: u8 = 9;

#[tokio::test]
async fn headers_that_go_on_without_end_end_the_connection() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    let block = Peer::block("/silkrate.v1.RateService/GetSnapshot", GRPC);
    peer.push(raw::HEADERS, 0, 1, &block);
    for _frame in 0..10_000 {
        // A literal of no name and no value, which is not added to a table.
        peer.push(CONTINUATION, 0, 1, &[0, 1, b'x', 0]);
    }
    drop(peer.send().await);
    assert_eq!(peer.goaway().await.code(), ENHANCE_YOUR_CALM);
    silkrate.finish().await;
}

#[tokio::test]
async fn calls_that_are_reset_before_they_are_answered_end_the_connection() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    for _call in 0..2000 {
        let stream = peer.call("/silkrate.v1.RateService/GetSnapshot");
        peer.push(raw::RESET, 0, stream, &super::CANCEL.to_be_bytes());
    }
    drop(peer.send().await);
    assert_eq!(peer.goaway().await.code(), ENHANCE_YOUR_CALM);
    silkrate.finish().await;
}

#[tokio::test]
async fn resets_that_a_peer_makes_the_server_send_end_the_connection() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    for _call in 0..2000 {
        let stream = peer.call("/silkrate.v1.RateService/GetSnapshot");
        // A window that grows beyond the largest is an error of the stream.
        peer.push(raw::WINDOW_UPDATE, 0, stream, &[0, 0, 0, 1]);
    }
    drop(peer.send().await);
    let goaway = peer.goaway().await;
    assert_eq!(goaway.code(), ENHANCE_YOUR_CALM);
    assert_eq!(goaway.reason(), "too_many_internal_resets");
    silkrate.finish().await;
}
