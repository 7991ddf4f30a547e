//! Quotas: what a client may ask for in a minute, over gRPC and over HTTP.

use std::time::Duration;

use silkrate::pb;
use silkrate::pb::rate_service_client::RateServiceClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use super::shares::connected;
use crate::support::april::bank_of_april;
use crate::support::program::Program;

/// A question that costs more than the whole quota of the tests, so that it takes all of it.
const DEAR: &str = "/v1/history/KZT/USD?page_size=1000";

/// The program with the smallest quota: a unit comes back each second.
async fn limited() -> (crate::support::bank::Bank, Program) {
    let bank = bank_of_april().await;
    let settings = [("ACCESS__REQUESTS_PER_MINUTE", "60")];
    let mut program = Program::start(&bank.url(), &settings).await;
    program.has_rates().await;
    (bank, program)
}

/// The answer to a request from an address.
async fn get_from(from: &str, program: &Program, target: &str) -> String {
    let mut socket = connected(from, program.web.parse().unwrap()).await;
    let request = format!("GET {target} HTTP/1.1\r\nhost: rates\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_client_that_has_used_its_quota_is_refused_with_a_delay_and_others_are_answered() {
    let (_bank, program) = limited().await;
    let url = format!("http://{}", program.grpc);
    let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
    let mut client = RateServiceClient::new(channel.clone());
    let request = pb::ListRateHistoryRequest {
        pair: "KZT/USD".to_owned(),
        page_size: Some(1000),
        ..pb::ListRateHistoryRequest::default()
    };
    client.list_rate_history(request.clone()).await.unwrap();
    let refused = client.list_rate_history(request).await.unwrap_err();
    let details = refused.get_error_details();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(details.error_info().unwrap().reason, "QUOTA_EXCEEDED");
    let quota = &details.quota_failure().unwrap().violations[0];
    assert_eq!(quota.subject, "requests a minute of a client");
    let delay = details.retry_info().unwrap().retry_delay.unwrap();
    assert!(delay <= Duration::from_secs(61), "{delay:?}");
    // A browser at the same address is the same client, and a probe is none.
    let answer = get_from("127.0.0.1", &program, DEAR).await;
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    let mut health = HealthClient::new(channel);
    health.check(HealthCheckRequest::default()).await.unwrap();
    let answer = get_from("127.0.0.2", &program, DEAR).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    program.stop().await;
}

#[tokio::test]
async fn a_refusal_over_http_names_the_quota_and_when_to_come_back() {
    let (_bank, program) = limited().await;
    let answer = get_from("127.0.0.1", &program, DEAR).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = get_from("127.0.0.1", &program, DEAR).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 429"), "{head}");
    let field = |name: &str| {
        let mut lines = head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    };
    assert_eq!(field("ratelimit-policy"), Some("\"minute\";q=60;w=60"));
    let left = field("ratelimit").unwrap();
    let seconds = left.strip_prefix("\"minute\";r=0;t=").unwrap();
    let seconds: u64 = seconds.parse().unwrap();
    assert!((1..=61).contains(&seconds), "{left}");
    let delay: u64 = field("retry-after").unwrap().parse().unwrap();
    assert!((1..=62).contains(&delay), "{delay}");
    assert_eq!(field("cache-control"), Some("no-store"));
    assert!(body.contains("\"QUOTA_EXCEEDED\""), "{body}");
    let metrics = crate::support::browser::get(program.admin.parse().unwrap(), "/metrics", &[]);
    let metrics = metrics.await;
    let counted = "silkrate_quota_refusals_total 1";
    assert!(metrics.text().contains(counted), "{}", metrics.text());
    program.stop().await;
}
