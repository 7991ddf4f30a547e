//! The program receives SIGTERM while a thousand readers are connected.

use std::process::Stdio;
use std::time::Duration;

use silkrate::pb;
use silkrate::pb::rate_service_client::RateServiceClient;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt;

use crate::hostile::Peer;
use crate::support::silkrate::reason;

/// Connections, and the streams of each.
const CROWD: (usize, usize) = (10, 100);
/// Peers that send nothing, and as many that read nothing.
const HOSTILE: usize = 50;
/// A timeout: the program ends a drain by itself in a tenth of it.
const PATIENCE: Duration = Duration::from_secs(120);

/// The demo as a process, and its address.
///
/// Its output has to stay open: the program ends if it cannot write it.
async fn demo() -> (Child, Lines<BufReader<ChildStdout>>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    command.args(["serve", "--demo"]).kill_on_drop(true);
    for listener in ["SERVER__LISTEN", "SERVER__ADMIN_LISTEN", "WEB__LISTEN"] {
        command.env(format!("SILKRATE_{listener}"), "127.0.0.1:0");
    }
    // All of them are of one client.
    command.env("SILKRATE_SERVER__MAX_STREAMS_PER_CLIENT", "2000");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(rest) = line.strip_prefix("serving gRPC on ") {
            let address = rest.split(';').next().unwrap();
            let url = format!("http://{address}");
            return (child, lines, url);
        }
    }
    panic!("it ended without printing its address");
}

/// The status that a stream ends with.
async fn end(mut stream: Streaming<pb::WatchRatesResponse>) -> Status {
    loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a stream never ends without a status"),
            Err(status) => return status,
        }
    }
}

/// A thousand streams of the demo at an address.
async fn crowd(url: &str) -> Vec<Streaming<pb::WatchRatesResponse>> {
    let mut streams = Vec::new();
    let (connections, streams_each) = CROWD;
    for _ in 0..connections {
        let mut client = RateServiceClient::connect(url.to_owned()).await.unwrap();
        for _ in 0..streams_each {
            let request = pb::WatchRatesRequest::default();
            streams.push(client.watch_rates(request).await.unwrap().into_inner());
        }
    }
    streams
}

/// Sends SIGTERM to the program, after which every stream ends with a status.
async fn stop(child: &Child, streams: Vec<Streaming<pb::WatchRatesResponse>>) {
    let pid = child.id().unwrap().to_string();
    let killed = Command::new("kill").args(["-TERM", &pid]).status().await;
    assert!(killed.unwrap().success());
    for stream in streams {
        let status = end(stream).await;
        assert_eq!(
            reason(&status),
            (Code::Unavailable, "DRAINING".into(), None)
        );
        assert!(status.get_error_details().retry_info().is_some());
    }
}

#[tokio::test]
async fn peers_that_send_or_read_nothing_do_not_hold_up_a_stop() {
    let (mut child, mut output, url) = demo().await;
    let address = url.trim_start_matches("http://").parse().unwrap();
    let (mut silent, mut stalled) = (Vec::new(), Vec::new());
    for _ in 0..HOSTILE {
        silent.push(TcpStream::connect(address).await.unwrap());
        // Its windows are closed, so that its stream cannot end with a status.
        let mut peer = Peer::connect(address, 0).await;
        peer.ask("WatchRates", &[]);
        peer.send().await.unwrap();
        stalled.push(peer);
    }
    let streams = crowd(&url).await;
    stop(&child, streams).await;
    let exit = tokio::time::timeout(PATIENCE, child.wait()).await;
    assert!(exit.expect("it ends").unwrap().success());
    let mut last = String::new();
    while let Some(line) = output.next_line().await.unwrap() {
        last = line;
    }
    assert_eq!(last, "stopped");
    drop((silent, stalled));
}

#[tokio::test]
async fn a_thousand_streams_end_with_a_status_after_sigterm() {
    let (mut child, mut output, url) = demo().await;
    let streams = crowd(&url).await;
    stop(&child, streams).await;
    let exit = tokio::time::timeout(PATIENCE, child.wait()).await;
    assert!(exit.expect("it ends").unwrap().success());
    let mut lines = Vec::new();
    while let Some(line) = output.next_line().await.unwrap() {
        lines.push(line);
    }
    let mut log = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut log).await.unwrap();
    assert_eq!(log, "", "a clean stop is no error");
    let stopping = "stopping; a second Ctrl-C ends it at once";
    assert!(
        lines.ends_with(&[stopping.to_owned(), "stopped".to_owned()]),
        "{lines:?}"
    );
}
