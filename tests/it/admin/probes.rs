//! The probes of a supervisor, over real sockets.

use std::net::SocketAddr;

use rusqlite::Connection;
use silkrate::app::App;
use silkrate::config::Store;
use silkrate::pb::admin::ListHeldRequest;
use silkrate::pb::admin::admin_service_client::AdminServiceClient;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::admin::metrics::{samples, scrape};
use crate::admin::{eventually, operators, silkrate_in_trouble};
use crate::history::{admin, table_request};
use crate::support::april::{bank_of_april, silkrate_of_april};
use crate::support::bank::{Bank, Fault};
use crate::support::browser::{get, send};
use crate::support::captured::Captured;
use crate::support::silkrate::{Silkrate, settings, source};

const HELD: &str = "/silkrate.admin.v1.AdminService/ListHeld";
/// A message of gRPC without fields.
const EMPTY: &[u8] = &[0; 5];

async fn page(silkrate: &Silkrate, path: &str) -> (u16, String) {
    page_at(operators(silkrate), path).await
}

async fn page_at(address: SocketAddr, path: &str) -> (u16, String) {
    let answer = get(address, path, &[]).await;
    let content_type = answer.header("content-type");
    assert_eq!(content_type, Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    (answer.status, answer.text().to_owned())
}

/// Asks until the page is as it should be.
async fn until(silkrate: &Silkrate, path: &str, is_so: impl Fn(u16, &str) -> bool) -> String {
    eventually(async || {
        let (status, text) = page(silkrate, path).await;
        is_so(status, &text).then_some(text)
    })
    .await
}

fn said(status: u16, text: &str) -> (u16, String) {
    (status, text.to_owned())
}

#[tokio::test]
async fn a_service_has_not_started_before_the_first_attempt_of_every_source_ends() {
    let bank = Bank::start().await;
    bank.break_with(Some(Fault::Hang));
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    let silkrate = Silkrate::start(config).await;
    let nbk = "[-] source nbk: its first attempt has not ended, and the ledger gave no state of it";
    assert_eq!(page(&silkrate, "/livez").await, said(200, "alive\n"));
    let started = page(&silkrate, "/startupz").await;
    assert_eq!(started, said(503, "not started\n"));
    let started = page(&silkrate, "/startupz?verbose").await;
    assert_eq!(started, said(503, &format!("{nbk}\nnot started\n")));
    let ready = page(&silkrate, "/readyz").await;
    assert_eq!(ready, said(503, "not ready\n"));
    let ready = page(&silkrate, "/readyz?verbose=1").await;
    let verbose = format!("[+] serving\n[+] ledger\n[+] memory\n{nbk}\nnot ready\n");
    assert_eq!(ready, said(503, &verbose));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_service_is_ready_when_the_first_attempt_has_ended_well_or_not() {
    for fault in [None, Some(Fault::Status(500))] {
        let bank = bank_of_april().await;
        bank.break_with(fault);
        let silkrate = silkrate_of_april(&bank).await;
        let started = page(&silkrate, "/startupz").await;
        assert_eq!(started, said(200, "started\n"));
        let ready = page(&silkrate, "/readyz").await;
        assert_eq!(ready, said(200, "ready\n"));
        let ready = page(&silkrate, "/readyz?verbose").await;
        let verbose = "[+] serving\n[+] ledger\n[+] memory\n[+] source nbk\nready\n";
        assert_eq!(ready, said(200, verbose));
        silkrate.finish().await;
    }
}

#[tokio::test]
async fn a_service_that_restarts_is_ready_from_its_ledger_before_a_bank_answers() {
    let folder = TempDir::new().unwrap();
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.store = Store::File(folder.path().join("silkrate.db"));
    config.sources.push(source("nbk", "", &bank.url()));
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    silkrate.finish().await;

    bank.break_with(Some(Fault::Hang));
    let silkrate = Silkrate::start(config).await;
    assert_eq!(page(&silkrate, "/readyz").await, said(200, "ready\n"));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_source_with_a_table_is_known_before_its_first_attempt_has_ended() {
    let bank = Bank::start().await;
    bank.break_with(Some(Fault::Hang));
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    let silkrate = Silkrate::start(config).await;
    assert_eq!(
        page(&silkrate, "/startupz").await,
        said(503, "not started\n")
    );
    let table = table_request("2026-04-01", "478.77", "3.93");
    let filed = admin(&silkrate).await.file_table(table).await.unwrap();
    assert!(filed.into_inner().news);
    assert_eq!(page(&silkrate, "/startupz").await, said(200, "started\n"));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_service_whose_required_ledger_cannot_be_written_is_not_ready() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let (silkrate, _bank) = silkrate_in_trouble(&path, true).await;
    let ready = until(&silkrate, "/readyz?verbose", |status, _| status == 503).await;
    let ledger = ready.lines().nth(1).unwrap();
    let begins = "[-] ledger: it cannot be written (entries in memory: 1): ";
    assert!(ledger.starts_with(begins), "{ready}");
    assert!(ledger.contains("refused on purpose"), "{ready}");
    assert_eq!(ready.lines().next_back(), Some("not ready"));
    // A restart would not empty the disk.
    assert_eq!(page(&silkrate, "/livez").await, said(200, "alive\n"));
    let started = page(&silkrate, "/startupz").await;
    assert_eq!(started, said(200, "started\n"));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_service_that_needs_no_ledger_is_ready_without_it_and_says_so() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let (silkrate, _bank) = silkrate_in_trouble(&path, false).await;
    let remark = "[+] ledger: not required; it cannot be written (entries in memory: 1)";
    let remarked = |_, text: &str| text.contains(remark);
    let ready = until(&silkrate, "/readyz?verbose", remarked).await;
    assert_eq!(ready.lines().next_back(), Some("ready"));
    assert_eq!(page(&silkrate, "/readyz").await, said(200, "ready\n"));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_service_that_drains_lives_and_is_not_ready() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    // A request whose body does not come holds the drain up.
    let mut slow = TcpStream::connect(silkrate.web).await.unwrap();
    let head = "POST /silkrate.v1.RateService/GetRate HTTP/1.1\r\nhost: rates\r\n\
                content-type: application/grpc-web\r\ncontent-length: 5\r\n\r\n";
    slow.write_all(head.as_bytes()).await.unwrap();
    // It came later and has its answer, so the slow one is accepted by now.
    assert_eq!(get(silkrate.web, "/v1/sources", &[]).await.status, 200);
    silkrate.stop();
    let ready = until(&silkrate, "/readyz?verbose", |status, _| status == 503).await;
    let serving = "[-] serving: the service is shutting down\n";
    assert!(ready.starts_with(serving), "{ready}");
    assert_eq!(page(&silkrate, "/livez").await, said(200, "alive\n"));
    let samples = samples(&scrape(&silkrate).await);
    assert_eq!(samples["silkrate_connections{port=\"web\"}"], "1");
    slow.write_all(EMPTY).await.unwrap();
    drop(slow);
    silkrate.ended().await.unwrap();
}

#[tokio::test]
async fn the_pages_can_be_read_and_nothing_else() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let address = operators(&silkrate);
    let version = format!("silkrate {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(page(&silkrate, "/version").await, said(200, &version));
    // A path that is unknown is answered with those that are known.
    let (status, list) = page(&silkrate, "/healthz").await;
    assert_eq!(status, 404);
    for path in ["/livez", "/readyz", "/startupz", "/metrics", "/version"] {
        assert!(list.contains(&format!("  {path} ")), "{path}: {list}");
        let read = get(address, path, &[]).await;
        let answer = send(address, ("HEAD", path), &[], b"").await;
        assert_eq!((answer.status, answer.text()), (200, ""));
        let content_type = read.header("content-type");
        assert_eq!(answer.header("content-type"), content_type);
        let answer = send(address, ("POST", path), &[], b"").await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn the_pages_are_served_over_http_2_too() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let socket = TcpStream::connect(operators(&silkrate)).await.unwrap();
    let (mut sender, connection) = h2::client::handshake(socket).await.unwrap();
    let request = http::Request::get(format!("{}/readyz", silkrate.admin_url));
    let request = request.body(()).unwrap();
    let (answer, _) = sender.send_request(request, true).unwrap();
    let status = tokio::select! {
        answer = answer => answer.unwrap().status(),
        ended = connection => panic!("the connection ended: {ended:?}"),
    };
    assert_eq!(status, 200);
    silkrate.finish().await;
}

#[tokio::test]
async fn the_script_of_a_page_cannot_call_the_service_of_operators() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    for content_type in ["application/grpc", "application/grpc-web+proto"] {
        let headers = [("content-type", content_type), ("te", "trailers")];
        let answer = send(operators(&silkrate), ("POST", HELD), &headers, EMPTY).await;
        assert_eq!(answer.status, 505, "{content_type}");
        assert_eq!(answer.text(), "gRPC is served over HTTP/2 alone\n");
    }
    silkrate.finish().await;
}

/// An address that nothing listens on. No other test uses this host, so the port stays free.
async fn free_address() -> SocketAddr {
    let socket = TcpListener::bind("127.9.4.64:0").await.unwrap();
    socket.local_addr().unwrap()
}

#[tokio::test]
async fn a_service_that_opens_its_ledger_lives_and_has_not_started() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.store = Store::File(path.clone());
    config.sources.push(source("nbk", "", &bank.url()));
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    silkrate.finish().await;

    // The service waits for the lock of another program.
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        .unwrap();
    let address = free_address().await;
    config.server.admin_listen = address;
    let mut bound = JoinSet::new();
    bound.spawn(App::bind(config));
    eventually(async || TcpStream::connect(address).await.ok()).await;
    let opening = said(503, "opening the ledger\n");
    for path in ["/startupz", "/readyz", "/readyz?verbose", "/metrics"] {
        assert_eq!(page_at(address, path).await, opening, "{path}");
    }
    assert_eq!(page_at(address, "/livez").await, said(200, "alive\n"));
    let channel = tonic::transport::Channel::from_shared(format!("http://{address}"));
    let mut admin = AdminServiceClient::new(channel.unwrap().connect().await.unwrap());
    let refused = admin.list_held(ListHeldRequest {}).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable);
    drop(other);
    let silkrate = Silkrate::of(bound.join_next().await.unwrap().unwrap().unwrap()).await;
    assert_eq!(page(&silkrate, "/startupz").await, said(200, "started\n"));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_request_for_a_host_that_is_not_served_is_refused_and_counted_and_logged_once() {
    let captured = Captured::start();
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.server.admin_hosts = vec!["silkrate.example".to_owned()];
    config.sources.push(source("nbk", "", &bank.url()));
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    let address = operators(&silkrate);
    for path in ["/readyz", "/metrics", "/version", "/nothing"] {
        let answer = get(address, path, &[("host", "rebound.example:9464")]).await;
        assert_eq!(answer.status, 421, "{path}");
        let expected = "this port is not served as `rebound.example`: use its address, or add the name to server.admin_hosts\n";
        assert_eq!(answer.text(), expected);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    for host in [
        "localhost:9464",
        "silkrate:9464",
        "[::1]:9464",
        "10.0.0.1",
        "Silkrate.example:9464",
    ] {
        let answer = get(address, "/readyz", &[("host", host)]).await;
        assert_eq!(answer.status, 200, "{host}");
    }
    let samples = samples(&scrape(&silkrate).await);
    assert_eq!(
        samples["silkrate_misdirected_requests_total{port=\"admin\"}"],
        "4"
    );
    let lines = captured.lines();
    let mut lines = lines
        .iter()
        .filter(|line| line["host"] == "rebound.example");
    assert_eq!(lines.next().unwrap()["level"], "WARN");
    assert_eq!(lines.next(), None);
    silkrate.finish().await;
}
