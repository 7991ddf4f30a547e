//! Clients that leave before their answer begins, and what is counted of their requests.

use std::net::SocketAddr;
use std::sync::mpsc;

use bytes::Bytes;
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use silkrate::pb;
use silkrate::query_threads::{self, THREADS_MAX};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::admin::metrics::until;
use crate::support::april::{bank_of_april, silkrate_of_april};
use crate::support::silkrate::Silkrate;
use crate::support::wire::framed;

const RATE: &str = "/silkrate.v1.RateService/GetRate";
const HISTORY: &str = "/silkrate.v1.RateService/ListRateHistory";
/// Half of the five bytes before a message.
const HALF: Bytes = Bytes::from_static(&[0; 2]);

/// A connection of HTTP/2.
struct Connection {
    sender: SendRequest<Bytes>,
    address: SocketAddr,
    /// What reads and writes the socket. The connection is closed when it is dropped.
    _driver: JoinSet<()>,
}

/// A request whose answer has not begun. Its stream is reset when it is dropped.
type Pending = (ResponseFuture, SendStream<Bytes>);

impl Connection {
    async fn open(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        let (sender, connection) = h2::client::handshake(socket).await.unwrap();
        let mut driver = JoinSet::new();
        driver.spawn(async { drop(connection.await) });
        Self {
            sender,
            address,
            _driver: driver,
        }
    }

    /// Begins a call with the bytes of its message, or a part of them.
    fn call(&mut self, kind: &str, path: &str, body: Bytes, is_whole: bool) -> Pending {
        let request = http::Request::post(format!("http://{}{path}", self.address))
            .header("content-type", kind)
            .header("te", "trailers")
            .body(())
            .unwrap();
        let (answer, mut stream) = self.sender.send_request(request, false).unwrap();
        stream.send_data(body, is_whole).unwrap();
        (answer, stream)
    }

    fn get(&mut self, path: &str) -> Pending {
        let uri = format!("http://{}{path}", self.address);
        let request = http::Request::get(uri).body(()).unwrap();
        self.sender.send_request(request, true).unwrap()
    }

    /// Waits until the requests before are under way: one that follows them has its answer.
    async fn caught_up(&mut self) {
        let (answer, _stream) = self.get("/");
        answer.await.unwrap();
    }
}

/// Every thread of the queries, held up until this is dropped.
struct HeldUp {
    _releases: Vec<mpsc::Sender<()>>,
}

impl HeldUp {
    fn start() -> Self {
        let releases = (0..THREADS_MAX).map(|_thread| {
            let (release, released) = mpsc::channel::<()>();
            query_threads::spawn(move || assert!(released.recv().is_err()));
            release
        });
        Self {
            _releases: releases.collect(),
        }
    }
}

fn calls(port: &str, method: &str) -> String {
    format!(
        "silkrate_grpc_requests_total{{port=\"{port}\",method=\"{method}\",code=\"CANCELLED\"}}"
    )
}

fn requests(route: &str) -> String {
    format!("silkrate_http_requests_total{{route=\"{route}\",code=\"499\"}}")
}

fn grpc(silkrate: &Silkrate) -> SocketAddr {
    silkrate
        .url
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap()
}

/// A call that waits for the ledger.
fn history() -> Bytes {
    framed(&pb::ListRateHistoryRequest {
        pair: "KZT/USD".to_owned(),
        ..pb::ListRateHistoryRequest::default()
    })
}

#[tokio::test]
async fn a_call_whose_client_resets_it_before_its_answer_is_counted_as_cancelled() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut connection = Connection::open(grpc(&silkrate)).await;
    let held_up = HeldUp::start();
    for (method, path, body, is_whole) in [
        ("ListRateHistory", HISTORY, history(), true),
        ("GetRate", RATE, HALF, false),
    ] {
        let call = connection.call("application/grpc", path, body, is_whole);
        connection.caught_up().await;
        drop(call);
        until(&silkrate, &calls("grpc", method), "1").await;
    }
    // A reset without a reason, which says that no answer is needed any more.
    let (_answer, mut stream) = connection.call("application/grpc", RATE, HALF, false);
    connection.caught_up().await;
    stream.send_reset(h2::Reason::NO_ERROR);
    until(&silkrate, &calls("grpc", "GetRate"), "2").await;
    drop(held_up);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_call_whose_connection_ends_before_its_answer_is_counted_as_cancelled() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let held_up = HeldUp::start();
    for (method, path, body, is_whole) in [
        ("ListRateHistory", HISTORY, history(), true),
        ("GetRate", RATE, HALF, false),
        (
            "ListSources",
            "/silkrate.v1.RateService/ListSources",
            HALF,
            false,
        ),
    ] {
        let mut connection = Connection::open(grpc(&silkrate)).await;
        let _call = connection.call("application/grpc", path, body, is_whole);
        connection.caught_up().await;
        drop(connection);
        until(&silkrate, &calls("grpc", method), "1").await;
    }
    drop(held_up);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_request_of_a_browser_that_leaves_before_its_answer_is_counted_as_499() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut connection = Connection::open(silkrate.web).await;
    let held_up = HeldUp::start();
    let history = connection.get("/v1/history/KZT/USD");
    let rate = connection.call("application/grpc-web+proto", RATE, HALF, false);
    connection.caught_up().await;
    drop(history);
    until(&silkrate, &requests("/v1/history"), "1").await;
    drop(rate);
    until(&silkrate, &requests("grpc-web"), "1").await;
    until(&silkrate, &calls("web", "GetRate"), "1").await;
    let _history = connection.get("/v1/history/USD/KZT");
    connection.caught_up().await;
    drop(connection);
    until(&silkrate, &requests("/v1/history"), "2").await;
    drop(held_up);
    silkrate.finish().await;
}
