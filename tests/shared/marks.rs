//! What a replica says of itself: whole, cut off, and without a state.

use std::time::Duration;

use silkrate::board::Replica;
use silkrate::client::{Backoff, Client, ClientError, Watch, WatchEvent, WatchOptions};
use silkrate::domain::Reason;
use silkrate::pb::{
    ConvertAmountRequest, ListFixingsRequest, ListPairsRequest, ListPeriodRatesRequest,
    ListRateHistoryRequest,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::replicas::PATIENCE;
use crate::server::Server;
use crate::service::{Service, config};

/// Waits until a service says something of itself.
async fn until(service: &Service, is_so: impl Fn(&Replica) -> bool) {
    let mut replica = service.board.watch_replica();
    let there = replica.wait_for(|replica| replica.as_ref().is_some_and(&is_so));
    drop(
        tokio::time::timeout(PATIENCE, there)
            .await
            .unwrap()
            .unwrap(),
    );
}

async fn health(service: &Service, name: &str) -> ServingStatus {
    let endpoint = Endpoint::from_shared(service.rates.clone()).unwrap();
    let mut client = HealthClient::new(endpoint.connect_lazy());
    let service = name.to_owned();
    let answer = client.check(HealthCheckRequest { service }).await;
    answer.unwrap().into_inner().status()
}

/// Waits until the health service reports a status: it follows the board.
async fn until_health(service: &Service, name: &str, status: ServingStatus) {
    let asked = async {
        while health(service, name).await != status {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap();
}

async fn silkrate(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    let output = command.args(arguments).output().await.unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(printed).unwrap())
}

/// The head and the body of the answer to a request of HTTP.
async fn get(url: &str, path: &str) -> String {
    let address = url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut page = String::new();
    connection.read_to_string(&mut page).await.unwrap();
    page
}

async fn metrics(service: &Service) -> String {
    get(&service.admin, "/metrics").await
}

/// The mark of the opening of a stream.
async fn marked(service: &Service) -> bool {
    let client = Client::new(&service.rates).unwrap();
    let mut watch = Watch::new(client, WatchOptions::default());
    match watch.next().await.unwrap() {
        WatchEvent::Opening { replica, .. } => replica.unwrap().detached,
        other => panic!("{other:?}"),
    }
}

/// A replica that cannot know who leads says that it does not, and sends no operator anywhere.
async fn names_no_leader(admin: &str) {
    let (code, page) = silkrate(&["shared", "--admin", admin]).await;
    assert_eq!(code, Some(0), "{page}");
    assert!(
        page.starts_with("Which replica leads the log `main` is not known"),
        "{page}"
    );
    let (code, page) = silkrate(&["held", "release", "nothing", "--admin", admin]).await;
    assert_eq!(code, Some(1), "{page}");
    assert!(page.contains("no replica is known to lead now"), "{page}");
    let page = get(admin, "/metrics").await;
    assert!(!page.contains("silkrate_replica_leader{"), "{page}");
}

#[tokio::test]
async fn a_replica_that_is_cut_off_says_so_everywhere_and_serves_on() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let service = Service::of(config(folder.path(), "first", Some(&server), &[])).await;
    service.file("2026-04-01", "475.00").await;
    until(&service, |replica| *replica == Replica::default()).await;
    until_health(&service, "silkrate.replica", ServingStatus::Serving).await;
    assert!(!marked(&service).await);
    let leads = "`first` leads the log `main`; operators reach it at http://127.0.0.1:";
    until_listed(&service, |page| page.starts_with(leads)).await;
    let lines = [
        "silkrate_replica_detached 0\n",
        "silkrate_replica_state{state=\"leading\"} 1\n",
        "silkrate_replica_leader{node=\"first\"} 1\n",
        "silkrate_replica_lag_records 0\n",
    ];
    // A busy machine may have lost the lead of two seconds, and takes it again.
    let page = until_metrics(&service, |page| {
        lines.iter().all(|line| page.contains(line))
    })
    .await;
    let takeovers = page
        .lines()
        .find_map(|line| line.strip_prefix("silkrate_replica_takeovers_total "));
    assert_ne!(takeovers.unwrap(), "0", "{page}");

    let follower = [("SHARED__ROLE".to_owned(), "follower".to_owned())];
    let edge = Service::of(config(folder.path(), "edge", Some(&server), &follower)).await;
    edge.until_as(&service).await;
    server.kill().await;
    until(&service, |replica| replica.detached.is_some()).await;
    until(&edge, |replica| replica.detached.is_some()).await;
    for replica in [&service, &edge] {
        names_no_leader(&replica.admin).await;
    }
    edge.stop().await;
    until_health(&service, "silkrate.replica", ServingStatus::NotServing).await;
    assert_eq!(health(&service, "").await, ServingStatus::Serving);
    assert!(marked(&service).await);
    let (code, page) = silkrate(&["health", "--admin", &service.admin]).await;
    assert_eq!(code, Some(0), "{page}");
    assert!(
        page.contains("[+] replica: cut off from the others since"),
        "{page}"
    );
    let (code, page) = silkrate(&["sources", "--server", &service.rates]).await;
    assert_eq!(code, Some(0), "{page}");
    assert!(
        page.contains("this replica is cut off from the others since"),
        "{page}"
    );
    let (code, page) = silkrate(&["shared", "--admin", &service.admin]).await;
    assert_eq!(code, Some(0), "{page}");
    assert!(
        page.contains("first: this replica is cut off from the others"),
        "{page}"
    );
    assert!(
        metrics(&service)
            .await
            .contains("silkrate_replica_detached 1\n")
    );
    service.stop().await;
}

/// What every method says to readers.
async fn refusals(rates: &str) -> Vec<ClientError> {
    let client = Client::new(rates).unwrap();
    let history = ListRateHistoryRequest {
        pair: "USD/KZT".to_owned(),
        ..ListRateHistoryRequest::default()
    };
    let day = "2026-04-01".parse().unwrap();
    [
        client.snapshot(&[]).await.err(),
        client.snapshot_on(&[], day).await.err(),
        client.rate("USD/KZT").await.err(),
        client.rate_on("USD/KZT", day).await.err(),
        client.sources().await.err(),
        client.currencies().await.err(),
        client.pairs(ListPairsRequest::default()).await.err(),
        client.convert(ConvertAmountRequest::default()).await.err(),
        client.fixings(ListFixingsRequest::default()).await.err(),
        client.rate_history(history).await.err(),
        client
            .period_rates(ListPeriodRatesRequest::default())
            .await
            .err(),
    ]
    .map(Option::unwrap)
    .into()
}

/// Paths of every kind of answer that has rates.
const PATHS: [&str; 16] = [
    "/v1/snapshot.json",
    "/v1/snapshot.csv",
    "/v1/snapshot.json?date=2026-04-01",
    "/v1/rates/USD/KZT",
    "/v1/history/USD/KZT",
    "/v1/periods",
    "/v1/fixings/nbk/USD",
    "/v1/sources",
    "/v1/convert?amount=1&from=USD&to=KZT",
    "/v1/currencies",
    "/v1/pairs",
    "/v1/watch",
    "/ticker.html",
    "/ticker.svg",
    "/chart/USD-KZT.svg",
    "/KZT",
];

/// A replica without a state refuses what reads rates, and says why and when to ask again.
async fn refuses_readers(edge: &Service) {
    for refused in refusals(&edge.rates).await {
        let ClientError::Refused {
            message,
            reason,
            retry_after,
            ..
        } = &refused
        else {
            panic!("{refused:?}");
        };
        assert_eq!(*reason, Some(Reason::NoState), "{refused:?}");
        assert!(retry_after.is_some(), "{refused:?}");
        assert_eq!(
            message,
            "this replica has no state to serve yet: it has read 0 of 0 records of the log"
        );
    }
    for path in PATHS {
        let page = get(&edge.web, path).await.to_lowercase();
        for part in [
            "http/1.1 503 ",
            "cache-control: no-store\r\n",
            "retry-after: ",
            "this replica has no state to serve yet",
        ] {
            assert!(page.contains(part), "{path}: {part}: {page}");
        }
    }
}

/// Clients of a replica with a state and one without: calls are answered by the first, and who watches keeps its rows when that
/// one is gone.
async fn readers_go_on(full: Service, edge: &Service) {
    let urls = format!("{},{}", edge.rates, full.rates);
    let client = Client::new(&urls).unwrap();
    assert!(!client.snapshot(&[]).await.unwrap().rates.is_empty());
    let (code, page) = silkrate(&["rates", "--server", &urls]).await;
    assert_eq!(code, Some(0), "{page}");
    assert!(page.contains("KZT/USD"), "{page}");
    let (code, page) = silkrate(&["rates", "--server", &edge.rates]).await;
    assert_eq!(code, Some(1), "{page}");
    assert!(
        page.contains("this replica has no state to serve yet"),
        "{page}"
    );

    let options = WatchOptions {
        backoff: Backoff {
            first: Duration::from_millis(10),
            max: Duration::from_millis(100),
        },
        ..WatchOptions::default()
    };
    let client = Client::new(&urls).unwrap();
    let mut watch = Watch::new(client, options);
    // The one without a state is asked first.
    while watch.next().await.unwrap() != WatchEvent::Snapshot {}
    let rows = watch.rates().to_vec();
    assert!(!rows.is_empty());
    full.stop().await;
    let mut refused = 0;
    while refused < 2 {
        let event = watch.next().await.unwrap();
        let is_refused = matches!(&event, WatchEvent::Disconnected { reason, .. } if reason.contains("no state"));
        refused += usize::from(is_refused);
        assert_eq!(watch.rates(), rows, "{event:?}");
    }
}

#[tokio::test]
async fn a_replica_without_a_state_is_not_ready_and_serves_nothing() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    // A follower of a log without a record.
    let more = [("SHARED__ROLE".to_owned(), "follower".to_owned())];
    let edge = Service::of(config(folder.path(), "edge", Some(&server), &more)).await;
    until(&edge, |replica| replica.detached.is_none()).await;
    until_health(&edge, "", ServingStatus::NotServing).await;
    let (code, page) = silkrate(&["health", "--admin", &edge.admin]).await;
    assert_eq!(code, Some(1), "{page}");
    assert!(
        page.contains("[-] replica: it has no state to serve yet"),
        "{page}"
    );
    refuses_readers(&edge).await;
    let full = Service::start_alone(folder.path(), "full").await;
    full.file("2026-04-01", "475.00").await;
    tokio::time::timeout(PATIENCE, readers_go_on(full, &edge))
        .await
        .unwrap();
    let leader = Service::of(config(folder.path(), "leader", Some(&server), &[])).await;
    leader.file("2026-04-01", "475.00").await;
    edge.until_as(&leader).await;
    until(&edge, |replica| *replica == Replica::default()).await;
    until_health(&edge, "", ServingStatus::Serving).await;
    assert!(!marked(&edge).await);
    assert_eq!(edge.snapshot().await, leader.snapshot().await);
    leader.stop().await;
    edge.stop().await;
}

/// What a step-down says, as soon as it is so: a busy machine may lose its lead of two seconds before, or take it too late.
async fn until_stepped_down(service: &Service, is_so: impl Fn(Option<i32>, &str) -> bool) {
    let stepped = async {
        loop {
            let arguments = ["shared", "step-down", "--admin", &service.admin];
            let (code, page) = silkrate(&arguments).await;
            if is_so(code, &page) {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, stepped).await.unwrap();
}

#[tokio::test]
async fn an_operator_reads_which_replica_took_a_lead_that_was_given_up_or_that_none_did() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let first = Service::start(&server, folder.path(), "first").await;
    first.file("2026-04-01", "475.00").await;
    let follower = [("SHARED__ROLE".to_owned(), "follower".to_owned())];
    let edge = Service::of(config(folder.path(), "edge", Some(&server), &follower)).await;
    edge.until_as(&first).await;
    until_stepped_down(&edge, |code, page| {
        code == Some(1) && page.contains("no other replica took the lead")
    })
    .await;

    let second = Service::start(&server, folder.path(), "second").await;
    second.until_as(&first).await;
    until_stepped_down(&edge, |code, page| {
        let pages = [
            "`first` leads in place of `second`.\n",
            "`second` leads in place of `first`.\n",
        ];
        code == Some(0) && pages.contains(&page)
    })
    .await;

    // Once the one that leads has reported it, both are gone without a message.
    let is_leading = |line: &str| line.contains("  leading  ");
    until_listed(&edge, |page| page.lines().any(is_leading)).await;
    drop((first, second));
    let said = ": it led when it last reported, and does not lead any longer\n";
    let none_leads = "No replica leads the log `main`.\n";
    // The lead of one that is gone ends with its lease.
    until_listed(&edge, |page| {
        page.starts_with(none_leads) && page.contains(said)
    })
    .await;
    edge.stop().await;
}

/// The page of the metrics, as soon as it is so.
async fn until_metrics(service: &Service, is_so: impl Fn(&str) -> bool) -> String {
    let told = async {
        loop {
            let page = metrics(service).await;
            if is_so(&page) {
                break page;
            }
        }
    };
    tokio::time::timeout(PATIENCE, told).await.unwrap()
}

/// The list of the replicas, as soon as it is so.
async fn until_listed(service: &Service, is_so: impl Fn(&str) -> bool) -> String {
    let listed = async {
        loop {
            let (_code, page) = silkrate(&["shared", "--admin", &service.admin]).await;
            if is_so(&page) {
                break page;
            }
        }
    };
    tokio::time::timeout(PATIENCE, listed).await.unwrap()
}
