//! gRPC-Web, with frames made by hand as a browser's library makes them, and gRPC itself on the same port.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use silkrate::pb;
use silkrate::pb::rate_service_client::RateServiceClient;
use silkrate::pb::watch_rates_response::Event;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::support::browser::{Answer, Headers, open, send};
use crate::support::silkrate::Silkrate;
use crate::web::{FRIEND, april};

/// The flag of a frame that holds trailers.
const TRAILERS: u8 = 0x80;

/// A message in its frame: a flag, four bytes of length, the bytes.
fn framed(message: &impl Message) -> Vec<u8> {
    let bytes = message.encode_to_vec();
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[0], &length[..], &bytes].concat()
}

/// The frames of an answer: each its flag and its bytes.
fn frames(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [flag, a, b, c, d, rest @ ..] = bytes {
        let length = u32::from_be_bytes([*a, *b, *c, *d]).try_into().unwrap();
        let (frame, after): (&[u8], _) = rest.split_at(length);
        frames.push((*flag, frame.to_vec()));
        bytes = after;
    }
    frames
}

pub(super) async fn call(silkrate: &Silkrate, method: &str, kind: &str, body: &[u8]) -> Answer {
    call_with(silkrate, (method, kind), &[("origin", FRIEND)], body).await
}

pub(crate) async fn call_with(
    silkrate: &Silkrate,
    (method, kind): (&str, &str),
    headers: Headers<'_>,
    body: &[u8],
) -> Answer {
    let own = [
        ("content-type", kind),
        ("accept", kind),
        ("x-grpc-web", "1"),
    ];
    let headers = [&own, headers].concat();
    send(silkrate.web, ("POST", method), &headers, body).await
}

pub(super) fn rate_request(pair: &str) -> Vec<u8> {
    framed(&pb::GetRateRequest {
        pair: pair.to_owned(),
        ..pb::GetRateRequest::default()
    })
}

#[tokio::test]
async fn a_browser_calls_in_binary_and_in_text() {
    let (_bank, mut silkrate) = april().await;
    let method = "/silkrate.v1.RateService/GetRate";
    let binary = call(
        &silkrate,
        method,
        "application/grpc-web+proto",
        &rate_request("KZT/USD"),
    )
    .await;
    let text = STANDARD.encode(rate_request("KZT/USD"));
    let text = call(
        &silkrate,
        method,
        "application/grpc-web-text+proto",
        text.as_bytes(),
    )
    .await;
    // Each part is padded for itself.
    let groups = text.body.chunks(4);
    let decoded: Vec<u8> = groups
        .flat_map(|group| STANDARD.decode(group).unwrap())
        .collect();
    for (answer, body) in [(&binary, &binary.body), (&text, &decoded)] {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), Some(FRIEND));
        let frames = frames(body);
        let [(0, message), (TRAILERS, trailers)] = &frames[..] else {
            panic!("expected a message and trailers, got {frames:?}")
        };
        let answer = pb::GetRateResponse::decode(&message[..]).unwrap();
        assert_eq!(answer.rate.unwrap(), silkrate.rate("KZT/USD").await);
        assert!(String::from_utf8_lossy(trailers).contains("grpc-status:0"));
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_refusal_reaches_a_browser_with_its_details() {
    let (_bank, silkrate) = april().await;
    let method = "/silkrate.v1.RateService/GetRate";
    let answer = call(
        &silkrate,
        method,
        "application/grpc-web+proto",
        &rate_request("EUR/USD"),
    )
    .await;
    let status = answer.header("grpc-status").map(ToOwned::to_owned);
    let trailers = frames(&answer.body).pop().map(|(_, trailers)| trailers);
    let text = status.unwrap_or_default() + &String::from_utf8_lossy(&trailers.unwrap_or_default());
    assert!(text.contains('5'), "NOT_FOUND: {answer:?}");
    let details = answer.header("grpc-status-details-bin").is_some();
    assert!(
        details || text.contains("grpc-status-details-bin"),
        "{answer:?}"
    );
    silkrate.finish().await;
}

#[tokio::test]
async fn the_answer_to_what_is_no_call_says_what_the_path_takes() {
    let (_bank, silkrate) = april().await;
    for path in [
        "/silkrate.v1.RateService/GetRate",
        "/grpc.health.v1.Health/Check",
    ] {
        for (method, kind, status, reason) in [
            ("POST", None, 415, "NOT_A_CALL"),
            ("POST", Some("application/json"), 415, "NOT_A_CALL"),
            ("POST", Some("application/grpc"), 415, "NOT_A_CALL"),
            ("GET", None, 405, "METHOD_NOT_ALLOWED"),
            (
                "GET",
                Some("application/grpc-web+proto"),
                405,
                "METHOD_NOT_ALLOWED",
            ),
        ] {
            let kind = kind.map(|kind| ("content-type", kind));
            let headers: Vec<_> = kind.into_iter().collect();
            let answer = send(silkrate.web, (method, path), &headers, b"").await;
            let expected = (status, reason.to_owned(), None);
            assert_eq!(answer.refusal(), expected, "{method} {path} {kind:?}");
            let allowed = (status == 405).then_some("POST");
            assert_eq!(answer.header("allow"), allowed);
        }
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn health_is_served_over_grpc_web() {
    let (_bank, silkrate) = april().await;
    let method = "/grpc.health.v1.Health/Check";
    let request = framed(&HealthCheckRequest::default());
    let answer = call(&silkrate, method, "application/grpc-web+proto", &request).await;
    let (flag, message) = frames(&answer.body).remove(0);
    let health = HealthCheckResponse::decode(&message[..]).unwrap();
    assert_eq!((flag, health.status), (0, 1));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_stream_over_grpc_web_ends_with_a_status_when_the_server_stops() {
    let (_bank, mut silkrate) = april().await;
    let address = silkrate.web;
    let method = "/silkrate.v1.RateService/WatchRates";
    let request = framed(&pb::WatchRatesRequest::default());
    let headers = [
        ("content-type", "application/grpc-web+proto"),
        ("x-grpc-web", "1"),
    ];
    let mut stream = open(address, ("POST", method), &headers, &request).await;
    let mut body = stream.chunk().await.expect("the stream opens");
    silkrate.stop();
    while let Some(part) = stream.chunk().await {
        body.extend(part);
    }
    silkrate.ended().await.unwrap();
    let frames = frames(&body);
    let opening = pb::WatchRatesResponse::decode(&frames[0].1[..]).unwrap();
    assert!(matches!(opening.event, Some(Event::Opening(_))));
    let (flag, last) = frames.last().unwrap();
    let last = String::from_utf8_lossy(last);
    assert_eq!(*flag, TRAILERS);
    assert!(last.contains("grpc-status:14"), "{last}");
}

#[tokio::test]
async fn grpc_itself_is_served_on_the_same_port() {
    let (_bank, mut silkrate) = april().await;
    let address = format!("http://{}", silkrate.web);
    let mut client = RateServiceClient::connect(address).await.unwrap();
    let request = pb::GetRateRequest {
        pair: "KZT/USD".to_owned(),
        ..pb::GetRateRequest::default()
    };
    let rate = client.get_rate(request).await.unwrap().into_inner().rate;
    assert_eq!(rate.unwrap(), silkrate.rate("KZT/USD").await);
    drop(client);
    silkrate.finish().await;
}
