//! Messages that do not come, or come too long.

use silkrate::load::frames::{self as raw, Name};
use tokio::net::TcpSocket;

use super::{Frame, GRPC, Peer, WINDOW_MAX, metric};
use crate::support::april::{bank_of_april, silkrate_of_april};
use crate::support::silkrate::{PATIENCE, Silkrate};

/// The media type of gRPC-Web.
const GRPC_WEB: &str = "application/grpc-web+proto";
/// The calls of each connection.
const CALLS: usize = 100;
/// The calls of one client that may wait for their message.
const SHARE: usize = 1024;

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

/// Begins a call whose message is announced with nearly 64 KiB; returns its stream.
fn begin(peer: &mut Peer, method: &str, media_type: &str) -> u32 {
    let path = format!("/silkrate.v1.RateService/{method}");
    let stream = peer.begin(&Peer::block(&path, media_type));
    peer.push(raw::DATA, 0, stream, &[0, 0, 0, 0xff, 0xff, 0]);
    stream
}

/// The calls of a port that were answered with a code.
async fn answered(silkrate: &Silkrate, port: &str, method: &str, code: &str) -> u64 {
    let labels = format!("port=\"{port}\",method=\"{method}\",code=\"{code}\"");
    metric(
        silkrate,
        &format!("silkrate_grpc_requests_total{{{labels}}}"),
    )
    .await
}

/// Begins calls of a method on a port, with a media type, until one is refused.
async fn begin_until_refused(
    silkrate: &Silkrate,
    peer: &mut Peer,
    (port, method, media_type): (&str, &str, &str),
) {
    while answered(silkrate, port, method, "RESOURCE_EXHAUSTED").await == 0 {
        begin(peer, method, media_type);
        peer.send().await.unwrap();
    }
}

#[tokio::test]
async fn calls_whose_message_does_not_come_are_refused_beyond_the_share_of_a_client() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let grpc = silkrate.url.trim_start_matches("http://").parse().unwrap();
    // As many streams as a connection of each port may have.
    let ports = [
        (grpc, GRPC, "grpc", 1024),
        (silkrate.web, GRPC_WEB, "web", 256),
    ];
    for (server, media_type, port, streams) in ports {
        let mut peers = Vec::new();
        for _connection in 0..SHARE / streams {
            let mut peer = Peer::connect(server, WINDOW_MAX).await;
            for call in 0..streams {
                begin(
                    &mut peer,
                    ["GetSnapshot", "ListFixings"][call % 2],
                    media_type,
                );
            }
            peer.send().await.unwrap();
            peers.push(peer);
        }
        let mut more = Peer::connect(server, WINDOW_MAX).await;
        for method in ["GetSnapshot", "ListFixings"] {
            let refused = begin_until_refused(&silkrate, &mut more, (port, method, media_type));
            let refused = tokio::time::timeout(PATIENCE, refused).await;
            refused.expect("a call is refused");
        }
        // Another client has its own share.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 2], 0).into()).unwrap();
        let mut other = Peer::over(socket.connect(server).await.unwrap(), WINDOW_MAX).await;
        let path = "/silkrate.v1.RateService/GetSnapshot";
        let stream = other.begin(&Peer::block(path, media_type));
        let message = raw::grpc(&[]);
        let (half, rest) = message.split_at(2);
        other.push(raw::DATA, 0, stream, half);
        other.push(raw::PING, 0, 0, &[1; 8]);
        other.send().await.unwrap();
        other.until(|frame| frame.kind == raw::PING).await;
        other.push(raw::DATA, raw::END_STREAM, stream, rest);
        other.send().await.unwrap();
        let ends = |frame: &Frame| frame.stream == stream && frame.flags & raw::END_STREAM != 0;
        other.until(ends).await;
        assert_eq!(answered(&silkrate, port, "GetSnapshot", "OK").await, 1);
        drop((peers, more));
    }
    silkrate.finish().await;
}
