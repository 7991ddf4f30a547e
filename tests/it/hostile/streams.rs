//! Streams without number.

use super::{Peer, REFUSED_STREAM, WINDOW_MAX};
use crate::support::april::{bank_of_april, silkrate_of_april};

/// The streams of a connection to the gRPC port.
const STREAMS_MAX: u32 = 1024;

#[tokio::test]
async fn one_more_stream_than_a_connection_may_have_is_refused() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    for _stream in 0..STREAMS_MAX {
        peer.ask("WatchRates", &[]);
    }
    let more = peer.ask("WatchRates", &[]);
    peer.send().await.unwrap();
    assert_eq!(peer.reset(more).await.code(), REFUSED_STREAM);
    silkrate.finish().await;
}
