//! The bytes of a connection: PROXY headers, HTTP/1.1 and the frames of HTTP/2. Whatever a peer sends before it ends its side, the
//! service ends the connection too.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::checks::service::SERVICE;

/// The most bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;
/// How long an answer that never ends is read.
const WATCHED: Duration = Duration::from_millis(20);

thread_local! {
    static CONNECTIONS: Cell<u32> = const { Cell::new(0) };
}

/// An address of the loopback network. The ports of a single one would be used up in some seconds: the system keeps each for a minute.
fn next_address() -> SocketAddr {
    let count = CONNECTIONS.replace(CONNECTIONS.get().wrapping_add(1));
    let first = Ipv4Addr::new(127, 1, 0, 0).to_bits();
    let address = Ipv4Addr::from_bits(first | (count & 0xffff));
    (address, 0).into()
}

/// An input: a byte that selects the port, and what is sent.
pub(crate) fn run(bytes: &[u8]) {
    let Some((first, sent)) = bytes.split_first() else {
        return;
    };
    SERVICE.with(|service| {
        let address = if first % 2 == 0 {
            service.web
        } else {
            service.grpc
        };
        let is_endless = sent
            .to_ascii_lowercase()
            .windows(5)
            .any(|word| word == b"watch");
        let answer = service.wait(talk(address, sent, is_endless));
        if first % 2 == 0 && !answer.is_empty() {
            let is_http = answer.starts_with(b"HTTP/1.") || answer.starts_with(b"\0");
            assert!(is_http, "{:?}", String::from_utf8_lossy(&answer));
            assert!(
                !answer.starts_with(b"HTTP/1.1 5") || answer.starts_with(b"HTTP/1.1 504"),
                "{:?}",
                String::from_utf8_lossy(&answer)
            );
        }
    });
}

async fn talk(address: SocketAddr, sent: &[u8], is_endless: bool) -> Vec<u8> {
    let socket = TcpSocket::new_v4().expect("there are descriptors");
    socket
        .bind(next_address())
        .expect("every address of the network is this machine's");
    let mut socket = socket.connect(address).await.expect("the port is open");
    let (reader, mut writer) = socket.split();
    let mut answer = Vec::new();
    let mut reader = reader.take(ANSWER_BYTES_MAX);
    let read = async {
        // A peer that has not read all it was sent resets the connection, which is an end too.
        let read = reader.read_to_end(&mut answer);
        if is_endless {
            drop(tokio::time::timeout(WATCHED, read).await);
        } else {
            drop(read.await);
        }
    };
    let write = async {
        drop(writer.write_all(sent).await);
        drop(writer.shutdown().await);
    };
    tokio::join!(read, write);
    answer
}
