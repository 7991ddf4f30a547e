//! What the clients of other languages do with the transport: calls that no method answers, compressed messages, and
//! reflection.

mod gzip;
mod reflection;

use std::io::Write;
use std::net::SocketAddr;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use silkrate::pb;
use tokio::net::TcpStream;
use tonic::{Code, Status};

use crate::support::april::{bank_of_april, silkrate_of_april};
use crate::support::silkrate::{Silkrate, reason};
use crate::support::wire::framed;
use crate::web::grpc_web;

const GET_RATE: &str = "/silkrate.v1.RateService/GetRate";
const LIST_SOURCES: &str = "/silkrate.v1.RateService/ListSources";
const GZIP: (&str, &str) = ("grpc-encoding", "gzip");
/// More than a request may have.
const TOO_LONG: usize = 70_000;

/// An answer as it stands on the wire.
#[derive(Debug)]
struct RawAnswer {
    headers: HeaderMap,
    body: Vec<u8>,
}

fn socket_address(url: &str) -> SocketAddr {
    url.strip_prefix("http://").unwrap().parse().unwrap()
}

/// Calls a method with the bytes of a body.
async fn call(url: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> RawAnswer {
    let socket = TcpStream::connect(socket_address(url)).await.unwrap();
    let (mut sender, connection) = h2::client::handshake(socket).await.unwrap();
    let mut request = http::Request::post(format!("{url}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (answer, mut sending) = sender
        .send_request(request.body(()).unwrap(), false)
        .unwrap();
    sending
        .send_data(Bytes::copy_from_slice(body), true)
        .unwrap();
    let exchange = async {
        let (parts, mut receiving) = answer.await.unwrap().into_parts();
        let mut body = Vec::new();
        while let Some(data) = receiving.data().await {
            let data = data.unwrap();
            receiving
                .flow_control()
                .release_capacity(data.len())
                .unwrap();
            body.extend(data);
        }
        RawAnswer {
            headers: parts.headers,
            body,
        }
    };
    tokio::select! {
        answer = exchange => answer,
        ended = connection => panic!("the connection ended: {ended:?}"),
    }
}

/// A message in a frame that says it is compressed.
fn compressed(message: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(message).unwrap();
    flagged(1, &encoder.finish().unwrap())
}

fn flagged(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flag], &length[..], message].concat()
}

fn rate_request() -> Vec<u8> {
    let pair = "KZT/USD".to_owned();
    framed(&pb::GetRateRequest { pair, date: None }).to_vec()
}

/// A call that is refused, and how.
type Refused = (
    &'static str,
    Option<(&'static str, &'static str)>,
    Vec<u8>,
    Code,
    &'static str,
);

/// Calls of a cached method, and of one that is not cached.
fn refused_calls() -> Vec<Refused> {
    let cases = |method: &'static str| {
        [
            (
                None,
                flagged(0, &vec![0; TOO_LONG]),
                Code::ResourceExhausted,
                "MESSAGE_TOO_LARGE",
            ),
            (
                Some(GZIP),
                compressed(&vec![0; 1_000_000]),
                Code::ResourceExhausted,
                "MESSAGE_TOO_LARGE",
            ),
            (
                None,
                flagged(0, b"\xff\xff\xff"),
                Code::InvalidArgument,
                "INVALID_MESSAGE",
            ),
            (
                Some(GZIP),
                flagged(1, b"not gzip"),
                Code::InvalidArgument,
                "INVALID_MESSAGE",
            ),
            (
                None,
                flagged(1, b"\x1f\x8b"),
                Code::InvalidArgument,
                "INVALID_MESSAGE",
            ),
            (None, Vec::new(), Code::InvalidArgument, "INVALID_MESSAGE"),
            (
                Some(("grpc-encoding", "deflate")),
                rate_request(),
                Code::Unimplemented,
                "UNSUPPORTED_ENCODING",
            ),
        ]
        .map(|(header, body, code, reason)| (method, header, body, code, reason))
    };
    let mut all: Vec<_> = [GET_RATE, LIST_SOURCES]
        .into_iter()
        .flat_map(cases)
        .collect();
    let unknown = "/silkrate.v1.RateService/GetRats";
    let body = rate_request();
    all.push((unknown, None, body, Code::Unimplemented, "UNKNOWN_METHOD"));
    all
}

fn assert_refused(headers: &HeaderMap, (method, header, _, code, name): &Refused) {
    let case = format!("{method} {header:?} {name}");
    let status = Status::from_header_map(headers).expect(&case);
    assert_eq!(reason(&status), (*code, (*name).to_owned(), None), "{case}");
    if *name == "UNSUPPORTED_ENCODING" {
        assert_eq!(headers["grpc-accept-encoding"], "gzip,identity", "{case}");
        assert!(status.message().contains("gzip, identity"), "{status}");
    }
}

async fn april() -> Silkrate {
    let bank = bank_of_april().await;
    silkrate_of_april(&bank).await
}

#[tokio::test]
async fn every_refusal_of_the_transport_names_its_reason() {
    let silkrate = april().await;
    for case in refused_calls() {
        let (method, header, body, _, _) = &case;
        let answer = call(&silkrate.url, method, header.as_slice(), body).await;
        assert_eq!(answer.body, b"");
        assert_refused(&answer.headers, &case);
    }
    for (url, service) in [
        (&silkrate.url, "/silkrate.admin.v1.AdminService/ListHeld"),
        (&silkrate.admin_url, GET_RATE),
    ] {
        let answer = call(url, service, &[], &rate_request()).await;
        let status = Status::from_header_map(&answer.headers).unwrap();
        let expected = (Code::Unimplemented, "UNKNOWN_METHOD".to_owned(), None);
        assert_eq!(reason(&status), expected);
        assert!(status.message().contains(service), "{status}");
    }
    let method = "/silkrate.admin.v1.AdminService/ListHeld";
    let answer = call(&silkrate.admin_url, method, &[], &flagged(0, b"\xff")).await;
    let status = Status::from_header_map(&answer.headers).unwrap();
    assert_eq!(reason(&status).1, "INVALID_MESSAGE");
    silkrate.finish().await;
}

#[tokio::test]
async fn a_browser_gets_the_same_reasons() {
    let silkrate = april().await;
    for case in refused_calls() {
        let (method, header, body, _, _) = &case;
        let kind = "application/grpc-web+proto";
        let answer = grpc_web::call_with(&silkrate, (method, kind), header.as_slice(), body).await;
        let headers = answer.headers().into_iter().map(|(name, value)| {
            let name: http::HeaderName = name.parse().unwrap();
            (name, value.parse().unwrap())
        });
        assert_refused(&headers.collect(), &case);
    }
    silkrate.finish().await;
}
