//! Streams without number.

use silkrate::load::frames as raw;

use super::{Peer, REFUSED_STREAM, WINDOW_MAX, metric};
use crate::support::april::{bank_of_april, silkrate_of_april};

/// The streams of a connection to the gRPC port.
const STREAMS_MAX: u32 = 1024;
/// The streams of reflection of the port.
const REFLECTION_MAX: u32 = 64;

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

#[tokio::test]
async fn one_more_stream_of_reflection_than_there_may_be_is_refused_with_a_status() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    // ListServices.
    let question = raw::grpc(&[0x3a, 0]);
    for _stream in 0..REFLECTION_MAX {
        let stream = peer.call(path);
        peer.push(raw::DATA, 0, stream, &question);
        peer.send().await.unwrap();
        peer.until(|frame| frame.kind == raw::DATA && frame.stream == stream)
            .await;
    }
    let more = peer.call(path);
    peer.push(raw::DATA, 0, more, &question);
    peer.send().await.unwrap();
    peer.trailers(more).await;
    let refused =
        "silkrate_grpc_requests_total{port=\"grpc\",method=\"other\",code=\"RESOURCE_EXHAUSTED\"}";
    assert_eq!(metric(&silkrate, refused).await, 1);
    // One that ends makes room.
    peer.push(raw::DATA, raw::END_STREAM, 1, &[]);
    peer.send().await.unwrap();
    peer.trailers(1).await;
    let again = peer.call(path);
    peer.push(raw::DATA, 0, again, &question);
    peer.send().await.unwrap();
    peer.until(|frame| frame.kind == raw::DATA && frame.stream == again)
        .await;
    silkrate.finish().await;
}
