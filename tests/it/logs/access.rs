//! The access log of the program: a line for each request, and none unless it is set.

use serde_json::Value;
use silkrate::pb;
use silkrate::pb::rate_service_client::RateServiceClient;
use silkrate::requests::ACCESS;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::april::bank_of_april;
use crate::support::program::Program;

async fn get(address: &str, target: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET {target} HTTP/1.1\r\nhost: rates\r\nauthorization: Bearer hunter2\r\nconnection: close\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

fn pair(pair: &str) -> pb::GetRateRequest {
    pb::GetRateRequest {
        pair: pair.to_owned(),
        ..pb::GetRateRequest::default()
    }
}

fn is_access(line: &Value) -> bool {
    line["target"] == ACCESS
}

/// A request of each kind.
async fn request_all(program: &mut Program) {
    program.has_rates().await;
    let url = format!("http://{}", program.grpc);
    let mut client = RateServiceClient::connect(url).await.unwrap();
    client.get_rate(pair("KZT/USD")).await.unwrap();
    client.get_rate(pair("KZT/XXX")).await.unwrap_err();
    let request = pb::WatchRatesRequest::default();
    let mut stream = client.watch_rates(request).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    drop(stream);
    drop(client);
    get(&program.web, "/v1/rates/KZT/USD?date=2026-04-02").await;
    get(&program.web, "/nowhere?secret=hunter2").await;
}

#[tokio::test]
async fn every_request_has_a_line_with_its_method_code_time_size_and_peer() {
    let bank = bank_of_april().await;
    let settings = [("LOG__ACCESS", "true")];
    let mut program = Program::start(&bank.url(), &settings).await;
    request_all(&mut program).await;
    // Until the service has noticed that the reader of the stream left.
    let of_stream = |line: &Value| line["code"] == "CANCELLED";
    program.line(of_stream).await;
    let (lines, _) = program.stop().await;
    let mut lines: Vec<_> = lines.into_iter().filter(is_access).collect();
    lines.sort_by_key(|line| (line["method"].to_string(), line["code"].to_string()));
    let expected = [
        ("GET", "200", true),
        ("GET", "404", true),
        ("silkrate.v1.RateService/GetRate", "NOT_FOUND", true),
        ("silkrate.v1.RateService/GetRate", "OK", true),
        ("silkrate.v1.RateService/WatchRates", "CANCELLED", false),
    ];
    let found = lines.iter().map(|line| {
        let text = |name: &str| line[name].as_str().unwrap();
        let complete = line["complete"].as_bool().unwrap();
        (text("method"), text("code"), complete)
    });
    assert_eq!(found.collect::<Vec<_>>(), expected, "{lines:#?}");
    for line in &lines {
        assert!(line["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
        assert!(line["microseconds"].as_u64().unwrap() > 0, "{line}");
        let is_empty = line["code"] == "NOT_FOUND";
        assert_eq!(line["bytes"] == 0, is_empty, "{line}");
    }
    assert_eq!(lines[0]["path"], "/v1/rates/KZT/USD");
    assert_eq!(lines[0]["query"], "date=2026-04-02");
    assert_eq!(lines[1]["query"], "secret=…");
    let all = format!("{lines:?}");
    assert!(!all.contains("hunter2"), "{all}");
}

#[tokio::test]
async fn no_request_has_a_line_by_default_and_the_log_goes_to_standard_error_alone() {
    let bank = bank_of_april().await;
    let mut program = Program::start(&bank.url(), &[]).await;
    request_all(&mut program).await;
    let (lines, output) = program.stop().await;
    assert!(!lines.iter().any(is_access), "{lines:#?}");
    assert!(lines.iter().any(|line| line["message"] == "stopped"));
    assert_eq!(output, "");
}
