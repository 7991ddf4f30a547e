//! Messages that are small on the wire and large, or deep, once they are read.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use silkrate::load::frames::{self as raw, Name};

use super::{GRPC, Peer, WINDOW_MAX, metric};
use crate::support::april::{bank_of_april, silkrate_of_april};
use crate::support::silkrate::Silkrate;

/// One method whose answers a cache holds, and one of the generated server.
const METHODS: [&str; 2] = ["GetSnapshot", "ListFixings"];

/// How many calls of a method have ended with a code.
async fn ended(silkrate: &Silkrate, method: &str, code: &str) -> u64 {
    let labels = format!("port=\"grpc\",method=\"{method}\",code=\"{code}\"");
    let name = format!("silkrate_grpc_requests_total{{{labels}}}");
    metric(silkrate, &name).await
}

#[tokio::test]
async fn a_message_that_is_too_long_once_it_is_decompressed_is_refused() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let mut compressed = GzEncoder::new(Vec::new(), Compression::best());
    compressed.write_all(&vec![0; 10_000_000]).unwrap();
    let mut message = raw::grpc(&compressed.finish().unwrap());
    // It says that it is compressed.
    message[0] = 1;
    assert!(message.len() < 16 * 1024);
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    for method in METHODS {
        let mut block = Peer::block(&format!("/silkrate.v1.RateService/{method}"), GRPC);
        raw::header(&mut block, Name::New("grpc-encoding"), "gzip");
        let stream = peer.begin(&block);
        peer.push(raw::DATA, raw::END_STREAM, stream, &message);
        peer.send().await.unwrap();
        peer.trailers(stream).await;
        assert_eq!(ended(&silkrate, method, "RESOURCE_EXHAUSTED").await, 1);
    }
    assert_eq!(silkrate.snapshot(&["USD/KZT"]).await.rates.len(), 1);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_message_of_thousands_of_groups_in_each_other_ends_its_call_alone() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    for method in METHODS {
        // The beginnings of groups of a field that no request has.
        let message = raw::grpc(&vec![0x7b; 60_000]);
        let stream = peer.call(&format!("/silkrate.v1.RateService/{method}"));
        let mut pieces = message.chunks(16 * 1024).peekable();
        while let Some(piece) = pieces.next() {
            let flags = if pieces.peek().is_none() {
                raw::END_STREAM
            } else {
                0
            };
            peer.push(raw::DATA, flags, stream, piece);
        }
        peer.send().await.unwrap();
        peer.trailers(stream).await;
        assert_eq!(ended(&silkrate, method, "OK").await, 0);
    }
    assert_eq!(silkrate.snapshot(&["USD/KZT"]).await.rates.len(), 1);
    silkrate.finish().await;
}
