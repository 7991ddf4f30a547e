//! The gRPC port as a whole, on one counted socket: the number of writes, and requests that are not complete.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use hyper::server::conn::http2::Builder;
use hyper_util::rt::TokioTimer;
use silkrate::clock::Clock;
use silkrate::domain::RateFilter;
use silkrate::feed::{Feed, StreamLimits};
use silkrate::grpc::{Dispatcher, Rates, SharedRates};
use silkrate::listener::{OutputBudget, OutputLimits, Recipient, StreamExecutor, serve_http2};
use silkrate::pb;
use silkrate::pb::rate_service_client::RateServiceClient;
use silkrate::queries::Queries;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt;

use crate::support::boards::{HEARTBEAT, OneBank};
use crate::support::counted::Counted;
use crate::support::records::PREFERENCES;
use crate::support::silkrate::reason;

/// Streams of one connection.
const STREAMS: usize = 100;
const STREAMS_MAX: u32 = 1_000;
/// The largest request that is accepted.
const REQUEST_BYTES_MAX: usize = 4_096;
/// Longer than any of these tests.
const LONG: Duration = Duration::from_secs(60);
/// A deadline that passes at once.
const AT_ONCE: Duration = Duration::from_millis(50);

/// A port that takes one connection.
struct Port {
    address: SocketAddr,
    counted: Counted,
    _task: JoinSet<()>,
}

fn rates(bank: &OneBank) -> SharedRates {
    let ticker = RateFilter::parse(&["KZT/USD"]).unwrap();
    let ledger = watch::channel(None).1;
    let board = bank.commit.borrow().reader();
    let feed = Feed::new(
        board,
        StreamLimits::new(HEARTBEAT, STREAMS_MAX),
        bank.draining.clone(),
    );
    let rates = Rates::new(Queries::new(
        feed,
        ledger,
        ticker,
        &PREFERENCES,
        Clock::real(),
    ));
    SharedRates::new(rates, true, REQUEST_BYTES_MAX)
}

async fn port(bank: &OneBank, request_timeout: Duration) -> Port {
    port_within(bank, request_timeout, OutputLimits::default()).await
}

async fn port_within(bank: &OneBank, request_timeout: Duration, limits: OutputLimits) -> Port {
    let rates = rates(bank);
    let routes = Routes::new(rates.clone());
    let dispatcher = Dispatcher::new(rates, routes, request_timeout);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let counted = Counted::default();
    let counting = counted.clone();
    let mut task = JoinSet::new();
    task.spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut settings = Builder::new(StreamExecutor::default());
        settings.timer(TokioTimer::new());
        let answer = move |request, output| {
            let recipient = Recipient {
                caller: None,
                output: Some(output),
            };
            dispatcher.answer(request, recipient)
        };
        let never = CancellationToken::new();
        let (socket, settings) = (counting.socket(socket), Arc::new(settings));
        let budget = Arc::new(OutputBudget::new(limits, Arc::default(), never.clone()));
        let output = budget.connection(None);
        serve_http2(socket, settings, answer, (never, output)).await;
    });
    Port {
        address,
        counted,
        _task: task,
    }
}

async fn client(port: &Port) -> RateServiceClient<Channel> {
    let channel = Channel::from_shared(format!("http://{}", port.address)).unwrap();
    RateServiceClient::new(channel.connect().await.unwrap())
}

#[tokio::test]
async fn a_message_to_a_hundred_streams_of_a_connection_is_a_few_writes() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let port = port(&bank, LONG).await;
    let client = client(&port).await;
    let open = |_stream| {
        let mut client = client.clone();
        async move {
            let request = pb::WatchRatesRequest::default();
            let mut stream = client.watch_rates(request).await.unwrap().into_inner();
            for _beginning in 0..2 {
                stream.message().await.unwrap().unwrap();
            }
            stream
        }
    };
    let mut streams = join_all((0..STREAMS).map(open)).await;
    // One thread commits, and then the streams write: the order of two threads depends on the machine.
    let mut writes = Vec::new();
    for day in 2..12 {
        let before = port.counted.writes();
        bank.commit_dollar(day, &format!("475.{day}"));
        let messages = join_all(streams.iter_mut().map(Streaming::message)).await;
        assert!(
            messages
                .iter()
                .all(|message| matches!(message, Ok(Some(_))))
        );
        writes.push(port.counted.writes() - before);
    }
    let most = writes.iter().max();
    assert!(most <= Some(&5), "{writes:?} writes for {STREAMS} messages");
}

#[tokio::test]
async fn a_message_to_the_one_stream_of_a_connection_is_a_write() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let port = port(&bank, LONG).await;
    let mut client = client(&port).await;
    let request = pb::WatchRatesRequest::default();
    let mut stream = client.watch_rates(request).await.unwrap().into_inner();
    for _beginning in 0..2 {
        stream.message().await.unwrap().unwrap();
    }
    let before = port.counted.writes();
    for day in 2..12 {
        bank.commit_dollar(day, &format!("475.{day}"));
        stream.message().await.unwrap().unwrap();
    }
    // A client that opens its windows wider has them acknowledged, now and then.
    let writes = port.counted.writes() - before;
    assert!(
        (10..=12).contains(&writes),
        "{writes} writes for 10 messages"
    );
}

#[tokio::test]
async fn an_incomplete_request_is_refused_at_its_deadline() {
    let bank = OneBank::new();
    for method in ["GetSnapshot", "WatchRates", "ListSources"] {
        for (request_timeout, grpc_timeout) in [(AT_ONCE, "1H"), (LONG, "50m")] {
            let port = port(&bank, request_timeout).await;
            let status = half_a_request(port.address, method, grpc_timeout).await;
            let expected = (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".to_owned(), None);
            assert_eq!(reason(&status), expected, "{method}");
        }
    }
}

/// The status of a request that begins and is never completed.
async fn half_a_request(address: SocketAddr, method: &str, grpc_timeout: &str) -> Status {
    let socket = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = h2::client::handshake(socket).await.unwrap();
    let mut connection = Box::pin(connection);
    let uri = format!("http://{address}/silkrate.v1.RateService/{method}");
    let request = http::Request::post(uri)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", grpc_timeout)
        .body(())
        .unwrap();
    let (answer, mut body) = sender.send_request(request, false).unwrap();
    // Half of the five bytes before a message.
    body.send_data(bytes::Bytes::from_static(&[0; 2]), false)
        .unwrap();
    let answer = tokio::select! {
        answer = answer => answer.unwrap(),
        ended = &mut connection => panic!("the connection ended: {ended:?}"),
    };
    Status::from_header_map(answer.headers()).expect("there is a status")
}

#[tokio::test]
async fn short_answers_are_sent_on_a_connection_with_too_much_unread() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let nothing_long = OutputLimits {
        connection_bytes_max: 0,
        ..OutputLimits::default()
    };
    let port = port_within(&bank, LONG, nothing_long).await;
    let mut client = client(&port).await;
    for _call in 0..STREAMS {
        let request = pb::GetSnapshotRequest::default();
        client.get_snapshot(request).await.unwrap();
    }
    let request = pb::WatchRatesRequest::default();
    let mut stream = client.watch_rates(request).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    // Which pairs it names alone tells that it is long.
    let filter = pb::RateFilter {
        pairs: vec!["*/*".to_owned()],
    };
    let request = pb::GetSnapshotRequest {
        filter: Some(filter),
        date: None,
    };
    let refused = client.get_snapshot(request).await.unwrap_err();
    let expected = (Code::ResourceExhausted, "ANSWERS_UNREAD".to_owned(), None);
    assert_eq!(reason(&refused), expected);
}

#[tokio::test]
async fn a_call_on_a_connection_with_too_much_unread_is_refused_and_told_when_to_come_back() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let nothing = OutputLimits {
        connection_bytes_max: 0,
        short_bytes_max: 0,
        ..OutputLimits::default()
    };
    let port = port_within(&bank, LONG, nothing).await;
    let mut client = client(&port).await;
    let request = pb::GetSnapshotRequest::default();
    let refused = client.get_snapshot(request).await.unwrap_err();
    let expected = (Code::ResourceExhausted, "ANSWERS_UNREAD".to_owned(), None);
    assert_eq!(reason(&refused), expected);
    assert!(refused.get_error_details().retry_info().is_some());
    let request = pb::WatchRatesRequest::default();
    let refused = client.watch_rates(request).await.unwrap_err();
    assert_eq!(reason(&refused), expected);
}

#[tokio::test]
async fn a_service_that_drains_says_so_whatever_it_is_asked() {
    let bank = OneBank::new();
    let port = port(&bank, LONG).await;
    let mut client = client(&port).await;
    bank.draining.cancel();
    // A short request and a long one, which is made elsewhere.
    for count in [1, 200] {
        let pairs = vec!["no pair".to_owned(); count];
        let request = pb::GetSnapshotRequest {
            filter: Some(pb::RateFilter { pairs }),
            ..pb::GetSnapshotRequest::default()
        };
        let refused = client.get_snapshot(request).await.unwrap_err();
        let expected = (Code::Unavailable, "DRAINING".to_owned(), None);
        assert_eq!(reason(&refused), expected);
    }
}
