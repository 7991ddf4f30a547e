//! Messages that do not come, or come too long.

use silkrate::load::frames::{self as raw, Name};

use super::{Frame, GRPC, Peer, WINDOW_MAX, metric};
use crate::support::april::{bank_of_april, silkrate_of_april};

/// The media type of gRPC-Web.
const GRPC_WEB: &str = "application/grpc-web+proto";
/// The calls of each connection.
const CALLS: usize = 100;

#[tokio::test]
async fn calls_whose_message_does_not_come_end_with_their_deadline() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let grpc = silkrate.url.trim_start_matches("http://").parse().unwrap();
    // One that a cache answers, and one of the generated server.
    let methods = ["GetSnapshot", "ListFixings"];
    for (server, media_type, port) in [(grpc, GRPC, "grpc"), (silkrate.web, GRPC_WEB, "web")] {
        let mut peer = Peer::connect(server, WINDOW_MAX).await;
        for call in 0..CALLS {
            let path = format!("/silkrate.v1.RateService/{}", methods[call % 2]);
            let mut block = Peer::block(&path, media_type);
            raw::header(&mut block, Name::New("grpc-timeout"), "100m");
            let stream = peer.begin(&block);
            // It is announced with nearly 64 KiB, and begun.
            peer.push(raw::DATA, 0, stream, &[0, 0, 0, 0xff, 0xff, 0]);
        }
        peer.send().await.unwrap();
        let mut ended = 0;
        while ended < CALLS {
            let ends = raw::END_STREAM;
            peer.until(|frame| frame.kind == raw::HEADERS && frame.flags & ends != 0)
                .await;
            ended += 1;
        }
        for method in methods {
            let labels = format!("port=\"{port}\",method=\"{method}\",code=\"DEADLINE_EXCEEDED\"");
            let name = format!("silkrate_grpc_requests_total{{{labels}}}");
            assert_eq!(metric(&silkrate, &name).await, 50, "{method} on {port}");
        }
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_message_that_is_longer_than_may_be_is_refused_before_it_ends() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    for method in ["GetSnapshot", "ListFixings"] {
        let stream = peer.call(&format!("/silkrate.v1.RateService/{method}"));
        peer.push(raw::DATA, 0, stream, &[0, 0, 1, 0, 1]);
        for _piece in 0..5 {
            peer.push(raw::DATA, 0, stream, &[0; 16 * 1024]);
        }
        peer.send().await.unwrap();
        peer.trailers(stream).await;
        let labels = format!("port=\"grpc\",method=\"{method}\",code=\"RESOURCE_EXHAUSTED\"");
        let name = format!("silkrate_grpc_requests_total{{{labels}}}");
        assert_eq!(metric(&silkrate, &name).await, 1, "{method}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_message_that_comes_byte_by_byte_is_answered_over_grpc_and_grpc_web() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let grpc = silkrate.url.trim_start_matches("http://").parse().unwrap();
    for (server, media_type, port) in [(grpc, GRPC, "grpc"), (silkrate.web, GRPC_WEB, "web")] {
        for method in ["GetSnapshot", "ListFixings"] {
            let mut peer = Peer::connect(server, WINDOW_MAX).await;
            let path = format!("/silkrate.v1.RateService/{method}");
            let stream = peer.begin(&Peer::block(&path, media_type));
            // A field that no request has, of a thousand bytes.
            let message = [&[0xfa, 0x3e, 0xe8, 0x07][..], &[b'x'; 1000]].concat();
            let message = raw::grpc(&message);
            let (last, bytes) = message.split_last().unwrap();
            for byte in bytes {
                peer.push(raw::DATA, 0, stream, &[*byte]);
            }
            peer.push(raw::DATA, raw::END_STREAM, stream, &[*last]);
            peer.send().await.unwrap();
            let ends = |frame: &Frame| frame.stream == stream && frame.flags & raw::END_STREAM != 0;
            peer.until(ends).await;
            let code = if method == "GetSnapshot" {
                "OK"
            } else {
                "INVALID_ARGUMENT"
            };
            let labels = format!("port=\"{port}\",method=\"{method}\",code=\"{code}\"");
            let name = format!("silkrate_grpc_requests_total{{{labels}}}");
            assert_eq!(metric(&silkrate, &name).await, 1, "{name}");
        }
    }
    silkrate.finish().await;
}
