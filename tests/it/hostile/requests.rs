//! Requests of HTTP/1.1 that do not name one host.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::admin;
use crate::support::april::{bank_of_april, silkrate_of_april};

/// The status line of the answer to some headers, and everything after it.
async fn answer(server: SocketAddr, path: &str, version: &str, headers: &str) -> String {
    let mut socket = TcpStream::connect(server).await.unwrap();
    let request = format!("GET {path} HTTP/{version}\r\n{headers}connection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_request_that_does_not_name_one_host_is_refused_on_both_ports() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    for (server, path) in [
        (silkrate.web, "/v1/snapshot.json"),
        (silkrate.web, "/ticker.js"),
        (admin(&silkrate), "/livez"),
    ] {
        for (version, hosts, status) in [
            ("1.1", "host: localhost\r\n", "200"),
            ("1.1", "", "400"),
            ("1.1", "host: localhost\r\nhost: localhost\r\n", "400"),
            ("1.1", "host: localhost\r\nhost: other\r\n", "400"),
            ("1.0", "", "200"),
            ("1.0", "host: localhost\r\nhost: other\r\n", "400"),
        ] {
            let answer = answer(server, path, version, hosts).await;
            let line = answer.lines().next().unwrap_or_default().to_owned();
            let said = line.split(' ').nth(1);
            assert_eq!(said, Some(status), "{path} {version} {hosts:?}: {answer}");
            let tells = answer.contains("exactly one Host header");
            assert_eq!(tells, status == "400", "{answer}");
        }
    }
    silkrate.finish().await;
}
