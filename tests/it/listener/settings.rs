//! The HTTP/2 settings that a listener announces.

use std::convert::Infallible;
use std::net::SocketAddr;

use http::{Request, Response};
use hyper::service::service_fn;
use silkrate::listener::{Limits, Listener, bind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;

/// The settings of the first frame that a server sends, by number.
async fn announced(address: SocketAddr) -> Vec<[u8; 6]> {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // The preface, and an empty SETTINGS frame.
    let hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    socket.write_all(hello).await.unwrap();
    let mut head = [0; 9];
    socket.read_exact(&mut head).await.unwrap();
    let [_, _, length, kind, ..] = head;
    assert_eq!(kind, 4, "the first frame is SETTINGS");
    let mut payload = vec![0; length.into()];
    socket.read_exact(&mut payload).await.unwrap();
    let (settings, []) = payload.as_chunks::<6>() else {
        panic!("an incomplete setting");
    };
    settings.to_vec()
}

fn answer<B>(_: &Request<B>) -> Response<Body> {
    Response::new(Body::empty())
}

#[tokio::test]
async fn both_servers_announce_the_limits_of_the_listener() {
    let limits = Limits {
        streams_per_connection_max: 0x0102,
        header_bytes_max: 0x3040,
        ..Limits::new(10)
    };
    for is_grpc in [true, false] {
        let socket = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        let listener = Listener::new(socket, limits, CancellationToken::new());
        let mut tasks = JoinSet::new();
        if is_grpc {
            let answer = |request, _caller| std::future::ready(answer(&request));
            tasks.spawn(listener.serve_http2(answer));
        } else {
            let service = |request| std::future::ready(Ok::<_, Infallible>(answer(&request)));
            tasks.spawn(listener.serve_http(service_fn(service)));
        }
        let settings = announced(address).await;
        // MAX_CONCURRENT_STREAMS and MAX_HEADER_LIST_SIZE, by their numbers.
        for wanted in [[0, 3, 0, 0, 1, 2], [0, 6, 0, 0, 0x30, 0x40]] {
            assert!(settings.contains(&wanted), "{is_grpc}: {settings:?}");
        }
    }
}

#[test]
fn a_grpc_port_allows_1024_streams_on_a_connection_and_headers_of_8_kib() {
    let limits = Limits::new(10);
    let allowed = (limits.streams_per_connection_max, limits.header_bytes_max);
    assert_eq!(allowed, (1024, 8 * 1024));
}
