//! The limits of a port with TLS: peers that are slow, silent, or many.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use silkrate::listener::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Secured, hello};
use crate::listener::canned::{asking, watch_request};
use crate::listener::{PATIENCE, SOON, limits, within};

#[tokio::test]
async fn a_reader_that_stops_is_disconnected_over_tls_and_few_bytes_were_buffered_for_it() {
    let secured = Secured::start(Limits {
        write_stall_max: SOON,
        ..limits()
    });
    let socket = secured.connect(rustls::DEFAULT_VERSIONS, &["h2"]).await;
    let (mut sender, connection) = h2::client::Builder::new()
        .initial_window_size(i32::MAX.cast_unsigned())
        .initial_connection_window_size(i32::MAX.cast_unsigned())
        .handshake::<_, bytes::Bytes>(socket.unwrap())
        .await
        .unwrap();
    let request = watch_request(secured.running.address);
    let (answer, mut body) = sender.send_request(request, false).unwrap();
    body.send_data(bytes::Bytes::from_static(&[0; 5]), true)
        .unwrap();
    let mut connection = Box::pin(connection);
    let answer = tokio::select! {
        answer = answer => answer.unwrap(),
        ended = &mut connection => panic!("the connection ended: {ended:?}"),
    };
    within(secured.running.canned.streams_ended(1)).await;
    let produced = secured.running.canned.bytes_produced();
    assert!(produced < 32 * 1024 * 1024, "{produced} bytes");
    assert_eq!(secured.running.cut(), (0, 1));
    drop((answer, connection));
    secured.stop().await;
}

#[tokio::test]
async fn a_handshake_that_is_not_completed_is_cut() {
    let secured = Secured::start(Limits {
        handshake_timeout: SOON,
        ..limits()
    });
    let whole = hello([3, 3]);
    let mut half = TcpStream::connect(secured.running.address).await.unwrap();
    half.write_all(&whole[..whole.len() / 2]).await.unwrap();
    let mut rest = Vec::new();
    drop(within(half.read_to_end(&mut rest)).await);
    secured.counted("slow", 1).await;
    secured.stop().await;
    // One that leaves in the middle is no slow one.
    let secured = Secured::start(limits());
    let mut gone = TcpStream::connect(secured.running.address).await.unwrap();
    gone.write_all(&whole[..whole.len() / 2]).await.unwrap();
    gone.shutdown().await.unwrap();
    drop(within(gone.read_to_end(&mut rest)).await);
    secured.counted("ended", 1).await;
    secured.stop().await;
}

#[tokio::test]
async fn a_peer_that_is_silent_before_or_within_tls_is_cut() {
    let secured = Secured::start(Limits {
        first_bytes_timeout: SOON,
        ..limits()
    });
    let mut silent = TcpStream::connect(secured.running.address).await.unwrap();
    let mut rest = Vec::new();
    drop(within(silent.read_to_end(&mut rest)).await);
    assert_eq!(secured.running.cut(), (1, 0));
    let stream = secured.connect(rustls::DEFAULT_VERSIONS, &["h2"]).await;
    let mut stream = stream.unwrap();
    drop(within(stream.read_to_end(&mut rest)).await);
    assert_eq!(secured.running.cut(), (2, 0));
    secured.stop().await;
}

#[tokio::test]
async fn handshakes_that_stall_starve_no_other_client_and_delay_no_drain() {
    let secured = Secured::start(Limits {
        handshake_timeout: PATIENCE * 10,
        ..limits()
    });
    let mut stalled = Vec::new();
    // Far more than compute at once. Each has sent all that the server needs for its own part.
    for _ in 0..60 {
        let mut peer = TcpStream::connect(secured.running.address).await.unwrap();
        peer.write_all(&complete_hello()).await.unwrap();
        let mut first = [0];
        within(peer.read_exact(&mut first)).await.unwrap();
        assert_eq!(first, [22], "the server has answered the handshake");
        stalled.push(peer);
    }
    let mut client = secured.client().await;
    within(client.get_snapshot(asking(5))).await.unwrap();
    drop(client);
    // The stalled ones are open.
    secured.stop().await;
    drop(stalled);
}

/// The whole first message of a client, as a library writes it.
fn complete_hello() -> Vec<u8> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut written = Vec::new();
    client.write_tls(&mut written).unwrap();
    written
}
