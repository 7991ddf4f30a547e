//! The callers that the access log of the program names, on each of its ports.

use serde_json::Value;
use silkrate::pb;
use silkrate::pb::rate_service_client::RateServiceClient;
use silkrate::requests::ACCESS;
use tokio::net::TcpStream;
use tonic::Request;

use super::exchange;
use crate::support::april::bank_of_april;
use crate::support::program::Program;

/// The line of the access log with a method, or a path.
async fn line(program: &mut Program, field: &str, value: &str) -> Value {
    program
        .line(|line| line["target"] == ACCESS && line[field] == value)
        .await
}

#[tokio::test]
async fn the_log_names_the_client_and_its_trusted_proxy_on_every_port() {
    let bank = bank_of_april().await;
    let settings = [
        ("LOG__ACCESS", "true"),
        ("SERVER__TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8"),
    ];
    let mut program = Program::start(&bank.url(), &settings).await;
    program.has_rates().await;
    let mut lines = Vec::new();
    for (port, path) in [(program.web.clone(), "/"), (program.admin.clone(), "/")] {
        let socket = TcpStream::connect(&port).await.unwrap();
        exchange(socket, "x-forwarded-for: 203.0.113.9, 10.0.0.2\r\n").await;
        lines.push(line(&mut program, "path", path).await);
    }
    let url = format!("http://{}", program.grpc);
    let mut client = RateServiceClient::connect(url).await.unwrap();
    let mut request = Request::new(pb::ListSourcesRequest {});
    let named = "for=203.0.113.9".parse().unwrap();
    request.metadata_mut().insert("forwarded", named);
    client.list_sources(request).await.unwrap();
    lines.push(
        line(
            &mut program,
            "method",
            "silkrate.v1.RateService/ListSources",
        )
        .await,
    );
    for line in lines {
        assert_eq!(line["peer"], "203.0.113.9", "{line}");
        let proxy = line["proxy"].as_str().unwrap();
        assert!(proxy.starts_with("127.0.0.1:"), "{line}");
    }
    program.stop().await;
}
