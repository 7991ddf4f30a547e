//! Traces: what a collector receives of a poll, of a call and of a request, and what happens without a collector.

use silkrate::pb;
use silkrate::pb::rate_service_client::RateServiceClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Request;

use crate::support::april::bank_of_april;
use crate::support::collector::{Collector, Seen};
use crate::support::program::Program;

/// The trace and the span of a caller.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn traceparent() -> String {
    format!("00-{TRACE}-{CALLER}-01")
}

fn named(name: &str) -> impl Fn(&Seen) -> bool {
    move |span| span.name == name
}

async fn call(program: &Program) {
    let url = format!("http://{}", program.grpc);
    let mut client = RateServiceClient::connect(url).await.unwrap();
    let mut request = Request::new(pb::GetRateRequest {
        pair: "KZT/USD".to_owned(),
        ..pb::GetRateRequest::default()
    });
    let context = traceparent().parse().unwrap();
    request.metadata_mut().insert("traceparent", context);
    client.get_rate(request).await.unwrap();
}

async fn get(program: &Program, target: &str) {
    let mut socket = TcpStream::connect(&program.web).await.unwrap();
    let context = traceparent();
    let request = format!(
        "GET {target} HTTP/1.1\r\nhost: rates\r\ntraceparent: {context}\r\nconnection: close\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn a_collector_receives_the_spans_of_a_poll_of_a_call_and_of_a_request() {
    let (bank, collector) = (bank_of_april().await, Collector::start().await);
    let settings = [("TRACE__ENDPOINT", &*collector.url)];
    let mut program = Program::start(&bank.url(), &settings).await;
    program.has_rates().await;
    call(&program).await;
    get(&program, "/v1/rates/KZT/USD").await;
    get(&program, "/v1/rates/KZT/USD").await;

    let published = collector.span(named("fan-out")).await;
    let of_poll = |name: &'static str| {
        let trace = published.trace_id.clone();
        collector.span(move |span| span.name == name && span.trace_id == trace)
    };
    let (poll, fetch, parse) = (
        of_poll("poll").await,
        of_poll("fetch").await,
        of_poll("parse").await,
    );
    let commit = of_poll("commit").await;
    assert_eq!(poll.parent_id, "", "a poll begins a trace");
    assert_eq!(fetch.parent_id, poll.span_id);
    assert_eq!(parse.parent_id, fetch.span_id);
    assert_eq!(commit.parent_id, poll.span_id);
    assert_eq!(published.parent_id, commit.span_id);
    assert_eq!(poll.attributes["source"], "nbk");
    assert_eq!(poll.attributes["outcome"], "ok");
    assert_eq!(fetch.attributes["document"], "daily");
    assert_eq!(
        commit.attributes["revision"],
        published.attributes["revision"]
    );
    assert_eq!(poll.service, "silkrate");

    let call = collector
        .span(named("silkrate.v1.RateService/GetRate"))
        .await;
    assert_eq!((&*call.trace_id, &*call.parent_id), (TRACE, CALLER));
    assert_eq!(call.attributes["rpc.method"], "GetRate");
    assert_eq!(call.attributes["client.address"], "127.0.0.1");
    assert!(!call.attributes.contains_key("network.peer.address"));
    assert_eq!(call.attributes["rpc.grpc.status_code"], "0");
    let request = collector.span(named("GET /v1/rates")).await;
    assert_eq!((&*request.trace_id, &*request.parent_id), (TRACE, CALLER));
    assert_eq!(request.attributes["http.response.status_code"], "200");
    assert_eq!(request.attributes["client.address"], "127.0.0.1");
    assert_eq!(request.attributes["url.path"], "/v1/rates/KZT/USD");
    program.stop().await;
    let requests = collector.spans();
    let requests = requests.iter().filter(|span| span.name == "GET /v1/rates");
    assert_eq!(requests.count(), 2, "a stop sends what waits");
}

#[tokio::test]
async fn a_service_that_begins_no_traces_goes_on_with_those_of_its_callers() {
    let (bank, collector) = (bank_of_april().await, Collector::start().await);
    let settings = [
        ("TRACE__ENDPOINT", &*collector.url),
        ("TRACE__SAMPLE", "0%"),
    ];
    let mut program = Program::start(&bank.url(), &settings).await;
    program.has_rates().await;
    call(&program).await;
    program.stop().await;
    let spans = collector.spans();
    assert!(!spans.is_empty());
    assert!(
        spans.iter().all(|span| span.trace_id == TRACE),
        "{spans:#?}"
    );
}

#[tokio::test]
async fn a_collector_that_cannot_be_reached_costs_one_line_of_the_log() {
    let bank = bank_of_april().await;
    let settings = [("TRACE__ENDPOINT", "http://127.0.0.1:9")];
    let mut program = Program::start(&bank.url(), &settings).await;
    program
        .message("spans cannot be sent; they are dropped until the collector takes them")
        .await;
    call(&program).await;
    let (lines, _) = program.stop().await;
    let of_spans = lines
        .iter()
        .filter(|line| line.to_string().contains("spans"));
    assert_eq!(of_spans.count(), 1, "{lines:#?}");
}
