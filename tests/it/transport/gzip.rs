//! Requests that are compressed, and answers for clients that accept compressed ones.

use std::collections::BTreeSet;
use std::io::Read;

use flate2::read::GzDecoder;
use prost::Message;
use silkrate::pb;
use silkrate::pb::admin::admin_service_client::AdminServiceClient;
use silkrate::pb::rate_service_client::RateServiceClient;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::contract::descriptor;
use crate::support::april::{bank_of_april, nbk, nbk_path, silkrate_of_april};
use crate::support::silkrate::{Silkrate, filter, message};
use crate::support::wire::framed;
use crate::transport::{GET_RATE, GZIP, RawAnswer, call, compressed, flagged, rate_request};

const GET_SNAPSHOT: &str = "/silkrate.v1.RateService/GetSnapshot";
const ACCEPTS: (&str, &str) = ("grpc-accept-encoding", "identity, deflate, gzip");
/// Enough rows to be compressed.
const WIDE: &[&str] = &["KZT/*", "*/KZT"];

/// The service of a bank whose table has a dozen rows more.
async fn april() -> Silkrate {
    let row = |code| {
        format!(
            "<item><title>{code}</title><description>321.5</description><quant>1</quant>\
             <index></index><change>+1.25</change></item>"
        )
    };
    let codes = "AED AUD AZN CAD CHF CNY CZK DKK EUR GBP GEL INR".split(' ');
    let more: Vec<String> = codes.map(row).collect();
    let table = nbk("02.04.2026", ("475.09", "-3.68"), ("3.91", "-0.02"));
    let table = table.replace("</rates>", &(more.concat() + "</rates>"));
    let bank = bank_of_april().await;
    bank.publish(&[(nbk_path("02.04.2026"), table)]);
    silkrate_of_april(&bank).await
}

fn rate_of(pair: &str) -> pb::GetRateRequest {
    pb::GetRateRequest {
        pair: pair.to_owned(),
        date: None,
    }
}

#[tokio::test]
async fn a_client_that_compresses_is_answered_as_a_plain_one() {
    let mut silkrate = april().await;
    let gzip = CompressionEncoding::Gzip;
    let channel = silkrate.channel().await;
    let mut client = RateServiceClient::new(channel.clone())
        .send_compressed(gzip)
        .accept_compressed(gzip);
    let wide = Some(filter(WIDE));
    let request = pb::GetSnapshotRequest {
        filter: wide.clone(),
        date: None,
    };
    let snapshot = client.get_snapshot(request).await.unwrap().into_inner();
    assert_eq!(snapshot, silkrate.snapshot(WIDE).await);
    let pair = "KZT/USD".to_owned();
    let request = rate_of(&pair);
    let rate = client.get_rate(request).await.unwrap().into_inner().rate;
    assert_eq!(rate, Some(silkrate.rate(&pair).await));

    let request = pb::WatchRatesRequest {
        filter: wide,
        ..Default::default()
    };
    let mut stream = client
        .watch_rates(request.clone())
        .await
        .unwrap()
        .into_inner();
    let mut plain = silkrate.watch(request).await;
    message(&mut stream).await;
    message(&mut plain).await;
    assert_eq!(message(&mut stream).await, message(&mut plain).await);

    let request = pb::ConvertAmountRequest {
        amount: "1000".to_owned(),
        from_currency: "USD".to_owned(),
        to_currency: "KZT".to_owned(),
        ..Default::default()
    };
    let converted = client.convert_amount(request.clone()).await.unwrap();
    let plain = silkrate.client.convert_amount(request).await.unwrap();
    assert_eq!(converted.into_inner(), plain.into_inner());
    let request = pb::ListFixingsRequest {
        source: "nbk".to_owned(),
        currency: "USD".to_owned(),
        ..Default::default()
    };
    let fixings = client.list_fixings(request.clone()).await.unwrap();
    let plain = silkrate.client.list_fixings(request).await.unwrap();
    assert_eq!(fixings.into_inner(), plain.into_inner());
    let request = pb::ListRateHistoryRequest {
        pair,
        ..Default::default()
    };
    let history = client.list_rate_history(request.clone()).await.unwrap();
    let plain = silkrate.client.list_rate_history(request).await.unwrap();
    assert_eq!(history.into_inner(), plain.into_inner());
    client
        .list_sources(pb::ListSourcesRequest {})
        .await
        .unwrap();

    let mut health = HealthClient::new(channel).send_compressed(gzip);
    health.check(HealthCheckRequest::default()).await.unwrap();
    let admin = AdminServiceClient::connect(silkrate.admin_url.clone())
        .await
        .unwrap();
    let mut admin = admin.send_compressed(gzip);
    admin
        .list_held(pb::admin::ListHeldRequest {})
        .await
        .unwrap();
    drop((stream, admin));
    silkrate.finish().await;
}

/// The paths of the methods of a service that answer with one message.
fn unary_paths(service: &str) -> Vec<String> {
    let service = descriptor::pool().get_service_by_name(service).unwrap();
    let methods = service
        .methods()
        .filter(|method| !method.is_server_streaming());
    methods
        .map(|method| format!("/{}/{}", service.full_name(), method.name()))
        .collect()
}

/// How an answer ended, and whether it has a body. Times of polls differ between two answers, so their bytes may.
fn outcome(answer: &RawAnswer) -> (Option<(Code, String)>, bool) {
    let status = Status::from_header_map(&answer.headers);
    let status = status.map(|status| (status.code(), status.message().to_owned()));
    (status, !answer.body.is_empty())
}

#[tokio::test]
async fn every_unary_method_reads_a_compressed_request_as_a_plain_one() {
    let silkrate = april().await;
    // The first field of most requests, and one that no message has.
    let messages: [&[u8]; 3] = [b"", b"\x0a\x07KZT/USD", b"\xfa\x3f\x01x"];
    let mut answered = BTreeSet::new();
    for (url, service) in [
        (&silkrate.url, "silkrate.v1.RateService"),
        (&silkrate.admin_url, "silkrate.admin.v1.AdminService"),
    ] {
        let paths = unary_paths(service);
        let calls = paths
            .iter()
            .flat_map(|path| messages.map(|message| (path, message)));
        for (path, message) in calls {
            let plain = outcome(&call(url, path, &[], &flagged(0, message)).await);
            let packed = outcome(&call(url, path, &[GZIP], &compressed(message)).await);
            assert_eq!(packed, plain, "{path} {message:?}");
            if plain.1 {
                answered.insert(path.clone());
            }
        }
    }
    assert!(
        answered.len() >= 4,
        "answers, not refusals alone: {answered:?}"
    );
    silkrate.finish().await;
}

#[tokio::test]
async fn a_long_answer_is_compressed_for_those_who_accept_gzip_and_for_no_others() {
    let silkrate = april().await;
    let request = framed(&pb::GetSnapshotRequest {
        filter: Some(filter(WIDE)),
        date: None,
    });
    let plain = call(&silkrate.url, GET_SNAPSHOT, &[], &request).await;
    assert_eq!(plain.headers.get("grpc-encoding"), None);
    let packed = call(&silkrate.url, GET_SNAPSHOT, &[ACCEPTS], &request).await;
    assert_eq!(packed.headers["grpc-encoding"], "gzip");
    let flags = (plain.body[0], packed.body[0]);
    assert_eq!(flags, (0, 1), "{} bytes", plain.body.len());
    assert!(
        packed.body.len() * 2 < plain.body.len(),
        "{}",
        packed.body.len()
    );
    let mut unpacked = Vec::new();
    GzDecoder::new(&packed.body[5..])
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, plain.body[5..], "the same bytes");

    let rate = call(&silkrate.url, GET_RATE, &[ACCEPTS], &rate_request()).await;
    assert_eq!((rate.headers.get("grpc-encoding"), rate.body[0]), (None, 0));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_compressed_request_of_a_client_that_accepts_nothing_gets_a_plain_answer() {
    let silkrate = april().await;
    let request = pb::GetSnapshotRequest {
        filter: Some(filter(WIDE)),
        date: None,
    };
    let body = compressed(&request.encode_to_vec());
    let answer = call(&silkrate.url, GET_SNAPSHOT, &[GZIP], &body).await;
    let plain = call(&silkrate.url, GET_SNAPSHOT, &[], &framed(&request)).await;
    assert_eq!(answer.headers.get("grpc-encoding"), None);
    assert_eq!(answer.body, plain.body);
    silkrate.finish().await;
}
